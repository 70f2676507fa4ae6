/* SPDX-License-Identifier: MIT */
#include "queue/worker.h"

#include "base/alloc.h"
#include "base/siphash.h"
#include "base/trace.h"
#include "queue/scripts.h"
#include "queue/worker_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* -- leases -------------------------------------------------------------------------------- */

struct lease *lease__find(struct share *s, const char *id)
{
    struct lease *lease;
    HASH_FIND_STR(s->leases, id, lease);
    return lease;
}

struct lease *lease__new(struct share *s, const char *id, unsigned deliveries)
{
    struct lease *lease = mem_new(sizeof(*lease));
    if (!lease || !(lease->id = mem_dup(id))) {
        free(lease);
        return NULL;
    }
    lease->share = s;
    lease->deliveries = deliveries;
    HASH_ADD_KEYPTR(hh, s->leases, lease->id, strlen(lease->id), lease);
    if (!lease->hh.tbl) {
        free(lease->id);
        free(lease);
        return NULL;
    }
    s->worker->open++;
    return lease;
}

void lease__free(struct lease *lease)
{
    lease->share->worker->open--;
    lease->share->worker->recorded -= lease->recorded;
    HASH_DEL(lease->share->leases, lease);
    free(lease->id);
    free(lease);
}

/* -- life ---------------------------------------------------------------------------------- */

static char *name_of(const char *stream, const char *suffix)
{
    struct buf b = BUF_INIT;
    buf_adds(&b, stream);
    buf_adds(&b, suffix);
    char *name = buf_take(&b);
    buf_fini(&b);
    return name;
}

static char *own_name(void)
{
    char host[256] = "";
    struct buf b = BUF_INIT;
    (void)gethostname(host, sizeof(host) - 1);
    buf_addf(&b, "%s-%ld-%08llx", *host ? host : "garner", (long)getpid(),
        (unsigned long long)(siphash_random_key().k0 & 0xffffffff));
    char *name = buf_take(&b);
    buf_fini(&b);
    return name;
}

static bool add_share(struct worker *w, const char *suffix)
{
    struct share *s = &w->shares[w->nshares++];
    s->worker = w;
    s->stream = name_of(w->options.url->stream, suffix);
    buf_adds(&s->cursor, "0-0");
    return s->stream && !buf_failed(&s->cursor);
}

static bool add_shares(struct worker *w)
{
    const struct worker_options *o = &w->options;
    w->shares = mem_new((o->partitions ? o->partitions : 1) * sizeof(*w->shares));
    if (!w->shares || !o->partitions) {
        return w->shares && add_share(w, "");
    }
    for (unsigned p = 0; p < o->partitions; p++) {
        char suffix[16];
        snprintf(suffix, sizeof(suffix), ".%u", p);
        if ((!o->shards || p % o->shards == o->shard) && !add_share(w, suffix)) {
            return false;
        }
    }
    return true;
}

static struct link *new_link(struct worker *w, struct executor *ex, bool tells)
{
    const struct link_options options = {
        .loop = w->loop,
        .executor = ex,
        .url = w->options.url,
        .connect_timeout = w->options.connect_timeout,
        .note = tells ? w->events.note : NULL,
        .arg = w->events.arg,
    };
    return link_new(&options);
}

struct err *worker_new(struct loop *l, struct executor *ex, const struct worker_options *options,
    const struct worker_events *events, struct worker **out)
{
    *out = NULL;
    struct worker *w = mem_new(sizeof(*w));
    if (!w) {
        return err_plain(ERR_NOMEM);
    }
    const char *stream = options->url->stream;
    w->loop = l;
    w->options = *options;
    w->events = *events;
    w->client_id = -1;
    w->consumer = options->consumer ? mem_dup(options->consumer) : own_name();
    w->results = options->results ? mem_dup(options->results) : name_of(stream, ":results");
    w->dead = options->dead ? mem_dup(options->dead) : name_of(stream, ":dead");
    w->reading = new_link(w, ex, true);
    w->writing = new_link(w, ex, false);
    w->box = w->writing ? outbox_new(l, w->writing) : NULL;
    if (!w->consumer || !w->results || !w->dead || !w->reading || !w->box || !add_shares(w)) {
        worker_free(w);
        return err_plain(ERR_NOMEM);
    }
    *out = w;
    return NULL;
}

void worker_free(struct worker *w)
{
    if (!w) {
        return;
    }
    for (size_t i = 0; i < w->nshares; i++) {
        struct share *s = &w->shares[i];
        struct lease *lease, *following;
        HASH_ITER (hh, s->leases, lease, following) {
            /* cppcheck-suppress uninitvar; HASH_ITER sets it */
            lease__free(lease);
        }
        free(s->stream);
        buf_fini(&s->cursor);
    }
    for (size_t i = w->item_at; i < w->nitems; i++) {
        w->events.drop_item(w->items[i]);
    }
    task_unref(w->reader);
    future_unref(w->started);
    outbox_free(w->box);
    link_free(w->reading);
    link_free(w->writing);
    err_unref(w->failed);
    free(w->items);
    free(w->shares);
    free(w->consumer);
    free(w->results);
    free(w->dead);
    free(w);
}

