/* SPDX-License-Identifier: MIT */
/* What the files of a worker share. */
#ifndef QUEUE_WORKER_PRIVATE_H
#define QUEUE_WORKER_PRIVATE_H

#include "aio/task.h"
#include "queue/outbox.h"
#include "queue/worker.h"

#define HASH_NONFATAL_OOM 1
#include <string.h>
#include <uthash.h>

struct share;

struct lease {
    struct share *share; /* borrowed */
    char *id;            /* owned: the stream's, "1700000000000-0" */
    unsigned deliveries;
    bool ending;   /* its end is on the way to the server */
    bool recorded; /* ... with a record */
    unsigned left; /* deliveries that it is put back with */
    bool back;     /* and came here again before the answer to that did */
    bool again;    /* so it was put back once more */
    UT_hash_handle hh;
};

/* One stream that is read. */
struct share {
    struct worker *worker; /* borrowed */
    char *stream;          /* owned */
    struct buf cursor;     /* owned: where the look for abandoned entries goes on */
    struct lease *leases;  /* owned: uthash by id */
};

struct next;

struct worker {
    struct async_iter iter;
    struct loop *loop;
    struct worker_options options;
    struct worker_events events;
    char *consumer, *results, *dead; /* owned, as the rest */
    struct share *shares;
    size_t nshares;
    struct link *reading, *writing;
    struct outbox *box;
    size_t open;     /* leases */
    size_t recorded; /* of them, those whose record is not written yet */
    uint64_t number; /* entries that came */

    /* worker_read.c */
    struct task *reader;    /* owned; NULL: not started */
    struct future *started; /* owned */
    struct future *wake;    /* borrowed from the reader while it sleeps */
    struct next *pending;   /* borrowed: the entry that is asked for */
    void **items;           /* owned: what came and was not asked for yet */
    size_t nitems, item_at, items_room;
    struct err *failed; /* owned: what the iterator ends with */
    bool ended, closing;
    unsigned prepared;   /* link_times of the connection that is prepared */
    bool met;            /* what a worker of our name left behind was given back */
    long long client_id; /* of the reading connection; -1: not known */
    double scan_at;      /* loop_time() of the next look for abandoned entries */
    size_t largest;      /* bytes of the largest entry that came lately */

    /* worker_keep.c */
    struct timer fresh;
    bool keeping;      /* `fresh` and `box` were started */
    unsigned touching; /* touches without an answer */
    bool lost_told;
};

/* worker.c. */
struct lease *lease__find(struct share *s, const char *id);
struct lease *lease__new(
    struct share *s, const char *id, unsigned deliveries); /* NULL: no memory */
void lease__free(struct lease *lease);

/* worker_read.c. Wakes the reader if there is something to do for it. */
struct err *worker__start_reader(struct worker *w);
void worker__wake_reader(struct worker *w);
void worker__fail(struct worker *w, struct err *e); /* takes e over */

/* worker_prepare.c. The future of a task: the reading connection is up and may be read from. */
struct future *worker__prepare(struct worker *w);

/* worker_keep.c. */
struct err *worker__start_keeping(struct worker *w);
/* script_leave for one share. a: initialized here. */
void worker__leave(const struct share *s, unsigned taken, bool end, struct redis_args *a);

/* An error that says that the group, or its stream, is gone. */
static inline bool worker__is_no_group(const struct err *e)
{
    const char *code = e ? err_code(e) : NULL;
    return code && strcmp(code, "NOGROUP") == 0;
}

static inline void worker__complete(struct future *f, struct err *error)
{
    if (!f || future_done(f)) {
        err_unref(error);
    } else {
        err_unref(error ? future_set_error(f, error) : future_set_result(f, NULL, NULL));
    }
}

#endif
