/* SPDX-License-Identifier: MIT */
/*
 * How entries come to a worker: one task over one connection.
 *
 *   prepare the connection: groups, its number
 *     -> while somebody asks for an entry and one more may be open:
 *          every second a look for abandoned entries, share after share
 *          else new ones: XREADGROUP, which blocks the connection, not the loop
 *          nothing came, and --exit-when-empty: is anything pending?
 */
#include "queue/worker_private.h"

#include "base/alloc.h"
#include "base/trace.h"
#include "queue/await_new.h"
#include "queue/scripts.h"

#include <assert.h>
#include <stdlib.h>

enum {
    BLOCK = 1000,           /* milliseconds that a read waits for entries */
    BLOCK_TO_END = 200,     /* the same with exit_when_empty */
    AT_ONCE = 256,          /* entries of one read, at most */
    READ_BYTES = 4 << 20,   /* that one read is to bring, about */
    ENTRY_BYTES = 64 << 10, /* of the largest, while nothing is known */
};
static const double SCAN_EVERY = 1; /* seconds */

/* What next() gives. */
struct next {
    struct future future;
    struct worker *worker; /* borrowed; NULL once it is done */
};

enum ask { ASK_ABANDONED, ASK_NEW, ASK_PENDING };

struct reading {
    struct co co;
    struct worker *worker; /* borrowed */
    struct future *wait;   /* owned */
    size_t at;             /* the share whose turn it is */
    enum ask ask;
    bool pending; /* ASK_PENDING: something is */
};

/* -- the iterator -------------------------------------------------------------------------- */

static bool next_cancel(struct future *f)
{
    struct next *n = (struct next *)f;
    if (n->worker) {
        n->worker->pending = NULL;
        n->worker = NULL;
    }
    future_set_cancelled(f);
    return true;
}

static void next_fini(struct future *f)
{
    struct next *n = (struct next *)f;
    if (n->worker) {
        n->worker->pending = NULL;
    }
}

static const struct future_ops next_ops = {"next entry of the queue", next_cancel, next_fini};

/* Completes what is asked for, if it can be. */
static void serve(struct worker *w)
{
    struct next *n = w->pending;
    struct err *error;
    if (!n || (w->item_at == w->nitems && !w->failed && !w->ended)) {
        return;
    }
    w->pending = NULL;
    n->worker = NULL;
    if (w->item_at < w->nitems) {
        void *item = w->items[w->item_at++];
        error = future_set_result(&n->future, item, w->events.drop_item);
        if (w->item_at == w->nitems) {
            w->item_at = w->nitems = 0;
        }
    } else if (w->failed) {
        error = future_set_error(&n->future, err_ref(w->failed));
    } else {
        error = future_set_error(&n->future, err_plain(ERR_STOP_ITERATION));
    }
    err_unref(error);
}

static struct future *entries_next(struct async_iter *it)
{
    struct worker *w = (struct worker *)it;
    assert(!w->pending);
    struct next *n = mem_new(sizeof(*n));
    if (!n) {
        return NULL;
    }
    future_init(&n->future, w->loop, &next_ops);
    n->worker = w;
    w->pending = n;
    serve(w);
    worker__wake_reader(w);
    return &n->future;
}

/* What came and was not asked for is left to others by worker_finish. */
static void entries_close(struct async_iter *it)
{
    struct worker *w = (struct worker *)it;
    assert(!w->pending);
    w->closing = true;
}

struct async_iter *worker_entries(struct worker *w)
{
    w->iter = (struct async_iter){entries_next, entries_close};
    return &w->iter;
}

void worker__fail(struct worker *w, struct err *e)
{
    if (w->failed) {
        err_unref(e);
    } else {
        w->failed = e;
    }
    worker__complete(w->started, err_ref(w->failed));
    serve(w);
}

/* -- when to read -------------------------------------------------------------------------- */

static bool has_room(const struct worker *w)
{
    return w->open < w->options.most;
}

static bool has_to_read(const struct worker *w)
{
    return w->pending && has_room(w) && !w->ended;
}

void worker__wake_reader(struct worker *w)
{
    if (has_to_read(w) || w->closing) {
        worker__complete(w->wake, NULL);
    }
}

/* Entries to ask one stream for: not more than may be open, nor than memory bears. */
static long long how_many(const struct worker *w, size_t streams)
{
    size_t n = (w->options.most - w->open) / streams;
    size_t bear = READ_BYTES / (w->largest ? w->largest : ENTRY_BYTES) / streams;
    n = n > AT_ONCE ? AT_ONCE : n;
    n = n > bear ? bear : n;
    return n ? (long long)n : 1;
}

/* -- what came ----------------------------------------------------------------------------- */

static size_t bytes_of(const struct redisReply *fields)
{
    size_t sum = 0, len;
    for (size_t i = 0; i < redis_reply_count(fields); i++) {
        redis_reply_text(redis_reply_at(fields, i), &len);
        sum += len;
    }
    return sum;
}

