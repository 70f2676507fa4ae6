/* SPDX-License-Identifier: MIT */
/*
 * asyncio.as_completed (tasks.py).
 *
 *     todo inputs --end--> done (FIFO) --next--> the caller
 *          \----- deadline: the rest counts as `overdue`, each one next that raises
 *
 * A next that finds nothing ready leaves a pending future in `waiter`.
 */
#include "aio/as_completed.h"

#include "aio/distinct.h"
#include "base/alloc.h"

#include <assert.h>
#include <stdlib.h>

struct completed_input {
    struct future_cb cb;
    struct completed *owner; /* borrowed */
    struct future *fut;      /* a reference, until it was given out */
    struct list node;        /* in done */
};

struct completed {
    struct async_iter iter;
    struct loop *loop;              /* borrowed */
    struct completed_input *inputs; /* owned */
    size_t n, todo, overdue;
    struct list done;
    struct timer timer;
    struct future *waiter; /* a reference, while a next is pending */
};

static void completed_drop_item(void *fut)
{
    future_unref(fut);
}

/* Ends f, a pending next, if anything is ready. */
static bool completed_serve(struct completed *c, struct future *f)
{
    struct list *node = list_pop(&c->done);
    if (node) {
        struct completed_input *in = container_of(node, struct completed_input, node);
        err_unref(future_set_result(f, in->fut, completed_drop_item));
        in->fut = NULL;
    } else if (c->overdue > 0) {
        c->overdue--;
        err_unref(future_set_error(f, err_plain(ERR_TIMEOUT)));
    } else if (c->todo == 0) {
        err_unref(future_set_error(f, err_plain(ERR_STOP_ITERATION)));
    } else {
        return false;
    }
    return true;
}

static void completed_wake(struct completed *c)
{
    struct future *f = c->waiter;
    if (!f) {
        return;
    }
    if (future_done(f) || completed_serve(c, f)) { /* done: it was cancelled, and takes nothing */
        c->waiter = NULL;
        future_unref(f);
    }
}

static struct err *completed_on_input(struct future *fut, void *arg)
{
    (void)fut;
    struct completed_input *in = arg;
    struct completed *c = in->owner;
    list_push(&c->done, &in->node);
    if (--c->todo == 0) {
        timer_stop(&c->timer);
    }
    completed_wake(c);
    return NULL;
}

/* Inputs that were given out already have run their callback: unwatching them does nothing. */
static void completed_release(struct completed *c)
{
    timer_stop(&c->timer);
    for (size_t i = 0; i < c->n; i++) {
        if (c->inputs[i].fut) {
            future_unwatch(&c->inputs[i].cb);
        }
    }
}

static struct err *completed_on_timeout(void *arg)
{
    struct completed *c = arg;
    completed_release(c);
    c->overdue = c->todo;
    c->todo = 0;
    completed_wake(c);
    return NULL;
}

static struct future *completed_next(struct async_iter *it)
{
    struct completed *c = container_of(it, struct completed, iter);
    if (c->waiter && future_done(c->waiter)) { /* cancelled */
        future_unref(c->waiter);
        c->waiter = NULL;
    }
    assert(!c->waiter);
    struct future *f = future_new(c->loop);
    if (f && !completed_serve(c, f)) {
        c->waiter = future_ref(f);
    }
    return f;
}

static void completed_free(struct completed *c)
{
    for (size_t i = 0; i < c->n; i++) {
        future_unref(c->inputs[i].fut);
    }
    free(c->inputs);
    free(c);
}

static void completed_close(struct async_iter *it)
{
    struct completed *c = container_of(it, struct completed, iter);
    completed_release(c);
    if (c->waiter) {
        future_set_cancelled(c->waiter);
        future_unref(c->waiter);
    }
    completed_free(c);
}

static bool completed_init_inputs(struct completed *c, struct future *const *futs, size_t n)
{
    if (n == 0) {
        return true;
    }
    struct future **distinct = mem_array(NULL, n, sizeof(struct future *));
    size_t count = 0;
    if (distinct && futures__distinct(futs, n, distinct, &count)) {
        c->inputs = mem_array(NULL, count, sizeof *c->inputs);
    }
    if (c->inputs) {
        c->n = c->todo = count;
        for (size_t i = 0; i < count; i++) {
            c->inputs[i].owner = c;
            c->inputs[i].fut = future_ref(distinct[i]);
            list_init(&c->inputs[i].node);
        }
    }
    free(distinct);
    return c->inputs != NULL;
}

struct async_iter *as_completed(
    struct loop *l, struct future *const *futs, size_t n, double seconds)
{
    struct completed *c = mem_new(sizeof *c);
    if (!c) {
        return NULL;
    }
    c->iter = (struct async_iter){completed_next, completed_close};
    c->loop = l;
    list_init(&c->done);
    timer_init(&c->timer, completed_on_timeout, c);
    struct err *e = NULL;
    if (!completed_init_inputs(c, futs, n)) {
        e = err_plain(ERR_NOMEM);
    } else if (seconds >= 0 && c->todo > 0) {
        e = timer_start_after(l, &c->timer, seconds);
    }
    if (e) {
        err_unref(e);
        completed_free(c);
        return NULL;
    }
    for (size_t i = 0; i < c->n; i++) {
        future_watch(c->inputs[i].fut, &c->inputs[i].cb, completed_on_input, &c->inputs[i]);
    }
    return &c->iter;
}
