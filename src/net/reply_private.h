/* SPDX-License-Identifier: MIT */
/*
 * A reply while its header block is being read. The strings of struct reply lie in a small arena
 * beside it, so that an ordinary reply is one allocation; what does not fit is allocated.
 */
#ifndef NET_REPLY_PRIVATE_H
#define NET_REPLY_PRIVATE_H

#include "base/err.h"
#include "net/reply.h"

#include <stddef.h>

enum { REPLY_ARENA = 320 };

struct reply_box {
    struct reply r; /* first: what the world sees is a struct reply * */
    /* atomic: one may be the home loop's, another that of the loop that carries it */
    unsigned refs;
    bool open; /* a status line came, the block has not ended */
    bool done; /* the final block has ended: what comes now are trailers */
    bool chunked;
    bool framing;    /* the last line was one that says where the body ends */
    time_t retry_at; /* Retry-After as a date; -1: none */
    size_t used;
    char arena[REPLY_ARENA];
};

/* With one reference; NULL when memory ran out. reply_free drops one. */
struct reply_box *reply__new(void);
struct reply_box *reply__ref(struct reply_box *b);

/*
 * One line as libcurl hands it to a header callback. *ended is set when it ended the final header
 * block. ERR_NETWORK for what must not be believed: a Content-Length that is no number, or several
 * that differ; a Transfer-Encoding other than chunked. ERR_NOMEM.
 */
struct err *reply__line(struct reply_box *b, const char *line, size_t n, bool *ended);

/* Seconds since the epoch of an HTTP date; -1 if it is none. */
time_t reply__date(const char *text, size_t n);

#endif
