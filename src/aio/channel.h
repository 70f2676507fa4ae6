/* SPDX-License-Identifier: MIT */
/*
 * Messages over a stream socket between two processes, each on a loop: what does not go out at once
 * waits, what comes is gathered until it is whole. Private to src/aio (forkserver.h).
 */
#ifndef AIO_CHANNEL_H
#define AIO_CHANNEL_H

#include "aio/loop.h"
#include "base/buf.h"

/* Before each payload. What op and value mean is for both ends to know. */
struct message {
    uint32_t op, id;
    int32_t value;
    uint32_t length; /* of the payload */
};

struct channel {
    int fd; /* owned */
    struct loop *loop;
    struct watch *watch; /* owned */
    struct buf in, out;
    /* payload: borrowed, length bytes and then a NUL */
    void (*on_message)(void *arg, const struct message *m, const char *payload);
    void (*on_closed)(void *arg); /* once: the other end is gone; the channel may be ended in it */
    void *arg;
};

/* fd is taken over, also on failure. The callbacks are set by the caller, before the loop runs on.
 * ERR_NOMEM. */
struct err *channel_open(struct channel *c, struct loop *l, int fd);
void channel_close(struct channel *c); /* idempotent */

/* Without effect once closed. ERR_NOMEM. */
struct err *channel_send(struct channel *c, const struct message *m, const void *payload);

#endif
