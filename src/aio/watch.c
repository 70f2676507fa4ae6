/* SPDX-License-Identifier: MIT */
/* Descriptors (asyncio: add_reader, add_writer): libev's callback only enqueues ours. */
#include "aio/loop_private.h"

#include <stdlib.h>

struct watch {
    struct ev_io io;
    struct handle handle;
    struct list node;  /* in the loop's watches */
    struct loop *loop; /* borrowed */
    loop_fn fn;
    void *arg;
    int seen;    /* since the last run */
    int revents; /* what the running callback is told */
};

static struct err *on_ready(void *arg)
{
    struct watch *w = arg;
    w->revents = w->seen;
    w->seen = 0;
    return w->fn(w->arg);
}

static void on_io(struct ev_loop *ev, struct ev_io *io, int revents)
{
    struct watch *w = io->data;
    struct loop *l = ev_userdata(ev);
    w->seen |= ((revents & EV_READ) ? WATCH_READ : 0) | ((revents & EV_WRITE) ? WATCH_WRITE : 0);
    loop_post(l, &w->handle);
}

static int ev_events(int events)
{
    return ((events & WATCH_READ) ? EV_READ : 0) | ((events & WATCH_WRITE) ? EV_WRITE : 0);
}

struct watch *watch_new(struct loop *l, int fd, int events, loop_fn fn, void *arg)
{
    struct watch *w = mem_new(sizeof(*w));
    if (!w || l->closed) {
        free(w);
        return NULL;
    }
    w->loop = l;
    w->fn = fn;
    w->arg = arg;
    handle_init(&w->handle, on_ready, w);
    ev_io_init(&w->io, on_io, fd, ev_events(events));
    w->io.data = w;
    if (events) {
        ev_io_start(l->ev, &w->io);
    }
    list_push(&l->watches, &w->node);
    l->nwatches++;
    return w;
}

void watch_set(struct watch *w, int events)
{
    ev_io_stop(w->loop->ev, &w->io);
    w->seen &= events;
    if (!w->seen) {
        handle_cancel(&w->handle);
    }
    if (events) {
        ev_io_set(&w->io, w->io.fd, ev_events(events));
        ev_io_start(w->loop->ev, &w->io);
    }
}

int watch_revents(const struct watch *w)
{
    return w->revents;
}

void watch_free(struct watch *w)
{
    if (!w) {
        return;
    }
    ev_io_stop(w->loop->ev, &w->io);
    handle_cancel(&w->handle);
    list_remove(&w->node);
    w->loop->nwatches--;
    free(w);
}
