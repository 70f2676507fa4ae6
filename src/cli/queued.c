/* SPDX-License-Identifier: MIT */
#include "cli/queued.h"

#include "base/alloc.h"
#include "cli/fields.h"
#include "cli/jsonl.h"
#include "cli/records.h"
#include "queue/filler.h"
#include "queue/worker.h"

#include <stdlib.h>
#include <string.h>

struct queued {
    struct redis_url url; /* owned, as the worker */
    struct worker *worker;
    struct queued_events events;
    struct record_consumer next;
    struct buf text; /* a record; kept for its memory */
};

/* -- entries ------------------------------------------------------------------------------- */

/* The fields' texts hold no NUL and are UTF-8, as in a list. */
static struct err *check(const struct redisReply *fields)
{
    size_t sum = 0, len;
    for (size_t i = 0; i < redis_reply_count(fields); i++) {
        const char *text = redis_reply_text(redis_reply_at(fields, i), &len);
        if (text && text_problem(text, len)) {
            return err_new(ERR_INPUT, NULL, "a field that is not text in UTF-8");
        }
        sum += len;
    }
    return sum > FILLING_MOST
               ? err_new(ERR_INPUT, NULL, "an entry of more than %d KiB", FILLING_MOST >> 10)
               : NULL;
}

static struct err *take_fields(struct entry *e, const struct redisReply *fields)
{
    struct err *error = NULL;
    for (size_t i = 0; i + 1 < redis_reply_count(fields) && !error; i += 2) {
        const char *name = redis_reply_text(redis_reply_at(fields, i), NULL);
        const char *value = redis_reply_text(redis_reply_at(fields, i + 1), NULL);
        if (strcmp(name, "json") == 0) {
            error = err_new(ERR_INPUT, NULL, "json: it has to be the entry's only field");
        } else {
            error = field_text(e, name, value);
        }
    }
    return error || e->urls ? error : err_new(ERR_INPUT, NULL, "no \"url\"");
}

static struct entry *new_entry(const struct delivery *d)
{
    struct entry *e = entry_new();
    if (e) {
        e->file = d->stream;
        e->line = d->number;
        e->json = true;
    }
    return e;
}

/* {"json", text}, or NULL in *out: it is not in this form. */
static struct err *take_json(const struct delivery *d, struct entry **out)
{
    const struct list_out list = {.file = d->stream};
    struct split_line line;
    const char *name = redis_reply_text(redis_reply_at(d->fields, 0), NULL);
    *out = NULL;
    if (redis_reply_count(d->fields) != 2 || strcmp(name, "json") != 0) {
        return NULL;
    }
    line.text = redis_reply_text(redis_reply_at(d->fields, 1), &line.len);
    return jsonl_entry(&list, &line, d->number, out);
}

static struct err *exhausted(const struct delivery *d)
{
    return err_new(ERR_POLICY, NULL,
        "delivered %u times before without an end: its workers died (--max-deliveries)",
        d->deliveries - 1);
}

/* Makes the entry a bad one; another error than ERR_INPUT and ERR_POLICY is handed on. */
static struct err *spoil(struct entry *e, struct err *error)
{
    if (!err_is(error, ERR_INPUT) && !err_is(error, ERR_POLICY)) {
        return error;
    }
    err_unref(e->error);
    e->error = error;
    return NULL;
}

static void *make_entry(void *arg, const struct delivery *d)
{
    struct entry *e = NULL;
    struct err *wrong = check(d->fields);
    struct err *error = wrong ? NULL : take_json(d, &e);
    (void)arg;
    if (!error && !e) {
        e = new_entry(d);
        error = !e ? err_plain(ERR_NOMEM) : wrong ? NULL : take_fields(e, d->fields);
        wrong = e && error ? spoil(e, error) : wrong;
        error = e ? NULL : error;
    }
    if (e && !error && d->exhausted) {
        err_unref(wrong);
        wrong = exhausted(d);
    }
    if (e && !error && wrong) {
        error = spoil(e, wrong);
        wrong = NULL;
    }
    if (e && !error) {
        e->lease = d->lease;
        return e;
    }
    err_unref(wrong);
    err_unref(error);
    entry_free(e);
    return NULL;
}