static bool keep_item(struct worker *w, void *item)
{
    if (item && w->nitems == w->items_room) {
        size_t room = w->items_room ? 2 * w->items_room : 64;
        void **grown = mem_array(w->items, room, sizeof(*grown));
        if (!grown) {
            w->events.drop_item(item);
            return false;
        }
        w->items = grown;
        w->items_room = room;
    }
    if (item) {
        w->items[w->nitems++] = item;
    }
    return item != NULL;
}

/* One entry: {id, fields, ...}. One that is ours already came again because the server forgot that
 * it was delivered, or before the answer to its end. */
static struct err *take_entry(struct share *s, const struct redisReply *entry, unsigned deliveries)
{
    struct worker *w = s->worker;
    const char *id = redis_reply_text(redis_reply_at(entry, 0), NULL);
    struct delivery d = {
        .stream = s->stream,
        .deliveries = deliveries,
        .exhausted = deliveries > w->options.max_deliveries,
        .fields = redis_reply_at(entry, 1),
    };
    struct lease *open = id ? lease__find(s, id) : NULL;
    if (open) {
        open->back = open->ending && !open->recorded;
    }
    if (!id || open) {
        return NULL;
    }
    size_t bytes = bytes_of(d.fields);
    w->largest = bytes > w->largest ? bytes : w->largest;
    d.lease = lease__new(s, id, deliveries);
    d.number = ++w->number;
    trace_put(loop_trace(w->loop), TRACE_QUEUE, "%s %s: delivery %u", s->stream, id, deliveries);
    return d.lease && keep_item(w, w->events.item(w->events.arg, &d)) ? NULL : err_plain(ERR_NOMEM);
}

static struct share *share_named(struct worker *w, const char *stream)
{
    for (size_t i = 0; stream && i < w->nshares; i++) {
        if (strcmp(w->shares[i].stream, stream) == 0) {
            return &w->shares[i];
        }
    }
    return NULL;
}

/* {{stream, {entry, ...}}, ...}, or nothing. */
static struct err *take_new(struct worker *w, const struct redisReply *reply)
{
    struct err *error = NULL;
    for (size_t i = 0; i < redis_reply_count(reply) && !error; i++) {
        const struct redisReply *one = redis_reply_at(reply, i);
        const struct redisReply *entries = redis_reply_at(one, 1);
        struct share *s = share_named(w, redis_reply_text(redis_reply_at(one, 0), NULL));
        for (size_t j = 0; s && j < redis_reply_count(entries) && !error; j++) {
            error = take_entry(s, redis_reply_at(entries, j), 1);
        }
    }
    return error;
}

/* {cursor, {id, fields, deliveries}, ...} */
static struct err *take_abandoned(struct share *s, const struct redisReply *reply)
{
    size_t len;
    const char *cursor = redis_reply_text(redis_reply_at(reply, 0), &len);
    struct err *error = NULL;
    for (size_t i = 1; i < redis_reply_count(reply) && !error; i++) {
        const struct redisReply *entry = redis_reply_at(reply, i);
        error = take_entry(s, entry, (unsigned)redis_reply_int(redis_reply_at(entry, 2)));
    }
    buf_clear(&s->cursor);
    buf_add(&s->cursor, cursor ? cursor : "0-0", cursor ? len : 3);
    return error ? error : buf_failed(&s->cursor) ? err_plain(ERR_NOMEM) : NULL;
}

/* -- asking -------------------------------------------------------------------------------- */

static struct future *ask_new(struct worker *w)
{
    struct redis_args a;
    redis_args_init(&a);
    redis_args_words(&a, "XREADGROUP GROUP");
    redis_args_adds(&a, w->options.group);
    redis_args_adds(&a, w->consumer);
    redis_args_adds(&a, "COUNT");
    redis_args_addi(&a, how_many(w, w->nshares));
    redis_args_adds(&a, "BLOCK");
    redis_args_addi(&a, w->options.exit_when_empty ? BLOCK_TO_END : BLOCK);
    redis_args_adds(&a, "STREAMS");
    for (size_t i = 0; i < w->nshares; i++) {
        redis_args_adds(&a, w->shares[i].stream);
    }
    for (size_t i = 0; i < w->nshares; i++) {
        redis_args_adds(&a, ">");
    }
    w->largest = 0;
    struct future *f = redis_send(link_redis(w->reading), &a);
    redis_args_fini(&a);
    return f;
}

static struct future *ask_abandoned(struct worker *w, const struct share *s)
{
    struct redis_args a;
    script_begin(&a, script_claim, 1);
    redis_args_adds(&a, s->stream);
    redis_args_adds(&a, w->options.group);
    redis_args_adds(&a, w->consumer);
    redis_args_addi(&a, (long long)(w->options.idle_claim * 1000));
    redis_args_adds(&a, s->cursor.data);
    redis_args_addi(&a, how_many(w, 1));
    struct future *f = redis_send(link_redis(w->reading), &a);
    redis_args_fini(&a);
    return f;
}

