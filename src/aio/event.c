/* SPDX-License-Identifier: MIT */
/* asyncio.Event (locks.py). */
#include "aio/event.h"

#include "aio/waiter.h"
#include "base/alloc.h"

#include <stdlib.h>

struct event {
    struct loop *loop; /* borrowed */
    struct list line;
    bool set;
};

struct event *event_new(struct loop *l)
{
    struct event *e = mem_new(sizeof *e);
    if (!e) {
        return NULL;
    }
    e->loop = l;
    list_init(&e->line);
    return e;
}

void event_free(struct event *e)
{
    if (!e) {
        return;
    }
    waiter__cancel_all(&e->line);
    free(e);
}

void event_set(struct event *e)
{
    e->set = true;
    waiter__wake_all(&e->line, NULL);
}

void event_clear(struct event *e)
{
    e->set = false;
}

bool event_is_set(const struct event *e)
{
    return e->set;
}

struct future *event_wait(struct event *e)
{
    return e->set ? waiter__done(e->loop, NULL) : waiter__new(e->loop, &e->line);
}
