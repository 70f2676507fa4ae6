/* SPDX-License-Identifier: MIT */
/* Futures waiting in line. */
#include "aio/waiter.h"

#include "base/alloc.h"

struct waiter {
    struct future fut;
    struct list node; /* in its line while pending, else alone */
};

static bool waiter_cancel(struct future *f)
{
    list_remove(&((struct waiter *)f)->node);
    future_set_cancelled(f);
    return true;
}

static void waiter_fini(struct future *f)
{
    list_remove(&((struct waiter *)f)->node);
}

static const struct future_ops waiter_ops = {"waiter", waiter_cancel, waiter_fini};

struct future *waiter__new(struct loop *l, struct list *line)
{
    struct waiter *w = mem_new(sizeof *w);
    if (!w) {
        return NULL;
    }
    future_init(&w->fut, l, &waiter_ops);
    list_push(line, &w->node);
    return &w->fut;
}

struct future *waiter__done(struct loop *l, void *value)
{
    struct future *f = future_new(l);
    if (f) {
        err_unref(future_set_result(f, value, NULL));
    }
    return f;
}

bool waiter__wake(struct list *line, void *value)
{
    struct list *node = list_pop(line);
    if (!node) {
        return false;
    }
    err_unref(future_set_result(&container_of(node, struct waiter, node)->fut, value, NULL));
    return true;
}

void waiter__wake_all(struct list *line, void *value)
{
    while (waiter__wake(line, value)) {
    }
}

void waiter__cancel_all(struct list *line)
{
    struct list *node;
    while ((node = list_pop(line)) != NULL) {
        future_set_cancelled(&container_of(node, struct waiter, node)->fut);
    }
}
