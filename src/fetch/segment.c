/* SPDX-License-Identifier: MIT */
/*
 * A helper: one connection that brings pieces of a file beside the leading one.
 *
 *   a mirror -> slot -> claim -> request -> judged -> slot given back -> the next claim
 *
 * While there is nothing to claim it waits: one of the others may fail, or turn out to be slow. So
 * does one whose rest was taken over: who did so may be slow as well. One that brought nothing yet
 * ends with its first failure: the server wants no more connections.
 * Failures of those that were of use are made good after a moment, or by another mirror.
 */
#include "fetch/segment.h"

#include "base/alloc.h"
#include "base/text.h"
#include "fetch/session_private.h"

#include <stdlib.h>
#include <string.h>

enum { FAILURES_MOST = 3 }; /* in a row, of one that was of use, or was relieved */
#define FIRST_WAIT 0.25     /* seconds, doubled each time */
#define LOOK       0.25     /* seconds until an idle one looks again whether another is slow */

struct helper {
    struct co co;
    struct list node;   /* in segments->helpers */
    struct segments *g; /* a reference */
    struct task *task;  /* borrowed: its own */
    struct attempt attempt;
    struct slot slot;
    struct segment seg;
    struct future *slot_wait; /* borrowed: the wait for the slot */
    struct future *wait;      /* owned: what is awaited beside the transfer */
    struct err *error;        /* owned: of the last request */
    enum verdict verdict;
    bool aimed;  /* attempt.url is where the next request goes */
    bool asking; /* a request is under way */
    bool useful; /* bytes came */
    unsigned failures;
    unsigned passes; /* mirrors that were changed without a byte between */
};

static void helper_drop(void *frame)
{
    struct helper *h = frame;

    if (!h->g) {
        return; /* never filled in */
    }
    slot_release(&h->slot);
    list_remove(&h->node);
    sink_stream_free(h->seg.stream);
    list_remove(&h->seg.node);
    future_unref(h->wait);
    err_unref(h->error);
    attempt_fini(&h->attempt);
    segments_unref(h->g);
}

/* -- the reply ----------------------------------------------------------------------------- */

static bool is_leaders(const struct helper *h)
{
    return h->attempt.mirror == h->g->mirror;
}

static struct supply *supply_of(const struct helper *h)
{
    return &h->g->supply[h->attempt.mirror];
}

/* The version that the mirror must show: the leader's, or the one it showed before; else any of the
 * same size and coding. */
static struct validators expected(const struct helper *h)
{
    const struct validators *v = h->g->v;

    if (is_leaders(h)) {
        return *v;
    }
    if (supply_of(h)->known) {
        return supply_of(h)->v;
    }
    return (struct validators){.modified = -1, .date = -1, .coding = v->coding, .total = v->total};
}

/* A mirror's first range: its validator must be of the leader's kind, and is the one from now on.
 */
static bool take_version(struct helper *h, const struct reply *r)
{
    struct supply *s = supply_of(h);
    struct validators v = resume_version(r, true);

    v.total = h->g->v->total;
    if (resume_plan(&v, 1, true, false).how != RESUME_IF_RANGE || !v.etag != !h->g->v->etag) {
        return false;
    }
    struct err *e = validators_copy(&s->v, &v);
    s->known = !e;
    err_unref(e);
    return s->known;
}

/* The whole came in place of a range: the server does not do ranges here, or the file changed. */
static void whole_came(struct helper *h, const struct reply *r)
{
    const struct validators *v = h->g->v;

    if (is_leaders(h)) {
        h->g->changed = !text_same(v->etag, r->etag) ||
                        !text_same(v->last_modified, r->last_modified) ||
                        (r->content_length >= 0 && r->content_length != v->total);
    }
    supply_of(h)->out = true;
}

static struct err *accept_range(struct helper *h, const struct reply *r)
{
    struct segment *s = &h->seg;
    int64_t first, last, total;

    if (!resume_content_range(r->content_range, &first, &last, &total)) {
        return err_plain(ERR_STOP_ITERATION);
    }
    s->stream = sink_stream_new(h->g->sink, s->at);
    if (!s->stream) {
        return err_plain(ERR_NOMEM);
    }
    if (last + 1 < s->end) { /* less than asked: the rest is for others */
        (void)ranges_add(&h->g->free, last + 1, s->end);
        s->end = last + 1;
    }
    s->asked = last + 1;
    s->since = segments__now(h->g);
    h->attempt.accepted = true;
    return NULL;
}

