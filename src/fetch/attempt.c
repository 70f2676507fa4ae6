/* SPDX-License-Identifier: MIT */
#include "fetch/attempt.h"

#include "base/alloc.h"
#include "fetch/credentials.h"
#include "fetch/receive.h"
#include "fetch/session_private.h"
#include "fetch/spans.h"
#include "store/sink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void attempt_init(struct attempt *a, struct job *job)
{
    *a = (struct attempt){.job = job, .slot = &job->slot, .receiver = receive_into()};
    buf_init(&a->texts);
    buf_init(&a->kept);
}

static void forget_request(struct attempt *a)
{
    future_unref(a->transfer);
    a->transfer = NULL;
    free(a->headers);
    a->headers = NULL;
    free(a->referer);
    a->referer = NULL;
    buf_clear(&a->texts);
    a->request = (struct request){0};
}

void attempt_leave_lane(struct attempt *a)
{
    if (a->lane) {
        lanes_give(a->job->session->lanes, a->lane);
        a->lane = NULL;
    }
}

void attempt_shed(struct attempt *a)
{
    forget_request(a);
    buf_fini(&a->texts);
    url_free(a->url);
    a->url = NULL;
}

void attempt_fini(struct attempt *a)
{
    attempt_leave_lane(a);
    attempt_shed(a);
    buf_fini(&a->kept);
    task_unref(a->naming);
}

void attempt_aim(struct attempt *a, unsigned mirror)
{
    url_free(a->url);
    a->url = url_ref(a->job->mirrors[mirror].url);
    a->mirror = mirror;
    a->hops = 0;
    a->bodyless = false;
}

/* -- the request --------------------------------------------------------------------------- */

static size_t count(char *const *lines)
{
    size_t n = 0;

    while (lines && lines[n]) {
        n++;
    }
    return n;
}

enum { CONDITIONS = 2 }; /* at most */

/* The conditions of a resume or an update as header lines, in texts, one after another. */
static void add_conditions(struct attempt *a)
{
    const struct probe *there = &a->job->probe;

    if (a->plan.how == RESUME_IF_RANGE) {
        buf_addf(&a->texts, "If-Range: %s", a->plan.validator);
        buf_addc(&a->texts, '\0');
    } else if (a->plan.how == RESUME_IF_MATCH) {
        buf_addf(&a->texts, "If-Match: %s", a->plan.validator);
        buf_addc(&a->texts, '\0');
    }
    if (a->job->if_exists == IF_EXISTS_UPDATE && there->etag && !a->helps) {
        buf_addf(&a->texts, "If-None-Match: %s", there->etag);
        buf_addc(&a->texts, '\0');
    }
}

static size_t add_lines(const char **headers, size_t n, char *const *lines)
{
    for (; lines && *lines; lines++) {
        headers[n++] = *lines;
    }
    return n;
}

static struct err *build_headers(struct attempt *a, bool secrets)
{
    const struct session_options *o = a->job->session->options;
    char *const *mine = secrets ? o->request.headers : NULL;
    char *const *entrys = secrets ? a->job->entry->headers : NULL;
    size_t n = count(mine) + count(entrys);

    add_conditions(a);
    if (n == 0 && a->texts.len == 0 && !buf_failed(&a->texts)) {
        return NULL;
    }
    a->headers = mem_array(NULL, n + CONDITIONS + 1, sizeof *a->headers);
    if (!a->headers || buf_failed(&a->texts)) {
        return err_plain(ERR_NOMEM);
    }
    n = 0;
    n = add_lines(a->headers, n, mine);
    n = add_lines(a->headers, n, entrys);
    for (size_t at = 0; at < a->texts.len; at += strlen(a->texts.data + at) + 1) {
        a->headers[n++] = a->texts.data + at;
    }
    a->headers[n] = NULL;
    a->request.headers = (char *const *)(void *)a->headers;
    return NULL;
}

static struct err *build_referer(struct attempt *a, bool secrets)
{
    const char *referer =
        a->job->entry->referer ? a->job->entry->referer : a->job->session->options->request.referer;

    if (!referer) {
        return NULL;
    }
    if (secrets) {
        a->request.referer = referer;
        return NULL;
    }
    a->referer = credentials_referer(referer);
    a->request.referer = a->referer;
    return a->referer ? NULL : err_plain(ERR_NOMEM);
}

static void build_method(struct attempt *a)
{
    const struct session_options *o = a->job->session->options;
    const struct entry *e = a->job->entry;
    const char *method = e->method ? e->method : o->request.method;

    if (o->head || a->looking) {
        a->request.method = "HEAD";
        return;
    }
    if (!a->bodyless) {
        a->request.body = e->body ? e->body : o->request.body;
        a->request.body_len = e->body ? e->body_len : o->request.body_len;
    }
    if (!method && a->request.body) {
        method = "POST";
    }
    if (method && !a->request.body && strcmp(method, "GET") == 0) {
        method = NULL; /* what is said is what would be done anyway: it is resumed, too */
    }
    a->request.method = a->bodyless ? NULL : method;
}

