/* SPDX-License-Identifier: MIT */
/*
 * A slow and roomy disk for the tests, loaded in front of the C library: all pwrite and pwritev
 * together take SLOW_DISK bytes a second, and of what they are given only the last byte is written,
 * so that a file has its length and takes no room. The first fsync makes a file SLOW_SYNC and waits
 * until somebody has removed it.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t disk = PTHREAD_MUTEX_INITIALIZER; /* it does one thing at a time */

static void take_time(size_t n)
{
    const char *rate = getenv("SLOW_DISK");
    double seconds = (double)n / (rate ? atof(rate) : 1e9);
    struct timespec t = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    pthread_mutex_lock(&disk);
    nanosleep(&t, NULL);
    pthread_mutex_unlock(&disk);
}

static ssize_t write_end(int fd, const char *last, size_t n, off_t at)
{
    take_time(n);
    return syscall(SYS_pwrite64, fd, last, (size_t)1, at + (off_t)n - 1) == 1 ? (ssize_t)n : -1;
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
    return n ? write_end(fd, (const char *)bytes + n - 1, n, at) : 0;
}

ssize_t pwritev(int fd, const struct iovec *iov, int count, off_t at)
{
    size_t n = 0;
    for (int i = 0; i < count; i++) {
        n += iov[i].iov_len;
    }
    const struct iovec *end = &iov[count - 1];
    return n ? write_end(fd, (const char *)end->iov_base + end->iov_len - 1, n, at) : 0;
}
