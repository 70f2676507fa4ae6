/* SPDX-License-Identifier: MIT */
/*
 * A stream keeps the chunk that is being filled; full ones go to the sink's list, with their
 * places:
 *
 *   stream a   [....   ]  ---.
 *   stream b   [..     ]  ----+-->  sink: [a0][b0][b1][a1]  -->  job: pwritev at each place
 *   stream c   [...... ]  ---'
 */
#include "store/stream.h"

#include "base/alloc.h"
#include "store/sink_private.h"

#include <assert.h>
#include <stdlib.h>

struct sink_stream {
    struct list node;  /* in sink->streams */
    struct sink *sink; /* a reference */
    struct chunks chunks;
    int64_t base; /* the place of the first byte in chunks */
    int64_t at;   /* of the next one to come */
};

static struct chunk *chunk_of(struct list *node)
{
    return container_of(node, struct chunk, node);
}

/* Those that wait in memory get their places. */
static void place_chunks(struct sink *k)
{
    int64_t at = k->arrived - (int64_t)k->chunks.bytes;

    list_for_each (node, &k->chunks.list) {
        struct chunk *c = chunk_of(node);
        c->at = at - (int64_t)c->from;
        at = c->at + (int64_t)c->len;
        c->room = c->len; /* nothing is added to it any more */
    }
    k->chunks.sealed = k->chunks.bytes;
}

struct err *sink_spread(struct sink *k)
{
    assert(k->v.total >= 0 && !k->part.discard);
    if (k->spread) {
        return NULL;
    }
    if (!ranges_add(&k->got, 0, k->arrived)) {
        return err_plain(ERR_NOMEM);
    }
    place_chunks(k);
    k->spread = true;
    return NULL;
}

const struct ranges *sink_ranges(const struct sink *k)
{
    return k->spread ? &k->got : NULL;
}

void sink__gather(struct sink *k)
{
    assert(list_empty(&k->streams));
    ranges_fini(&k->got);
    k->spread = false;
}

struct sink_stream *sink_stream_new(struct sink *k, int64_t at)
{
    struct sink_stream *st = mem_new(sizeof *st);

    if (st) {
        st->sink = k;
        k->refs++;
        chunks_init(&st->chunks);
        st->base = st->at = at;
        list_push(&k->streams, &st->node);
    }
    return st;
}

/* Moves the full ones, or all. */
static void pass_on(struct sink_stream *st, bool all)
{
    struct chunks *to = &st->sink->chunks;

    while (!list_empty(&st->chunks.list)) {
        struct chunk *c = chunk_of(st->chunks.list.next);
        if (!all && c->len < c->room) {
            break;
        }
        list_remove(&c->node);
        list_push(&to->list, &c->node);
        c->at = st->base;
        c->room = c->len;
        st->base += (int64_t)c->len;
        st->chunks.bytes -= c->len;
        to->bytes += c->len;
    }
    st->chunks.sealed = 0;
    to->sealed = to->bytes;
}

void sink__flush_streams(struct sink *k)
{
    list_for_each (node, &k->streams) {
        pass_on(container_of(node, struct sink_stream, node), true);
    }
}

struct err *sink_stream_write(struct sink_stream *st, const void *bytes, size_t n, int64_t expected)
{
    struct sink *k = st->sink;
    size_t taken;

    if (k->error) {
        struct err *e = k->error_told ? NULL : err_ref(k->error);
        k->error_told = true;
        return e;
    }
    bool ok = chunks_add(k->store, &st->chunks, bytes, n, expected, &taken);
    ok = ranges_add(&k->got, st->at, st->at + (int64_t)taken) && ok;
    st->at += (int64_t)taken;
    k->arrived = ranges_prefix(&k->got);
    pass_on(st, false);
    store__due_note(k->store, &k->due);
    sink__pump(k);
    return ok ? NULL : err_plain(ERR_NOMEM);
}

void sink_stream_free(struct sink_stream *st)
{
    if (!st) {
        return;
    }
    struct sink *k = st->sink;
    list_remove(&st->node);
    if (k->error || k->freed) {
        chunks_clear(k->store, &st->chunks);
    } else {
        pass_on(st, true);
        sink__pump(k);
    }
    sink__unref(k);
    free(st);
}
