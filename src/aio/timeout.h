/* SPDX-License-Identifier: MIT */
/* Deadlines (asyncio: timeouts.py, and wait_for of tasks.py). */
#ifndef AIO_TIMEOUT_H
#define AIO_TIMEOUT_H

#include "aio/task.h"

/*
 * asyncio.timeout() as a pair around the body of a coroutine; embed it in the frame.
 *
 *     timeout_enter(&f->deadline, f->co.task, when);
 *     ... awaits ...
 *     error = timeout_exit(&f->deadline, error);   // on every way out
 *
 * When it expires it cancels the task; timeout_exit turns the ERR_CANCELLED that comes of it into
 * ERR_TIMEOUT, uncancels, and leaves every other outcome alone. Nested ones: only the expired one
 * converts.
 */
struct timeout {
    struct timer timer;
    struct task *task; /* borrowed */
    unsigned cancelling;
    double when; /* loop_time(); < 0 is never */
    unsigned char state;
};

/* when: loop_time() seconds, < 0 for none. ERR_RUNTIME if entered already, ERR_NOMEM. */
struct err *timeout_enter(struct timeout *t, struct task *task, double when);
/* error: the outcome of the body (owned, may be NULL); returns what to raise, owned. */
struct err *timeout_exit(struct timeout *t, struct err *error);
/* ERR_RUNTIME once it is expiring, expired or exited. */
struct err *timeout_reschedule(struct timeout *t, double when);
bool timeout_expired(const struct timeout *t);

/* asyncio.wait_for: a future that ends as fut does, or with ERR_TIMEOUT after cancelling fut
 * and waiting for its end. fut: borrowed, referenced while needed; its value moves to the returned
 * future. seconds < 0: no timeout; 0: the result if done, else cancel and wait. NULL: no memory. */
struct future *wait_for(struct future *fut, double seconds);

#endif
