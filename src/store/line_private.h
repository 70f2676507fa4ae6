/* SPDX-License-Identifier: MIT */
/*
 * What the files of a line share: its turns and bounds (line.c), its bodies (body.c), its jobs on
 * the loop's side (line_pump.c) and on the executor's (line_work.c).
 *
 *   body_write -> fresh -> [ given -> blobs in the spool -> out ] -> fd
 *                 loop       `---------- executor ----------´
 *
 * Invariant: while `busy`, spool, tar, what is on its way out, and the `given`, `blobs` and figures
 * of bodies that are lent belong to the job; else to the loop's thread.
 */
#ifndef STORE_LINE_PRIVATE_H
#define STORE_LINE_PRIVATE_H

#include "base/buf.h"
#include "base/outlet.h"
#include "store/chunk.h"
#include "store/line.h"
#include "store/spool.h"
#include "store/store_private.h"
#include "store/tar.h"

/* A queue of what waits in the spool. */
struct blobs {
    struct spool_blob *at; /* owned, a ring */
    size_t first, count, room;
};

/* The future of body_emit. */
struct emission {
    struct future fut;
    struct body *body; /* borrowed; NULL once it ended */
    bool cancelled;    /* ends so as soon as the job has */
};

struct body {
    unsigned refs; /* the owner's, and one while it is lent, or has to be */
    struct line *line;
    struct list node; /* in line.bodies until it ended */
    struct list turn; /* in line.whole while it waits for its turn, of a line that is not ordered */
    struct list dirty; /* in line.dirty while a job may have something to do for it */
    struct list lent;  /* in line.work.bodies while a job runs */
    uint64_t order;
    bool whole_first;

    /* the loop's */
    struct chunks fresh;
    struct store_due due;
    int64_t arrived, total; /* total -1: unknown */
    int64_t seen;           /* of `out`, after the last job */
    bool whole;             /* nothing more comes */
    bool ended;             /* nothing of it goes out any more */
    bool restart;           /* what a job has of it is to be dropped */
    bool pressed;           /* also what fills no chunk is to be spooled */
    bool exposed;           /* it was given to a job to go out */
    bool paused;            /* it may have to start over */
    bool broken;            /* what comes does not continue what is out */
    bool held;
    void (*on_hold)(void *arg, bool hold);
    void *hold_arg;
    char *name; /* owned */
    time_t modified;
    struct emission *emission; /* a reference, until it ends */

    /* the job's */
    struct list given; /* of struct chunk */
    struct blobs blobs;
    int64_t out;      /* bytes that went out, or to the end of what does */
    bool drop;        /* forget the blobs first: they are of a reply that does not count */
    bool last;        /* given and blobs are all there is */
    bool begun, over; /* its first byte is out; its last is */
    bool closed;      /* its last is on its way */
};

/* One job, and what came of it. */
struct line_work {
    struct list bodies;   /* of struct body.lent */
    struct list done;     /* chunks that are done with */
    struct body *current; /* borrowed: whose turn it is; what comes of it is not spooled */
    struct body *emit;    /* borrowed, the same: it is lent; NULL: nothing goes out */
    bool finish;          /* the archive is to have its end */
    bool finished;
    bool blocked; /* the descriptor takes no more for now */
    bool gone;    /* its reader went away */
    struct err *error;
};

struct line {
    unsigned refs;
    struct store *store; /* a reference */
    struct line_options options;
    struct line_events events;
    void (*on_favour)(void *arg, uint64_t order);
    void *favour_arg;
    struct outlet outlet;
    char *name;          /* owned */
    int own_fd;          /* owned: a job may outlive the caller's */
    struct watch *watch; /* owned; NULL for a file */
    bool watch_hangup;

    struct list bodies; /* those that have not ended, by their order */
    struct list whole, dirty;
    struct body *current;  /* borrowed: its turn; until it ended */
    struct body *favoured; /* borrowed: the one that all wait for */
    uint64_t head;
    int64_t waiting; /* bytes of all bodies that are not out */
    bool over;       /* there are too many */
    bool stopped, torn, dead, blocked;
    struct future *gate;   /* owned; NULL: nobody waits */
    struct future *finish; /* owned; NULL before line_finish */
    struct timer patience; /* while a member goes on though it was cancelled */
    int64_t patient_at;    /* current->seen when it was set */

    bool busy;
    bool submitting;
    struct line_work work;
    int halt; /* atomic: the job is to stop */
    struct spool *spool;
    struct tar *tar; /* owned; NULL: raw bytes */
    struct buf out;  /* from out_at on: on its way to the descriptor */
    size_t out_at;
};

/* -- line.c -- */

void line__unref(struct line *l);
/* Whose turn it is, who is held: after whatever may change that. */
void line__update(struct line *l);
/* Holds one body's transfer, or lets it go on, as the standing of the line says. */
void line__hold(struct line *l, struct body *b);
/* Nothing goes out any more. */
void line__fail(struct line *l, bool gone, struct err *e);

static inline int64_t body__pending(const struct body *b)
{
    return b->arrived - b->seen;
}

/* -- body.c -- */

void body__unref(struct body *b);
/* The end of its emission; e: owned, NULL is success. */
void body__emitted(struct body *b, struct err *e);
void body__dirty(struct body *b);

/* -- line_pump.c -- */

/* Starts a job, if none runs and there is something to do. */
void line__pump(struct line *l);

/* -- line_work.c -- */

void line_work_run(struct line *l);
void blobs_fini(struct blobs *q);

#endif
