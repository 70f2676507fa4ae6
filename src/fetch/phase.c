/* SPDX-License-Identifier: MIT */
#include "fetch/phase.h"

#include "base/trace.h"
#include "fetch/session_private.h"

const char *phase_name(enum phase p)
{
    static const char *const names[PHASES] = {
        [PHASE_READ] = "read",
        [PHASE_WAITING] = "same-target",
        [PHASE_QUEUED] = "queued",
        [PHASE_VERIFY] = "verify",
        [PHASE_RACE] = "race",
        [PHASE_SLOT] = "slot",
        [PHASE_REQUEST] = "request",
        [PHASE_BODY] = "body",
        [PHASE_BACKOFF] = "backoff",
        [PHASE_COMMIT] = "commit",
        [PHASE_TURN] = "turn",
        [PHASE_EXEC] = "exec",
        [PHASE_END] = "end",
    };
    return names[p];
}

/* What it was waiting for until now, for those who draw it. */
static void draw(struct job *job, double now)
{
    struct span span = {.begin = job->step_since, .end = now};

    job->step_since = now;
    switch (job->step) {
    case PHASE_READ:
    case PHASE_WAITING:
    case PHASE_QUEUED:
    case PHASE_SLOT:
        span.kind = SPAN_QUEUE;
        break;
    case PHASE_VERIFY:
        span.kind = SPAN_VERIFY;
        break;
    case PHASE_BACKOFF:
        if (!job->delayed) {
            return;
        }
        span.kind = SPAN_BACKOFF;
        break;
    case PHASE_EXEC:
        span.kind = SPAN_EXEC;
        break;
    default: /* is drawn by its requests and its commit */
        return;
    }
    spans_add(job->record.spans, &span);
}

/* c: what is particular to the phase; the rest is filled in here. */
static void enter(struct job *job, enum phase phase, struct phase_change *c)
{
    const struct session *s = job->session;

    if (job->record.spans) {
        draw(job, loop_time(s->env.loop));
    }
    c->before = job->step;
    c->phase = job->step = phase;
    trace_put(loop_trace(s->env.loop), TRACE_FETCH, "%llu %s: %s",
        (unsigned long long)job->record.index,
        c->url          ? c->url
        : job->nmirrors ? url_public(job_url(job))
                        : "(no URL)",
        phase_name(phase));
    if (list_empty(&s->observers)) {
        return;
    }
    c->at = loop_time(s->env.loop);
    c->index = job->record.index;
    c->path = job->path;
    c->have = job->have;
    c->total = job->total;
    c->record = &job->record;
    if (!c->url && job->nmirrors) {
        c->url = url_public(job_url(job));
    }
    list_for_each (node, &s->observers) {
        struct phase_observer *o = container_of(node, struct phase_observer, node);
        o->on_phase(o, c);
    }
}

void phase_enter(struct job *job, enum phase phase)
{
    struct phase_change c = {.error = phase == PHASE_END ? job->record.error : NULL};

    enter(job, phase, &c);
}

void phase_enter_request(struct job *job, const char *url)
{
    struct phase_change c = {.url = url};

    enter(job, PHASE_REQUEST, &c);
}

void phase_enter_backoff(struct job *job, double delay, const struct err *error)
{
    struct phase_change c = {.delay = delay, .error = error};

    enter(job, PHASE_BACKOFF, &c);
    job->delayed = delay > 0;
}
