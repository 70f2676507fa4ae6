/* SPDX-License-Identifier: MIT */
/*
 * Futures (asyncio: futures.py).
 *
 * A done callback is in one of three places: in its future's list while that is pending
 * (`future` borrowed), in the ready queue once it is done (`future` a reference), or nowhere
 * (`future` NULL). Completing a future moves the list over to the ready queue, in order.
 */
#include "aio/future.h"

#include "aio/loop_private.h"

#include <assert.h>
#include <stdlib.h>

static const struct future_ops plain_ops = {.kind = "future"};

void future_init(struct future *f, struct loop *l, const struct future_ops *ops)
{
    *f = (struct future){.loop = l, .ops = ops ? ops : &plain_ops, .refs = 1};
    l->futures++;
}

struct future *future_new(struct loop *l)
{
    struct future *f = l->closed ? NULL : mem_pool_get(&l->future_pool);
    if (f) {
        future_init(f, l, NULL);
        f->pooled = true;
    }
    return f;
}

struct future *future_ref(struct future *f)
{
    if (f) {
        f->refs++;
    }
    return f;
}

static struct future_cb *callback_of(struct handle *h)
{
    return container_of(h, struct future_cb, handle);
}

static void end_callback(struct loop *l, struct future_cb *cb)
{
    cb->future = NULL;
    if (cb->handle.heap) {
        mem_pool_put(&l->callback_pool, cb);
    }
}

/* The ring has no head of its own, which would cost every future a pointer. */
static void ring_push(struct future *f, struct handle *h)
{
    if (f->callbacks) {
        list_push(f->callbacks, &h->node);
    } else {
        f->callbacks = &h->node;
    }
}

static struct future_cb *ring_remove(struct future *f, struct list *node)
{
    if (f->callbacks == node) {
        f->callbacks = node->next == node ? NULL : node->next;
    }
    list_remove(node);
    return callback_of(container_of(node, struct handle, node));
}

static void report_unseen(struct future *f)
{
    struct task *t = task_of(f);
    loop_call_exception_handler(f->loop,
        t ? "Task exception was never retrieved" : "Future exception was never retrieved", f->error,
        t ? task_name(t) : f->ops->kind);
}

static void destroy(struct future *f)
{
    struct loop *l = f->loop;
    if (f->error_unseen) {
        f->refs = 1; /* the handler may look at it; it must not end it twice */
        report_unseen(f);
        f->refs = 0;
    }
    while (f->callbacks) {
        end_callback(l, ring_remove(f, f->callbacks));
    }
    if (f->drop_value && f->value) {
        f->drop_value(f->value);
    }
    err_unref(f->error);
    l->futures--;
    bool embedded = f->embedded, pooled = f->pooled;
    if (f->ops->fini) {
        f->ops->fini(f);
    }
    if (pooled) {
        mem_pool_put(&l->future_pool, f);
    } else if (!embedded) {
        free(f);
    }
}

void future_unref(struct future *f)
{
    if (f && --f->refs == 0) {
        destroy(f);
    }
}

bool future_done(const struct future *f)
{
    return f->state != FUTURE_PENDING;
}

bool future_cancelled(const struct future *f)
{
    return f->state == FUTURE_CANCELLED;
}

const char *future_state_name(const struct future *f)
{
    static const char *const names[] = {"pending", "done", "cancelled"};
    return names[f->state];
}

/* -- callbacks ----------------------------------------------------------------------------- */

struct err *future__run_callback(struct handle *h)
{
    struct future_cb *cb = callback_of(h);
    struct future *f = cb->future;
    future_fn fn = h->done_fn;
    void *arg = h->arg;
    end_callback(f->loop, cb); /* first: fn may free an embedded one or register it anew */
    struct err *e = fn(f, arg);
    future_unref(f);
    return e;
}

void future__drop_callback(struct handle *h)
{
    struct future_cb *cb = callback_of(h);
    struct future *f = cb->future;
    end_callback(f->loop, cb);
    future_unref(f);
}

static void schedule(struct future *f, struct future_cb *cb, bool now)
{
    struct loop *l = f->loop;
    if (l->sealed) {
        end_callback(l, cb);
        return;
    }
    cb->future = future_ref(f);
    if (now) {
        loop__post_now(l, &cb->handle);
    } else {
        loop_post(l, &cb->handle);
    }
}

void future__complete(struct future *f, enum future_state state, bool now)
{
    assert(f->state == FUTURE_PENDING);
    f->state = (unsigned char)state;
    while (f->callbacks) {
        /* each goes before what is left of the batch, so the last one first keeps the order */
        schedule(f, ring_remove(f, now ? f->callbacks->prev : f->callbacks), now);
    }
}

