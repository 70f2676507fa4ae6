/* SPDX-License-Identifier: MIT */
#include "fetch/receive.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "fetch/attempt.h"
#include "fetch/deliver.h"
#include "fetch/naming.h"
#include "fetch/segments.h"
#include "fetch/session_private.h"
#include "store/sink.h"

#include <stdlib.h>

/* So much of an error page is read to keep its connection; more is not worth it. */
enum { REFUSED_MOST = 1024 * 1024 };

/* A body that is worth a connection of its own. */
enum { LARGE = 8 * 1024 * 1024 };

static bool stored_as_it_is(const struct attempt *a, const struct reply *r)
{
    const struct session *s = a->job->session;

    return !(s->env.net->compressed && r->content_encoding) && !s->options->request.range;
}

static void warn_unchecked(const struct job *job)
{
    const struct session *s = job->session;
    struct buf b = BUF_INIT;

    buf_addf(&b,
        "%s: resumed, though nothing tells whether it is the same version "
        "(--resume-unsafe)",
        job->path);
    if (s->env.warn && !buf_failed(&b)) {
        s->env.warn(s->env.warn_arg, b.data);
    }
    buf_fini(&b);
}

/* Where the body goes: -1 nowhere. May change the plan for a further request. */
static int64_t body_offset(struct attempt *a, const struct reply *r)
{
    const struct session_options *o = a->job->session->options;
    const struct validators *v = NULL;
    int64_t offset = 0, length;

    if (r->status == 206 && o->request.range) {
        return resume_is_range(o->request.range, r, &length) ? 0 : -1;
    }
    if (r->status != 206 && a->plan.how == RESUME_NOT) {
        return 0;
    }
    if (a->plan.how == RESUME_NOT) {
        return -1; /* a part that nobody asked for */
    }
    sink_have(a->sink, &v);
    switch (resume_judge(&a->plan, v, r, &offset)) {
    case RESUME_TAKE:
        return offset;
    case RESUME_ASK_MATCH:
        if (a->matched_before) {
            return 0;
        }
        a->match = a->matched_before = true;
        break;
    case RESUME_START_OVER:
        a->match = false;
        a->fresh = true;
        break;
    }
    a->ask_again = true;
    return -1;
}

static bool wanted(const struct attempt *a, const struct reply *r)
{
    const struct session_options *o = a->job->session->options;

    if (o->head || a->looking) {
        return false;
    }
    return (r->status >= 200 && r->status < 300) ||
           (!o->request.location && r->status >= 300 && r->status < 400 && r->status != 304);
}

/* Bodies of HTTP/2 share a connection. */
static void note_body(const struct attempt *a, const struct reply *r)
{
    if (r->version && r->version[0] != '1') {
        slot_body(a->slot, r->content_length >= LARGE, !a->request.fresh);
    }
}

/* The body's bytes go to offset. */
static struct err *accept_body(struct attempt *a, const struct reply *r, int64_t offset)
{
    struct job *job = a->job;
    struct validators version = resume_version(r, stored_as_it_is(a, r));
    const struct validators *before = NULL;
    const char *range = job->session->options->request.range;
    int64_t first, last, total;
    struct err *error;

    a->limit = INT64_MAX;
    if (offset > 0) {
        sink_have(a->sink, &before);
        version.total = version.total < 0 ? before->total : version.total;
        if (resume_content_range(r->content_range, &first, &last, &total)) {
            a->limit = last + 1;
        }
        if (a->plan.how == RESUME_UNCHECKED) {
            warn_unchecked(job);
        }
    }
    error = sink_start(a->sink, offset, &version);
    if (!error) {
        error = deliver_start(a, offset, offset == 0 ? r->content_length : version.total);
    }
    if (error) {
        return error;
    }
    a->accepted = true;
    a->fresh = false;
    a->start = a->end = offset;
    job->have = offset;
    job->total = version.total;
    if (r->status == 206 && range) {
        (void)resume_is_range(range, r, &job->total);
    }
    job->record.resumed_at = offset > 0 ? offset : -1;
    phase_enter(job, PHASE_BODY);
    note_body(a, r);
    return a->segments && !a->naming ? segments_lead(a->segments, a, r, offset) : NULL;
}

static struct err *on_head(void *arg, const struct reply *r)
{
    struct attempt *a = arg;
    struct err *error;
    int64_t offset;

    slot_heard(a->slot);
    if (!wanted(a, r)) {
        return NULL;
    }
    if (a->job->session->options->require_length && !r->length_known) {
        return err_new(
            ERR_POLICY, NULL, "the reply has no length, and --require-length asks for one");
    }
    if (!a->sink) {
        error = naming_start(a, r);
        if (error || a->job->aside) {
            return error ? error : err_plain(ERR_STOP_ITERATION);
        }
    }
    offset = body_offset(a, r);
    if (offset < 0) {
        /* ends the transfer; the judge looks at ask_again first */
        return a->ask_again ? err_plain(ERR_STOP_ITERATION) : NULL;
    }
    return accept_body(a, r, offset);
}

static struct err *on_body(void *arg, const void *bytes, size_t n)
{
    struct attempt *a = arg;
    struct err *error;
    size_t left;

    a->job->session->totals.received += n;
    if (a->job->aside) {
        return err_plain(ERR_STOP_ITERATION);
    }
    left = !a->accepted ? 0 : (uint64_t)(a->limit - a->end) < n ? (size_t)(a->limit - a->end) : n;
    a->refused += (int64_t)(n - left);
    n = left;
    if (n == 0) {
        return a->refused > REFUSED_MOST ? err_plain(ERR_STOP_ITERATION) : NULL;
    }
    if (a->segment) {
        return segments_take(a->segments, a, bytes, n);
    }
    error = sink_write(a->sink, bytes, n);
    if (!error) {
        error = deliver_bytes(a, bytes, n);
    }
    if (!error) {
        a->end += (int64_t)n;
        a->job->have = a->end;
    }
    return error;
}

static void on_resolved(void *arg)
{
    const struct attempt *a = arg;

    slot_resolved(a->slot);
}

const struct receiver *receive_into(void)
{
    static const struct receiver receiver = {on_head, on_body, on_resolved};

    return &receiver;
}
