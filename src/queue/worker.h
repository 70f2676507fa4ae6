/* SPDX-License-Identifier: MIT */
/*
 * A worker of a queue: entries of a Redis stream as an async iterator, and their ends on the way
 * back. Made for many workers of one consumer group, each of which may die at any moment.
 *
 *   stream --XREADGROUP, XAUTOCLAIM--> lease, open --> worker_done      --> results or dead
 *                                                 `--> worker_put_back  --> another delivery
 *
 * Every entry that was handed out is a lease until its end is written. A lease is kept fresh
 * meanwhile, so that nobody takes it over, and what is open at the end is left to others. A record
 * is written by the step that acknowledges its entry, and only if that was still ours: each entry
 * has exactly one, in results or in dead, whoever dies when.
 */
#ifndef QUEUE_WORKER_H
#define QUEUE_WORKER_H

#include "aio/async_iter.h"
#include "queue/link.h"

struct worker;
struct lease; /* an entry handed out; borrowed from the worker until its end was said */

struct worker_options { /* all borrowed, outlive the worker */
    const struct redis_url *url;
    const char *group;
    const char *consumer;       /* NULL: host, process and a random number */
    const char *results, *dead; /* NULL: STREAM:results, STREAM:dead */
    double idle_claim;          /* seconds after which an entry counts as abandoned */
    double retry_delay;         /* seconds before another delivery; doubled each time */
    unsigned max_deliveries;
    bool exit_when_empty;
    unsigned partitions;    /* streams STREAM.0 to STREAM.(partitions - 1); 0: STREAM itself */
    unsigned shard, shards; /* which of them: those p with p % shards == shard; shards 0: all */
    size_t most;            /* leases at once */
    double connect_timeout;
};

/* An entry that came. Borrowed for the call. */
struct delivery {
    struct lease *lease;
    const char *stream;  /* lives as long as the worker */
    uint64_t number;     /* of the entries that came, from 1 */
    unsigned deliveries; /* of this entry, this one included */
    bool exhausted;      /* they are more than max_deliveries: it is not to be tried again */
    const struct redisReply *fields; /* name, value, name, value, ... */
};

struct worker_events {
    /* The iterator's item for a delivery; NULL is ERR_NOMEM. */
    void *(*item)(void *arg, const struct delivery *d);
    void (*drop_item)(void *item);
    void (*note)(void *arg, const char *text); /* something for people */
    /* Records cannot be written any more; e is borrowed. */
    void (*on_failed)(void *arg, struct err *e);
    void *arg;
};

/* Nothing is connected yet. ERR_NOMEM. */
struct err *worker_new(struct loop *l, struct executor *ex, const struct worker_options *options,
    const struct worker_events *events, struct worker **out);
void worker_free(struct worker *w); /* after worker_finish, if it was started; NULL is ignored */

/* Connects and makes sure of the group. A future, the caller's, whose error says why the queue
 * cannot be used. NULL when memory ran out. */
struct future *worker_start(struct worker *w);

/* The entries; one iterator, freed before the worker. It reads only when it is asked, as many as
 * may be open. The end: nothing is new and nothing pending, with exit_when_empty. ERR_IO. */
struct async_iter *worker_entries(struct worker *w);

/* The end of an entry: its record, to results (good) or to dead. ERR_NOMEM. */
struct err *worker_done(
    struct worker *w, struct lease *lease, bool good, const char *record, size_t len);

/* The entry is to be delivered again: after a while if it was tried, at once and as if this had
 * been no delivery if it was not. One that was tried for the last time has to go to dead instead
 * (worker_is_last). ERR_NOMEM. */
struct err *worker_put_back(struct worker *w, struct lease *lease, bool tried);
bool worker_is_last(const struct worker *w, const struct lease *lease);

/* Writes what is to be written, leaves what is open to others and says goodbye. The future of a
 * task, the caller's. Cancelling it gives up what is not written (then worker_unwritten says how
 * many records). NULL when memory ran out, or it was not started. */
struct future *worker_finish(struct worker *w);
size_t worker_unwritten(const struct worker *w);

const char *worker_consumer(const struct worker *w); /* its name; borrowed */

#endif
