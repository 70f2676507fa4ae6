/* SPDX-License-Identifier: MIT */
/*
 * A slow and roomy disk for the tests, loaded in front of the C library: all pwrite and pwritev
 * together take SLOW_DISK bytes a second, and of what they are given nothing is written: a file has
 * its length and takes no room, also where room is asked for (fallocate). The first fsync makes a
 * file SLOW_SYNC and waits until somebody has removed it.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t disk = PTHREAD_MUTEX_INITIALIZER; /* it does one thing at a time */

/* Files grow one at a time, so that none is cut by who looked at it earlier. */
static int grow(int fd, off_t end, const struct timespec *t)
{
    struct stat st;
    int failed = 0;
    pthread_mutex_lock(&disk);
    nanosleep(t, NULL);
    if (fstat(fd, &st) < 0 || st.st_size < end) {
        failed = ftruncate(fd, end);
    }
    pthread_mutex_unlock(&disk);
    return failed;
}

static ssize_t take(int fd, size_t n, off_t at)
{
    const char *rate = getenv("SLOW_DISK");
    const double seconds = (double)n / (rate ? atof(rate) : 1e9);
    const struct timespec t = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    return n > 0 && grow(fd, at + (off_t)n, &t) ? -1 : (ssize_t)n;
}

int fallocate(int fd, int mode, off_t at, off_t n)
{
    const struct timespec none = {0, 0};
    return mode ? 0 : grow(fd, at + n, &none);
}

int fsync(int fd)
{
    static int calls;
    const char *marker = getenv("SLOW_SYNC");
    if (marker && __atomic_fetch_add(&calls, 1, __ATOMIC_RELAXED) == 0) {
        const struct timespec t = {0, 5000000};
        close(open(marker, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
        while (access(marker, F_OK) == 0) {
            nanosleep(&t, NULL);
        }
    }
    return (int)syscall(SYS_fsync, fd);
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
    (void)bytes;
    return take(fd, n, at);
}

ssize_t pwritev(int fd, const struct iovec *iov, int count, off_t at)
{
    size_t n = 0;
    for (int i = 0; i < count; i++) {
        n += iov[i].iov_len;
    }
    return take(fd, n, at);
}

/* A program that is built for large files calls them by these names. */
#define ALSO(fn) __asm__(".globl " #fn "64\n.type " #fn "64, %function\n.set " #fn "64, " #fn)
ALSO(pwrite);
ALSO(pwritev);
ALSO(fallocate);
