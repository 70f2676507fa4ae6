/* SPDX-License-Identifier: MIT */
/*
 * The event loop: its life and its iteration (asyncio: base_events.py, _run_once).
 *
 *      other threads --> inbox ---.
 *      descriptors, signals -------+--> ready --(snapshot)--> batch --> each callback runs once
 *      timer heap --- due ones ---'        ^                               |
 *                                          '----- loop_post, call_soon ----'
 *
 * Invariant: a handle is in at most one of inbox, ready and batch; `batch` is empty but while an
 * iteration runs; nothing enters any of them once the loop is closed.
 */
#include "aio/loop_private.h"

#include "base/buf.h"
#include "base/trace.h"

#include <assert.h>
#include <stdlib.h>
#include <time.h>

enum { POOL_KEEP = 4096 }; /* blocks kept for reuse: what a busy run has in flight */

static bool open_backend(struct loop *l)
{
    if (l->kind == LOOP_PLAIN) {
        l->ev = ev_loop_new(EVFLAG_AUTO | EVFLAG_NOENV);
        return l->ev != NULL;
    }
    struct ev_loop *ev = ev_default_loop(EVFLAG_AUTO | EVFLAG_NOENV);
    if (!ev || ev_userdata(ev)) { /* there is one already */
        return false;
    }
    l->ev = ev;
    return true;
}

void loop_add_version(struct buf *b)
{
    buf_addf(b, "libev/%d.%d", ev_version_major(), ev_version_minor());
}

struct loop *loop_new(enum loop_kind kind, const struct trace *trace)
{
    struct loop *l = mem_new(sizeof(*l));
    if (!l) {
        return NULL;
    }
    l->kind = kind;
    l->trace = trace;
    if (!open_backend(l)) {
        free(l);
        return NULL;
    }
    ev_set_userdata(l->ev, l);
    list_init(&l->ready);
    list_init(&l->batch);
    list_init(&l->watches);
    list_init(&l->signals);
    list_init(&l->tasks);
    mem_pool_init(&l->handle_pool, sizeof(struct handle), POOL_KEEP);
    mem_pool_init(&l->future_pool, sizeof(struct future), POOL_KEEP);
    mem_pool_init(&l->callback_pool, sizeof(struct future_cb), POOL_KEEP);
    loop__timers_init(l);
    loop__inbox_init(l);
    return l;
}

struct err *loop_close(struct loop *l)
{
    if (l->running) {
        return err_new(ERR_RUNTIME, NULL, "Cannot close a running event loop");
    }
    if (l->closed) {
        return NULL;
    }
    l->closed = true;
    loop__inbox_close(l);
    task__destroy_all(l); /* what their ends still queue is dropped with the rest */
    l->sealed = true;
    loop__drop_handles(l, &l->ready);
    loop__timers_fini(l);
    loop__signals_fini(l);
    return NULL;
}

void loop_free(struct loop *l)
{
    if (!l) {
        return;
    }
    assert(!l->running);
    err_unref(loop_close(l));
    assert(l->futures == 0 && "a future outlives its loop");
    assert(l->nwatches == 0 && "a watch outlives its loop");
    loop__inbox_fini(l);
    mem_pool_fini(&l->handle_pool);
    mem_pool_fini(&l->future_pool);
    mem_pool_fini(&l->callback_pool);
    ev_set_userdata(l->ev, NULL);
    ev_loop_destroy(l->ev);
    free(l);
}

static void poll_events(struct loop *l)
{
    bool block = !l->stopping && list_empty(&l->ready) && !loop__inbox_full(l);
    if (block) {
        block = loop__timers_arm(l);
    }
    ev_run(l->ev, block ? EVRUN_ONCE : EVRUN_NOWAIT);
    loop__inbox_take(l);
}

static void run_once(struct loop *l)
{
    loop__timers_prune(l);
    poll_events(l);
    loop__timers_queue_due(l);
    list_splice(&l->batch, &l->ready);
    struct list *node;
    unsigned count = 0;
    while ((node = list_pop(&l->batch)) != NULL) {
        loop__run_handle(l, container_of(node, struct handle, node));
        count++;
    }
    trace_put(l->trace, TRACE_LOOP, "%u callbacks", count);
}

struct err *loop_run_forever(struct loop *l)
{
    if (l->closed) {
        return err_new(ERR_RUNTIME, NULL, "Event loop is closed");
    }
    if (l->running) {
        return err_new(ERR_RUNTIME, NULL, "This event loop is already running");
    }
    l->running = true;
    do {
        run_once(l);
    } while (!l->stopping);
    l->stopping = false;
    l->running = false;
    return NULL;
}

static struct err *on_complete(struct future *f, void *arg)
{
    (void)arg;
    loop_stop(f->loop);
    return NULL;
}

struct err *loop_run_until_complete(struct loop *l, struct future *fut)
{
    if (l->closed || l->running) {
        return loop_run_forever(l);
    }
    if (fut->loop != l) {
        return err_new(ERR_VALUE, NULL, "The future belongs to a different loop");
    }
    struct future_cb done;
    future_watch(fut, &done, on_complete, NULL);
    struct err *e = loop_run_forever(l);
    future_unwatch(&done);
    if (!e && !future_done(fut)) {
        e = err_new(ERR_RUNTIME, NULL, "Event loop stopped before Future completed.");
    }
    return e;
}

void loop_stop(struct loop *l)
{
    l->stopping = true;
}

bool loop_running(const struct loop *l)
{
    return l->running;
}

bool loop_closed(const struct loop *l)
{
    return l->closed;
}

double loop_time(struct loop *l)
{
    (void)l;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

void loop_set_debug(struct loop *l, bool on)
{
    l->debug = on;
}

bool loop_debug(const struct loop *l)
{
    return l->debug;
}

const struct trace *loop_trace(const struct loop *l)
{
    return l->trace;
}

static size_t count_handles(const struct list *queue)
{
    size_t n = 0;
    list_for_each (it, queue) {
        n += !container_of(it, struct handle, node)->cancelled;
    }
    return n;
}

struct loop_live loop_live(const struct loop *l)
{
    return (struct loop_live){
        .futures = l->futures,
        .ready = count_handles(&l->ready) + count_handles(&l->batch) +
                 loop__inbox_count((struct loop *)l),
        .timers = l->timers.count - l->timers_cancelled,
        .watches = l->nwatches,
    };
}

struct ev_loop *loop_ev(struct loop *l)
{
    return l->ev;
}
