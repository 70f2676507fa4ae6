/* SPDX-License-Identifier: MIT */
#include "queue/resolve.h"

#include "base/alloc.h"

#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static struct err *work(void *arg, void **value)
{
    const char *host = arg;
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    struct addresses *a = mem_new(sizeof(*a));
    if (!a) {
        return err_plain(ERR_NOMEM);
    }
    int failed = getaddrinfo(host, NULL, &hints, &found);
    for (struct addrinfo *at = found; !failed && at && a->count < RESOLVE_MOST; at = at->ai_next) {
        if (getnameinfo(at->ai_addr, at->ai_addrlen, a->text[a->count], sizeof(a->text[0]), NULL, 0,
                NI_NUMERICHOST) == 0) {
            a->count++;
        }
    }
    if (found) {
        freeaddrinfo(found);
    }
    if (a->count == 0) {
        free(a);
        return err_new(ERR_DNS, NULL, "cannot look %s up: %s", host,
            failed ? gai_strerror(failed) : "it has no address");
    }
    *value = a;
    return NULL;
}

struct future *resolve_host(struct executor *ex, const char *host)
{
    struct err *error = NULL;
    char *copy = mem_dup(host);
    struct future *f = copy ? executor_submit(ex, work, copy, free, free, &error) : NULL;
    err_unref(error);
    return f;
}