enum origin {
    ORIGIN_OWN,   /* what is there came from this URL, in this run or an earlier one */
    ORIGIN_KIN,   /* from one of the same resource: another query, or the list's id says so */
    ORIGIN_OTHER, /* from any other: an equal ETag says nothing */
};

static enum origin origin_of_part(const struct attempt *a)
{
    const char *url = sink_part_url(a->sink);
    const uint64_t key = sink_part_key(a->sink);

    if (!url && key == 0) {
        return ORIGIN_OWN; /* no sidecar */
    }
    const bool same_url = url && strcmp(url, url_public(job_url(a->job))) == 0;
    const bool same_key = key == a->job->key;
    return same_url && same_key ? ORIGIN_OWN : same_url || same_key ? ORIGIN_KIN : ORIGIN_OTHER;
}

/* What is there decides what is asked for. */
static void plan(struct attempt *a)
{
    const struct session_options *o = a->job->session->options;
    const struct validators *v;
    int64_t have;

    a->plan = (struct resume){.how = RESUME_NOT};
    if (!a->sink || a->fresh || o->request.range || a->request.method) {
        return;
    }
    have = sink_have(a->sink, &v);
    const enum origin origin = origin_of_part(a);
    if (have > 0 && origin != ORIGIN_OTHER) {
        a->plan = resume_plan(v, have, origin == ORIGIN_OWN, o->resume_unsafe);
        if (a->match && a->plan.how == RESUME_IF_RANGE) {
            a->plan.how = RESUME_IF_MATCH;
        }
    }
}

static struct err *build(struct attempt *a)
{
    const struct session_options *o = a->job->session->options;
    const struct entry *e = a->job->entry;
    const bool secrets = credentials_allowed(&o->request, a->job->mirrors[a->mirror].url, a->url);
    struct request *rq = &a->request;
    struct err *error;

    build_method(a);
    if (!a->helps) {
        plan(a);
    }
    rq->url = a->url;
    rq->credentials = secrets;
    rq->alone = a->alone;
    rq->fresh = !a->alone && slot_wants_connection(a->slot);
    rq->user_agent = e->user_agent;
    if (secrets) {
        rq->userpwd = e->user ? e->user : o->request.userpwd;
        rq->bearer = o->request.bearer;
        rq->cookie = o->request.cookie;
    }
    if (a->looking) {
        rq->identity = true; /* a length of what is stored */
    } else if (a->helps) {
        snprintf(
            a->range, sizeof a->range, "%lld-%lld", (long long)a->plan.from, (long long)a->last);
        rq->range = a->range;
        rq->identity = true;
    } else if (a->plan.how != RESUME_NOT) {
        snprintf(a->range, sizeof a->range, "%lld-", (long long)a->plan.from);
        rq->range = a->range;
        rq->identity = true;
    } else if (o->request.range) {
        rq->range = o->request.range;
        rq->identity = true;
    } else if (a->job->if_exists == IF_EXISTS_UPDATE && a->job->probe.final == PRESENCE_FILE) {
        rq->if_modified_since = a->job->probe.modified;
    }
    error = build_headers(a, secrets);
    return error ? error : build_referer(a, secrets);
}

static void enter_lane(struct attempt *a)
{
    const struct session *s = a->job->session;

    attempt_leave_lane(a);
    if (s->lanes) {
        a->lane = lanes_take(s->lanes, url_origin(a->url));
        a->began = loop_time(s->env.loop);
    }
}

struct err *attempt_start(struct attempt *a)
{
    struct err *error;

    forget_request(a);
    enter_lane(a);
    a->accepted = a->ask_again = a->held = a->unwanted = false;
    a->refused = 0;
    a->reached = a->end > a->reached ? a->end : a->reached;
    a->start = a->end = 0;
    error = build(a);
    if (!error) {
        a->transfer =
            loops_transfer(a->job->session->env.loops, &a->request, a->receiver, a, &error);
    }
    if (error) {
        attempt_leave_lane(a);
    }
    if (a->transfer) {
        a->job->record.attempts++;
        if (!a->helps) {
            phase_enter_request(a->job, url_public(a->url));
        }
    }
    return error;
}

void attempt_end(struct attempt *a)
{
    a->unwanted = true;
    future_cancel(a->transfer);
}

struct err *attempt_status(const struct attempt *a, struct err *status)
{
    const bool ours =
        a->unwanted && err_is(status, ERR_CANCELLED) && !task_cancelling(a->job->task);

    return ours ? NULL : status;
}

int64_t attempt_gained(const struct attempt *a)
{
    const int64_t from = a->start > a->reached ? a->start : a->reached;

    return a->end > from ? a->end - from : 0;
}
