/* SPDX-License-Identifier: MIT */
/* Semaphore and BoundedSemaphore (asyncio: locks.py). FIFO; no barging. */
#ifndef AIO_SEM_H
#define AIO_SEM_H

#include "aio/future.h"

struct sem;

/* bounded: releasing above `value` is ERR_VALUE. NULL when memory ran out. */
struct sem *sem_new(struct loop *l, size_t value, bool bounded);
void sem_free(struct sem *s); /* waiters are cancelled; NULL is ignored */

/* A future done when a permit is held. A permit handed to a waiter whose future was cancelled
 * meanwhile goes to the next one. NULL when memory ran out. */
struct future *sem_acquire(struct sem *s);
bool sem_try_acquire(struct sem *s); /* false while others wait */
struct err *sem_release(struct sem *s);
/* For a task that was cancelled while it awaited an acquire: takes the caller's reference; a permit
 * that arrived all the same goes to the next waiter, a pending acquire is cancelled. NULL is
 * ignored. */
void sem_abandon(struct sem *s, struct future *acquire);
bool sem_locked(const struct sem *s); /* an acquire would wait */

#endif