static struct future *ask_pending(struct worker *w, const struct share *s)
{
    struct redis_args a;
    redis_args_init(&a);
    redis_args_adds(&a, "XPENDING");
    redis_args_adds(&a, s->stream);
    redis_args_adds(&a, w->options.group);
    struct future *f = redis_send(link_redis(w->reading), &a);
    redis_args_fini(&a);
    return f;
}

/* What is to be asked next; the connection is up. */
static struct future *ask(struct reading *r)
{
    struct worker *w = r->worker;
    if (r->ask == ASK_NEW && loop_time(w->loop) >= w->scan_at) {
        r->ask = ASK_ABANDONED;
        r->at = 0;
    }
    switch (r->ask) {
    case ASK_ABANDONED:
        return ask_abandoned(w, &w->shares[r->at]);
    case ASK_PENDING:
        return ask_pending(w, &w->shares[r->at]);
    case ASK_NEW:
        break;
    }
    return ask_new(w);
}

/* The next share, or back to new entries. True: all shares had their turn. */
static bool turn(struct reading *r)
{
    if (++r->at < r->worker->nshares) {
        return false;
    }
    r->ask = ASK_NEW;
    r->at = 0;
    return true;
}

static struct err *take_answer(struct reading *r)
{
    struct worker *w = r->worker;
    struct err *error = NULL;
    void *reply = NULL;
    link_works(w->reading);
    err_unref(future_result(r->wait, &reply));
    switch (r->ask) {
    case ASK_ABANDONED:
        error = take_abandoned(&w->shares[r->at], reply);
        if (turn(r)) {
            w->scan_at = loop_time(w->loop) + SCAN_EVERY;
        }
        break;
    case ASK_NEW:
        error = take_new(w, reply);
        if (!error && redis_reply_count(reply) == 0 && w->options.exit_when_empty && !w->open) {
            r->ask = ASK_PENDING;
            r->pending = false;
        }
        break;
    case ASK_PENDING:
        r->pending = r->pending || redis_reply_int(redis_reply_at(reply, 0)) != 0;
        w->ended = turn(r) && !r->pending;
        break;
    }
    serve(w);
    return error;
}

/* -- the task ------------------------------------------------------------------------------ */

static void reading_drop(void *frame)
{
    struct reading *r = frame;
    r->worker->wake = NULL;
    future_unref(r->wait);
}

/* An error of the server or of the connection: NULL, go on; or the worker cannot. */
static struct err *judge(struct worker *w, struct err *status)
{
    const char *code = err_code(status);
    if (err_is(status, ERR_CANCELLED)) {
        return err_ref(status);
    }
    if (worker__is_no_group(status)) {
        w->prepared = 0;
        return NULL;
    }
    if (code && strcmp(code, "UNBLOCKED") == 0) {
        return NULL;
    }
    return link_mends(w->reading, status) ? NULL : err_ref(status);
}

static bool is_ready(const struct worker *w)
{
    return link_redis(w->reading) && link_times(w->reading) == w->prepared;
}

static void is_prepared(struct worker *w, bool good)
{
    if (good && !future_done(w->started)) {
        link_trust(w->writing);
        worker__complete(w->started, worker__start_keeping(w));
    }
}

static enum co_state reading_step(void *frame, struct err *status)
{
    struct reading *r = frame;
    struct worker *w = r->worker;
    struct err *error;

    CO_BEGIN(&r->co);
    while (!w->closing) {
        error = NULL;
        if (!is_ready(w)) {
            AWAIT_NEW(r, worker__prepare(w));
            error = status ? judge(w, status) : NULL;
            if (!error) {
                is_prepared(w, !status);
                continue;
            }
        } else if (!has_to_read(w)) {
            AWAIT_NEW(r, w->wake = future_new(w->loop));
            w->wake = NULL;
            error = err_ref(status);
        } else {
            AWAIT_NEW(r, ask(r));
            error = status ? judge(w, status) : take_answer(r);
        }
        if (error) {
            worker__fail(w, err_ref(error));
            return co_fail(&r->co, error);
        }
    }
    CO_END(&r->co);
}

static struct err *on_reader_ended(struct future *f, void *arg)
{
    (void)arg;
    future_retrieved(f); /* it was told by worker__fail */
    return NULL;
}

struct err *worker__start_reader(struct worker *w)
{
    struct task *t =
        task_new(w->loop, reading_step, sizeof(struct reading), reading_drop, "read the queue");
    if (!t) {
        return err_plain(ERR_NOMEM);
    }
    struct reading *r = task_frame(t);
    r->worker = w;
    r->ask = ASK_NEW;
    w->reader = t;
    return future_add_done_callback(task_future(t), on_reader_ended, NULL);
}
