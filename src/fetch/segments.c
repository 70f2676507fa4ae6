/* SPDX-License-Identifier: MIT */
/* One file over several connections: the leading request, and the crew beside it. */
#include "fetch/segments.h"

#include "base/alloc.h"
#include "fetch/segment.h"
#include "fetch/session_private.h"

#include <stdlib.h>
#include <string.h>

/* Claims begin at round places, as writes do. */
#define ROUND ((int64_t)256 * 1024)

bool segments_wanted(const struct job *job, const struct sink *sink)
{
    const struct session_options *o = job->session->options;

    return !o->discard && !o->head && (o->segments > 1 || (sink && sink_ranges(sink)));
}

struct segments *segments_new(struct job *job)
{
    struct segments *g = mem_new(sizeof *g);

    if (!g) {
        return NULL;
    }
    g->supply = mem_array(NULL, job->nmirrors, sizeof *g->supply);
    if (!g->supply) {
        free(g);
        return NULL;
    }
    memset(g->supply, 0, job->nmirrors * sizeof *g->supply);
    g->refs = 1;
    g->nmirrors = job->nmirrors;
    g->job = job;
    g->most = job->session->options->segments;
    list_init(&g->active);
    list_init(&g->helpers);
    list_init(&g->lead.node);
    return g;
}

static void forget_supply(struct segments *g)
{
    for (unsigned i = 0; i < g->nmirrors; i++) {
        validators_fini(&g->supply[i].v);
        g->supply[i] = (struct supply){.out = g->supply[i].out};
    }
}

void segments_unref(struct segments *g)
{
    if (!g || --g->refs > 0) {
        return;
    }
    sink_stream_free(g->lead.stream);
    forget_supply(g);
    free(g->supply);
    url_free(g->url);
    ranges_fini(&g->free);
    err_unref(g->error);
    free(g);
}

/* -- the leader ---------------------------------------------------------------------------- */

/* The version can be asked for range by range. */
static bool divisible(const struct segments *g, const struct attempt *a, const struct reply *r)
{
    const struct session_options *o = g->job->session->options;
    const struct validators *v = g->v;

    return v->total > 0 && !v->coding && !o->request.range && !a->request.method &&
           !a->request.body && (r->accept_ranges || r->status == 206) &&
           resume_plan(v, 1, true, false).how == RESUME_IF_RANGE;
}

/* How many connections the missing bytes are worth. */
static unsigned connections(const struct segments *g, int64_t missing)
{
    const int64_t parts = missing / g->job->session->options->segment_size;

    return g->off || parts < 2 ? 1 : parts < (int64_t)g->most ? (unsigned)parts : g->most;
}

static enum co_state crew_step(void *frame, struct err *status);

struct crew {
    struct co co;
    struct segments *g;      /* a reference */
    struct taskgroup *group; /* owned */
    struct future *exit;     /* owned */
};

static void crew_drop(void *frame)
{
    struct crew *c = frame;

    if (!c->g) {
        return; /* never filled in */
    }
    c->g->group = NULL;
    taskgroup_free(c->group);
    future_unref(c->exit);
    segments_unref(c->g);
}

static enum co_state crew_step(void *frame, struct err *status)
{
    struct crew *c = frame;
    struct segments *g = c->g;
    struct err *error = NULL;

    CO_BEGIN(&c->co);
    if (status) {
        return co_fail(&c->co, err_ref(status));
    }
    error = taskgroup_enter(g->job->session->env.loop, &c->group);
    if (error) {
        return co_fail(&c->co, error);
    }
    g->group = c->group;
    for (; g->todo > 0 && !error; g->todo--) {
        error = segment__start(g);
    }
    err_unref(error); /* fewer will do */
    c->exit = taskgroup_exit(c->group, NULL);
    CO_AWAIT(&c->co, c->exit);
    if (status) {
        return co_fail(&c->co, err_ref(status));
    }
    CO_END(&c->co);
}

static struct err *muster(struct segments *g, unsigned helpers)
{
    g->todo = helpers;
    if (helpers == 0) {
        return NULL;
    }
    g->crew =
        task_new(g->job->session->env.loop, crew_step, sizeof(struct crew), crew_drop, "segments");
    if (!g->crew) {
        return err_plain(ERR_NOMEM);
    }
    struct crew *c = task_frame(g->crew);
    c->g = g;
    g->refs++;
    return NULL;
}

