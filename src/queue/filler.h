/* SPDX-License-Identifier: MIT */
/*
 * Filling a queue: entries go into the stream, or into the partition of their host, in numbered
 * batches. A batch whose answer was lost is sent again and still counts once.
 */
#ifndef QUEUE_FILLER_H
#define QUEUE_FILLER_H

#include "queue/link.h"

struct filler;

struct filler_options { /* all borrowed, outlive the filler */
    const struct redis_url *url;
    const char *unique;  /* the name of a set of keys: what is in it is refused; NULL: none */
    unsigned partitions; /* 0: no partitions */
    double connect_timeout;
    void (*note)(void *arg, const char *text);
    void *arg;
};

/* One entry. Borrowed for the call. */
struct filling {
    const char *host; /* decides the partition */
    const char *key;  /* for the set: so many bytes */
    size_t key_len;
    const char *field; /* the one field of the entry, and its value */
    const char *value;
};

enum { FILLING_MOST = 512 << 10 }; /* bytes of a value */

/* Nothing is connected yet. ERR_NOMEM. */
struct err *filler_new(
    struct loop *l, struct executor *ex, const struct filler_options *options, struct filler **out);
void filler_free(struct filler *f); /* after filler_finish; NULL is ignored */

/* Connects. A future, the caller's, whose error says why the queue cannot be used. NULL when memory
 * ran out. */
struct future *filler_start(struct filler *f);

/* ERR_NOMEM. */
struct err *filler_add(struct filler *f, const struct filling *e);

/* No further entry is there yet: what was added is not to wait for a full batch. It goes at once,
 * or when all that is on its way was answered, so that a slow list makes no more batches than round
 * trips. ERR_NOMEM. */
struct err *filler_flush(struct filler *f);

/* NULL: go on. Else a future, the caller's: wait, so that what is not sent yet stays little. */
struct future *filler_ready(struct filler *f);

/* What ended the filling for good (ERR_IO: the server refuses it); NULL: nothing. Borrowed. */
struct err *filler_error(const struct filler *f);

/* Sends the rest and waits for all answers. The future of a task, the caller's; cancelling it gives
 * up what is not answered. NULL when memory ran out. */
struct future *filler_finish(struct filler *f);

/* Entries that the server has said to have added, and those that were answered for at all. */
uint64_t filler_added(const struct filler *f);
uint64_t filler_answered(const struct filler *f);

/* The partition of a host, from 0; the same on every machine. */
unsigned filler_partition(const char *host, unsigned partitions);

#endif
