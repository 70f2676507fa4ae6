/* SPDX-License-Identifier: MIT */
/*
 * A getaddrinfo for the tests, loaded in front of the C library's. Every name that ends in ".test"
 * is 127.0.0.1, without a question to anybody; a name in SLOW_NAMES (separated by commas) takes
 * SLOW_SECONDS (5) first; a name in UNKNOWN_NAMES does not exist.
 */
#include <dlfcn.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
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
