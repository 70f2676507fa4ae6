/* SPDX-License-Identifier: MIT */
/*
 * --queue: the run's entries come from a queue, and its records go back to it. What can be mended
 * by another try is left for one; what cannot, or was tried often enough, goes to the dead stream.
 */
#ifndef CLI_QUEUED_H
#define CLI_QUEUED_H

#include "aio/async_iter.h"
#include "aio/executor.h"
#include "cli/options.h"
#include "fetch/record.h"

struct queued;

/* Messages for people, and that records cannot be written any more (e: borrowed). */
struct queued_events {
    void (*warn)(void *arg, const char *text);
    void (*on_failed)(void *arg, struct err *e);
    void *arg;
};

/* entries: items are struct entry *; freed before the queue. options: borrowed. ERR_USAGE,
 * ERR_NOMEM. */
struct err *queued_open(struct loop *l, struct executor *ex, const struct options *o,
    const struct queued_events *events, struct queued **out, struct async_iter **entries);
void queued_free(struct queued *q); /* after queued_finish, if it was started; NULL is ignored */

/* Connects; the future's error says why the queue cannot be used. The caller's; NULL: no memory. */
struct future *queued_start(struct queued *q);

/* Takes note of each record, then hands it on. next: copied. */
struct record_consumer queued_consumer(struct queued *q, const struct record_consumer *next);

/* After the session, and whenever queued_start gave a future: writes what is to be written and
 * leaves the rest to others. Cancelling it ends that; ERR_IO: then records were not written, and
 * their entries come again. The caller's; NULL: no memory. */
struct future *queued_finish(struct queued *q);

#endif
