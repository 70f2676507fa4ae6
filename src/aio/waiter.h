/* SPDX-License-Identifier: MIT */
/* Futures waiting in line: what the locks and queues are made of (asyncio: the deques of waiters in
 * locks.py and queues.py). A line is a ring of pending waiters in order of arrival; it borrows
 * them: one that is cancelled or destroyed leaves it by itself. */
#ifndef AIO_WAITER_H
#define AIO_WAITER_H

#include "aio/future.h"

/* A pending future at the tail of the line, owned by the caller; NULL when memory ran out. */
struct future *waiter__new(struct loop *l, struct list *line);

/* A future that is done already; NULL when memory ran out. value: borrowed by it, may be NULL. */
struct future *waiter__done(struct loop *l, void *value);

/* Completes the first one with a value that it borrows; false when nobody waits. */
bool waiter__wake(struct list *line, void *value);
void waiter__wake_all(struct list *line, void *value);
void waiter__cancel_all(struct list *line);

#endif