void future_watch(struct future *f, struct future_cb *cb, future_fn fn, void *arg)
{
    handle_init(&cb->handle, NULL, arg);
    cb->handle.kind = HANDLE_DONE;
    cb->handle.done_fn = fn;
    cb->future = f;
    if (f->state == FUTURE_PENDING) {
        ring_push(f, &cb->handle);
    } else {
        schedule(f, cb, false);
    }
}

void future_unwatch(struct future_cb *cb)
{
    struct future *f = cb->future;
    if (!f) {
        return;
    }
    cb->future = NULL;
    if (cb->handle.queued) {
        loop__unqueue(&cb->handle);
        future_unref(f);
    } else {
        (void)ring_remove(f, &cb->handle.node);
    }
}

struct err *future_add_done_callback(struct future *f, future_fn fn, void *arg)
{
    if (f->loop->closed && future_done(f)) {
        return err_new(ERR_RUNTIME, NULL, "Event loop is closed");
    }
    struct future_cb *cb = mem_pool_get(&f->loop->callback_pool);
    if (!cb) {
        return err_plain(ERR_NOMEM);
    }
    future_watch(f, cb, fn, arg);
    cb->handle.heap = true;
    return NULL;
}

size_t future_remove_done_callback(struct future *f, future_fn fn, void *arg)
{
    struct list *old = f->callbacks;
    size_t removed = 0;
    f->callbacks = NULL;
    while (old) {
        struct list *node = old;
        old = node->next == node ? NULL : node->next;
        list_remove(node);
        struct handle *h = container_of(node, struct handle, node);
        if (h->done_fn == fn && h->arg == arg) {
            end_callback(f->loop, callback_of(h));
            removed++;
        } else {
            ring_push(f, h);
        }
    }
    return removed;
}

/* -- completing ---------------------------------------------------------------------------- */

struct err *future_set_result(struct future *f, void *value, void (*drop)(void *))
{
    assert(!task_of(f) && "only its coroutine ends a task");
    if (future_done(f)) {
        if (drop && value) {
            drop(value);
        }
        return err_plain(ERR_INVALID_STATE);
    }
    f->value = value;
    f->drop_value = drop;
    future__complete(f, FUTURE_DONE, false);
    return NULL;
}

struct err *future_set_error(struct future *f, struct err *error)
{
    assert(error);
    assert(!task_of(f) && "only its coroutine ends a task");
    if (future_done(f)) {
        err_unref(error);
        return err_plain(ERR_INVALID_STATE);
    }
    if (err_is(error, ERR_CANCELLED)) {
        err_unref(error);
        future__complete(f, FUTURE_CANCELLED, false);
        return NULL;
    }
    f->error = error;
    f->error_unseen = true;
    future__complete(f, FUTURE_DONE, false);
    return NULL;
}

void future_set_cancelled(struct future *f)
{
    if (!future_done(f)) {
        future__complete(f, FUTURE_CANCELLED, false);
    }
}

bool future_cancel(struct future *f)
{
    f->error_unseen = false;
    if (future_done(f)) {
        return false;
    }
    if (f->ops->cancel) {
        return f->ops->cancel(f);
    }
    future__complete(f, FUTURE_CANCELLED, false);
    return true;
}

/* -- shared -------------------------------------------------------------------------------- */

struct future *future_share(struct loop *l, struct future **at)
{
    if (*at && future_done(*at)) {
        future_unref(*at);
        *at = NULL;
    }
    if (!*at) {
        *at = future_new(l);
    }
    return future_ref(*at);
}

void future_release(struct future **at, struct err *error)
{
    struct future *f = *at;
    *at = NULL;
    if (f && !future_done(f)) {
        err_unref(error ? future_set_error(f, err_ref(error)) : future_set_result(f, NULL, NULL));
    }
    future_unref(f);
}

/* -- looking ------------------------------------------------------------------------------- */

struct err *future_error(struct future *f)
{
    if (f->state == FUTURE_PENDING) {
        return err_plain(ERR_INVALID_STATE);
    }
    if (f->state == FUTURE_CANCELLED) {
        return err_plain(ERR_CANCELLED);
    }
    f->error_unseen = false;
    return err_ref(f->error);
}

struct err *future_result(struct future *f, void **value)
{
    struct err *e = future_error(f);
    if (!e && value) {
        *value = f->value;
    }
    return e;
}

void *future_take(struct future *f)
{
    assert(f->state == FUTURE_DONE && !f->error);
    void *value = f->value;
    f->value = NULL;
    return value;
}

void future_retrieved(struct future *f)
{
    f->error_unseen = false;
}