static struct err *on_head(void *arg, const struct reply *r)
{
    struct helper *h = container_of(arg, struct helper, attempt);
    int64_t offset;

    slot_heard(&h->slot);
    if (r->status < 200 || r->status >= 300) {
        return NULL;
    }
    if (r->status != 206) {
        whole_came(h, r);
        return err_plain(ERR_STOP_ITERATION);
    }
    const struct validators v = expected(h);
    if (resume_judge(&h->attempt.plan, &v, r, &offset) == RESUME_TAKE &&
        (is_leaders(h) || supply_of(h)->known || take_version(h, r))) {
        return accept_range(h, r);
    }
    supply_of(h)->out = true;
    return err_plain(ERR_STOP_ITERATION);
}

static struct err *on_body(void *arg, const void *bytes, size_t n)
{
    struct helper *h = container_of(arg, struct helper, attempt);
    const int64_t before = h->seg.at;

    h->g->job->session->totals.received += n;
    if (!h->attempt.accepted) {
        return NULL; /* an error page */
    }
    struct err *error = segments__take(h->g, &h->seg, bytes, n, false);
    h->g->gained += h->seg.at - before;
    return error;
}

static void on_resolved(void *arg)
{
    struct helper *h = container_of(arg, struct helper, attempt);

    slot_resolved(&h->slot);
}

static const struct receiver *receive_range(void)
{
    static const struct receiver receiver = {on_head, on_body, on_resolved};

    return &receiver;
}

/* -- steps --------------------------------------------------------------------------------- */

/* The last error is kept; taken over. */
static void note(struct helper *h, struct err *error)
{
    if (error) {
        err_unref(h->error);
        h->error = error;
    }
}

/* Has fewer connections, or as many and brought more. */
static bool better(const struct supply *a, const struct supply *b)
{
    return a->users < b->users || (a->users == b->users && a->brought > b->brought);
}

/* The best mirror; false if there is none. */
static bool aim(struct helper *h)
{
    struct segments *g = h->g;
    unsigned best = g->nmirrors;

    if (h->aimed) {
        return true;
    }
    for (unsigned i = 0; i < g->nmirrors; i++) {
        if (!g->supply[i].out && (best == g->nmirrors || better(&g->supply[i], &g->supply[best]))) {
            best = i;
        }
    }
    if (best == g->nmirrors) {
        return false;
    }
    attempt_aim(&h->attempt, best);
    if (best == g->mirror) {
        url_free(h->attempt.url);
        h->attempt.url = url_ref(g->url);
    }
    return true;
}

static struct future *ask_for_slot(struct helper *h)
{
    struct session *s = h->g->job->session;
    struct future *granted = future_new(s->env.loop);

    if (!granted) {
        return NULL;
    }
    struct err *error = slot_request(s->env.hosts, &h->slot, url_origin(h->attempt.url), h->aimed,
        session__resolved(s, h->attempt.url));
    if (error) {
        err_unref(future_set_error(granted, error));
    } else {
        h->slot_wait = granted;
    }
    return granted;
}

static struct err *on_grant(void *arg)
{
    struct helper *h = arg;
    struct future *wait = h->slot_wait;

    h->slot_wait = NULL;
    return wait && !future_done(wait) ? future_set_result(wait, NULL, NULL) : NULL;
}

/* Sends it: false if there is nothing to ask for, or it failed. */
static bool ask(struct helper *h)
{
    struct attempt *a = &h->attempt;
    const struct supply *s = supply_of(h);

    if (slot_refused(&h->slot) || !segments__claim(h->g, &h->seg, &h->attempt)) {
        return false;
    }
    const struct validators *v = is_leaders(h) ? h->g->v : s->known ? &s->v : NULL;
    a->plan = v ? resume_plan(v, 1, true, false) : (struct resume){.how = RESUME_UNCHECKED};
    a->plan.from = h->seg.at;
    a->plan.sized = true;
    a->last = h->seg.end - 1;
    struct err *error = attempt_start(a);
    note(h, error);
    return !error;
}

