/* SPDX-License-Identifier: MIT */
/*
 * asyncio.Condition (locks.py).
 *
 * A wait goes through two stages: in the condition's line until it is notified or cancelled, then
 * in the lock's line. The second stage cannot be cancelled, only noted: the wait ends with the lock
 * held.
 */
#include "aio/condition.h"

#include "base/alloc.h"

#include <stdlib.h>

struct condition {
    struct loop *loop; /* borrowed */
    struct lock *lock; /* borrowed */
    struct list line;  /* of struct condition_wait, first stage */
};

struct condition_wait {
    struct future fut;
    struct list node;
    struct lock *lock;      /* borrowed */
    struct future *acquire; /* owned; NULL in the first stage, and at the end */
    struct future_cb cb;
    bool cancelled;
};

static void condition_finish(struct condition_wait *w)
{
    future_unref(w->acquire);
    w->acquire = NULL;
    if (w->cancelled) {
        future_set_cancelled(&w->fut);
    } else {
        err_unref(future_set_result(&w->fut, NULL, NULL));
    }
}

static struct err *condition_on_lock(struct future *acquire, void *arg)
{
    struct condition_wait *w = arg;
    if (future_cancelled(acquire)) { /* the lock was freed under us */
        w->cancelled = true;
    }
    condition_finish(w);
    return NULL;
}

/* The second stage. Without memory to stand in line the wait fails, the only way to end without
 * the lock. */
static void condition_reacquire(struct condition_wait *w)
{
    list_remove(&w->node);
    w->acquire = lock_acquire(w->lock);
    if (!w->acquire) {
        err_unref(future_set_error(&w->fut, err_plain(ERR_NOMEM)));
    } else if (future_done(w->acquire)) {
        condition_finish(w);
    } else {
        future_watch(w->acquire, &w->cb, condition_on_lock, w);
    }
}

static bool condition_wait_cancel(struct future *f)
{
    struct condition_wait *w = (struct condition_wait *)f;
    w->cancelled = true;
    if (!w->acquire) {
        condition_reacquire(w);
    }
    return true;
}

static void condition_wait_fini(struct future *f)
{
    struct condition_wait *w = (struct condition_wait *)f;
    list_remove(&w->node);
    if (w->acquire) {
        future_unwatch(&w->cb);
        lock_abandon(w->lock, w->acquire);
    }
}

static const struct future_ops condition_ops = {
    "condition", condition_wait_cancel, condition_wait_fini};

struct condition *condition_new(struct loop *l, struct lock *lock)
{
    struct condition *c = mem_new(sizeof *c);
    if (!c) {
        return NULL;
    }
    c->loop = l;
    c->lock = lock;
    list_init(&c->line);
    return c;
}

void condition_free(struct condition *c)
{
    free(c);
}

struct future *condition_wait(struct condition *c)
{
    struct condition_wait *w = mem_new(sizeof *w);
    if (!w) {
        return NULL;
    }
    future_init(&w->fut, c->loop, &condition_ops);
    list_init(&w->node);
    w->lock = c->lock;
    struct err *e = lock_release(c->lock);
    if (e) {
        err_unref(future_set_error(&w->fut, e));
    } else {
        list_push(&c->line, &w->node);
    }
    return &w->fut;
}

struct err *condition_notify(struct condition *c, size_t n)
{
    if (!lock_locked(c->lock)) {
        return err_new(ERR_RUNTIME, NULL, "cannot notify without holding the lock");
    }
    while (n-- > 0 && !list_empty(&c->line)) {
        condition_reacquire(container_of(c->line.next, struct condition_wait, node));
    }
    return NULL;
}

struct err *condition_notify_all(struct condition *c)
{
    return condition_notify(c, SIZE_MAX);
}
