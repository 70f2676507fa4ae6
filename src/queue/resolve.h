/* SPDX-License-Identifier: MIT */
/* A host's addresses, looked up by the executor: hiredis would hold the loop meanwhile. */
#ifndef QUEUE_RESOLVE_H
#define QUEUE_RESOLVE_H

#include "aio/executor.h"

enum { RESOLVE_MOST = 8 };

struct addresses {
    size_t count; /* at least 1 */
    char text[RESOLVE_MOST][64];
};

/* A future, the caller's, whose value is a struct addresses * (free()). ERR_DNS. NULL when memory
 * ran out. */
struct future *resolve_host(struct executor *ex, const char *host);

#endif
