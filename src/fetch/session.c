/* SPDX-License-Identifier: MIT */
/*
 * The run: its main task, its end, and the account of it.
 *
 * Invariant: every entry read is a job in `jobs` until its one record was given; the main task ends
 * when the list is over (read to its end, or not read on) and `jobs` is empty.
 */
#include "fetch/session.h"

#include "aio/sem.h"
#include "aio/timeout.h"
#include "base/alloc.h"
#include "fetch/command.h"
#include "fetch/deliver.h"
#include "fetch/session_private.h"

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

static struct err *open_commands(struct session *s)
{
    struct err *error = command_parse(s->options->exec, &s->command);

    if (!error && !(s->commands = sem_new(s->env.loop, s->options->exec_jobs, true))) {
        error = err_plain(ERR_NOMEM);
    }
    return error;
}

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
    list_init(&s->running);
    list_init(&s->observers);
    error = template_parse(options->output ? options->output : "{name}", &s->template);
    if (!error && options->hash) {
        error = digest_parse_algo(options->hash, &s->hash);
    }
    if (!error && options->exec) {
        error = open_commands(s);
    }
    if (!error && options->spans && !(s->lanes = lanes_new())) {
        error = err_plain(ERR_NOMEM);
    }
    if (!error && (!(s->targets = targets_new()) || !(s->over = future_new(env->loop)))) {
        error = err_plain(ERR_NOMEM);
    }
    if (error) {
        session_free(s);
        return error;
    }
    deliver_init(s);
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
    command_free(s->command);
    sem_free(s->commands);
    targets_free(s->targets);
    lanes_free(s->lanes);
    task_unref(s->reader);
    future_unref(s->over);
    err_unref(s->local);
    entry_free(s->late);
    url_free(s->near);
    free(s->first_auth_host);
    free(s);
}

void session_observe(struct session *s, struct phase_observer *o)
{
    list_push(&s->observers, &o->node);
}

const struct session_totals *session_totals(const struct session *s)
{
    return &s->totals;
}

static void cancel_waiting(struct session *s);

/* -- ends ---------------------------------------------------------------------------------- */

void session__complete(struct future *f)
{
    if (f && !future_done(f)) {
        err_unref(future_set_result(f, NULL, NULL));
    }
}

/* The run is over when nothing more is read and every job has its record. */
void session__check_over(struct session *s)
{
    if (!s->live) {
        session__complete(s->idle);
    }
    if (s->stop != STOP_NONE || (!s->live && !s->reader)) {
        session__complete(s->over);
    }
}

void session__stop(struct session *s, enum session_stop why)
{
    if (s->stop == STOP_NONE) {
        s->stop = why;
    }
    if (s->env.line) {
        line_stop(s->env.line);
    }
    session__check_over(s);
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
    session__complete(s->idle);
    session__check_over(s);
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
        session__job_end(s, container_of(ending.next, struct job, node), err_plain(ERR_CANCELLED));
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

void session_start_clock(struct session *s)
{
    const double timeout = s->options->timeout;

    s->deadline = timeout > 0 ? loop_time(s->env.loop) + timeout : -1;
}

double session_time_left(const struct session *s)
{
    const double left = s->deadline - loop_time(s->env.loop);

    return s->deadline < 0 ? -1 : left > 0 ? left : 0;
}

void session_time_out(struct session *s)
{
    s->stop = s->stop == STOP_NONE ? STOP_TIMEOUT : s->stop;
}

static void note_stop(struct running *r)
{
    struct session *s = r->s;

    if (err_is(r->error, ERR_TIMEOUT)) {
        session_time_out(s);
    } else if (r->error) {
        s->stop = s->stop == STOP_NONE ? STOP_CANCELLED : s->stop;
    }
}

static struct err *begin(struct running *r)
{
    struct session *s = r->s;
    struct err *error;

    if (s->deadline == 0) {
        session_start_clock(s);
    }
    error = timeout_enter(&r->deadline, r->co.task, s->deadline);

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
        r->wait = s->idle = future_new(s->env.loop); /* no memory: looked at again in a turn */
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
    session__check_over(s);
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

unsigned session_peak(const struct session *s)
{
    return s->lanes ? lanes_peak(s->lanes) : 0;
}

void session_each_download(
    const struct session *s, void (*fn)(const struct session_download *d, void *arg), void *arg)
{
    list_for_each (node, &s->running) {
        const struct job *job = container_of(node, struct job, run);
        const struct session_download d = {
            .index = job->record.index,
            .url = url_public(job_url(job)),
            .path = job->path,
            .phase = job->step,
            .received = job->have,
            .total = job->total,
            .since = job->read_at + job->record.timing.queued,
        };
        fn(&d, arg);
    }
}
