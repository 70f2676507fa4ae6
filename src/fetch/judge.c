/* SPDX-License-Identifier: MIT */
/* What the end of an attempt means for its download. */
#include "base/alloc.h"
#include "fetch/attempt.h"
#include "fetch/retry.h"
#include "fetch/session_private.h"
#include "fetch/spans.h"
#include "store/sink.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* -- the record's account ------------------------------------------------------------------ */

static void account(struct attempt *a, const struct reply *r)
{
    struct record *rec = &a->job->record;

    rec->received += r->received;
    if (a->helps) {
        return; /* the rest is told of the request that leads */
    }
    url_free(rec->at);
    rec->at = url_ref(a->url);
    if (r->remote_ip[0]) {
        memcpy(rec->remote_ip, r->remote_ip, sizeof rec->remote_ip);
    }
    rec->timing.dns = r->timing.dns;
    rec->timing.connect = r->timing.connect;
    rec->timing.tls = r->timing.tls;
    rec->timing.ttfb = r->timing.first_byte;
    rec->timing.body = r->timing.first_byte >= 0 && r->timing.total >= 0
                           ? r->timing.total - r->timing.first_byte
                           : -1;
    if (r->status != 0) {
        record_take_reply(rec, r);
    }
}

/* For those who draw it. */
static void draw(struct attempt *a, const struct reply *r, const struct err *e)
{
    struct span span = {
        .kind = SPAN_REQUEST,
        .begin = a->began,
        .end = loop_time(a->job->session->env.loop),
        .lane = a->lane,
        .timing = r->timing,
        .kept = r->kept,
        .tls = strcmp(url_scheme(a->url), "https") == 0,
        .helps = a->helps,
        .port = r->local_port,
        .status = r->status,
        .received = r->received,
        .version = r->version,
        .error = e && !err_is(e, ERR_STOP_ITERATION) ? err_kind_name(err_kind(e)) : NULL,
    };

    if (r->status == 0) {
        span.timing.first_byte = -1; /* libcurl takes the end of the connection for one */
    }
    if (a->lane) {
        spans_add(a->job->record.spans, &span);
    }
    attempt_leave_lane(a);
}

/* -- redirects ----------------------------------------------------------------------------- */

/* As browsers and curl do: the method survives 307 and 308, and GET survives all. */
static void change_method(struct attempt *a, int status)
{
    const char *method = a->request.method;

    if (status == 303 && !(method && strcmp(method, "HEAD") == 0)) {
        a->bodyless = true;
    }
    if ((status == 301 || status == 302) && method && strcmp(method, "POST") == 0) {
        a->bodyless = true;
    }
}

static enum verdict follow(struct attempt *a, const struct reply *r, struct err **error)
{
    const struct session_options *o = a->job->session->options;
    struct url *next;

    if (!r->location) {
        *error = err_new(ERR_HTTP, NULL, "HTTP status %d without a Location", r->status);
        return ATTEMPT_FAILED;
    }
    if (a->hops >= o->request.max_redirs) {
        *error = err_new(ERR_HTTP, "CURLE_TOO_MANY_REDIRECTS",
            "more than %u redirects (--max-redirs)", o->request.max_redirs);
        return ATTEMPT_FAILED;
    }
    *error = url_resolve(a->url, r->location, &next);
    if (err_is(*error, ERR_INPUT)) { /* the server's, not the list's */
        struct err *cause = *error;
        *error = err_new(ERR_HTTP, NULL, "the Location is no URL: %s", err_message(cause));
        err_unref(cause);
    }
    if (*error) {
        return ATTEMPT_FAILED;
    }
    change_method(a, r->status);
    url_free(a->url);
    a->url = next;
    a->hops++;
    a->job->record.redirects++;
    return ATTEMPT_REDIRECT;
}

static bool redirects(const struct attempt *a, int status)
{
    return a->job->session->options->request.location && status >= 300 && status < 400 &&
           status != 304 && status != 300;
}

/* -- verdicts ------------------------------------------------------------------------------ */

bool attempt_repeatable(const struct attempt *a)
{
    const char *method = a->request.method;

    return !method || strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 ||
           a->job->session->options->retry.unsafe;
}

static enum verdict failed(const struct attempt *a, int status, const struct err *e)
{
    const struct retry_options *o = &a->job->session->options->retry;

    return retry_worthwhile(o, status, e) && attempt_repeatable(a) ? ATTEMPT_RETRY : ATTEMPT_FAILED;
}

/* The whole host waits as long as the server asks. */
static enum verdict hold(struct attempt *a, const struct reply *r, struct err **error)
{
    const double most = a->job->session->options->retry.max_wait;

