/* SPDX-License-Identifier: MIT */
/* A bounded FIFO of pointers between tasks (asyncio: queues.py). */
#ifndef AIO_QUEUE_H
#define AIO_QUEUE_H

#include "aio/future.h"

struct queue;

/* maxsize 0: unbounded. drop_item: releases items that are never taken; may be NULL. */
struct queue *queue_new(struct loop *l, size_t maxsize, void (*drop_item)(void *));
/* Items and waiters left: items are dropped, waiters cancelled. NULL is ignored. */
void queue_free(struct queue *q);

/* A future done when the item is in the queue. The item belongs to the queue from the call on; if
 * the future is cancelled before, the item is dropped. NULL when memory ran out (item dropped). */
struct future *queue_put(struct queue *q, void *item);
/* At once, or false when full (the item stays the caller's) or out of memory. */
bool queue_put_nowait(struct queue *q, void *item);

/* A future whose value is the next item (future_take). A getter that was woken and then cancelled
 * passes the wake on: an item that was not taken goes back to the head of the queue when the future
 * is destroyed; no item is ever lost. Items are not NULL. NULL when memory ran out. */
struct future *queue_get(struct queue *q);
/* At once; NULL when empty. */
void *queue_get_nowait(struct queue *q);

size_t queue_size(const struct queue *q);
bool queue_full(const struct queue *q);

/* ERR_VALUE if called more often than items were put. */
struct err *queue_task_done(struct queue *q);
/* A future done when every item put was marked done. NULL when memory ran out. */
struct future *queue_join(struct queue *q);

#endif
