/* SPDX-License-Identifier: MIT */
/*
 * A download, from its first slot to its commit:
 *
 *   what must be known first (prepare.h);
 *   for each attempt: a slot (of the job and of its host), the transfer, the slot given back, a
 *   verdict; a redirect asks for the next host's slot, a retry waits without one;
 *   then the commit on the executor.
 *
 * The frame is released by download_drop, whichever way the task ends. What must be awaited even
 * then (closing the sink) is awaited at `settle`, which no cancel cuts short.
 */
#include "fetch/download.h"

#include "aio/timeout.h"
#include "base/alloc.h"
#include "fetch/attempt.h"
#include "fetch/deliver.h"
#include "fetch/destination.h"
#include "fetch/naming.h"
#include "fetch/prepare.h"
#include "fetch/retry.h"
#include "fetch/segments.h"
#include "fetch/session_private.h"
#include "store/sink.h"

#include <stdlib.h>
#include <time.h>

struct download {
    struct co co;
    struct job *job; /* borrowed */
    struct attempt attempt;
    struct retry retry;
    struct timeout deadline;
    bool timed; /* deadline was entered */
    enum verdict verdict;
    double delay;        /* seconds until the next attempt */
    struct future *wait; /* owned: the one thing awaited beside the transfer */
    struct err *error;   /* owned: what it ends with */
    bool settled;        /* the sink came to its end: committed or closed */
};

static void download_drop(void *frame)
{
    struct download *d = frame;

    if (!d->job) {
        return; /* never started */
    }
    slot_release(&d->job->slot);
    d->job->slot_wait = NULL;
    future_unref(d->wait);
    err_unref(d->error);
    attempt_fini(&d->attempt);
    segments_unref(d->attempt.segments);
    sink_free(d->attempt.sink);
    body_free(d->attempt.body);
}

