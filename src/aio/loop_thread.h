/* SPDX-License-Identifier: MIT */
/*
 * A loop in a thread of its own, and futures here for work there: asyncio's
 * wrap_future(run_coroutine_threadsafe(...)) (asyncio: futures.py, tasks.py).
 *
 *      here (the home loop)                      there (the thread's loop)
 *   elsewhere_start ---------- starting ------->  ops->start: the inner future
 *   future_cancel ------------ cancelling ----->  future_cancel(inner)
 *   ops->arriving, then done <------ ended -----  ops->leaving, once inner is done
 *
 * Unlike asyncio's, a cancelled future here is done only when the work there has ended: whoever
 * cancels awaits the end. A cancel is always kept: an outcome that was quicker is dropped.
 */
#ifndef AIO_LOOP_THREAD_H
#define AIO_LOOP_THREAD_H

#include "aio/future.h"

struct loop_thread;

/* A LOOP_PLAIN loop whose thread is not started yet. Everything here is called by home's thread.
 * NULL when memory or descriptors ran out. home, trace: borrowed, they outlive it. */
struct loop_thread *loop_thread_new(struct loop *home, const struct trace *trace);

/* Belongs to its thread while that runs, to home's before and after. */
struct loop *loop_thread_loop(struct loop_thread *t);

/* Starts the thread, which blocks all signals; idempotent. ERR_RUNTIME: there can be none, or it
 * was stopped. */
struct err *loop_thread_start(struct loop_thread *t);

/* Cancels what is under way, waits for its end and the thread's, and completes the futures here
 * (their callbacks are queued). Nothing is started from then on. Blocks; idempotent. */
void loop_thread_stop(struct loop_thread *t);

/* Stops if need be, closes the loop and frees. NULL is ignored. */
void loop_thread_free(struct loop_thread *t);

/* -- work there ---------------------------------------------------------------------------- */

struct elsewhere;

struct elsewhere_ops {
    struct future_ops future; /* cancel: elsewhere_cancel; fini frees nothing of struct elsewhere */
    /* There: the future to wait for (usually a new task's), taken over, or NULL and *error. */
    struct future *(*start)(struct loop *there, struct elsewhere *w, struct err **error);
    /* There: the inner future has ended, nothing of it comes any more. May be NULL. */
    void (*leaving)(struct elsewhere *w);
    /* Here, before the future completes: an error that is its outcome instead, or NULL. May be
     * NULL. */
    struct err *(*arriving)(struct elsewhere *w);
};

/* Embedded at the head of what is made for the work; fields are this module's. */
struct elsewhere {
    struct future future; /* first: of the home loop */
    const struct elsewhere_ops *ops;
    struct loop_thread *thread;         /* borrowed */
    struct list node_here, node_there;  /* in the thread's lists */
    struct handle starting, cancelling; /* posted to there */
    struct handle ended;                /* posted to here */
    struct future *inner;               /* there's; owned while it runs */
    struct future_cb inner_done;        /* there's */
    bool cancelled;                     /* here's: by future_cancel */
    bool stopping, over;                /* under the thread's lock */
    void *value;                        /* the outcome, there's until `ended` is posted */
    void (*drop_value)(void *value);
    struct err *error;
};

/* Starts it there. w: zeroed, allocated by malloc and the like, freed by its last reference; the
 * value and its drop function must not mind the change of threads. Returns the future, owned by the
 * caller. ERR_RUNTIME after a stop, or without a thread: then w is the caller's to free. */
struct err *elsewhere_start(struct loop_thread *t, struct elsewhere *w,
    const struct elsewhere_ops *ops, struct future **out);

/* Here: the work there is cancelled, yet the future ends with whatever it comes to (arriving). */
void elsewhere_stop(struct elsewhere *w);

/* For struct elsewhere_ops. */
bool elsewhere_cancel(struct future *f);

/* The plain form: start(there, arg) as for run_threadsafe. The future is the caller's; NULL and
 * *error. */
struct future *run_elsewhere(struct loop_thread *t,
    struct future *(*start)(struct loop *there, void *arg), void *arg, struct err **error);

#endif