/* What the end of a request means: true to go on, *delay seconds later. */
static bool go_on(struct helper *h, struct err *status, double *delay)
{
    struct segment *s = &h->seg;
    struct attempt *a = &h->attempt;
    const bool brought = s->at > s->begin, all = a->accepted && s->at >= s->end;

    struct err *error = NULL;

    *delay = 0;
    a->start = s->begin;
    a->end = s->at;
    h->verdict = attempt_judge(a, status, &error);
    err_unref(h->error);
    h->error = error;
    segments__release(h->g, s);
    h->useful = h->useful || brought;
    if (s->taken && !task_cancelling(h->task)) {
        err_unref(h->error);
        h->error = NULL;
        h->aimed = false;
        h->failures = brought ? 0 : h->failures + 1;
        return h->failures <= FAILURES_MOST && !sink_error(h->g->sink) && !h->g->changed;
    }
    if (err_is(h->error, ERR_CANCELLED) || sink_error(h->g->sink) || h->g->changed) {
        return false;
    }
    h->aimed = h->verdict == ATTEMPT_REDIRECT || brought || all;
    if (h->aimed) {
        h->failures = brought || all ? 0 : h->failures;
        return true;
    }
    if (h->verdict == ATTEMPT_FAILED && !is_leaders(h)) {
        supply_of(h)->out = true;
    }
    if (h->g->nmirrors > 1 && h->passes++ < h->g->nmirrors) {
        return true;
    }
    *delay = FIRST_WAIT * (double)(1U << h->failures);
    return h->useful && !supply_of(h)->out && ++h->failures <= FAILURES_MOST;
}

/* Its end: what others are to know. */
static void leave(struct helper *h)
{
    struct segments *g = h->g;

    segments__release(g, &h->seg);
    if (h->error && !err_is(h->error, ERR_CANCELLED)) {
        err_unref(g->error);
        g->error = err_ref(h->error);
        g->most = g->most > 2 && !h->useful ? g->most - 1 : g->most;
    }
    if (g->changed || sink_error(g->sink)) {
        segment__cancel_all(g, false);
    }
}

/* -- the coroutine ------------------------------------------------------------------------- */

/* h->wait is a sleep; false: no memory. */
static bool nap(struct helper *h, double seconds)
{
    future_unref(h->wait);
    h->wait = aio_sleep(h->g->job->session->env.loop, seconds);
    return h->wait != NULL;
}

static enum co_state helper_step(void *frame, struct err *status)
{
    struct helper *h = frame;
    double delay = 0;

    CO_BEGIN(&h->co);
    while (!status) {
        while (!status && !segments__more(h->g) && segments__wait(h->g)) {
            if (!nap(h, LOOK)) {
                break;
            }
            CO_AWAIT(&h->co, h->wait);
        }
        if (status || !segments__more(h->g) || !aim(h)) {
            break;
        }
        future_unref(h->wait);
        h->wait = ask_for_slot(h);
        if (!h->wait) {
            break;
        }
        supply_of(h)->users++;
        CO_AWAIT(&h->co, h->wait);
        h->slot_wait = NULL;
        supply_of(h)->users--;
        if (!status && !segments__more(h->g)) {
            slot_release(&h->slot); /* others were sooner */
            continue;
        }
        if (status || !ask(h)) {
            break;
        }
        h->asking = true;
        supply_of(h)->users++;
        CO_AWAIT(&h->co, h->attempt.transfer);
        supply_of(h)->users--;
        h->asking = false;
        if (!go_on(h, status, &delay)) {
            break;
        }
        slot_release(&h->slot);
        status = NULL; /* judged */
        if (delay > 0) {
            if (!nap(h, delay)) {
                break;
            }
            CO_AWAIT(&h->co, h->wait);
        }
    }
    slot_release(&h->slot);
    leave(h);
    CO_END(&h->co);
}

struct err *segment__start(struct segments *g)
{
    struct task *task = NULL;
    struct err *error = taskgroup_create_task(
        g->group, helper_step, sizeof(struct helper), helper_drop, "segment", &task);

    if (error) {
        return error;
    }
    struct helper *h = task_frame(task);
    h->g = g;
    g->refs++;
    h->task = task;
    list_push(&g->helpers, &h->node);
    list_init(&h->seg.node);
    attempt_init(&h->attempt, g->job);
    h->attempt.slot = &h->slot;
    h->attempt.receiver = receive_range();
    h->attempt.sink = g->sink;
    h->attempt.helps = h->attempt.alone = true;
    slot_init_further(&h->slot, on_grant, h);
    task_unref(task);
    return NULL;
}

void segment__cancel_all(struct segments *g, bool waiting)
{
    list_for_each (node, &g->helpers) {
        struct helper *h = container_of(node, struct helper, node);
        if (!(waiting && h->asking)) {
            task_cancel(h->task);
        }
    }
}
