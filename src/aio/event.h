/* SPDX-License-Identifier: MIT */
/* A flag that tasks wait for (asyncio.Event: locks.py). */
#ifndef AIO_EVENT_H
#define AIO_EVENT_H

#include "aio/future.h"

struct event;

struct event *event_new(struct loop *l); /* unset; NULL when memory ran out */
void event_free(struct event *e);        /* waiters are cancelled; NULL is ignored */

void event_set(struct event *e); /* wakes everybody who waits */
void event_clear(struct event *e);
bool event_is_set(const struct event *e);

/* A future done once the flag is set: at once if it is. NULL when memory ran out. */
struct future *event_wait(struct event *e);

#endif