/* The leader's own part, and what is left for others. */
static bool divide(struct segments *g, struct attempt *a, int64_t offset, unsigned n)
{
    const struct ranges *got = sink_ranges(g->sink);
    const int64_t total = g->v->total, missing = total - ranges_sum(got);
    int64_t end = ranges_next(got, offset, total);

    g->part = n > 1 ? (missing / n + ROUND - 1) / ROUND * ROUND : INT64_MAX;
    end = end < a->limit ? end : a->limit;
    end = end - offset > g->part ? offset + g->part : end;
    g->lead = (struct segment){.at = offset, .end = end, .begin = offset};
    g->lead.asked = a->limit < total ? a->limit : total;
    g->lead.attempt = a;
    g->lead.since = g->lead.heard = g->since = segments__now(g);
    list_push(&g->active, &g->lead.node);
    ranges_fini(&g->free);
    if (!ranges_add(&g->free, end, total)) {
        return false;
    }
    for (size_t i = 0; i < got->n; i++) {
        if (!ranges_cut(&g->free, got->at[i].from, got->at[i].to)) {
            return false;
        }
    }
    g->lead.stream = sink_stream_new(g->sink, offset);
    return g->lead.stream != NULL;
}

struct err *segments_lead(
    struct segments *g, struct attempt *a, const struct reply *r, int64_t offset)
{
    const bool spread = sink_ranges(a->sink) != NULL;
    struct err *error;

    g->sink = a->sink;
    sink_have(a->sink, &g->v);
    const bool able = divisible(g, a, r);
    const int64_t missing =
        spread ? g->v->total - ranges_sum(sink_ranges(a->sink)) : g->v->total - offset;
    const unsigned n = able ? connections(g, missing) : 1;
    if (n < 2 && !spread) {
        return NULL;
    }
    error = sink_spread(a->sink);
    if (error) {
        return error;
    }
    url_free(g->url);
    g->url = url_ref(a->url);
    g->mirror = a->mirror;
    forget_supply(g);
    g->supply[g->mirror].users = 1;
    g->changed = false;
    g->gained = 0;
    if (!divide(g, a, offset, n)) {
        list_remove(&g->lead.node);
        return err_plain(ERR_NOMEM);
    }
    a->segment = &g->lead;
    g->job->have = g->had = ranges_sum(sink_ranges(a->sink));
    if (n > g->job->record.segments) {
        g->job->record.segments = n;
    }
    return muster(g, n - 1);
}

struct err *segments_take(struct segments *g, struct attempt *a, const void *bytes, size_t n)
{
    const int64_t before = a->segment->at;
    struct err *error = segments__take(g, a->segment, bytes, n, true);

    a->end += a->segment->at - before;
    return error;
}

struct future *segments_follow(struct segments *g, struct attempt *a, const struct err *error)
{
    const bool useful = g->lead.at > g->lead.begin || g->lead.taken;

    segments__release(g, &g->lead);
    g->supply[g->mirror].users--;
    if (!g->crew || future_done(task_future(g->crew))) {
        return NULL;
    }
    if (err_is(error, ERR_CANCELLED) || sink_error(a->sink)) {
        task_cancel(g->crew);
    } else if (useful && (segments__more(g) || segments__wait(g)) && g->group) {
        err_unref(segment__start(g)); /* another in its place */
    }
    return future_ref(task_future(g->crew));
}

enum verdict segments_judge(struct segments *g, struct attempt *a, struct err *status,
    enum verdict verdict, struct err **error)
{
    const bool stopped = err_is(*error, ERR_CANCELLED) || err_is(status, ERR_CANCELLED);
    const bool led = a->segment->at > a->segment->begin;

    a->segment = NULL;
    task_unref(g->crew);
    g->crew = NULL;
    if (ranges_sum(sink_ranges(a->sink)) == g->v->total && !sink_error(a->sink) && !stopped) {
        err_unref(*error);
        *error = NULL;
        return ATTEMPT_DONE;
    }
    if (stopped && !*error) {
        *error = err_ref(status);
    }
    if (!*error && sink_error(a->sink)) {
        *error = err_ref(sink_error(a->sink));
        return ATTEMPT_FAILED;
    }
    if (*error) {
        return stopped ? ATTEMPT_FAILED : verdict;
    }
    if (g->changed) {
        g->off = a->fresh = true;
        return ATTEMPT_AGAIN;
    }
    if (!g->job->session->options->resume) {
        g->off = true; /* what came is not to be built on */
    } else if (led || g->gained > 0) {
        return ATTEMPT_AGAIN; /* the rest, from the first byte that is missing */
    }
    *error = g->error ? err_ref(g->error)
                      : err_new(ERR_NETWORK, "CURLE_PARTIAL_FILE", "segments that did not come");
    return ATTEMPT_RETRY;
}

int64_t segments_gained(struct segments *g)
{
    const int64_t gained = g->gained;

    g->gained = 0;
    return gained;
}
