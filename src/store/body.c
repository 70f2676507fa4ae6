/* SPDX-License-Identifier: MIT */
/* A body in a line: what its owner calls. */
#include "store/line_private.h"

#include "base/alloc.h"

#include <stdlib.h>

/* How long a reader may take nothing while a member of an archive is to be ended. */
#define PATIENCE 1.0

/* -- life ------------------------------------------------------------------------------------ */

void body__unref(struct body *b)
{
    if (--b->refs > 0) {
        return;
    }
    struct line *l = b->line;
    store__due_forget(&b->due);
    list_remove(&b->dirty);
    chunks_clear(l->store, &b->fresh);
    chunks_drop(l->store, &b->given);
    blobs_fini(&b->blobs);
    free(b->name);
    free(b);
    line__unref(l);
}

/* Bodies come about in order of their orders, but for a few. */
static void enter(struct line *l, struct body *b)
{
    struct list *before = l->bodies.prev;
    while (before != &l->bodies && container_of(before, struct body, node)->order > b->order) {
        before = before->prev;
    }
    list_push_front(before, &b->node);
}

static void on_due(struct store_due *d, bool late)
{
    struct body *b = container_of(d, struct body, due);
    (void)late;
    b->pressed = true;
    body__dirty(b);
    line__pump(b->line);
}

struct err *body_new(struct line *l, uint64_t order, bool whole_first, struct body **out)
{
    struct body *b = mem_new(sizeof(*b));
    *out = b;
    if (!b) {
        return err_plain(ERR_NOMEM);
    }
    b->refs = 1;
    b->line = l;
    l->refs++;
    b->order = order;
    b->whole_first = whole_first;
    b->total = -1;
    b->modified = -1;
    list_init(&b->turn);
    list_init(&b->dirty);
    list_init(&b->lent);
    list_init(&b->given);
    list_init(&b->due.node);
    b->due.fn = on_due;
    chunks_init(&b->fresh);
    enter(l, b);
    line__update(l);
    line__hold(l, b);
    return NULL;
}

void body_free(struct body *b)
{
    if (b) {
        body_end(b);
        body__unref(b);
    }
}

void body__dirty(struct body *b)
{
    if (list_empty(&b->dirty)) {
        b->refs++;
        list_push(&b->line->dirty, &b->dirty);
    }
}

void body_end(struct body *b)
{
    struct line *l = b->line;
    if (b->ended) {
        return;
    }
    b->ended = true;
    const bool going = l->busy && l->work.emit == b; /* begun and over are the job's */
    const bool over = !going && b->over;
    if (going || (!over && b->begun)) {
        l->torn = true;
    }
    l->waiting -= body__pending(b);
    list_remove(&b->node);
    list_remove(&b->turn);
    store__due_forget(&b->due);
    chunks_clear(l->store, &b->fresh);
    if (l->current == b) {
        l->current = NULL;
        timer_stop(&l->patience);
    }
    if (l->favoured == b) {
        l->favoured = NULL;
    }
    if (!over) {
        b->restart = true;
        body__dirty(b);
    }
    line__update(l);
}

/* -- bytes ----------------------------------------------------------------------------------- */

void body_on_hold(struct body *b, void (*fn)(void *arg, bool hold), void *arg)
{
    b->on_hold = fn;
    b->hold_arg = arg;
    if (b->held && fn) {
        fn(arg, true);
    }
}

struct err *body_start(struct body *b, int64_t offset, int64_t total)
{
    struct line *l = b->line;
    b->total = total;
    b->paused = false;
    if (offset == b->arrived) {
        line__update(l);
        return NULL;
    }
    if (offset != 0) {
        return err_new(ERR_VALUE, NULL, "bytes to go to %lld, where %lld are there",
            (long long)offset, (long long)b->arrived);
    }
    if (b->exposed) {
        b->broken = true;
        return err_new(ERR_NETWORK, "CURLE_PARTIAL_FILE",
            "the body broke off after %lld bytes, and what the server sends now does not continue "
            "it",
            (long long)b->arrived);
    }
    chunks_clear(l->store, &b->fresh);
    l->waiting -= body__pending(b);
    b->arrived = b->seen = 0;
    b->restart = true;
    body__dirty(b);
    line__update(l);
    return NULL;
}

void body_pause(struct body *b)
{
    b->paused = true;
}

bool body_broken(const struct body *b)
{
    return b->broken;
}

/* How many bytes may follow; -1: there is no telling. */
static int64_t expected(const struct body *b)
{
    if (b->total >= 0) {
        return b->total > b->arrived ? b->total - b->arrived : 0;
    }
    return b->arrived > (int64_t)CHUNK_BYTES ? (int64_t)CHUNK_BYTES : -1;
}

struct err *body_write(struct body *b, const void *bytes, size_t n)
{
    struct line *l = b->line;
    size_t taken;
    bool ok = chunks_add(l->store, &b->fresh, bytes, n, expected(b), &taken);
    b->arrived += (int64_t)taken;
    l->waiting += (int64_t)taken;
    if (b != l->current) {
        store__due_note(l->store, &b->due);
    }
    body__dirty(b);
    line__update(l);
    return ok ? NULL : err_plain(ERR_NOMEM);
}

/* -- going out ------------------------------------------------------------------------------- */

void body__emitted(struct body *b, struct err *e)
{
    struct emission *m = b->emission;
    if (!m) {
        err_unref(e);
        return;
    }
    b->emission = NULL;
    m->body = NULL;
    if (b == b->line->current) {
        timer_stop(&b->line->patience);
    }
    if (e) {
        err_unref(future_set_error(&m->fut, e));
    } else {
        err_unref(future_set_result(&m->fut, NULL, NULL));
    }
    future_unref(&m->fut);
}

static struct err *on_patience_over(void *line)
{
    struct line *l = line;
    struct body *b = l->current;
    if (b && !l->busy && b->seen == l->patient_at) {
        body__emitted(b, err_plain(ERR_CANCELLED));
    } else if (b) {
        l->patient_at = b->seen;
        return timer_start(l->store->loop, &l->patience, loop_time(l->store->loop) + PATIENCE);
    }
    return NULL;
}

static bool cancel(struct future *f)
{
    struct emission *m = container_of(f, struct emission, fut);
    struct body *b = m->body;
    struct line *l = b->line;
    if (b != l->current || !b->exposed || l->dead || (!l->busy && !l->options.tar)) {
        body__emitted(b, err_plain(ERR_CANCELLED));
    } else if (!l->options.tar) {
        m->cancelled = true;
        __atomic_store_n(&l->halt, 1, __ATOMIC_RELEASE);
    } else if (!timer_active(&l->patience)) {
        l->patient_at = b->seen;
        timer_init(&l->patience, on_patience_over, l);
        err_unref(timer_start(l->store->loop, &l->patience, loop_time(l->store->loop) + PATIENCE));
    }
    return true;
}

struct future *body_emit(struct body *b, const char *name, time_t modified)
{
    static const struct future_ops ops = {.kind = "turn", .cancel = cancel};
    struct line *l = b->line;
    struct emission *m = mem_new(sizeof(*m));
    b->name = mem_dup(name);
    if (!m || (name && !b->name)) {
        free(m);
        return NULL;
    }
    future_init(&m->fut, l->store->loop, &ops);
    m->body = b;
    b->emission = m;
    b->modified = modified;
    b->whole = true;
    b->paused = false; /* 416 may have been what told that it is */
    future_ref(&m->fut);
    if (!l->options.ordered && b != l->current) {
        list_push(&l->whole, &b->turn);
    }
    body__dirty(b);
    line__update(l);
    return &m->fut;
}
