/* SPDX-License-Identifier: MIT */
/*
 * asyncio.gather (tasks.py).
 *
 *     outer --- list: children[n] (references), items[n]      in argument order
 *       |
 *       +------ watched[m]: one callback a distinct child     m <= n
 *
 * Everything is allocated when the gather is made. The list is the outer's value if that succeeds;
 * else it stays here, and the callbacks go on retrieving the errors of children that end later.
 */
#include "aio/gather.h"

#include "aio/distinct.h"
#include "base/alloc.h"

#include <stdlib.h>

struct gather_child {
    struct future_cb cb;
    struct future *child; /* borrowed: the list holds the reference */
};

struct gather {
    struct future outer;
    struct gather_list *list;     /* owned, until it becomes the value */
    struct gather_child *watched; /* owned */
    size_t nwatched, nfinished;
    bool return_exceptions, cancel_requested;
};

void gather_list_free(void *arg)
{
    struct gather_list *list = arg;
    if (!list) {
        return;
    }
    for (size_t i = 0; i < list->n; i++) {
        err_unref(list->items[i].error);
        future_unref(list->children[i]);
    }
    free(list);
}

static struct gather_list *gather_list_new(struct future *const *futs, size_t n)
{
    size_t each = sizeof(struct gather_item) + sizeof(struct future *);
    if (n > (SIZE_MAX / 4) / each) {
        return NULL;
    }
    struct gather_list *list = mem_new(sizeof *list + n * each);
    if (!list) {
        return NULL;
    }
    list->n = n;
    list->items = (struct gather_item *)(list + 1);
    list->children = (struct future **)(list->items + n);
    for (size_t i = 0; i < n; i++) {
        list->children[i] = future_ref(futs[i]);
    }
    return list;
}

static void gather_finish(struct gather *g)
{
    struct gather_list *list = g->list;
    for (size_t i = 0; i < list->n; i++) {
        list->items[i].error = future_result(list->children[i], &list->items[i].value);
    }
    if (g->cancel_requested) {
        future_set_cancelled(&g->outer);
        return;
    }
    g->list = NULL;
    err_unref(future_set_result(&g->outer, list, gather_list_free));
}

static struct err *gather_on_child(struct future *child, void *arg)
{
    struct gather *g = arg;
    g->nfinished++;
    if (future_done(&g->outer)) {
        future_retrieved(child);
        return NULL;
    }
    if (!g->return_exceptions) {
        struct err *e = future_error(child);
        if (e) {
            return future_set_error(&g->outer, e);
        }
    }
    if (g->nfinished == g->nwatched) {
        gather_finish(g);
    }
    return NULL;
}

static bool gather_cancel(struct future *f)
{
    struct gather *g = (struct gather *)f;
    bool any = false;
    for (size_t i = 0; i < g->nwatched; i++) {
        if (future_cancel(g->watched[i].child)) {
            any = true;
        }
    }
    if (any) {
        g->cancel_requested = true;
    }
    return any;
}

static struct err *gather_silence(struct future *child, void *arg)
{
    (void)arg;
    future_retrieved(child);
    return NULL;
}

static void gather_fini(struct future *f)
{
    struct gather *g = (struct gather *)f;
    for (size_t i = 0; i < g->nwatched; i++) {
        struct gather_child *w = &g->watched[i];
        future_unwatch(&w->cb);
        /* Siblings of a failure run on, and nobody else will look at how they end. Without memory
         * for the callback their errors are merely reported. (Once the list was the value all have
         * ended, and some may be gone with it.) */
        if (g->list && future_done(f) && !future_done(w->child)) {
            err_unref(future_add_done_callback(w->child, gather_silence, NULL));
        }
    }
    free(g->watched);
    gather_list_free(g->list);
}

static const struct future_ops gather_ops = {"gather", gather_cancel, gather_fini};

/* Fills in the distinct children. Their array is a scratch one: the watchers keep the pointers. */
static bool gather_init_children(struct gather *g, struct future *const *futs, size_t n)
{
    struct future **distinct = mem_array(NULL, n, sizeof(struct future *));
    size_t count = 0;
    if (!distinct || !futures__distinct(futs, n, distinct, &count)) {
        free(distinct);
        return false;
    }
    g->watched = mem_new(count * sizeof *g->watched);
    if (g->watched) {
        g->nwatched = count;
        for (size_t i = 0; i < count; i++) {
            g->watched[i].child = distinct[i];
        }
    }
    free(distinct);
    return g->watched != NULL;
}

static struct future *gather_nothing(struct loop *l)
{
    struct gather_list *list = gather_list_new(NULL, 0);
    struct future *f = list ? future_new(l) : NULL;
    if (!f) {
        gather_list_free(list);
        return NULL;
    }
    err_unref(future_set_result(f, list, gather_list_free));
    return f;
}

struct future *gather(struct loop *l, struct future *const *futs, size_t n, bool return_exceptions)
{
    if (n == 0) {
        return gather_nothing(l);
    }
    struct gather *g = mem_new(sizeof *g);
    if (!g) {
        return NULL;
    }
    g->list = gather_list_new(futs, n);
    if (!g->list || !gather_init_children(g, futs, n)) {
        gather_list_free(g->list);
        free(g);
        return NULL;
    }
    g->return_exceptions = return_exceptions;
    future_init(&g->outer, l, &gather_ops);
    for (size_t i = 0; i < g->nwatched; i++) {
        struct gather_child *w = &g->watched[i];
        if (!future_done(w->child)) {
            future_watch(w->child, &w->cb, gather_on_child, g);
        }
    }
    /* As in asyncio, children that are done already count at once. */
    for (size_t i = 0; i < g->nwatched; i++) {
        struct gather_child *w = &g->watched[i];
        if (future_done(w->child)) {
            err_unref(gather_on_child(w->child, g));
        }
    }
    return &g->outer;
}
