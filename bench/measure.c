/* SPDX-License-Identifier: MIT */
/*
 * Runs a command and leaves one line in FILE: seconds, user and system seconds, peak KiB of the
 * largest process (VmHWM), exit status (128 + the signal that ended it).
 *
 *     bench/measure FILE COMMAND [ARGUMENT...]
 *
 * A program of its own because the kernel counts the pages that a forking parent had as the
 * child's peak: an interpreter as the parent would hide what small programs need. SIGTERM to the
 * group ends the command, not this.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec * 1e-6;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        return 2;
    }
    FILE *out = fopen(argv[1], "we");
    if (!out) {
        perror(argv[1]);
        return 2;
    }
    double start = now();
    pid_t pid = fork();
    if (pid < 0) {
        perror("fork");
        return 2;
    }
    if (pid == 0) {
        execvp(argv[2], argv + 2);
        perror(argv[2]);
        _exit(127);
    }
    signal(SIGTERM, SIG_IGN);
    int status;
    struct rusage used;
    if (wait4(pid, &status, 0, &used) != pid) {
        perror("wait4");
        return 2;
    }
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    fprintf(out, "%.6f %.6f %.6f %ld %d\n", now() - start, seconds(used.ru_utime),
        seconds(used.ru_stime), used.ru_maxrss, code);
    return fclose(out) == 0 ? 0 : 2;
}