    if (r->retry_after > most) {
        err_unref(*error);
        *error = err_new(ERR_HTTP, NULL,
            "HTTP status %d, and Retry-After asks for %.0f s (--retry-max-wait is %.0f s)",
            r->status, r->retry_after, most);
        return ATTEMPT_FAILED;
    }
    slot_hold_host(a->slot, r->retry_after);
    a->held = r->retry_after > 0; /* or it would be asked again and again, without a pause */
    return failed(a, r->status, NULL);
}

/* A range that cannot be: what is there may be all there is (its size says), or is of no use. */
static enum verdict out_of_range(struct attempt *a, const struct reply *r, struct err **error)
{
    const struct validators *v = NULL;

    if (a->plan.how == RESUME_NOT || !a->sink) { /* of a race there is nothing yet */
        *error = err_new(ERR_HTTP, NULL, "HTTP status 416");
        return ATTEMPT_FAILED;
    }
    const int64_t have = sink_have(a->sink, &v);
    if (resume_complete(v, have, r)) {
        return ATTEMPT_DONE;
    }
    a->fresh = true;
    return ATTEMPT_AGAIN;
}

static enum verdict judge_body(struct attempt *a, const struct reply *r, struct err **error)
{
    if (a->job->session->options->head || a->looking) {
        return ATTEMPT_DONE;
    }
    if (!a->accepted) {
        *error = err_new(ERR_HTTP, NULL, "HTTP status %d that was not asked for", r->status);
        return ATTEMPT_FAILED;
    }
    if (r->status != 206 || a->plan.how == RESUME_NOT || a->job->total == a->end) {
        return ATTEMPT_DONE;
    }
    if (a->end > a->start) {
        return ATTEMPT_AGAIN; /* an end short of what was asked, or not known to be all: ask on */
    }
    *error = err_new(ERR_NETWORK, "CURLE_PARTIAL_FILE", "a range without its bytes");
    return failed(a, 0, *error);
}

/* What to do about it, where that is known. */
static const char *advice(int status)
{
    switch (status) {
    case 401:
        return ": it asks who you are (--user, --netrc, --oauth2-bearer; for one host, "
               "--auth-host)";
    case 407:
        return ": the proxy asks who you are (--proxy-user)";
    case 429:
        return ": too many requests (--per-host-rate and --per-host slow them down)";
    default:
        return "";
    }
}

static enum verdict judge_reply(struct attempt *a, const struct reply *r, struct err **error)
{
    if (r->status == 304) {
        if (a->job->if_exists == IF_EXISTS_UPDATE && a->job->probe.final == PRESENCE_FILE) {
            return ATTEMPT_UNCHANGED;
        }
        *error = err_new(ERR_HTTP, NULL, "HTTP status 304 that was not asked for");
        return ATTEMPT_FAILED;
    }
    if (redirects(a, r->status)) {
        return follow(a, r, error);
    }
    if (r->status == 416) {
        return out_of_range(a, r, error);
    }
    if (r->status == 412 && a->plan.how == RESUME_IF_MATCH) {
        a->match = false;
        a->fresh = true;
        return ATTEMPT_AGAIN;
    }
    if (r->status >= 400 || (r->status >= 300 && !a->accepted)) {
        *error = err_new(ERR_HTTP, NULL, "HTTP status %d%s", r->status, advice(r->status));
        if ((r->status == 429 || r->status == 503) && r->retry_after >= 0) {
            return hold(a, r, error);
        }
        return failed(a, r->status, NULL);
    }
    return judge_body(a, r, error);
}

/* For the host's account of connections that failed, and of silence; errors of ours say nothing
 * about it. */
static void account_connection(struct attempt *a, const struct reply *r, const struct err *e)
{
    const bool failed = err_is(e, ERR_CONNECT) || err_is(e, ERR_DNS) || err_is(e, ERR_TLS) ||
                        err_is(e, ERR_TIMEOUT);

    if (failed) {
        slot_unheard(a->slot);
    }
    if (r->connected || failed) {
        slot_connected(a->slot, r->connected);
    }
}

enum verdict attempt_judge(struct attempt *a, struct err *status, struct err **error)
{
    const struct reply *r = transfer_reply(a->transfer);
    struct err *local = a->sink ? sink_error(a->sink) : NULL;

    *error = NULL;
    account(a, r);
    draw(a, r, local ? local : status);
    account_connection(a, r, status);
    if (r->status != 0 && r->status != 429 && r->status != 503) {
        slot_answered(a->slot);
    }
    if (a->ask_again && !err_is(status, ERR_CANCELLED)) {
        return ATTEMPT_AGAIN;
    }
    if (local) {
        *error = err_ref(local);
        return ATTEMPT_FAILED;
    }
    if (status && !err_is(status, ERR_STOP_ITERATION)) {
        /* a broken error page says as much as a whole one */
        if (r->status >= 400 && !a->accepted && !err_is(status, ERR_CANCELLED)) {
            return judge_reply(a, r, error);
        }
        *error = err_ref(status);
        return failed(a, 0, status);
    }
    return judge_reply(a, r, error);
}
