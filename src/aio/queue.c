/* SPDX-License-Identifier: MIT */
/*
 * asyncio.Queue (queues.py).
 *
 *     putters --> [ ring: count items ] --> getters --> handed
 *     (each with its item,                  (waiting)   (done, item not yet taken)
 *      waiting for room)
 *
 * An item goes straight to the first getter, a freed place straight to the first putter: at most
 * one of the two lines is not empty, and nobody can step in between. A getter that is destroyed
 * with its item untaken (its task was cancelled) gives it back to the head of the queue. The ring
 * always has room for count + putters + handed items, so moving one never allocates.
 */
#include "aio/queue.h"

#include "aio/waiter.h"
#include "base/alloc.h"

#include <stdlib.h>

struct queue {
    struct loop *loop; /* borrowed */
    size_t maxsize;
    void (*drop_item)(void *); /* may be NULL */
    void **ring;               /* owned; room is a power of two, or 0 */
    size_t room, head, count;
    struct list getters; /* of struct getter, borrowed */
    struct list handed;  /* the same */
    size_t nhanded;
    struct list putters; /* of struct putter, referenced */
    size_t nputters;
    struct list joiners; /* waiters */
    size_t unfinished;
};

struct getter {
    struct future fut;
    struct list node;    /* in getters or handed */
    struct queue *queue; /* NULL once the queue is gone */
    void (*drop_item)(void *);
};

struct putter {
    struct future fut;
    struct list node;
    struct queue *queue; /* NULL once the item was passed on */
    void *item;
};

static void queue_drop(struct queue *q, void *item)
{
    if (q->drop_item) {
        q->drop_item(item);
    }
}

/* -- the ring -------------------------------------------------------------------------------- */

static bool ring_reserve(struct queue *q, size_t need)
{
    if (need <= q->room) {
        return true;
    }
    size_t room = q->room ? q->room * 2 : 16;
    while (room < need) {
        room *= 2;
    }
    void **ring = mem_array(NULL, room, sizeof *ring);
    if (!ring) {
        return false;
    }
    for (size_t i = 0; i < q->count; i++) {
        ring[i] = q->ring[(q->head + i) & (q->room - 1)];
    }
    free(q->ring);
    q->ring = ring;
    q->room = room;
    q->head = 0;
    return true;
}

static void ring_push(struct queue *q, void *item)
{
    q->ring[(q->head + q->count++) & (q->room - 1)] = item;
}

static void ring_push_front(struct queue *q, void *item)
{
    q->head = (q->head - 1) & (q->room - 1);
    q->ring[q->head] = item;
    q->count++;
}

static void *ring_pop(struct queue *q)
{
    void *item = q->ring[q->head];
    q->head = (q->head + 1) & (q->room - 1);
    q->count--;
    return item;
}

/* -- passing items on ------------------------------------------------------------------------ */

static void getter_hand(struct queue *q, struct getter *g, void *item)
{
    list_remove(&g->node);
    list_push(&q->handed, &g->node);
    q->nhanded++;
    err_unref(future_set_result(&g->fut, item, NULL));
}

/* False when no getter waits. */
static bool queue_hand(struct queue *q, void *item)
{
    if (list_empty(&q->getters)) {
        return false;
    }
    getter_hand(q, container_of(q->getters.next, struct getter, node), item);
    return true;
}

static void queue_enter(struct queue *q, void *item)
{
    q->unfinished++;
    if (!queue_hand(q, item)) {
        ring_push(q, item);
    }
}

/* Lets putters in while there is room. */
static void queue_admit(struct queue *q)
{
    while (!list_empty(&q->putters) && !queue_full(q)) {
        struct putter *p = container_of(list_pop(&q->putters), struct putter, node);
        q->nputters--;
        p->queue = NULL;
        queue_enter(q, p->item);
        err_unref(future_set_result(&p->fut, NULL, NULL));
        future_unref(&p->fut);
    }
}

static bool queue_reserve_one(struct queue *q)
{
    return ring_reserve(q, q->count + q->nputters + q->nhanded + 1);
}

/* -- getters --------------------------------------------------------------------------------- */

static bool getter_cancel(struct future *f)
{
    list_remove(&((struct getter *)f)->node);
    future_set_cancelled(f);
    return true;
}

