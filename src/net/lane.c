/* SPDX-License-Identifier: MIT */
/*
 * A loop beside the home loop: its thread, the blocks that cross, and how many may.
 *
 * Blocks are handed over when one is full, and at the end of each iteration that received anything:
 * one lock and at most one wake-up for all transfers.
 */
#include "base/alloc.h"
#include "net/lane_private.h"

#include <stdlib.h>

/* -- blocks -------------------------------------------------------------------------------- */

struct block *lane__block(struct lane *l, size_t room)
{
    struct list *node = NULL;
    pthread_mutex_lock(&l->lock);
    if (room == BLOCK) {
        node = list_pop(&l->spare);
        l->nspare -= node != NULL;
    }
    l->unread += room;
    pthread_mutex_unlock(&l->lock);
    struct block *b = node ? container_of(node, struct block, node) : malloc(sizeof(*b) + room);
    if (!b) {
        pthread_mutex_lock(&l->lock);
        l->unread -= room;
        pthread_mutex_unlock(&l->lock);
        return NULL;
    }
    list_init(&b->node);
    b->room = room;
    b->len = 0;
    return b;
}

void lane__drop(struct lane *l, struct list *blocks)
{
    struct list *node;
    struct list rest;
    list_init(&rest);
    pthread_mutex_lock(&l->lock);
    while ((node = list_pop(blocks))) {
        struct block *b = container_of(node, struct block, node);
        l->unread -= b->room;
        const size_t kept = l->unread + l->nspare * (size_t)BLOCK;
        const bool keep = b->room == BLOCK && kept + BLOCK <= l->window;
        l->nspare += keep;
        list_push_front(keep ? &l->spare : &rest, node);
    }
    const bool resume = l->full && l->unread <= l->window / 2;
    pthread_mutex_unlock(&l->lock);
    while ((node = list_pop(&rest))) {
        free(container_of(node, struct block, node));
    }
    if (resume) {
        loop_post_threadsafe(loop_thread_loop(l->thread), &l->settle);
    }
}

/* -- there --------------------------------------------------------------------------------- */

/* Those that are to be held by themselves, or no more. */
static void settle_each(struct lane *l)
{
    struct list *node;
    pthread_mutex_lock(&l->lock);
    while ((node = list_pop(&l->paced))) {
        struct far *f = container_of(node, struct far, pace);
        const bool hold = f->held;
        pthread_mutex_unlock(&l->lock);
        if (f->work.inner) {
            transfer_hold(f->work.inner, hold);
        }
        pthread_mutex_lock(&l->lock);
    }
    pthread_mutex_unlock(&l->lock);
}

/* Brings the multi's hold to what is wanted. */
struct err *lane__settle(void *arg)
{
    struct lane *l = arg;
    settle_each(l);
    pthread_mutex_lock(&l->lock);
    l->full = l->unread > (l->full ? l->window / 2 : l->window);
    const bool hold = l->full || l->held;
    pthread_mutex_unlock(&l->lock);
    if (hold && !l->holding) {
        multi_hold(l->multi);
    } else if (!hold && l->holding) {
        multi_release(l->multi);
    }
    l->holding = hold;
    return NULL;
}

struct err *lane__hand_over(void *arg)
{
    struct lane *l = arg;
    struct list *node;
    if (list_empty(&l->filled)) {
        return NULL;
    }
    pthread_mutex_lock(&l->lock);
    while ((node = list_pop(&l->filled))) {
        struct far *f = container_of(node, struct far, fill);
        list_splice(&f->blocks, &f->filling);
        f->nfilling = 0;
        f->tell_resolved |= f->resolved;
        f->resolved = false;
        f->tell_head = f->headed;
        if (list_empty(&f->arrival)) {
            list_push(&l->arrivals, &f->arrival);
        }
    }
    pthread_mutex_unlock(&l->lock);
    loop_post_threadsafe(l->home, &l->arrived);
    return NULL;
}

/* -- here ---------------------------------------------------------------------------------- */

static struct err *on_arrived(void *arg)
{
    struct lane *l = arg;
    struct list *node;
    struct list batch;
    list_init(&batch);
    pthread_mutex_lock(&l->lock);
    list_splice(&batch, &l->arrivals);
    while (!l->held && (node = list_pop(&batch))) { /* the other side looks at the nodes */
        pthread_mutex_unlock(&l->lock);
        far__deliver(container_of(node, struct far, arrival), false);
        pthread_mutex_lock(&l->lock);
    }
    list_splice_front(&l->arrivals, &batch); /* what a hold leaves is first the next time */
    pthread_mutex_unlock(&l->lock);
    return NULL;
}

void lane_hold(struct lane *l, bool hold)
{
    pthread_mutex_lock(&l->lock);
    l->held = hold;
    const bool more = !hold && !list_empty(&l->arrivals);
    pthread_mutex_unlock(&l->lock);
    loop_post_threadsafe(loop_thread_loop(l->thread), &l->settle);
    if (more) {
        loop_post_threadsafe(l->home, &l->arrived);
    }
}

/* -- life ---------------------------------------------------------------------------------- */

struct err *lane_new(struct loop *home, const struct net_options *options, struct multi *with,
    size_t window, struct lane **out)
{
    struct lane *l = mem_new(sizeof(*l));
    *out = NULL;
    if (!l) {
        return err_plain(ERR_NOMEM);
    }
    l->home = home;
    l->window = window;
    list_init(&l->filled);
    list_init(&l->arrivals);
    list_init(&l->paced);
    list_init(&l->spare);
    handle_init(&l->hand_over, lane__hand_over, l);
    handle_init(&l->settle, lane__settle, l);
    handle_init(&l->arrived, on_arrived, l);
    pthread_mutex_init(&l->lock, NULL);
    l->thread = loop_thread_new(home, loop_trace(home));
    struct err *e = l->thread ? multi_new(loop_thread_loop(l->thread), options, with, &l->multi)
                              : err_new(ERR_NOMEM, NULL, "no memory or descriptors for a loop");
    if (e) {
        lane_free(l);
        return e;
    }
    *out = l;
    return NULL;
}

struct err *lane_start(struct lane *l)
{
    return loop_thread_start(l->thread);
}

void lane_close(struct lane *l)
{
    if (!l || !l->thread) {
        return;
    }
    loop_thread_stop(l->thread);
    handle_cancel(&l->hand_over);
    handle_cancel(&l->settle);
    handle_cancel(&l->arrived);
    err_unref(multi_close(l->multi));
}

void lane_free(struct lane *l)
{
    struct list *node;
    if (!l) {
        return;
    }
    lane_close(l);
    multi_free(l->multi);
    loop_thread_free(l->thread);
    while ((node = list_pop(&l->spare))) {
        free(container_of(node, struct block, node));
    }
    pthread_mutex_destroy(&l->lock);
    free(l);
}
