/* SPDX-License-Identifier: MIT */
/* The jobs of a line, as the loop sees them: one at a time, for all bodies that have something to
 * be moved. */
#include "store/line_private.h"

#include "base/alloc.h"
#include "base/trace.h"

/* -- the end of a job ------------------------------------------------------------------------ */

static void settle(struct body *b)
{
    struct line *l = b->line;
    l->waiting -= b->ended ? 0 : b->out - b->seen;
    b->seen = b->out;
    b->drop = false;
    if (b->ended) {
        chunks_drop(l->store, &b->given);
    }
}

static void settle_all(struct line *l)
{
    struct list *node;
    while ((node = list_pop(&l->work.bodies))) {
        struct body *b = container_of(node, struct body, lent);
        settle(b);
        body__unref(b);
    }
}

static void watch_for(struct line *l)
{
    if (l->watch) {
        watch_set(l->watch, (l->watch_hangup ? WATCH_READ : 0) | (l->blocked ? WATCH_WRITE : 0));
    }
}

static void on_work_end(struct line *l)
{
    struct line_work *w = &l->work;
    struct body *b = w->emit;
    l->busy = false;
    chunks_drop(l->store, &w->done);
    if (w->gone || w->error) {
        line__fail(l, w->gone, w->error);
        w->error = NULL;
    }
    l->blocked = w->blocked && !l->dead;
    watch_for(l);
    if (b && b->over) {
        body__emitted(b, NULL);
    }
    b = l->current;
    if (b && b->emission && b->emission->cancelled) {
        body__emitted(b, err_plain(ERR_CANCELLED));
    }
    if (w->finished) {
        err_unref(future_set_result(l->finish, NULL, NULL));
    }
    settle_all(l);
    __atomic_store_n(&l->halt, 0, __ATOMIC_RELEASE);
    line__update(l);
    line__unref(l);
}

static struct err *run_work(void *arg, void **value)
{
    (void)value;
    line_work_run(arg);
    return NULL;
}

/* The executor's drop_arg. */
static void on_submitted_end(void *arg)
{
    struct line *l = arg;
    if (!l->submitting) {
        on_work_end(l);
    }
}

/* -- the start of a job ---------------------------------------------------------------------- */

/* What there is of it that a job is to move. */
static bool is_due(const struct line *l, const struct body *b)
{
    if (b->restart) {
        return true;
    }
    if (b->ended || b->fresh.bytes == 0) {
        return false;
    }
    return b == l->current || b->whole || b->pressed || b->fresh.sealed >= CHUNK_BYTES;
}

static void lend(struct line *l, struct body *b)
{
    if (b->restart) { /* what has come since then counts */
        b->restart = false;
        b->drop = true;
        chunks_drop(b->line->store, &b->given);
    }
    if (b->fresh.bytes > 0) {
        chunks_take(&b->fresh, b == l->current || b->whole || b->pressed, &b->given);
    }
    b->last = b->whole;
    b->pressed = false;
    if (b->fresh.bytes == 0) {
        store__due_forget(&b->due);
    }
    b->refs++;
    list_push(&l->work.bodies, &b->lent);
}

static bool has_output(const struct body *b)
{
    return !b->over && (!list_empty(&b->given) || b->blobs.count > 0 || b->fresh.bytes > 0 ||
                           b->whole || b->line->out.len > b->line->out_at);
}

static bool fill_work(struct line *l)
{
    struct line_work *w = &l->work;
    struct body *b = l->current;
    list_for_each_safe (node, &l->dirty) {
        struct body *d = container_of(node, struct body, dirty);
        list_remove(node);
        if (is_due(l, d)) {
            lend(l, d);
        }
        body__unref(d);
    }
    w->current = b;
    const bool waits = !b || b->ended || (b->paused && !b->exposed);
    w->emit = !waits && !l->blocked && !l->torn && has_output(b) ? b : NULL;
    if (w->emit) {
        b->exposed = true;
        if (list_empty(&b->lent)) {
            lend(l, b);
        }
    }
    w->finish = l->finish && !future_done(l->finish) && !b && !l->blocked;
    w->blocked = w->finished = w->gone = false;
    return !list_empty(&w->bodies) || w->finish;
}

void line__pump(struct line *l)
{
    if (l->busy || l->dead || !fill_work(l)) {
        return;
    }
    struct err *e = NULL;
    trace_put(loop_trace(l->store->loop), TRACE_STORE, "line: head %llu, %lld bytes wait%s%s%s",
        (unsigned long long)l->head, (long long)l->waiting, l->over ? ", others are held" : "",
        l->work.emit ? ", a body goes out" : "", l->blocked ? ", the reader is slow" : "");
    l->busy = true;
    l->refs++;
    l->submitting = true;
    struct future *f = executor_submit(l->store->executor, run_work, l, on_submitted_end, NULL, &e);
    l->submitting = false;
    future_unref(f);
    if (e) {
        l->work.emit = NULL;
        l->work.error = e;
        on_work_end(l);
    }
}
