/* SPDX-License-Identifier: MIT */
/*
 * asyncio.wait (tasks.py). Everything is allocated when the wait is made; when it ends, in whatever
 * way, its callbacks and its timer are gone.
 */
#include "aio/wait.h"

#include "aio/distinct.h"
#include "base/alloc.h"

#include <stdlib.h>

struct wait_input {
    struct future_cb cb;
    struct future *fut; /* a reference, until it moves into the sets */
};

struct wait {
    struct future outer;
    struct timer timer;
    struct wait_sets *sets;    /* owned, until they become the value */
    struct wait_input *inputs; /* owned */
    size_t n, left;
    enum wait_when when;
    bool watching;
};

void wait_sets_free(void *arg)
{
    struct wait_sets *sets = arg;
    if (!sets) {
        return;
    }
    for (size_t i = 0; i < sets->ndone; i++) {
        future_unref(sets->done[i]);
    }
    for (size_t i = 0; i < sets->npending; i++) {
        future_unref(sets->pending[i]);
    }
    free(sets);
}

static void wait_release(struct wait *w)
{
    if (!w->watching) {
        return;
    }
    w->watching = false;
    timer_stop(&w->timer);
    for (size_t i = 0; i < w->n; i++) {
        future_unwatch(&w->inputs[i].cb);
    }
}

static void wait_finish(struct wait *w)
{
    struct wait_sets *sets = w->sets;
    wait_release(w);
    sets->done = (struct future **)(sets + 1);
    for (size_t i = 0; i < w->n; i++) {
        if (future_done(w->inputs[i].fut)) {
            sets->done[sets->ndone++] = w->inputs[i].fut;
        }
    }
    sets->pending = sets->done + sets->ndone;
    for (size_t i = 0; i < w->n; i++) {
        if (!future_done(w->inputs[i].fut)) {
            sets->pending[sets->npending++] = w->inputs[i].fut;
        }
        w->inputs[i].fut = NULL;
    }
    w->sets = NULL;
    err_unref(future_set_result(&w->outer, sets, wait_sets_free));
}

static bool wait_satisfied(const struct wait *w, struct future *f)
{
    if (w->left == 0 || w->when == WAIT_FIRST_COMPLETED) {
        return true;
    }
    if (future_cancelled(f)) {
        return false;
    }
    if (w->when == WAIT_FIRST_EXCEPTION) {
        struct err *e = future_error(f);
        err_unref(e);
        return e != NULL;
    }
    return w->when == WAIT_FIRST_SUCCESS && !f->error;
}

static struct err *wait_on_input(struct future *f, void *arg)
{
    struct wait *w = arg;
    w->left--;
    if (wait_satisfied(w, f)) {
        wait_finish(w);
    }
    return NULL;
}

static struct err *wait_on_timeout(void *arg)
{
    wait_finish(arg);
    return NULL;
}

static bool wait_cancel(struct future *f)
{
    struct wait *w = (struct wait *)f;
    wait_release(w);
    future_set_cancelled(f);
    return true;
}

static void wait_fini(struct future *f)
{
    struct wait *w = (struct wait *)f;
    wait_release(w);
    for (size_t i = 0; i < w->n; i++) {
        future_unref(w->inputs[i].fut);
    }
    free(w->inputs);
    free(w->sets);
}

static const struct future_ops wait_ops = {"wait", wait_cancel, wait_fini};

/* The inputs and the sets' memory, in which the distinct futures are found first. */
static bool wait_init_inputs(struct wait *w, struct future *const *futs, size_t n)
{
    if (n > (SIZE_MAX / 4) / sizeof(struct wait_input)) {
        return false;
    }
    w->sets = mem_new(sizeof *w->sets + n * sizeof(struct future *));
    if (!w->sets) {
        return false;
    }
    struct future **distinct = (struct future **)(w->sets + 1);
    size_t count = 0;
    if (!futures__distinct(futs, n, distinct, &count)) {
        return false;
    }
    w->inputs = mem_new(count * sizeof *w->inputs);
    if (!w->inputs) {
        return false;
    }
    w->n = w->left = count;
    for (size_t i = 0; i < count; i++) {
        w->inputs[i].fut = future_ref(distinct[i]);
    }
    return true;
}

struct future *wait_futures(struct loop *l, struct future *const *futs, size_t n,
    enum wait_when when, double seconds, struct err **error)
{
    *error = NULL;
    if (n == 0) {
        *error = err_new(ERR_VALUE, NULL, "the set of futures to wait for is empty");
        return NULL;
    }
    struct wait *w = mem_new(sizeof *w);
    if (!w) {
        *error = err_plain(ERR_NOMEM);
        return NULL;
    }
    w->when = when;
    future_init(&w->outer, l, &wait_ops);
    timer_init(&w->timer, wait_on_timeout, w);
    if (!wait_init_inputs(w, futs, n)) {
        *error = err_plain(ERR_NOMEM);
    } else if (seconds >= 0) {
        *error = timer_start_after(l, &w->timer, seconds);
    }
    if (*error) {
        future_unref(&w->outer);
        return NULL;
    }
    w->watching = true;
    for (size_t i = 0; i < w->n; i++) {
        future_watch(w->inputs[i].fut, &w->inputs[i].cb, wait_on_input, w);
    }
    return &w->outer;
}
