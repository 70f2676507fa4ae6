/* SPDX-License-Identifier: MIT */
/*
 * Transfers on the loop of another thread.
 *
 * The transfer itself, with its handle, is there; its receiver there copies what comes into blocks.
 * The end of a transfer hands over what is left before it is announced, so that the receiver here
 * has had everything by then.
 */
#include "base/alloc.h"
#include "base/copy.h"
#include "net/lane_private.h"

#include <stdlib.h>
#include <string.h>

/* -- there --------------------------------------------------------------------------------- */

/* Something came for f. */
static void note(struct far *f)
{
    struct lane *l = f->lane;
    if (list_empty(&f->fill)) {
        list_push(&l->filled, &f->fill);
    }
    if (f->nfilling >= BATCH) {
        (void)lane__hand_over(l);
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

/* At least n: how much a callback brings is libcurl's word. */
static size_t room_for(const struct far *f, size_t n)
{
    int64_t room = f->expected >= (int64_t)n ? f->expected : f->nfilling ? BLOCK : PIECE;
    room = room < (int64_t)n ? (int64_t)n : room;
    return n > BLOCK ? n : room < BLOCK / 2 ? (size_t)room : BLOCK;
}

static struct err *there_body(void *arg, const void *bytes, size_t n)
{
    struct far *f = arg;
    struct lane *l = f->lane;
    struct list *last = f->filling.prev;
    struct block *b = last == &f->filling ? NULL : container_of(last, struct block, node);
    if (!b || b->room - b->len < n) {
        b = lane__block(l, room_for(f, n));
        if (!b) {
            return err_plain(ERR_NOMEM);
        }
        list_push(&f->filling, &b->node);
    }
    copy_for_other(b->bytes + b->len, bytes, n);
    b->len += n;
    f->nfilling += n;
    f->expected -= f->expected >= 0 ? (int64_t)n : 0;
    pthread_mutex_lock(&l->lock);
    const bool enough = l->held || l->unread > l->window, held = f->held;
    pthread_mutex_unlock(&l->lock);
    note(f);
    if (enough && !l->holding) { /* now: libcurl may read on for long before the loop's turn */
        (void)lane__settle(l);
    }
    if (held) {
        transfer_hold(f->work.inner, true);
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
        (void)lane__hand_over(f->lane);
    }
    pthread_mutex_lock(&f->lane->lock);
    f->left = true;
    list_remove(&f->pace);
    pthread_mutex_unlock(&f->lane->lock);
}

/* -- here ---------------------------------------------------------------------------------- */

/* The receiver's error ends the transfer. */
static void refuse(struct far *f, struct err *error)
{
    f->closed = true;
    f->error = error;
    elsewhere_stop(&f->work);
}

/* Moves what was given from `blocks` to `read`; all of them, or until here wants no more. */
static struct err *give(struct far *f, struct list *blocks, bool all, struct list *read)
{
    struct list *node;
    struct err *e = NULL;
    while (!e && (all || !f->lane->held) && (node = list_pop(blocks))) {
        const struct block *b = container_of(node, struct block, node);
        list_push(read, node);
        f->received += (int64_t)b->len;
        e = f->receiver->on_body(f->arg, b->bytes, b->len);
    }
    return e;
}

/* They are first the next time. */
static void put_back(struct far *f, struct list *blocks)
{
    struct lane *l = f->lane;
    pthread_mutex_lock(&l->lock);
    list_splice_front(&f->blocks, blocks);
    list_remove(&f->arrival); /* more may have come meanwhile */
    list_push_front(&l->arrivals, &f->arrival);
    pthread_mutex_unlock(&l->lock);
}

void far__deliver(struct far *f, bool all)
{
    struct lane *l = f->lane;
    struct list blocks, read;
    struct err *e = NULL;
    list_init(&blocks);
    list_init(&read);
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
        e = give(f, &blocks, all, &read);
    }
    if (e) {
        refuse(f, e);
    }
    if (f->closed) {
        list_splice(&read, &blocks);
    } else if (!list_empty(&blocks)) {
        put_back(f, &blocks);
    }
    lane__drop(l, &read);
}

static struct err *far_arriving(struct elsewhere *w)
{
    struct far *f = (struct far *)w;
    struct err *e;
    far__deliver(f, true);
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
    list_init(&f->pace);
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

bool lane_hold_transfer(struct future *future, bool hold)
{
    struct far *f = (struct far *)future;
    if (future->ops != &far_ops.future) {
        return false;
    }
    struct lane *l = f->lane;
    pthread_mutex_lock(&l->lock);
    const bool post = f->held != hold && !f->left && list_empty(&f->pace);
    f->held = hold;
    if (post) {
        list_push(&l->paced, &f->pace);
    }
    pthread_mutex_unlock(&l->lock);
    if (post) {
        loop_post_threadsafe(loop_thread_loop(l->thread), &l->settle);
    }
    return true;
}
