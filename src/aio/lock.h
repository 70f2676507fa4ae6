/* SPDX-License-Identifier: MIT */
/* Mutual exclusion between tasks (asyncio.Lock: locks.py). FIFO; no barging; not reentrant. */
#ifndef AIO_LOCK_H
#define AIO_LOCK_H

#include "aio/future.h"

struct lock;

struct lock *lock_new(struct loop *l); /* NULL when memory ran out */
void lock_free(struct lock *k);        /* waiters are cancelled; NULL is ignored */

/* A future done when the lock is held. NULL when memory ran out. */
struct future *lock_acquire(struct lock *k);
/* Hands it to the first waiter. ERR_RUNTIME if it is not locked. */
struct err *lock_release(struct lock *k);
bool lock_locked(const struct lock *k);
/* As sem_abandon: for a task that was cancelled while it awaited an acquire. */
void lock_abandon(struct lock *k, struct future *acquire);

#endif
