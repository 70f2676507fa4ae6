/* SPDX-License-Identifier: MIT */
/*
 * The run: its main task, its end, and the account of it.
 *
 * Invariant: every entry read is a job in `jobs` until its one record was given; the main task ends
 * when the list is over (read to its end, or not read on) and `jobs` is empty.
 */
#include "fetch/session.h"

#include "aio/timeout.h"
#include "base/alloc.h"
#include "fetch/destination.h"
#include "fetch/session_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct running {
    struct co co;
    struct session *s;   /* borrowed */
    struct future *wait; /* owned */
    struct timeout deadline;
    bool timed;
    struct err *error; /* owned */
};

/* -- life ---------------------------------------------------------------------------------- */

struct err *session_new(const struct session_env *env, const struct session_options *options,
    struct async_iter *entries, const struct record_consumer *consumer, struct session **out)
{
    struct session *s = mem_new(sizeof *s);
    struct err *error = NULL;

    *out = NULL;
    if (!s) {
        async_iter_close(entries);
        return err_plain(ERR_NOMEM);
    }
    s->env = *env;
    s->options = options;
    s->consumer = *consumer;
    s->entries = entries;
    list_init(&s->jobs);
    error = template_parse(options->output ? options->output : "{name}", &s->template);
    if (!error && options->hash) {
        error = digest_parse_algo(options->hash, &s->hash);
    }
    if (!error && (!(s->targets = targets_new()) || !(s->over = future_new(env->loop)))) {
        error = err_plain(ERR_NOMEM);
    }
    if (error) {
        session_free(s);
        return error;
    }
    *out = s;
    return NULL;
}

void session_free(struct session *s)
{
    if (!s) {
        return;
    }
    async_iter_close(s->entries);
    template_free(s->template);
    targets_free(s->targets);
    task_unref(s->reader);
    future_unref(s->over);
    err_unref(s->local);
    entry_free(s->late);
    free(s->first_auth_host);
    free(s);
}

const struct session_totals *session_totals(const struct session *s)
{
    return &s->totals;
}

static void cancel_waiting(struct session *s);

/* -- ends ---------------------------------------------------------------------------------- */

static void complete(struct future *f)
{
    if (f && !future_done(f)) {
        err_unref(future_set_result(f, NULL, NULL));
    }
}

/* The run is over when nothing more is read and every job has its record. */
static void check_over(struct session *s)
{
    if (!s->live) {
        complete(s->idle);
    }
    if (s->stop != STOP_NONE || (!s->live && !s->reader)) {
        complete(s->over);
    }
}

void session__stop(struct session *s, enum session_stop why)
{
    if (s->stop == STOP_NONE) {
        s->stop = why;
    }
    check_over(s);
}

void session__fail_local(struct session *s, struct err *e)
{
    if (s->local) {
        err_unref(e);
    } else {
        s->local = e;
    }
    session__stop(s, STOP_LOCAL);
}

bool session__fails_everywhere(const struct session *s, const struct job *job, const struct err *e)
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

void session__reader_ended(struct session *s, struct err *error)
{
    task_unref(s->reader);
    s->reader = NULL;
    if (error && !err_is(error, ERR_CANCELLED)) {
        session__fail_local(s, error);
    } else {
        err_unref(error);
    }
    if (s->draining) {
        cancel_waiting(s);
    }
    complete(s->idle);
    check_over(s);
}

/* -- records ------------------------------------------------------------------------------- */

static enum record_state state_of_error(const struct session *s, const struct err *e)
{
    if (!err_is(e, ERR_CANCELLED)) {
        return RECORD_FAILED;
    }
    return s->options->mode == AWAIT_WAIT && s->stop != STOP_CANCELLED && s->stop != STOP_LOCAL &&
                   s->stop != STOP_FAIL_FAST && !s->draining
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
    struct record *r = job->record;
    struct err *error;

    if (job->path && !r->path && record_ok(r)) {
        r->path = destination_shown(s, job->path);
    }
    count(s, r);
    r->key = job->key;
    r->entry = job->entry;
    r->target = job->path;
    error = s->consumer.on_record(s->consumer.arg, r);
    if (error) {
        session__fail_local(s, error);
    }
    check_condition(s, r);
}

/* The outcome of the entry that was waited for is the outcome of those that waited. */
static void share_end(struct session *s, const struct record *first, struct list *same)
{
    struct list *node;

    while ((node = list_pop(same))) {
        struct job *job = container_of(node, struct job, same);
        if (first->error) {
            session__job_end(s, job, err_ref(first->error));
            continue;
        }
        job->record->state = RECORD_SKIPPED;
        job->record->reason = "duplicate";
        job->record->duplicate_of = first->index;
        job->record->size = first->size;
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
        share_end(s, job->record, &same);
    } else if (!session__reading(s)) {
        target_scatter(s, job, &same);
        cancel_same(s, &same);
    } else if ((next = target_pass(s, job))) {
        session__enqueue(s, next);
    }
}

