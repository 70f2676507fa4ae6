/* SPDX-License-Identifier: MIT */
/*
 * asyncio.wait_for (tasks.py, 3.12), as a future rather than a task: what Python does between the
 * call and the first step is done in the call, so a cancel can never come too early to reach the
 * operation.
 *
 * The outer ends when the operation does, never before (but for a cancel of one without time, which
 * as in asyncio does not wait). What remains to be told apart is why the operation was cancelled:
 * a cancel from outside goes before an expiry.
 */
#include "aio/timeout.h"

#include "base/alloc.h"

struct wait_for {
    struct future outer;
    struct future *fut; /* a reference */
    struct future_cb cb;
    struct timer timer;
    bool expired, no_time, cancelled_outside;
};

static void wait_for_release(struct wait_for *w)
{
    timer_stop(&w->timer);
    future_unwatch(&w->cb);
}

static void wait_for_finish(struct wait_for *w)
{
    wait_for_release(w);
    struct err *e = future_error(w->fut);
    if (!e) {
        err_unref(future_set_result(&w->outer, future_take(w->fut), NULL));
        return;
    }
    if (err_is(e, ERR_CANCELLED) && w->expired && !w->cancelled_outside) {
        err_unref(e);
        e = err_plain(ERR_TIMEOUT);
    }
    err_unref(future_set_error(&w->outer, e));
}

static struct err *wait_for_on_done(struct future *f, void *arg)
{
    (void)f;
    wait_for_finish(arg);
    return NULL;
}

static struct err *wait_for_on_expiry(void *arg)
{
    struct wait_for *w = arg;
    /* False if it is done and its callback queued: then its outcome stands. */
    w->expired = future_cancel(w->fut);
    return NULL;
}

static bool wait_for_cancel(struct future *f)
{
    struct wait_for *w = (struct wait_for *)f;
    if (w->no_time) {
        wait_for_release(w);
        future_set_cancelled(f);
        return true;
    }
    if (!future_cancel(w->fut)) {
        return false;
    }
    w->cancelled_outside = true;
    return true;
}

static void wait_for_fini(struct future *f)
{
    struct wait_for *w = (struct wait_for *)f;
    wait_for_release(w);
    if (f->value) {
        w->fut->value = f->value; /* nobody took it: the operation knows how to drop it */
    }
    future_unref(w->fut);
}

static const struct future_ops wait_for_ops = {"wait_for", wait_for_cancel, wait_for_fini};

struct future *wait_for(struct future *fut, double seconds)
{
    struct wait_for *w = mem_new(sizeof *w);
    if (!w) {
        return NULL;
    }
    future_init(&w->outer, fut->loop, &wait_for_ops);
    timer_init(&w->timer, wait_for_on_expiry, w);
    w->fut = future_ref(fut);
    if (future_done(fut)) {
        wait_for_finish(w);
        return &w->outer;
    }
    if (seconds > 0) {
        struct err *e = timer_start_after(fut->loop, &w->timer, seconds);
        if (e) {
            err_unref(e);
            future_unref(&w->outer);
            return NULL;
        }
    }
    future_watch(fut, &w->cb, wait_for_on_done, w);
    if (seconds >= 0 && seconds <= 0) {
        w->no_time = w->expired = true;
        future_cancel(fut);
    }
    return &w->outer;
}