const char *worker_consumer(const struct worker *w)
{
    return w->consumer;
}

size_t worker_unwritten(const struct worker *w)
{
    return w->recorded;
}

struct future *worker_start(struct worker *w)
{
    w->started = future_new(w->loop);
    struct err *error = w->started ? worker__start_reader(w) : err_plain(ERR_NOMEM);
    if (error) {
        err_unref(error);
        return NULL;
    }
    return future_ref(w->started);
}

/* -- ends ---------------------------------------------------------------------------------- */

static void tell_lost(struct worker *w, const struct lease *lease)
{
    struct buf b = BUF_INIT;
    buf_addf(&b,
        "entry %s of %s was taken over by another worker (--idle-claim may be too short), or Redis "
        "has forgotten it: its record here is not written",
        lease->id, lease->share->stream);
    if (!w->lost_told && !buf_failed(&b)) {
        w->events.note(w->events.arg, b.data);
    }
    w->lost_told = true;
    buf_fini(&b);
}

/* Our own reader took what we had just put back. The lease stays open until that is undone. */
static bool put_back_again(struct lease *lease)
{
    lease->back = false;
    lease->again = true;
    lease->deliveries = lease->left + 1;
    struct err *error = worker_put_back(lease->share->worker, lease, false);
    const bool sent = !error;
    err_unref(error);
    return sent;
}

/* The server has it, or says that it is not ours. Sent twice, that says nothing. */
static void on_ended(void *arg, const struct outbox_answer *answer)
{
    struct lease *lease = arg;
    struct worker *w = lease->share->worker;
    trace_put(loop_trace(w->loop), TRACE_QUEUE, "%s %s: %s", lease->share->stream, lease->id,
        answer->error     ? err_message(answer->error)
        : lease->recorded ? "recorded"
                          : "given back");
    if (answer->error && !worker__is_no_group(answer->error)) {
        w->events.on_failed(w->events.arg, answer->error);
    } else if (redis_reply_int(answer->reply) != 1 && !answer->again && !lease->again) {
        tell_lost(w, lease);
    }
    if (lease->back && !answer->error && put_back_again(lease)) {
        return;
    }
    lease__free(lease);
    worker__wake_reader(w);
}

static struct err *end(struct lease *lease, struct redis_args *a, bool recorded)
{
    struct worker *w = lease->share->worker;
    lease->ending = true;
    lease->recorded = recorded;
    w->recorded += recorded;
    return outbox_add(w->box, a, on_ended, lease);
}

static void begin(
    struct redis_args *a, const char *script, const struct lease *lease, const char *out)
{
    const struct worker *w = lease->share->worker;
    script_begin(a, script, out ? 2 : 1);
    redis_args_adds(a, lease->share->stream);
    if (out) {
        redis_args_adds(a, out);
    }
    redis_args_adds(a, w->options.group);
    redis_args_adds(a, w->consumer);
    redis_args_adds(a, lease->id);
}

struct err *worker_done(
    struct worker *w, struct lease *lease, bool good, const char *record, size_t len)
{
    struct redis_args a;
    begin(&a, script_settle, lease, good ? w->results : w->dead);
    redis_args_add(&a, record, len);
    return end(lease, &a, true);
}

bool worker_is_last(const struct worker *w, const struct lease *lease)
{
    return lease->deliveries >= w->options.max_deliveries;
}

/* Milliseconds that an entry is to look idle, so that it is claimed when its wait is over. */
static long long idle_for_retry(const struct worker *w, const struct lease *lease)
{
    const struct worker_options *o = &w->options;
    double wait = o->retry_delay;
    for (unsigned i = 1; i < lease->deliveries && wait < o->idle_claim; i++) {
        wait *= 2;
    }
    return wait < o->idle_claim ? (long long)((o->idle_claim - wait) * 1000) : 0;
}

struct err *worker_put_back(struct worker *w, struct lease *lease, bool tried)
{
    struct redis_args a;
    lease->left = tried || !lease->deliveries ? lease->deliveries : lease->deliveries - 1;
    begin(&a, script_put_back, lease, NULL);
    redis_args_adds(&a, SCRIPTS_RELEASED);
    redis_args_addi(&a, tried ? idle_for_retry(w, lease) : SCRIPTS_LONG_IDLE);
    redis_args_addi(&a, lease->left);
    return end(lease, &a, false);
}
