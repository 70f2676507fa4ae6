/* SPDX-License-Identifier: MIT */
/* What the files of a sink share: its owner's calls (sink.c), its jobs on the loop's side (pump.c)
 * and on the executor's (work.c). */
#ifndef STORE_SINK_PRIVATE_H
#define STORE_SINK_PRIVATE_H

#include "store/chunk.h"
#include "store/commit.h"
#include "store/store_private.h"

enum work_kind {
    WORK_WRITE,
    WORK_OPEN,
    WORK_COMMIT,
    WORK_CLOSE,
};

/* One job, and what came of it. A sink has one at a time. */
struct work {
    enum work_kind kind;
    struct part *part;        /* borrowed: the sink's, lent for as long as the job runs */
    struct list chunks, done; /* to write; written */
    bool claim;               /* WORK_WRITE: the sidecar is due */
    bool keep;                /* WORK_CLOSE */
    struct commit commit;     /* WORK_COMMIT */
    struct err *error;        /* owned */
    bool ran;
    double seconds; /* spent in all of the sink's jobs */
};

/* Runs the job; what came of it is in the work. */
void work_run(struct work *w);

/* The loop's thread only, but for what is lent to the job. */
struct sink {
    unsigned refs;       /* the owner's, the job's, and each waiting op's */
    struct store *store; /* a reference */
    uint64_t key_hash;
    enum if_exists policy;
    bool count_only; /* discarded without a digest: nothing is kept at all */

    struct part part; /* see the invariant */
    struct work work;
    bool busy;
    bool submitting; /* in executor_submit */
    bool freed;      /* by its owner: nothing new is begun */

    struct chunks chunks;
    struct store_due due;
    bool flush;          /* what is in memory is a second old */
    bool pressed;        /* what is in memory is too much, with that of all others */
    bool start_over;     /* the next job is to forget what the part holds */
    int64_t arrived;     /* from the start without a gap */
    bool spread;         /* streams bring it: see stream.h */
    struct ranges got;   /* owned: with `spread`, what arrived */
    struct list streams; /* of struct sink_stream */
    struct validators v; /* owned: of what arrived */
    bool renewed;        /* the next job is to know it */
    char *part_url;      /* owned: the sidecar's */
    uint64_t part_key;

    struct err *error; /* owned: the first of a write */
    bool error_told;

    struct op *op;         /* owned: waits, or is the job that runs */
    enum work_kind wanted; /* what op is */
    bool keep;             /* with WORK_CLOSE */
    struct commit commit;  /* with WORK_COMMIT, until its job starts */
};

/* Begins what is next, if nothing runs: the op that waits, else a write that is due. */
void sink__pump(struct sink *k);

/* Ends k->op; value and error are taken over. */
void sink__end_op(struct sink *k, void *value, void (*drop)(void *), struct err *error);

/* What the streams hold back goes on. */
void sink__flush_streams(struct sink *k);

/* One stream again, and nothing there. */
void sink__gather(struct sink *k);

void sink__unref(struct sink *k);
void sink__on_due(struct store_due *d, bool late);

#endif