static double now_realtime(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* -- steps --------------------------------------------------------------------------------- */

/* The one future the frame waits for; NULL becomes ERR_NOMEM. */
static struct err *expect(struct download *d, struct future *f)
{
    future_unref(d->wait);
    d->wait = f;
    return f ? NULL : err_plain(ERR_NOMEM);
}

static struct err *begin(struct download *d)
{
    struct job *job = d->job;
    struct loop *l = job->session->env.loop;
    const double now = loop_time(l);
    struct err *error;

    if (job->began == 0) {
        job->began = now;
        job->record.started = now_realtime();
        job->record.timing.queued = now - job->read_at;
    }
    retry_init(&d->retry, &job->session->options->retry, job->began);
    error = timeout_enter(
        &d->deadline, d->co.task, job->task_timeout > 0 ? job->began + job->task_timeout : -1);
    if (error) {
        return error;
    }
    d->timed = true;
    attempt_aim(&d->attempt, 0);
    return prepare_wanted(job) ? NULL : prepare_sink(&d->attempt);
}

/* All is known: a race may have chosen another mirror, the part may have gaps. */
static struct err *equip(struct download *d)
{
    struct job *job = d->job;

    if (segments_wanted(job, d->attempt.sink)) {
        d->attempt.segments = segments_new(job);
        if (!d->attempt.segments) {
            return err_plain(ERR_NOMEM);
        }
    }
    if (job->best) {
        attempt_aim(&d->attempt, job->best);
    }
    return NULL;
}

/* Stands in the line of the next request's host, at its head. */
static struct future *ask_for_slot(struct download *d)
{
    struct job *job = d->job;
    struct session *s = job->session;
    struct future *granted = future_new(s->env.loop);
    struct err *error;

    if (!granted) {
        return NULL;
    }
    phase_enter(job, PHASE_SLOT);
    error = slot_request(s->env.hosts, &job->slot, url_origin(d->attempt.url), true,
        session__resolved(s, d->attempt.url));
    if (error) {
        err_unref(future_set_error(granted, error));
    } else {
        job->slot_wait = granted;
        deliver_hurry(job);
    }
    return granted;
}

/* The host was given up: nothing is asked of it, another mirror may serve. */
static void refuse(struct download *d)
{
    d->verdict = ATTEMPT_FAILED;
    d->attempt.start = d->attempt.end = 0;
    d->error = err_new(ERR_HOST, NULL,
        "%s is given up: too many connections in a row failed (--host-failures)",
        url_origin(d->attempt.url));
}

/* The next mirror that may still serve, NULL-like nmirrors if this round has none left. */
static unsigned next_mirror(const struct download *d, unsigned from)
{
    while (from < d->job->nmirrors && d->job->mirrors[from].dead) {
        from++;
    }
    return from;
}

/* A failed attempt: another mirror at once, another round after a backoff (d->delay), or the end.
 * True if there is another attempt; then d->error is NULL. */
static bool try_on(struct download *d)
{
    struct job *job = d->job;
    const bool passing = d->verdict == ATTEMPT_RETRY;
    const int64_t gained = attempt_gained(&d->attempt) +
                           (d->attempt.segments ? segments_gained(d->attempt.segments) : 0);
    const int64_t rest = job->total >= 0 ? job->total - d->attempt.start : -1;
    unsigned next;

    job->mirrors[d->attempt.mirror].dead = !passing;
    if (err_is(d->error, ERR_CANCELLED) || err_is(d->error, ERR_IO) ||
        deliver_broken(&d->attempt)) {
        return false;
    }
    next = next_mirror(d, d->attempt.mirror + 1);
    if (next == job->nmirrors) {
        const bool any = next_mirror(d, 0) < job->nmirrors;
        if (!any || !retry_again(&d->retry, gained, rest, loop_time(job->session->env.loop))) {
            job->record.retryable = any;
            return false;
        }
        job->session->totals.retries++;
        next = next_mirror(d, 0);
        d->delay = d->attempt.held ? 0 : retry_backoff(&d->retry);
    }
    phase_enter_backoff(job, d->delay, d->error);
    err_unref(d->error);
    d->error = NULL;
    attempt_aim(&d->attempt, next);
    return true;
}

/* No further request is to be made. */
static bool over(struct download *d)
{
    d->delay = 0;
    if (d->verdict != ATTEMPT_DONE) {
        deliver_pause(&d->attempt);
    }
    return d->verdict == ATTEMPT_DONE || d->verdict == ATTEMPT_UNCHANGED ||
           d->verdict == ATTEMPT_ASIDE || (d->error && !try_on(d));
}

/* The request ended. True if d->wait is to be awaited: others still bring segments, or where its
 * body goes is not settled. */
static bool follow(struct download *d)
{
    struct attempt *a = &d->attempt;

    future_unref(d->wait);
    d->wait = a->segment ? segments_follow(a->segments, a, d->error) : naming_follow(a, d->error);
    return d->wait != NULL;
}

/* Then; status is what that raised. */
static void conclude(struct download *d, struct err *status)
{
    struct attempt *a = &d->attempt;

    d->verdict = a->segment ? segments_judge(a->segments, a, status, d->verdict, &d->error)
                            : naming_judge(a, status, d->verdict, &d->error);
}

/* A slot is free for the next as soon as the body is here, unless the disk falls behind: bodies
 * that wait for it are bounded in number too. */
static bool commits_keep_up(const struct session *s)
{
    return s->committing < hosts_jobs(s->env.hosts);
}

/* While others bring its segments it is a download under way, and keeps its job. */
static void give_slot_back(struct download *d)
{
    if (d->attempt.segment) {
        slot_park(&d->job->slot);
    } else if (d->verdict != ATTEMPT_DONE || commits_keep_up(d->job->session)) {
        slot_release(&d->job->slot);
    }
}

static struct future *start_commit(struct download *d)
{
    struct job *job = d->job;
    const struct session_options *o = job->session->options;
    const struct reply *r = transfer_reply(d->attempt.transfer);
    const struct commit_options options = {
        .expect = job->expect,
        .size = job->total,
        .modified = o->remote_time || job->if_exists == IF_EXISTS_UPDATE ? r->modified : -1,
        .marks = o->marks,
        .etag = r->etag,
        .origin_url = o->xattr ? url_public(job_url(job)) : NULL,
    };

    job->session->committing++;
    phase_enter(job, PHASE_COMMIT);
    if (job->session->lanes) {
        d->attempt.lane = lanes_take_file(job->session->lanes);
    }
    return sink_commit(d->attempt.sink, &options);
}

/* -- the record ---------------------------------------------------------------------------- */

/* A cancel that came too late finds the file in its place: what counts is the commit's own end. */
static void take_commit(struct download *d)
{
    struct job *job = d->job;
    struct record *rec = &job->record;
    const struct committed *c = NULL;
    char digest[DIGEST_TEXT];

    if (!d->wait) {
        return;
    }
    err_unref(d->error);
    d->error = future_result(d->wait, (void **)&c);
    d->settled = !d->error;
    if (d->error) {
        return;
    }
    rec->size = c->size;
    rec->timing.write = c->write_seconds;
    if (c->path && !job->session->options->discard) {
        rec->path = destination_shown(job->session, c->path);
    }
    if (c->digest.algo != DIGEST_NONE) {
        digest_format(&c->digest, digest);
        rec->checksum = mem_dup(digest);
    }
    if (c->exists && job->if_exists == IF_EXISTS_FAIL) {
        d->error = err_new(ERR_IO, "EEXIST", "%s exists, and --if-exists is fail", job->path);
    } else if (c->exists) {
        rec->state = RECORD_SKIPPED;
        rec->reason = "exists";
    } else {
        rec->state = RECORD_FINISHED;
        deliver_record(&d->attempt);
    }
}

/* The limit on the download is not one on those that read. Thousands may wait for their turn: what
 * only brought the body here is not kept for it. */
static struct future *start_delivery(struct download *d)
{
    struct future *turn;

    err_unref(timeout_reschedule(&d->deadline, -1));
    phase_enter(d->job, PHASE_TURN);
    turn = deliver_body(&d->attempt);
    attempt_shed(&d->attempt);
    sink_free(d->attempt.sink);
    d->attempt.sink = NULL;
    return turn;
}

/* As with a commit, what counts is its own end. */
static void take_delivery(struct download *d)
{
    if (d->wait) {
        err_unref(d->error);
        d->error = future_error(d->wait);
    }
}

/* For those who draw it: what was still to be written, then the rest. */
static void draw_commit(struct download *d)
{
    const struct committed *c = NULL;
    const double now = loop_time(d->job->session->env.loop);
    struct span span = {
        SPAN_COMMIT, .begin = d->job->step_since, .end = now, .lane = d->attempt.lane};

    if (!span.lane) {
        return;
    }
    if (d->settled && !future_result(d->wait, (void **)&c) &&
        c->settle_seconds < now - d->job->step_since) {
        span.kind = SPAN_WRITE;
        span.end = now - c->settle_seconds;
        spans_add(d->job->record.spans, &span);
        span.kind = SPAN_COMMIT;
        span.begin = span.end;
        span.end = now;
    }
    spans_add(d->job->record.spans, &span);
    attempt_leave_lane(&d->attempt);
}

static void end_commit(struct download *d)
{
    d->job->session->committing--;
    slot_release(&d->job->slot);
    take_commit(d);
    draw_commit(d);
}

static void record_end(struct download *d)
{
    struct job *job = d->job;
    struct record *rec = &job->record;

    rec->finished = now_realtime();
    rec->timing.total = loop_time(job->session->env.loop) - d->retry.since;
    if (d->verdict == ATTEMPT_UNCHANGED) {
        rec->state = RECORD_UNCHANGED;
        rec->size = job->probe.size;
    } else if (job->session->options->head && !d->error) {
        rec->state = RECORD_FINISHED;
        rec->size = transfer_reply(d->attempt.transfer)->content_length;
    }
}

static struct err *leave_deadline(struct download *d)
{
    struct err *error = d->timed ? timeout_exit(&d->deadline, d->error) : d->error;

    if (d->timed && err_is(error, ERR_TIMEOUT) && timeout_expired(&d->deadline)) {
        err_unref(error);
        error = err_new(
            ERR_TIMEOUT, NULL, "not done within %g s (--task-timeout)", d->job->task_timeout);
    }
    return error;
}

static enum co_state finish(struct download *d)
{
    deliver_end(&d->attempt);
    record_end(d);
    struct err *error = leave_deadline(d);
    d->error = NULL;
    return error ? co_fail(&d->co, error) : co_return(&d->co, NULL, NULL);
}

/* -- the coroutine ------------------------------------------------------------------------- */

/* One await whose error is the download's. */
#define AWAIT_STEP(d_, future_)                                                                    \
    do {                                                                                           \
        (d_)->error = expect((d_), (future_));                                                     \
        if (!(d_)->error) {                                                                        \
            CO_AWAIT(&(d_)->co, (d_)->wait);                                                       \
            (d_)->error = err_ref(status);                                                         \
        }                                                                                          \
    } while (0)

static enum co_state download_step(void *frame, struct err *status)
{
    struct download *d = frame;
    struct job *job = d->job;
    struct future *gate;

    CO_BEGIN(&d->co);
    d->error = begin(d);
    if (!d->error && prepare_wanted(job)) {
        AWAIT_STEP(d, prepare_start(&d->attempt));
    }
    if (!d->error && !job->kept) {
        d->error = equip(d);
    }
    while (!d->error && !job->kept) {
        if (slot_idle(&job->slot)) {
            AWAIT_STEP(d, ask_for_slot(d));
            job->slot_wait = NULL;
        }
        while (!d->error && deliver_gate(job, &gate)) {
            AWAIT_STEP(d, gate);
        }
        if (!d->error && slot_refused(&job->slot)) {
            refuse(d);
        } else if (!d->error && !(d->error = attempt_start(&d->attempt))) {
            CO_AWAIT(&d->co, d->attempt.transfer);
            status = attempt_status(&d->attempt, status);
            d->verdict = attempt_judge(&d->attempt, status, &d->error);
        } else {
            break;
        }
        give_slot_back(d);
        status = NULL;
        if (follow(d)) {
            CO_AWAIT(&d->co, d->wait);
        }
        conclude(d, status);
        give_slot_back(d);
        if (over(d)) {
            break;
        }
        if (d->delay > 0) {
            AWAIT_STEP(d, aio_sleep(job->session->env.loop, d->delay));
        }
    }
    if (d->error || d->verdict == ATTEMPT_ASIDE) {
        slot_release(&job->slot);
        job->best = d->attempt.mirror;
    } else if (d->verdict == ATTEMPT_DONE && d->attempt.sink) {
        AWAIT_STEP(d, start_commit(d));
        end_commit(d);
        if (!d->error && d->attempt.body) {
            AWAIT_STEP(d, start_delivery(d));
            take_delivery(d);
        }
    }
    if (d->attempt.sink && !d->settled && !expect(d, sink_close(d->attempt.sink, !job->rival))) {
        CO_AWAIT(&d->co, d->wait);
    }
    return finish(d);
    CO_END(&d->co);
}

struct task *download_task(struct job *job)
{
    struct task *task = task_new(job->session->env.loop, download_step, sizeof(struct download),
        download_drop, url_public(job_url(job)));

    if (task) {
        struct download *d = task_frame(task);
        d->job = job;
        attempt_init(&d->attempt, job);
    }
    return task;
}
