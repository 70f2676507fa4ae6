/* SPDX-License-Identifier: MIT */
/*
 * Transfers on the loop of another thread.
 *
 * The transfer itself, with its handle, is there; its receiver there copies what comes into blocks.
 * They are handed over when one is full, and at the end of each iteration that received anything:
 * one lock and at most one wake-up for all transfers. The end of a transfer hands over what is left
 * before it is announced, so that the receiver here has had everything by then.
 */
#include "net/lane.h"

#include "aio/loop_thread.h"
#include "base/alloc.h"
#include "net/private.h"

#include <stdlib.h>
#include <string.h>

enum {
    BLOCK = 256 * 1024,
    PIECE = 16 * 1024, /* what a callback of libcurl brings at most */
    SPARE_MOST = 16,   /* blocks kept for reuse */
};

struct block {
    struct list node;
    size_t room, len;
    char bytes[];
};

struct lane {
    struct loop *home;          /* borrowed */
    struct loop_thread *thread; /* owned */
    struct multi *multi;        /* owned; the thread's while it runs */
    size_t window;
    /* there */
    struct list filled; /* of struct far.fill: something came for them */
    struct handle hand_over;
    bool holding; /* multi_hold */
    /* posted by here, runs there */
    struct handle settle;
    /* posted by there, runs here */
    struct handle arrived;
    pthread_mutex_t lock;
    /* under the lock */
    struct list arrivals; /* of struct far.arrival */
    size_t unread;        /* bytes received there and not yet taken here */
    bool held;            /* here wants no more for now */
    bool full;            /* reading is held until `unread` is half the window */
    struct list spare;    /* of struct block, each of BLOCK */
    unsigned nspare;
};

struct far {
    struct elsewhere work; /* first */
    struct lane *lane;     /* borrowed */
    const struct request *rq;
    const struct receiver *receiver;
    void *arg;
    /* there */
    struct list fill;    /* in lane->filled */
    struct list filling; /* of struct block */
    size_t nfilling;     /* bytes in them */
    int64_t expected;    /* of the body; -1: unknown */
    bool resolved, headed;
    /* under the lock */
    struct list arrival; /* in lane->arrivals */
    struct list blocks;
    bool tell_resolved, tell_head;
    /* written there before it is told, then here's */
    struct reply head;     /* as it was at the end of the header; its strings are the box's */
    struct reply_box *box; /* one reference; its figures are there's until the end */
    /* here */
    const struct reply *reply; /* what is known; borrowed */
    bool closed;               /* nothing more goes to the receiver */
    struct err *error;         /* owned: the receiver's */
    int64_t received;          /* bytes given to it */
};

/* -- blocks -------------------------------------------------------------------------------- */

static struct block *block_get(struct lane *l, size_t room)
{
    struct list *node = NULL;
    if (room == BLOCK) {
        pthread_mutex_lock(&l->lock);
        node = list_pop(&l->spare);
        l->nspare -= node != NULL;
        pthread_mutex_unlock(&l->lock);
    }
    struct block *b = node ? container_of(node, struct block, node) : malloc(sizeof(*b) + room);
    if (b) {
        list_init(&b->node);
        b->room = room;
        b->len = 0;
    }
    return b;
}

