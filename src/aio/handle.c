/* SPDX-License-Identifier: MIT */
/*
 * Handles: queueing, cancelling and running callbacks (asyncio: events.py, Handle).
 *
 * An embedded handle leaves its queue the moment it is cancelled, since its memory may go. One that
 * the loop made is only marked, and freed when its turn comes, so that whoever still holds it may
 * cancel it again.
 */
#include "aio/loop_private.h"

#include <stdio.h>
#include <stdlib.h>

static const double slow_callback = 0.1; /* seconds, asyncio's slow_callback_duration */

void handle_init(struct handle *h, loop_fn fn, void *arg)
{
    *h = (struct handle){.fn = fn, .arg = arg};
    list_init(&h->node);
}

void loop__unqueue(struct handle *h)
{
    if (!loop__queued(h)) {
        return;
    }
    struct loop *l = h->loop;
    if (h->shared) {
        pthread_mutex_lock(&l->inbox_lock);
        list_remove(&h->node);
        pthread_mutex_unlock(&l->inbox_lock);
    } else {
        list_remove(&h->node);
    }
    loop__set_queued(h, false);
}

void handle_cancel(struct handle *h)
{
    if (h->kind == HANDLE_TIMER) {
        timer_stop(container_of(h, struct timer, h));
    } else if (h->heap) {
        h->cancelled = true;
    } else {
        loop__unqueue(h);
    }
}

void loop_post(struct loop *l, struct handle *h)
{
    if (l->sealed || h->queued) {
        return;
    }
    if (loop__inbox_full(l)) {
        loop__inbox_take(l); /* what this thread sent there came first */
    }
    h->loop = l;
    h->queued = true;
    list_push(&l->ready, &h->node);
}

void loop__post_now(struct loop *l, struct handle *h)
{
    if (l->sealed || h->queued) {
        return;
    }
    h->loop = l;
    h->queued = true;
    list_push_front(&l->batch, &h->node);
}

struct err *loop_call_soon(struct loop *l, loop_fn fn, void *arg, struct handle **out)
{
    if (l->closed) {
        return err_new(ERR_RUNTIME, NULL, "Event loop is closed");
    }
    struct handle *h = mem_pool_get(&l->handle_pool);
    if (!h) {
        return err_plain(ERR_NOMEM);
    }
    handle_init(h, fn, arg);
    h->heap = true;
    loop_post(l, h);
    if (out) {
        *out = h;
    }
    return NULL;
}

static void free_handle(struct loop *l, struct handle *h)
{
    if (h->kind == HANDLE_TIMER) {
        free(container_of(h, struct timer, h));
    } else {
        mem_pool_put(&l->handle_pool, h);
    }
}

void loop__drop_handle(struct loop *l, struct handle *h)
{
    loop__set_queued(h, false);
    if (h->kind == HANDLE_DONE) {
        future__drop_callback(h);
    } else if (h->heap) {
        free_handle(l, h);
    }
}

void loop__drop_handles(struct loop *l, struct list *handles)
{
    struct list *node;
    while ((node = list_pop(handles)) != NULL) {
        loop__drop_handle(l, container_of(node, struct handle, node));
    }
}

/* Calls it and ends it: afterwards h may be gone. */
static struct err *call(struct loop *l, struct handle *h)
{
    if (h->kind == HANDLE_DONE) {
        return future__run_callback(h);
    }
    bool heap = h->heap; /* an embedded handle may be gone after the call */
    struct err *e = h->fn(h->arg);
    if (heap) {
        free_handle(l, h);
    }
    return e;
}

/* Debug mode: who held the loop, and for how long. */
static struct err *call_timed(struct loop *l, struct handle *h)
{
    struct task *task = task__of_handle(h);
    double start = loop_time(l);
    struct err *e = call(l, h);
    double took = loop_time(l) - start;
    if (took >= slow_callback) {
        char text[80];
        snprintf(text, sizeof(text), "Executing a callback took %.3f seconds", took);
        loop__report_default(text, NULL, task ? task_name(task) : NULL);
    }
    task_unref(task);
    return e;
}

void loop__run_handle(struct loop *l, struct handle *h)
{
    loop__set_queued(h, false);
    if (h->cancelled) {
        free_handle(l, h);
        return;
    }
    struct err *e = l->debug ? call_timed(l, h) : call(l, h);
    if (e) {
        loop_call_exception_handler(l, "Exception in callback", e, NULL);
        err_unref(e);
    }
}
