/* SPDX-License-Identifier: MIT */
/*
 * asyncio.timeout (timeouts.py).
 *
 *     CREATED --enter--> ENTERED --exit--> EXITED
 *                           |
 *                        expires: cancels the task
 *                           v
 *                        EXPIRING --exit--> EXPIRED
 *
 * A finished one may be entered again: an embedded timeout serves every round of a loop.
 */
#include "aio/timeout.h"

enum timeout_state {
    TIMEOUT_CREATED, /* zero, as frames begin */
    TIMEOUT_ENTERED,
    TIMEOUT_EXPIRING,
    TIMEOUT_EXPIRED,
    TIMEOUT_EXITED,
};

static struct err *timeout_on_expiry(void *arg)
{
    struct timeout *t = arg;
    task_cancel(t->task);
    t->state = TIMEOUT_EXPIRING;
    return NULL;
}

static struct err *timeout_schedule(struct timeout *t, double when)
{
    timer_stop(&t->timer);
    t->when = when;
    struct loop *l = task_loop(t->task);
    if (when < 0) {
        return NULL;
    }
    if (when <= loop_time(l)) {
        loop_post(l, &t->timer.h);
        return NULL;
    }
    return timer_start(l, &t->timer, when);
}

struct err *timeout_enter(struct timeout *t, struct task *task, double when)
{
    if (t->state == TIMEOUT_ENTERED || t->state == TIMEOUT_EXPIRING) {
        return err_new(ERR_RUNTIME, NULL, "the timeout has already been entered");
    }
    timer_init(&t->timer, timeout_on_expiry, t);
    t->task = task;
    t->cancelling = task_cancelling(task);
    struct err *e = timeout_schedule(t, when);
    t->state = e ? TIMEOUT_CREATED : TIMEOUT_ENTERED;
    return e;
}

struct err *timeout_exit(struct timeout *t, struct err *error)
{
    if (t->state != TIMEOUT_ENTERED && t->state != TIMEOUT_EXPIRING) {
        return error;
    }
    timer_stop(&t->timer);
    if (t->state == TIMEOUT_ENTERED) {
        t->state = TIMEOUT_EXITED;
        return error;
    }
    t->state = TIMEOUT_EXPIRED;
    /* More cancels than before we were entered: somebody outside wants the task to end too. */
    if (task_uncancel(t->task) <= t->cancelling && err_is(error, ERR_CANCELLED)) {
        err_unref(error);
        return err_plain(ERR_TIMEOUT);
    }
    return error;
}

struct err *timeout_reschedule(struct timeout *t, double when)
{
    switch (t->state) {
    case TIMEOUT_ENTERED:
        return timeout_schedule(t, when);
    case TIMEOUT_CREATED:
        return err_new(ERR_RUNTIME, NULL, "the timeout has not been entered");
    default:
        return err_new(ERR_RUNTIME, NULL, "cannot change the time of a finished timeout");
    }
}

bool timeout_expired(const struct timeout *t)
{
    return t->state == TIMEOUT_EXPIRING || t->state == TIMEOUT_EXPIRED;
}