/* Takes the bytes off the account too. */
static void blocks_drop(struct lane *l, struct list *blocks)
{
    struct list *node;
    struct list rest;
    list_init(&rest);
    pthread_mutex_lock(&l->lock);
    while ((node = list_pop(blocks))) {
        struct block *b = container_of(node, struct block, node);
        const bool keep = b->room == BLOCK && l->nspare < SPARE_MOST;
        l->unread -= b->len;
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

/* Brings the multi's hold to what is wanted. */
static struct err *on_settle(void *arg)
{
    struct lane *l = arg;
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

static struct err *on_hand_over(void *arg)
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

/* Something came for f. */
static void note(struct far *f)
{
    struct lane *l = f->lane;
    if (list_empty(&f->fill)) {
        list_push(&l->filled, &f->fill);
    }
    if (f->nfilling >= BLOCK) {
        (void)on_hand_over(l);
    } else {
        loop_post(l->multi->loop, &l->hand_over);
    }
}

static void there_resolved(void *arg)
{
    struct far *f = arg;
    f->resolved = true;
    note(f);
}

static struct err *there_head(void *arg, const struct reply *r)
{
    struct far *f = arg;
    f->head = *r;
    f->headed = true;
    f->expected = r->content_encoding ? -1 : r->content_length;
    note(f);
    return NULL;
}

static size_t room_for(const struct far *f, size_t n)
{
    int64_t room = f->expected >= (int64_t)n ? f->expected : f->nfilling ? BLOCK : PIECE;
    room = room < (int64_t)n ? (int64_t)n : room;
    return room < BLOCK / 2 ? (size_t)room : BLOCK;
}

static struct err *there_body(void *arg, const void *bytes, size_t n)
{
    struct far *f = arg;
    struct lane *l = f->lane;
    struct list *last = f->filling.prev;
    struct block *b = last == &f->filling ? NULL : container_of(last, struct block, node);
    if (!b || b->room - b->len < n) {
        b = block_get(l, room_for(f, n));
        if (!b) {
            return err_plain(ERR_NOMEM);
        }
        list_push(&f->filling, &b->node);
    }
    memcpy(b->bytes + b->len, bytes, n);
    b->len += n;
    f->nfilling += n;
    f->expected -= f->expected >= 0 ? (int64_t)n : 0;
    pthread_mutex_lock(&l->lock);
    l->unread += n;
    const bool enough = l->held || l->unread > l->window;
    pthread_mutex_unlock(&l->lock);
    note(f);
    if (enough && !l->holding) { /* now: libcurl may read on for long before the loop's turn */
        (void)on_settle(l);
    }
    return NULL;
}

static const struct receiver there_receives = {there_head, there_body, there_resolved};

static struct future *far_start(struct loop *there, struct elsewhere *w, struct err **error)
{
    struct far *f = (struct far *)w;
    (void)there;
    struct future *inner = transfer_start(f->lane->multi, f->rq, &there_receives, f, error);
    if (inner) {
        f->box = reply__ref(transfer__box(inner));
    }
    return inner;
}

static void far_leaving(struct elsewhere *w)
{
    struct far *f = (struct far *)w;
    if (!list_empty(&f->fill)) {
        (void)on_hand_over(f->lane);
    }
}

/* -- here ---------------------------------------------------------------------------------- */

/* The receiver's error ends the transfer. */
static void refuse(struct far *f, struct err *error)
{
    f->closed = true;
    f->error = error;
    elsewhere_stop(&f->work);
}

static struct err *give(struct far *f, const struct list *blocks)
{
    struct err *e = NULL;
    list_for_each (node, blocks) {
        const struct block *b = container_of(node, struct block, node);
        f->received += (int64_t)b->len;
        e = f->receiver->on_body(f->arg, b->bytes, b->len);
        if (e) {
            break;
        }
    }
    return e;
}

static void deliver(struct far *f)
{
    struct lane *l = f->lane;
    struct list blocks;
    struct err *e = NULL;
    list_init(&blocks);
    pthread_mutex_lock(&l->lock);
    list_remove(&f->arrival);
    list_splice(&blocks, &f->blocks);
    const bool resolved = f->tell_resolved, head = f->tell_head && !f->reply;
    f->tell_resolved = false;
    pthread_mutex_unlock(&l->lock);
    f->closed = f->closed || f->work.cancelled;
    if (resolved && !f->closed && f->receiver->on_resolved) {
        f->receiver->on_resolved(f->arg);
    }
    if (head) {
        f->reply = &f->head;
        if (!f->closed && f->receiver->on_head) {
            e = f->receiver->on_head(f->arg, f->reply);
        }
    }
    if (!e && !f->closed) {
        e = give(f, &blocks);
    }
    if (e) {
        refuse(f, e);
    }
    blocks_drop(l, &blocks);
}

static struct err *on_arrived(void *arg)
{
    struct lane *l = arg;
    struct list *node;
    struct list batch;
    list_init(&batch);
    pthread_mutex_lock(&l->lock);
    list_splice(&batch, &l->arrivals);
    pthread_mutex_unlock(&l->lock);
    while ((node = list_pop(&batch))) {
        deliver(container_of(node, struct far, arrival));
    }
    return NULL;
}

static struct err *far_arriving(struct elsewhere *w)
{
    struct far *f = (struct far *)w;
    struct err *e;
    deliver(f);
    if (f->box) {
        f->box->r.received = f->received; /* what came after the receiver's refusal went nowhere */
        f->reply = &f->box->r;
    }
    e = f->error;
    f->error = NULL;
    return e;
}

static void far_fini(struct future *future)
{
    struct far *f = (struct far *)future;
    err_unref(f->error);
    reply_free(f->box);
}

static const struct elsewhere_ops far_ops = {
    .future = {"transfer", elsewhere_cancel, far_fini},
    .start = far_start,
    .leaving = far_leaving,
    .arriving = far_arriving,
};

struct future *lane_transfer(struct lane *l, const struct request *rq,
    const struct receiver *receiver, void *arg, struct err **error)
{
    struct far *f = mem_new(sizeof(*f));
    struct future *out = NULL;
    if (!f) {
        *error = err_plain(ERR_NOMEM);
        return NULL;
    }
    f->lane = l;
    f->rq = rq;
    f->receiver = receiver;
    f->arg = arg;
    f->expected = -1;
    list_init(&f->fill);
    list_init(&f->filling);
    list_init(&f->arrival);
    list_init(&f->blocks);
    *error = elsewhere_start(l->thread, &f->work, &far_ops, &out);
    if (*error) {
        free(f);
    }
    return out;
}

const struct reply *lane_reply(const struct future *f)
{
    static const struct reply none = {.content_length = -1,
        .retry_after = -1,
        .date = -1,
        .modified = -1,
        .timing = {-1, -1, -1, -1, -1}};
    const struct far *far = (const struct far *)f;
    if (f->ops != &far_ops.future) {
        return NULL;
    }
    return far->reply ? far->reply : &none;
}

void lane_hold(struct lane *l, bool hold)
{
    pthread_mutex_lock(&l->lock);
    l->held = hold;
    pthread_mutex_unlock(&l->lock);
    loop_post_threadsafe(loop_thread_loop(l->thread), &l->settle);
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
    list_init(&l->spare);
    handle_init(&l->hand_over, on_hand_over, l);
    handle_init(&l->settle, on_settle, l);
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
