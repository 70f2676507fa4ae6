/* SPDX-License-Identifier: MIT */
/*
 * Commands that have to get through, in their order: each is kept until the server answered it, and
 * sent again over a new connection when the answer was lost. So a command may be done twice, and
 * has to be one that does no harm the second time.
 */
#ifndef QUEUE_OUTBOX_H
#define QUEUE_OUTBOX_H

#include "queue/link.h"

struct outbox;

/* The answer: reply, or an error that is final (ERR_IO). Both borrowed. again: the command was sent
 * more than once, so it may have been done before. */
struct outbox_answer {
    const struct redisReply *reply; /* NULL with an error */
    struct err *error;
    bool again;
};
typedef void (*outbox_fn)(void *arg, const struct outbox_answer *answer);

/* link: borrowed, the outbox's alone. NULL when memory ran out. */
struct outbox *outbox_new(struct loop *l, struct link *link);

/* Begins to send; the link is made when there is something. ERR_NOMEM. */
struct err *outbox_start(struct outbox *o);

/* Takes args over, also on failure. fn(arg, ...) is called once, unless the outbox is freed before;
 * it may be NULL. ERR_NOMEM. */
struct err *outbox_add(struct outbox *o, struct redis_args *args, outbox_fn fn, void *arg);

size_t outbox_count(const struct outbox *o); /* not yet answered */

/* A future, the caller's, that is done once at most `most` are not answered, or sending has ended
 * for good (outbox_error). NULL when memory ran out. One at a time. */
struct future *outbox_down_to(struct outbox *o, size_t most);

/* Why nothing is sent any more: the first connection was not to be had. NULL: it is. Borrowed. */
struct err *outbox_error(const struct outbox *o);

/* A future of the end of its task, the caller's: what is not answered by then is dropped. After it
 * outbox_free may be called. NULL: it does not run. */
struct future *outbox_stop(struct outbox *o);
void outbox_free(struct outbox *o); /* NULL is ignored */

#endif
