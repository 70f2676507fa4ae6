/* SPDX-License-Identifier: MIT */
/*
 * A getaddrinfo for the tests, loaded in front of the C library's. Every name that ends in ".test"
 * is 127.0.0.1, without a question to anybody; a name in SLOW_NAMES (separated by commas) takes
 * SLOW_SECONDS (5) first; a name in UNKNOWN_NAMES does not exist. And a wall clock that is set
 * back: by CLOCK_BACK seconds, CLOCK_AFTER seconds (0.5) after the program began.
 */
#include <dlfcn.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

typedef int getaddrinfo_fn(const char *, const char *, const struct addrinfo *, struct addrinfo **);

static bool listed(const char *variable, const char *name)
{
    const char *at = getenv(variable);
    size_t len = strlen(name);
    while (at && *at) {
        size_t word = strcspn(at, ",");
        if (word == len && strncmp(at, name, len) == 0)
            return true;
        at += word + (at[word] == ',');
    }
    return false;
}

static bool ends_in_test(const char *name)
{
    size_t len = strlen(name);
    return len > 5 && strcmp(name + len - 5, ".test") == 0;
}

typedef int clock_gettime_fn(clockid_t, struct timespec *);

static struct timespec began;

__attribute__((constructor)) static void begin(void)
{
    clock_gettime_fn *real = (clock_gettime_fn *)dlsym(RTLD_NEXT, "clock_gettime");
    real(CLOCK_MONOTONIC, &began);
}

int clock_gettime(clockid_t id, struct timespec *t)
{
    clock_gettime_fn *real = (clock_gettime_fn *)dlsym(RTLD_NEXT, "clock_gettime");
    const char *back = getenv("CLOCK_BACK"), *after = getenv("CLOCK_AFTER");
    struct timespec now;
    int rc = real(id, t);
    if (rc == 0 && back && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) {
        real(CLOCK_MONOTONIC, &now);
        double run =
            (double)(now.tv_sec - began.tv_sec) + 1e-9 * (double)(now.tv_nsec - began.tv_nsec);
        if (run > (after ? atof(after) : 0.5))
            t->tv_sec -= atol(back);
    }
    return rc;
}

time_t time(time_t *t)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (t)
        *t = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *restrict t, void *restrict zone)
{
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    t->tv_sec = now.tv_sec;
    t->tv_usec = now.tv_nsec / 1000;
    return 0;
}

int getaddrinfo(
    const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
    getaddrinfo_fn *real = (getaddrinfo_fn *)dlsym(RTLD_NEXT, "getaddrinfo");
    if (!name)
        return real(name, service, hints, found);
    if (listed("SLOW_NAMES", name)) {
        const char *seconds = getenv("SLOW_SECONDS");
        usleep((useconds_t)((seconds ? atof(seconds) : 5.0) * 1e6));
    }
    if (listed("UNKNOWN_NAMES", name))
        return EAI_NONAME;
    return real(ends_in_test(name) ? "127.0.0.1" : name, service, hints, found);
}