void session__job_end(struct session *s, struct job *job, struct err *error)
{
    struct record *r = job->record;

    if (error) {
        r->state = state_of_error(s, error);
        r->error = err_is(error, ERR_CANCELLED) ? reason_of_cancel(s, error) : error;
    }
    if (job->phase == JOB_RUNNING) {
        s->totals.running--;
    }
    tell(s, job);
    if (error && session__fails_everywhere(s, job, r->error)) {
        session__fail_local(s, err_ref(r->error));
    }
    list_remove(&job->node);
    s->live--;
    leave_target(s, job);
    job_free(job);
    if (s->live < s->options->look_ahead) {
        complete(s->room);
    }
    check_over(s);
}

/* -- the main task ------------------------------------------------------------------------- */

static void end_reading(struct session *s)
{
    /* a look at the disk borrows the reader's frame: it is waited for, then the reader sees that
     * the run is over */
    if (s->reader && !(s->looking && *s->looking)) {
        task_cancel(s->reader);
    }
}

/* Jobs without a task have their records now, but for those that the reader holds in its hands. */
static void cancel_waiting(struct session *s)
{
    struct list ending;

    list_init(&ending);
    list_for_each_safe (node, &s->jobs) {
        const struct job *job = container_of(node, struct job, node);
        if (!job->task && (job->phase != JOB_READ || !s->reader)) {
            list_remove(node);
            list_push(&ending, node);
        }
    }
    while (!list_empty(&ending)) { /* one may end others with it */
        session__job_end(s, container_of(ending.next, struct job, node),
            err_plain(ERR_CANCELLED));
    }
}

static void cancel_running(struct session *s)
{
    list_for_each (node, &s->jobs) {
        struct job *job = container_of(node, struct job, node);
        if (job->task && !job->cancelled) {
            job->cancelled = true;
            task_cancel(job->task);
        }
    }
}

static void running_drop(void *frame)
{
    struct running *r = frame;

    future_unref(r->wait);
    err_unref(r->error);
    r->s->idle = NULL;
}

static void note_stop(struct running *r)
{
    struct session *s = r->s;

    if (err_is(r->error, ERR_TIMEOUT)) {
        s->stop = s->stop == STOP_NONE ? STOP_TIMEOUT : s->stop;
    } else if (r->error) {
        s->stop = s->stop == STOP_NONE ? STOP_CANCELLED : s->stop;
    }
}

static struct err *begin(struct running *r)
{
    struct session *s = r->s;
    struct loop *l = s->env.loop;
    const double timeout = s->options->timeout;
    struct err *error =
        timeout_enter(&r->deadline, r->co.task, timeout > 0 ? loop_time(l) + timeout : -1);

    r->timed = !error;
    return error ? error : session__start_reader(s);
}

static enum co_state run_step(void *frame, struct err *status)
{
    struct running *r = frame;
    struct session *s = r->s;

    CO_BEGIN(&r->co);
    r->error = begin(r);
    if (!r->error) {
        CO_AWAIT(&r->co, s->over);
        r->error = err_ref(status);
    }
    if (r->timed) {
        r->error = timeout_exit(&r->deadline, r->error);
    }
    note_stop(r);
    /* Cancelled is not finished: whoever is under way is waited for, whatever else arrives. */
    while (s->live || s->reader) {
        end_reading(s);
        cancel_running(s);
        cancel_waiting(s);
        if (!s->live && !s->reader) {
            break;
        }
        future_unref(r->wait);
        r->wait = s->idle = future_new(s->env.loop);
        if (!r->wait) {
            return co_fail(&r->co, err_plain(ERR_NOMEM));
        }
        CO_AWAIT(&r->co, r->wait);
    }
    if (!r->error && s->local) {
        r->error = err_ref(s->local);
    }
    if (r->error) {
        struct err *error = r->error;
        r->error = NULL;
        return co_fail(&r->co, error);
    }
    CO_END(&r->co);
}

struct task *session_task(struct session *s)
{
    struct task *task =
        task_new(s->env.loop, run_step, sizeof(struct running), running_drop, "run");

    if (task) {
        ((struct running *)task_frame(task))->s = s;
    }
    return task;
}

void session_drain(struct session *s)
{
    s->draining = true;
    end_reading(s);
    cancel_waiting(s);
    check_over(s);
}

/* -- the standing -------------------------------------------------------------------------- */

int session_exit(const struct session *s)
{
    const bool first_one = s->options->mode == AWAIT_WAIT;

    if (s->stop == STOP_LOCAL) {
        return 3;
    }
    if (first_one && s->options->return_when == WAIT_FIRST_SUCCESS && s->any_success) {
        return 0;
    }
    if (s->stop == STOP_TIMEOUT) {
        return 124;
    }
    return s->any_failed ? 1 : 0;
}

void session_each_download(const struct session *s,
    void (*fn)(const struct session_download *d, void *arg), void *arg)
{
    list_for_each (node, &s->jobs) {
        const struct job *job = container_of(node, struct job, node);
        if (job->phase == JOB_RUNNING) {
            const struct session_download d = {
                .index = job->record->index,
                .url = url_public(job_url(job)),
                .path = job->path,
                .phase = job->step,
                .received = job->have,
                .total = job->total,
            };
            fn(&d, arg);
        }
    }
}
