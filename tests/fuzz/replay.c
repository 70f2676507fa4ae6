/* SPDX-License-Identifier: MIT */
/*
 * Feeds the kept inputs to the fuzz targets, without libFuzzer: each file of DIR/<target>/ to its
 * target, in a process of its own, so that one that fails takes no other along.
 *
 *     replay DIR [TARGET]...
 */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SECONDS_MOST = 60 }; /* for one input */

#define TARGET(name) int fuzz_##name(const uint8_t *data, size_t size);
#include "targets.h"
#undef TARGET

static const struct target {
    const char *name;
    int (*run)(const uint8_t *data, size_t size);
} targets[] = {
#define TARGET(name) {#name, fuzz_##name},
#include "targets.h"
#undef TARGET
};

struct tally {
    unsigned passed, failed;
};

/* The whole file in memory of just its size, so that a read past its end is seen; NULL: cannot. */
static uint8_t *slurp(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");
    uint8_t *bytes = NULL;
    if (f && fseek(f, 0, SEEK_END) == 0) {
        *size = (size_t)ftell(f);
        rewind(f);
        bytes = malloc(*size ? *size : 1);
        if (bytes && fread(bytes, 1, *size, f) != *size) {
            free(bytes);
            bytes = NULL;
        }
    }
    if (f) {
        fclose(f);
    }
    return bytes;
}

static bool run_file(const struct target *t, const char *path)
{
    size_t size = 0;
    int status = -1;
    uint8_t *bytes = slurp(path, &size);
    if (!bytes) {
        perror(path);
        return false;
    }
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        alarm(SECONDS_MOST);
        t->run(bytes, size);
        free(bytes);
        exit(0);
    }
    free(bytes);
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static void run_target(const struct target *t, const char *dir, struct tally *tally)
{
    char path[4096];
    struct dirent **names;
    unsigned before = tally->passed + tally->failed;
    snprintf(path, sizeof(path), "%s/%s", dir, t->name);
    int n = scandir(path, &names, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        snprintf(path, sizeof(path), "%s/%s/%s", dir, t->name, names[i]->d_name);
        if (names[i]->d_name[0] == '.') {
            /* no input */
        } else if (run_file(t, path)) {
            tally->passed++;
        } else {
            tally->failed++;
            printf("%s: FAILED\n", path);
        }
        free(names[i]);
    }
    if (n >= 0) {
        free(names);
    }
    if (tally->passed + tally->failed == before) {
        printf("%s/%s: there is no input\n", dir, t->name);
        tally->failed++;
    }
}

static bool wanted(const struct target *t, char **names)
{
    if (!*names) {
        return true;
    }
    while (*names && strcmp(*names, t->name) != 0) {
        names++;
    }
    return *names;
}

int main(int argc, char **argv)
{
    struct tally tally = {0};
    if (argc < 2) {
        fprintf(stderr, "usage: %s DIR [TARGET]...\n", argv[0]);
        return 2;
    }
    for (size_t i = 0; i < sizeof(targets) / sizeof(*targets); i++) {
        if (wanted(&targets[i], argv + 2)) {
            run_target(&targets[i], argv[1], &tally);
        }
    }
    printf("kept inputs: %u passed, %u failed\n", tally.passed, tally.failed);
    return tally.failed || !tally.passed;
}