static void getter_fini(struct future *f)
{
    struct getter *g = (struct getter *)f;
    struct queue *q = g->queue;
    void *item = f->value; /* NULL once it was taken */
    list_remove(&g->node);
    if (q && f->state == FUTURE_DONE) {
        q->nhanded--;
    }
    if (!item) {
        return;
    }
    if (!q) {
        if (g->drop_item) {
            g->drop_item(item);
        }
    } else if (!queue_hand(q, item)) {
        ring_push_front(q, item);
    }
}

static const struct future_ops getter_ops = {"queue get", getter_cancel, getter_fini};

struct future *queue_get(struct queue *q)
{
    struct getter *g = mem_new(sizeof *g);
    if (!g) {
        return NULL;
    }
    future_init(&g->fut, q->loop, &getter_ops);
    list_init(&g->node);
    g->queue = q;
    g->drop_item = q->drop_item;
    if (q->count > 0) {
        getter_hand(q, g, ring_pop(q));
        queue_admit(q);
    } else {
        list_push(&q->getters, &g->node);
    }
    return &g->fut;
}

void *queue_get_nowait(struct queue *q)
{
    if (q->count == 0) {
        return NULL;
    }
    void *item = ring_pop(q);
    queue_admit(q);
    return item;
}

/* -- putters --------------------------------------------------------------------------------- */

static bool putter_cancel(struct future *f)
{
    struct putter *p = (struct putter *)f;
    struct queue *q = p->queue;
    list_remove(&p->node);
    q->nputters--;
    p->queue = NULL;
    queue_drop(q, p->item);
    future_set_cancelled(f);
    future_unref(f);
    return true;
}

static const struct future_ops putter_ops = {"queue put", putter_cancel, NULL};

static struct future *putter_new(struct queue *q, void *item)
{
    struct putter *p = mem_new(sizeof *p);
    if (!p) {
        return NULL;
    }
    future_init(&p->fut, q->loop, &putter_ops);
    p->queue = q;
    p->item = item;
    list_push(&q->putters, &p->node);
    q->nputters++;
    return future_ref(&p->fut);
}

struct future *queue_put(struct queue *q, void *item)
{
    struct future *f = NULL;
    if (queue_reserve_one(q)) {
        f = queue_full(q) ? putter_new(q, item) : waiter__done(q->loop, NULL);
    }
    if (!f) {
        queue_drop(q, item);
    } else if (future_done(f)) {
        queue_enter(q, item);
    }
    return f;
}

bool queue_put_nowait(struct queue *q, void *item)
{
    if (queue_full(q) || !queue_reserve_one(q)) {
        return false;
    }
    queue_enter(q, item);
    return true;
}

/* -- the rest -------------------------------------------------------------------------------- */

struct queue *queue_new(struct loop *l, size_t maxsize, void (*drop_item)(void *))
{
    struct queue *q = mem_new(sizeof *q);
    if (!q) {
        return NULL;
    }
    q->loop = l;
    q->maxsize = maxsize;
    q->drop_item = drop_item;
    list_init(&q->getters);
    list_init(&q->handed);
    list_init(&q->putters);
    list_init(&q->joiners);
    return q;
}

void queue_free(struct queue *q)
{
    if (!q) {
        return;
    }
    struct list *node;
    while ((node = list_pop(&q->handed)) != NULL) {
        container_of(node, struct getter, node)->queue = NULL;
    }
    while ((node = list_pop(&q->getters)) != NULL) {
        struct getter *g = container_of(node, struct getter, node);
        g->queue = NULL;
        future_set_cancelled(&g->fut);
    }
    while (!list_empty(&q->putters)) {
        putter_cancel(&container_of(q->putters.next, struct putter, node)->fut);
    }
    waiter__cancel_all(&q->joiners);
    while (q->count > 0) {
        queue_drop(q, ring_pop(q));
    }
    free(q->ring);
    free(q);
}

size_t queue_size(const struct queue *q)
{
    return q->count;
}

bool queue_full(const struct queue *q)
{
    return q->maxsize > 0 && q->count >= q->maxsize;
}

struct err *queue_task_done(struct queue *q)
{
    if (q->unfinished == 0) {
        return err_new(ERR_VALUE, NULL, "task_done was called too many times");
    }
    if (--q->unfinished == 0) {
        waiter__wake_all(&q->joiners, NULL);
    }
    return NULL;
}

struct future *queue_join(struct queue *q)
{
    return q->unfinished > 0 ? waiter__new(q->loop, &q->joiners) : waiter__done(q->loop, NULL);
}
