/* SPDX-License-Identifier: MIT */
/*
 * The inbox: callbacks from other threads (asyncio: call_soon_threadsafe).
 *
 *      thread: lock, push, wake, unlock          loop: lock, splice to ready, unlock; run later
 *
 * Invariants: inbox_full is true if and only if the inbox holds something, and changes under the
 * lock; the first push into an empty inbox sends the wake-up, still under the lock, so that the
 * loop cannot be freed in between. A handle's `queued` is the one field of it that both sides
 * touch without the lock: the loop clears it with a release just before the callback runs, so a
 * thread that finds it still set knows that the callback will see what the thread published before.
 */
#include "aio/loop_private.h"

#include <stdlib.h>

static void on_wake(struct ev_loop *ev, struct ev_async *wake, int revents)
{
    /* it woke the poll, which is all it is for */
    (void)ev;
    (void)wake;
    (void)revents;
}

void loop__inbox_init(struct loop *l)
{
    pthread_mutex_init(&l->inbox_lock, NULL);
    list_init(&l->inbox);
    ev_async_init(&l->wake, on_wake);
    ev_async_start(l->ev, &l->wake);
}

static void set_full(struct loop *l, bool full)
{
    __atomic_store_n(&l->inbox_full, full, __ATOMIC_RELEASE);
}

void loop__inbox_take(struct loop *l)
{
    if (!loop__inbox_full(l)) {
        return;
    }
    pthread_mutex_lock(&l->inbox_lock);
    list_splice(&l->ready, &l->inbox);
    set_full(l, false);
    pthread_mutex_unlock(&l->inbox_lock);
}

void loop__inbox_close(struct loop *l)
{
    pthread_mutex_lock(&l->inbox_lock);
    l->inbox_closed = true;
    list_splice(&l->ready, &l->inbox);
    set_full(l, false);
    pthread_mutex_unlock(&l->inbox_lock);
}

void loop__inbox_fini(struct loop *l)
{
    ev_async_stop(l->ev, &l->wake);
    pthread_mutex_destroy(&l->inbox_lock);
}

size_t loop__inbox_count(struct loop *l)
{
    size_t n = 0;
    pthread_mutex_lock(&l->inbox_lock);
    list_for_each (it, &l->inbox) {
        n++;
    }
    pthread_mutex_unlock(&l->inbox_lock);
    return n;
}

/* False if the loop is closed. */
static bool push(struct loop *l, struct handle *h)
{
    pthread_mutex_lock(&l->inbox_lock);
    bool closed = l->inbox_closed;
    if (!closed && !loop__queued(h)) {
        h->loop = l;
        h->shared = true;
        loop__set_queued(h, true);
        bool wake = list_empty(&l->inbox);
        list_push(&l->inbox, &h->node);
        if (wake) {
            set_full(l, true);
            ev_async_send(l->ev, &l->wake);
        }
    }
    pthread_mutex_unlock(&l->inbox_lock);
    return !closed;
}

void loop_post_threadsafe(struct loop *l, struct handle *h)
{
    (void)push(l, h);
}

struct err *loop_call_soon_threadsafe(struct loop *l, loop_fn fn, void *arg)
{
    /* not from the loop's pool, which is its thread's; but it may go there afterwards */
    struct handle *h = malloc(sizeof(*h));
    if (!h) {
        return err_plain(ERR_NOMEM);
    }
    handle_init(h, fn, arg);
    h->heap = true;
    if (!push(l, h)) {
        free(h);
        return err_new(ERR_RUNTIME, NULL, "Event loop is closed");
    }
    return NULL;
}
