/* SPDX-License-Identifier: MIT */
/* A condition variable for tasks (asyncio.Condition: locks.py). Waiting for a predicate is the
 * usual loop around an await of condition_wait. */
#ifndef AIO_CONDITION_H
#define AIO_CONDITION_H

#include "aio/lock.h"

struct condition;

/* lock: borrowed, outlives the condition; may be shared by several. NULL when memory ran out. */
struct condition *condition_new(struct loop *l, struct lock *lock);
void condition_free(struct condition *c); /* nobody may wait any more; NULL is ignored */

/* Releases the lock, waits for a notify, and takes the lock again. A future that ends only with the
 * lock held, also when it ends as cancelled; so its awaiter always has to release. ERR_RUNTIME, as
 * the future's error, if the lock is not held. NULL when memory ran out (the lock is still held).
 */
struct future *condition_wait(struct condition *c);

/* Wakes up to n waiters, in order. ERR_RUNTIME if the lock is not held. */
struct err *condition_notify(struct condition *c, size_t n);
struct err *condition_notify_all(struct condition *c);

#endif
