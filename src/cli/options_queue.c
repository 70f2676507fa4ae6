/* SPDX-License-Identifier: MIT */
/* The options about more than one machine. */
#include "cli/options_private.h"
#include "queue/redis.h"
#include "queue/redis_url.h"
#include "store/template.h"

#include <string.h>

#define IDLE_CLAIM       60
#define IDLE_CLAIM_LEAST 0.1
#define MAX_DELIVERIES   5

struct err *take_queue(struct parse *p, const struct option_row *row, const char *value)
{
    struct redis_url url;
    if (!redis_version()) {
        return option_error(
            row, err_new(ERR_USAGE, NULL,
                     "this garner was built without Redis (hiredis; see --version)"));
    }
    struct err *e = redis_url_parse(value, &url);
    if (!e && url.tls && !redis_has_tls()) {
        e = err_new(ERR_USAGE, NULL, "rediss:// needs a hiredis with TLS (1.0), and this is %s",
            redis_version());
    }
    redis_url_fini(&url);
    return e ? option_error(row, e) : take_string(p, row, value);
}

struct err *take_name(struct parse *p, const struct option_row *row, const char *value)
{
    return *value ? take_string(p, row, value)
                  : option_error(row, err_new(ERR_USAGE, NULL, "a name is needed"));
}

struct err *take_idle_claim(struct parse *p, const struct option_row *row, const char *value)
{
    struct err *e = take_duration(p, row, value);
    if (!e && p->o->queue.idle_claim < IDLE_CLAIM_LEAST) {
        e = option_error(row, err_new(ERR_USAGE, NULL, "'%s' is too short: at least %.0fms", value,
                                  IDLE_CLAIM_LEAST * 1000));
    }
    return e;
}

static const char *only_with_queue(const struct queue_options *q)
{
    const struct {
        bool given;
        const char *why;
    } options[] = {
        {q->group, "--group: goes with --queue"},
        {q->consumer, "--consumer: goes with --queue"},
        {q->results, "--results: goes with --queue"},
        {q->dead, "--dead: goes with --queue"},
        {q->idle_claim > 0, "--idle-claim: goes with --queue"},
        {q->max_deliveries, "--max-deliveries: goes with --queue"},
        {q->exit_when_empty, "--exit-when-empty: goes with --queue"},
    };
    for (size_t i = 0; !q->from && i < sizeof options / sizeof *options; i++) {
        if (options[i].given) {
            return options[i].why;
        }
    }
    return NULL;
}

/* A name without a placeholder is one file's. */
static bool names_one_file(const char *output)
{
    struct template *t = NULL;
    struct err *e = output ? template_parse(output, &t) : NULL;
    bool one = output && !e && !template_has_placeholder(t);
    err_unref(e);
    template_free(t);
    return one;
}

static const char *bad_for_worker(const struct parse *p)
{
    const struct options *o = p->o;
    if (p->urls.count || p->files.count) {
        return "--queue: goes without URLs and --input: the entries are in the queue";
    }
    if (o->session.mode == AWAIT_WAIT) {
        return "--queue: goes without --wait: a queue has no end to wait for";
    }
    if (o->session.dry_run) {
        return "--queue: goes without --dry-run: what is taken from a queue is to be done";
    }
    if (o->failures) {
        return "--queue: goes without --failures: those are in the stream of --dead";
    }
    if (names_one_file(o->session.output)) {
        return "--queue: --output has to name many files; give it a placeholder like {name}";
    }
    if (o->session.shards && !o->queue.partitions) {
        return "--queue: --shard goes with --partitions, of which it says which are read";
    }
    if (o->session.shards > o->queue.partitions) {
        return "--queue: more shards than --partitions: some would read nothing";
    }
    return NULL;
}

static const char *bad_for_filler(const struct options *o)
{
    if (o->session.shards) {
        return "--enqueue: goes without --shard: workers share what is in the queue";
    }
    if (o->failures || o->journal) {
        return "--enqueue: goes without --failures and --journal: it downloads nothing";
    }
    if (o->session.dry_run) {
        return "--enqueue: goes without --dry-run";
    }
    return NULL;
}

struct err *options__finish_queue(struct parse *p)
{
    struct queue_options *q = &p->o->queue;
    const char *why = only_with_queue(q);
    if (!why && q->from && q->to) {
        why = "--enqueue: goes without --queue";
    }
    if (!why && q->unique && !q->to) {
        why = "--unique: goes with --enqueue";
    }
    if (!why && q->partitions && !q->from && !q->to) {
        why = "--partitions: goes with --queue or --enqueue";
    }
    if (!why && q->from) {
        why = bad_for_worker(p);
    }
    if (!why && q->to) {
        why = bad_for_filler(p->o);
    }
    if (why) {
        return err_new(ERR_USAGE, NULL, "%s", why);
    }
    if (q->from) {
        q->shard = p->o->session.shard;
        q->shards = p->o->session.shards;
        p->o->session.shards = 0;
    }
    q->group = q->group ? q->group : "garner";
    q->idle_claim = q->idle_claim > 0 ? q->idle_claim : IDLE_CLAIM;
    q->max_deliveries = q->max_deliveries ? q->max_deliveries : MAX_DELIVERIES;
    return NULL;
}
