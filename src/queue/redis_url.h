/* SPDX-License-Identifier: MIT */
/*
 * Where a queue is:
 *
 *     redis://[USER:PASSWORD@]HOST[:PORT]/STREAM[?db=N]
 *     rediss://...                                            the same over TLS
 *     redis+unix://[USER:PASSWORD@]/PATH?stream=STREAM[&db=N]  (unix:// means the same)
 *
 * User, password, path and names are percent-decoded. ":PASSWORD@" is the password of the default
 * user.
 */
#ifndef QUEUE_REDIS_URL_H
#define QUEUE_REDIS_URL_H

#include "base/err.h"

struct redis_url {
    char *host;     /* owned, as the rest; NULL with a path; an IPv6 address without its brackets */
    char *path;     /* of a Unix socket; NULL */
    char *user;     /* NULL: the default user */
    char *password; /* NULL: none */
    char *stream;
    unsigned port, db;
    bool tls;
};

/* ERR_USAGE with a message that holds no password, ERR_NOMEM; then out is empty. */
struct err *redis_url_parse(const char *text, struct redis_url *out);
void redis_url_fini(struct redis_url *u); /* an empty one is ignored */

#endif
