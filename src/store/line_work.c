/* SPDX-License-Identifier: MIT */
/* The jobs of a line, on the executor. */
#include "store/line_private.h"

#include "base/alloc.h"

#include <errno.h>
#include <stdlib.h>

/* At most so many bytes at once, so that a job that is to stop does so soon. */
enum { PIECE = 256 * 1024 };

static struct chunk *chunk_of(struct list *node)
{
    return container_of(node, struct chunk, node);
}

/* -- what waits ------------------------------------------------------------------------------ */

static struct spool_blob *blobs_add(struct blobs *q)
{
    if (q->count == q->room) {
        size_t room = q->room ? q->room * 2 : 1;
        struct spool_blob *at = mem_array(NULL, room, sizeof(*at));
        if (!at) {
            return NULL;
        }
        for (size_t i = 0; i < q->count; i++) {
            at[i] = q->at[(q->first + i) % q->room];
        }
        free(q->at);
        *q = (struct blobs){at, 0, q->count, room};
    }
    return &q->at[(q->first + q->count++) % q->room];
}

static void blobs_shift(struct blobs *q)
{
    q->first = (q->first + 1) % q->room;
    q->count--;
}

void blobs_fini(struct blobs *q)
{
    for (; q->count > 0; blobs_shift(q)) {
        free(q->at[q->first].bytes);
    }
    free(q->at);
    *q = (struct blobs){NULL, 0, 0, 0};
}

static void drop_blobs(struct line *l, struct body *b)
{
    for (; b->blobs.count > 0; blobs_shift(&b->blobs)) {
        spool_drop(l->spool, &b->blobs.at[b->blobs.first]);
    }
    blobs_fini(&b->blobs);
}

static struct err *spool_given(struct line *l, struct body *b)
{
    while (!list_empty(&b->given)) {
        struct chunk *c = chunk_of(b->given.next);
        struct spool_blob *blob = blobs_add(&b->blobs);
        if (!blob) {
            return err_plain(ERR_NOMEM);
        }
        struct err *e = spool_put(l->spool, c->bytes, c->len, blob);
        if (e) {
            b->blobs.count--;
            return e;
        }
        list_remove(&c->node);
        list_push(&l->work.done, &c->node);
    }
    return NULL;
}

/* -- what goes out --------------------------------------------------------------------------- */

static bool halted(const struct line *l)
{
    return __atomic_load_n(&l->halt, __ATOMIC_ACQUIRE);
}

/* True when nothing is left on its way. */
static bool flush(struct line *l)
{
    struct line_work *w = &l->work;
    while (l->out_at < l->out.len) {
        size_t left = l->out.len - l->out_at;
        if (halted(l)) {
            return false;
        }
        ssize_t n = outlet_write(&l->outlet, l->out.data + l->out_at, left < PIECE ? left : PIECE);
        if (n >= 0) {
            l->out_at += (size_t)n;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            w->blocked = true;
            return false;
        } else if (errno == EPIPE || errno == ECONNRESET) {
            w->gone = true;
            return false;
        } else {
            w->error = err_errno(ERR_IO, errno, "cannot write %s", l->name);
            return false;
        }
    }
    buf_clear(&l->out);
    l->out_at = 0;
    return true;
}

static struct err *put_blob(struct line *l, struct body *b)
{
    struct spool_blob *blob = &b->blobs.at[b->blobs.first];
    struct buf bytes = BUF_INIT;
    size_t len = blob->len;
    struct err *e = spool_take(l->spool, blob, l->tar ? &bytes : &l->out);
    if (!e) {
        blobs_shift(&b->blobs);
        b->out += (int64_t)len;
        e = l->tar ? tar_data(l->tar, bytes.data, len) : NULL;
    }
    buf_fini(&bytes);
    return e;
}

static struct err *put_chunk(struct line *l, struct body *b)
{
    struct chunk *c = chunk_of(list_pop(&b->given));
    struct err *e = NULL;
    list_push(&l->work.done, &c->node);
    b->out += (int64_t)c->len;
    if (l->tar) {
        return tar_data(l->tar, c->bytes, c->len);
    }
    buf_add(&l->out, c->bytes, c->len);
    if (buf_failed(&l->out)) {
        e = err_plain(ERR_NOMEM);
    }
    return e;
}

/* The next of it; *idle: there is nothing more for now. */
static struct err *step(struct line *l, struct body *b, bool *idle)
{
    *idle = false;
    if (l->tar && !b->begun) {
        b->begun = true;
        return tar_begin(l->tar, b->name, b->arrived, b->modified);
    }
    if (b->blobs.count > 0 || !list_empty(&b->given)) {
        b->begun = true;
        return b->blobs.count > 0 ? put_blob(l, b) : put_chunk(l, b);
    }
    if (b->last) {
        b->closed = true;
        return l->tar ? tar_end(l->tar) : NULL;
    }
    *idle = true;
    return NULL;
}

static void emit(struct line *l, struct body *b)
{
    bool idle = false;
    while (!idle && !l->work.error && flush(l)) {
        if (b->closed) {
            b->over = true;
            return;
        }
        l->work.error = step(l, b, &idle);
    }
}

static void finish(struct line *l)
{
    struct tar *t = l->tar;
    if (t) {
        l->tar = NULL;
        l->work.error = tar_close(t);
        tar_free(t);
    }
    l->work.finished = !l->work.error && flush(l);
}

void line_work_run(struct line *l)
{
    struct line_work *w = &l->work;
    list_for_each (node, &w->bodies) {
        struct body *b = container_of(node, struct body, lent);
        if (b->drop) {
            drop_blobs(l, b);
        }
        if (b != w->current && !w->error) {
            w->error = spool_given(l, b);
        }
    }
    if (w->emit && !w->error) {
        emit(l, w->emit);
    }
    if (w->finish && !w->error) {
        finish(l);
    }
}
