/* SPDX-License-Identifier: MIT */
/*
 * The end of a job: its record, what that means for the run, and for those with the same target.
 */
#include "base/alloc.h"
#include "fetch/ahead.h"
#include "fetch/deliver.h"
#include "fetch/destination.h"
#include "fetch/session_private.h"

#include <errno.h>
#include <string.h>

static enum record_state state_of_error(const struct session *s, const struct err *e)
{
    if (!err_is(e, ERR_CANCELLED)) {
        return RECORD_FAILED;
    }
    return s->options->mode == AWAIT_WAIT && s->stop != STOP_CANCELLED && s->stop != STOP_LOCAL &&
                   s->stop != STOP_FAIL_FAST && s->stop != STOP_TORN && !s->draining
               ? RECORD_PENDING
               : RECORD_CANCELLED;
}

/* Why it was cancelled is what its record says. */
static struct err *reason_of_cancel(const struct session *s, struct err *e)
{
    struct err *why;

    switch (s->stop) {
    case STOP_TIMEOUT:
        why = err_new(ERR_TIMEOUT, NULL, "the run's --timeout expired");
        break;
    case STOP_FAIL_FAST:
        why = err_new(ERR_CANCELLED, NULL, "cancelled: another download failed (--fail-fast)");
        break;
    case STOP_CONDITION:
        why = err_new(ERR_CANCELLED, NULL, "cancelled: --return-when is satisfied");
        break;
    case STOP_TORN:
        why =
            err_new(ERR_CANCELLED, NULL, "cancelled: a body broke off, and nothing may follow it");
        break;
    case STOP_LOCAL:
        why = err_new(ERR_CANCELLED, NULL, "cancelled: the run cannot go on");
        break;
    default:
        return e;
    }
    err_unref(e);
    return why;
}

static void count(struct session *s, const struct record *r)
{
    struct session_totals *t = &s->totals;

    switch (r->state) {
    case RECORD_FINISHED:
        t->finished++;
        break;
    case RECORD_FAILED:
        t->failed++;
        s->any_failed = true;
        break;
    case RECORD_CANCELLED:
        t->cancelled++;
        break;
    case RECORD_PENDING:
        t->pending++;
        break;
    case RECORD_SKIPPED:
        t->skipped++;
        t->foreign += r->reason && strcmp(r->reason, "foreign") == 0;
        break;
    case RECORD_UNCHANGED:
        t->unchanged++;
        break;
    }
    s->any_success = s->any_success || record_ok(r);
}

static bool counts_as_done(const struct record *r)
{
    return r->state != RECORD_CANCELLED && r->state != RECORD_PENDING;
}

/* What a record means for the run. */
static void check_condition(struct session *s, const struct record *r)
{
    const struct session_options *o = s->options;
    const bool failed = r->state == RECORD_FAILED;

    if (failed && o->fail_fast) {
        session__stop(s, STOP_FAIL_FAST);
    }
    if (o->mode != AWAIT_WAIT || !counts_as_done(r)) {
        return;
    }
    if (o->return_when == WAIT_FIRST_COMPLETED ||
        (o->return_when == WAIT_FIRST_EXCEPTION && failed) ||
        (o->return_when == WAIT_FIRST_SUCCESS && record_ok(r))) {
        session__stop(s, STOP_CONDITION);
    }
}

static void tell(struct session *s, struct job *job)
{
    struct record *r = &job->record;
    struct err *error;

    if (job->path && !r->path && record_ok(r)) {
        r->path = destination_shown(s, job->path);
        if (!r->path) { /* who reads it is to know where the file is */
            session__fail_local(s, err_plain(ERR_NOMEM));
        }
    }
    count(s, r);
    r->key = job->key;
    r->entry = job->entry;
    r->target = job->path;
    phase_enter(job, PHASE_END);
    error = s->consumer.on_record(s->consumer.arg, r);
    if (error) {
        session__fail_local(s, error);
    }
    check_condition(s, r);
}

/* True for an error of the local side that would meet every entry (cli.md, Exit status). */
static bool fails_everywhere(const struct session *s, const struct job *job, const struct err *e)
{
    if (!err_is(e, ERR_IO)) {
        return false;
    }
    switch (err_errnum(e)) {
    case ENOSPC:
    case EDQUOT:
    case EROFS:
    case EIO:
        return true;
    case ENOENT:
    case EACCES:
    case EPERM:
        return job->path && !store_usable(s->env.store);
    default:
        return false;
    }
}

/* The outcome of the entry that was waited for is the outcome of those that waited. */
static void share_end(struct session *s, const struct record *first, struct list *same)
{
    struct list *node;

    while ((node = list_pop(same))) {
        struct job *job = container_of(node, struct job, same);
        if (first->error) { /* one that was cancelled has the run's reason, as each of them has */
            session__job_end(s, job,
                first->state == RECORD_FAILED ? err_ref(first->error) : err_plain(ERR_CANCELLED));
            continue;
        }
        job->record.state = RECORD_SKIPPED;
        job->record.reason = "duplicate";
        job->record.duplicate_of = first->index;
        job->record.path = mem_dup(first->path);
        job->record.size = first->size;
        session__job_end(s, job, NULL);
    }
}

static void cancel_same(struct session *s, struct list *same)
{
    struct list *node;

    while ((node = list_pop(same))) {
        session__job_end(s, container_of(node, struct job, same), err_plain(ERR_CANCELLED));
    }
}

/* Entries with one target share its end; under overwrite they follow one another. */
static void leave_target(struct session *s, struct job *job)
{
    struct list same;
    struct job *next;

    list_init(&same);
    if (job->phase == JOB_WAITING) {
        target_give_up(job);
    } else if (job->if_exists != IF_EXISTS_OVERWRITE) {
        target_scatter(s, job, &same);
        share_end(s, &job->record, &same);
    } else if (!session__reading(s)) {
        target_scatter(s, job, &same);
        cancel_same(s, &same);
    } else if ((next = target_pass(s, job))) {
        session__enqueue(s, next);
    }
}

void session__job_end(struct session *s, struct job *job, struct err *error)
{
    struct record *r = &job->record;

    if (error) {
        r->state = state_of_error(s, error);
        r->error = err_is(error, ERR_CANCELLED) ? reason_of_cancel(s, error) : error;
        r->reason = NULL; /* a file that is there, but its --exec did not end well */
    }
    if (job->phase == JOB_RUNNING) {
        s->totals.running--;
        list_remove(&job->run);
    }
    tell(s, job);
    if (error && fails_everywhere(s, job, r->error)) {
        session__fail_local(s, err_ref(r->error));
    }
    if (error && s->env.line && line_torn(s->env.line)) {
        session__stop(s, STOP_TORN);
    }
    list_remove(&job->node);
    s->live--;
    deliver_head(s);
    leave_target(s, job);
    job_free(job);
    if (s->ahead) {
        ahead_job_ended(s->ahead);
    }
    session__check_over(s);
}
