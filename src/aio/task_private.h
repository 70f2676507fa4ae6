/* SPDX-License-Identifier: MIT */
/* A task, as co.c and task.c see it. */
#ifndef AIO_TASK_PRIVATE_H
#define AIO_TASK_PRIVATE_H

#include "aio/loop_private.h"

/*
 * Of an unfinished task exactly one holds: its step is running (loop->current), its step is queued
 * (wake.handle, directly or as the wake-up of a future that is done), or it awaits a pending future
 * (wake.future, in whose callbacks `wake` is). So one handle serves both the step and the wake-up.
 */
struct task {
    struct future future;
    struct list node;      /* in the loop's tasks while unfinished */
    struct future_cb wake; /* its future is asyncio's _fut_waiter, with a reference of our own */
    struct err *status;    /* owned: what the next, or the running, step receives */
    co_fn fn;
    void (*drop)(void *frame); /* NULL once called */
    char *name;                /* owned; NULL until set or asked for */
    uint64_t number;
    unsigned cancels; /* asyncio's _num_cancels_requested */
    bool must_cancel; /* the next step receives ERR_CANCELLED */
    bool started;
    _Alignas(16) unsigned char frame[];
};

/* What the next, or the running, step receives; taken over, may be NULL. */
void task__set_status(struct task *t, struct err *status);
/* Queues the next step, which receives status (taken over, may be NULL). */
void task__post_step(struct task *t, struct err *status);
/* Suspends the running step until fut, pending and of the same loop, is done. */
void task__suspend(struct task *t, struct future *fut);

#endif
