/* SPDX-License-Identifier: MIT */
/*
 * Timers (asyncio: events.py, TimerHandle, and the scheduled heap of base_events.py).
 *
 * The heap is our own because libev orders equal times loosely and caches the time; libev has one
 * timer, the alarm, set for the heap's earliest before a poll that would block.
 *
 * Embedded timers leave the heap when they are stopped. Heap-made ones are only marked, as in
 * asyncio, and pruned when they are at the top or make up most of the heap.
 */
#include "aio/loop_private.h"

#include <stdlib.h>

/* asyncio's numbers */
enum { PRUNE_MIN_COUNT = 100 };                 /* _MIN_SCHEDULED_TIMER_HANDLES */
static const double clock_resolution = 1e-9;    /* CLOCK_MONOTONIC's */
static const double longest_sleep = 24 * 3600.; /* MAXIMUM_SELECT_TIMEOUT */

static struct timer *timer_of(struct heap_node *n)
{
    return container_of(n, struct timer, node);
}

static bool timer_before(const struct heap_node *a, const struct heap_node *b)
{
    const struct timer *x = container_of(a, const struct timer, node);
    const struct timer *y = container_of(b, const struct timer, node);
    return x->when < y->when || (!(y->when < x->when) && x->seq < y->seq);
}

static void on_alarm(struct ev_loop *ev, struct ev_timer *alarm, int revents)
{
    (void)alarm;
    (void)revents;
    struct loop *l = ev_userdata(ev);
    l->alarm_set = false;
}

void loop__timers_init(struct loop *l)
{
    heap_init(&l->timers, timer_before);
    ev_timer_init(&l->alarm, on_alarm, 0., 0.);
}

static void drop_timer(struct loop *l, struct timer *t)
{
    heap_remove(&l->timers, &t->node);
    t->pending = false;
    if (t->h.heap) {
        free(t);
    }
}

void loop__timers_fini(struct loop *l)
{
    struct heap_node *n;
    while ((n = heap_min(&l->timers)) != NULL) {
        drop_timer(l, timer_of(n));
    }
    l->timers_cancelled = 0;
    heap_fini(&l->timers);
    ev_timer_stop(l->ev, &l->alarm);
    l->alarm_set = false;
}

static bool keep_timer(struct heap_node *n, void *arg)
{
    (void)arg;
    struct timer *t = timer_of(n);
    if (t->h.cancelled) {
        free(t);
        return false;
    }
    return true;
}

void loop__timers_prune(struct loop *l)
{
    if (l->timers.count > PRUNE_MIN_COUNT && l->timers_cancelled * 2 > l->timers.count) {
        heap_filter(&l->timers, keep_timer, NULL);
        l->timers_cancelled = 0;
        return;
    }
    struct heap_node *n;
    while (l->timers_cancelled && (n = heap_min(&l->timers)) && timer_of(n)->h.cancelled) {
        drop_timer(l, timer_of(n));
        l->timers_cancelled--;
    }
}

bool loop__timers_arm(struct loop *l)
{
    struct heap_node *n = heap_min(&l->timers);
    if (!n) {
        ev_timer_stop(l->ev, &l->alarm);
        l->alarm_set = false;
        return true;
    }
    double when = timer_of(n)->when;
    double delay = when - loop_time(l);
    if (!(delay > 0)) {
        return false;
    }
    if (l->alarm_set && !(when < l->alarm_at) && !(when > l->alarm_at)) {
        return true;
    }
    if (delay > longest_sleep) {
        delay = longest_sleep;
    }
    ev_timer_stop(l->ev, &l->alarm);
    ev_now_update(l->ev);
    ev_timer_set(&l->alarm, delay, 0.);
    ev_timer_start(l->ev, &l->alarm);
    l->alarm_at = when;
    l->alarm_set = true;
    return true;
}

void loop__timers_queue_due(struct loop *l)
{
    if (!l->timers.count) {
        return;
    }
    double end = loop_time(l) + clock_resolution;
    struct heap_node *n;
    while ((n = heap_min(&l->timers)) != NULL) {
        struct timer *t = timer_of(n);
        if (t->when >= end) {
            break;
        }
        if (t->h.cancelled) {
            l->timers_cancelled--;
            drop_timer(l, t);
            continue;
        }
        heap_remove(&l->timers, n);
        t->pending = false;
        loop_post(l, &t->h);
    }
}

void timer_init(struct timer *t, loop_fn fn, void *arg)
{
    *t = (struct timer){.node.at = HEAP_NOWHERE};
    handle_init(&t->h, fn, arg);
    t->h.kind = HANDLE_TIMER;
}

bool timer_active(const struct timer *t)
{
    return !t->h.cancelled && (t->pending || t->h.queued);
}

struct err *timer_start(struct loop *l, struct timer *t, double when)
{
    if (l->closed) {
        return err_new(ERR_RUNTIME, NULL, "Event loop is closed");
    }
    timer_stop(t);
    t->h.loop = l;
    t->when = when;
    t->seq = ++l->timer_seq;
    if (!heap_insert(&l->timers, &t->node)) {
        return err_plain(ERR_NOMEM);
    }
    t->pending = true;
    return NULL;
}

struct err *timer_start_after(struct loop *l, struct timer *t, double seconds)
{
    return timer_start(l, t, loop_time(l) + seconds);
}

void timer_stop(struct timer *t)
{
    if (t->h.heap) {
        if (t->pending && !t->h.cancelled) {
            t->h.loop->timers_cancelled++;
        }
        t->h.cancelled = true;
    } else if (t->pending) {
        heap_remove(&t->h.loop->timers, &t->node);
        t->pending = false;
    } else {
        loop__unqueue(&t->h);
    }
}

struct err *loop_call_at(struct loop *l, double when, loop_fn fn, void *arg, struct timer **out)
{
    struct timer *t = malloc(sizeof(*t));
    if (!t) {
        return err_plain(ERR_NOMEM);
    }
    timer_init(t, fn, arg);
    struct err *e = timer_start(l, t, when);
    if (e) {
        free(t);
        return e;
    }
    t->h.heap = true;
    if (out) {
        *out = t;
    }
    return NULL;
}

struct err *loop_call_later(
    struct loop *l, double seconds, loop_fn fn, void *arg, struct timer **out)
{
    return loop_call_at(l, loop_time(l) + seconds, fn, arg, out);
}

void timer_cancel(struct timer *t)
{
    timer_stop(t);
}