/* -- records ------------------------------------------------------------------------------- */

/* Whether another try, perhaps of another worker, could do better. */
static bool mends(const struct record *r)
{
    switch (err_kind(r->error)) {
    case ERR_INPUT:
    case ERR_POLICY:
        return false;
    case ERR_HTTP:
        return r->retryable;
    default:
        return true;
    }
}

static struct err *write_end(struct queued *q, const struct record *r)
{
    buf_clear(&q->text);
    record_to_json(r, &q->text);
    return buf_failed(&q->text)
               ? err_plain(ERR_NOMEM)
               : worker_done(q->worker, r->entry->lease, record_ok(r), q->text.data, q->text.len);
}

static struct err *end_lease(struct queued *q, const struct record *r)
{
    struct lease *lease = r->entry->lease;
    if (r->state == RECORD_CANCELLED || r->state == RECORD_PENDING) {
        return worker_put_back(q->worker, lease, false);
    }
    if (r->state == RECORD_FAILED && mends(r) && !worker_is_last(q->worker, lease)) {
        return worker_put_back(q->worker, lease, true);
    }
    return write_end(q, r);
}

static struct err *on_record(void *arg, const struct record *r)
{
    struct queued *q = arg;
    struct err *error = r->entry && r->entry->lease ? end_lease(q, r) : NULL;
    struct err *after = q->next.on_record(q->next.arg, r);
    if (error) {
        err_unref(after);
    }
    return error ? error : after;
}

static struct future *on_ready(void *arg)
{
    struct queued *q = arg;
    return q->next.ready ? q->next.ready(q->next.arg) : NULL;
}

struct record_consumer queued_consumer(struct queued *q, const struct record_consumer *next)
{
    q->next = *next;
    return (struct record_consumer){on_record, on_ready, q};
}

/* -- life ---------------------------------------------------------------------------------- */

static struct err *open_worker(
    struct queued *q, struct loop *l, struct executor *ex, const struct options *o)
{
    const struct queue_options *queue = &o->queue;
    const struct worker_options options = {
        .url = &q->url,
        .group = queue->group,
        .consumer = queue->consumer,
        .results = queue->results,
        .dead = queue->dead,
        .idle_claim = queue->idle_claim,
        .retry_delay = o->session.retry.delay,
        .max_deliveries = queue->max_deliveries,
        .exit_when_empty = queue->exit_when_empty,
        .partitions = queue->partitions,
        .shard = queue->shard,
        .shards = queue->shards,
        .most = o->session.look_ahead,
        .connect_timeout = o->net.connect_timeout,
    };
    const struct worker_events events = {
        .item = make_entry,
        .drop_item = entry_free,
        .note = q->events.warn,
        .on_failed = q->events.on_failed,
        .arg = q->events.arg,
    };
    return worker_new(l, ex, &options, &events, &q->worker);
}

struct err *queued_open(struct loop *l, struct executor *ex, const struct options *o,
    const struct queued_events *events, struct queued **out, struct async_iter **entries)
{
    struct queued *q = mem_new(sizeof(*q));
    *out = NULL;
    *entries = NULL;
    if (!q) {
        return err_plain(ERR_NOMEM);
    }
    q->events = *events;
    struct err *error = redis_url_parse(o->queue.from, &q->url);
    error = error ? error : open_worker(q, l, ex, o);
    if (error) {
        queued_free(q);
        return error;
    }
    *entries = worker_entries(q->worker);
    *out = q;
    return NULL;
}

void queued_free(struct queued *q)
{
    if (q) {
        worker_free(q->worker);
        redis_url_fini(&q->url);
        buf_fini(&q->text);
        free(q);
    }
}

struct future *queued_start(struct queued *q)
{
    return worker_start(q->worker);
}

struct future *queued_finish(struct queued *q)
{
    return worker_finish(q->worker);
}
