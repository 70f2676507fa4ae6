/* SPDX-License-Identifier: MIT */
/*
 * The main task of a run:
 *
 *   [ --checksums URL ] -> [ --queue: connected ] -> the session -> [ the queue has all records ]
 *     -> journal and failures -> the last body, the archive's end -> the last records -> the last
 * events
 */
#include "aio/runner.h"
#include "aio/timeout.h"
#include "cli/app_private.h"
#include "cli/bodies.h"
#include "cli/events.h"
#include "cli/grace.h"
#include "cli/ledger.h"
#include "cli/queued.h"
#include "cli/records.h"
#include "cli/report.h"
#include "cli/sums.h"

enum { FINISH_AFTER_SIGNAL = 1, QUEUE_AFTER_SIGNAL = 2 }; /* seconds */

struct main_frame {
    struct co co;
    struct app *app;          /* borrowed */
    struct future *queued;    /* owned */
    struct future *sums;      /* owned */
    struct task *session;     /* owned */
    struct future *finishing; /* owned */
    struct err *error;        /* owned */
};

static void main_drop(void *frame)
{
    struct main_frame *m = frame;

    future_unref(m->queued);
    future_unref(m->sums);
    task_unref(m->session);
    future_unref(m->finishing);
    err_unref(m->error);
}

/* After a signal, or --timeout, who takes nothing more is not waited for long (bound: finishing is
 * taken over). */
static bool is_in_haste(const struct app *app)
{
    return runner_signal(app->runner) || session_exit(app->session) == STATUS_TIMEOUT;
}

/* What comes before the session is a part of the run, too (f is taken over). */
static struct future *in_time(const struct app *app, struct future *f)
{
    const double left = session_time_left(app->session);
    struct future *bounded;

    if (!f || left < 0) {
        return f;
    }
    bounded = wait_for(f, left);
    future_unref(f);
    return bounded;
}

static bool was_too_late(struct app *app, const struct err *status)
{
    const bool over = err_is(status, ERR_TIMEOUT) && session_time_left(app->session) == 0;

    if (over) {
        session_time_out(app->session);
    }
    return over;
}

static struct future *bound(const struct app *app, struct future *finishing)
{
    struct future *bounded;

    if (!finishing || !is_in_haste(app)) {
        return finishing;
    }
    bounded = wait_for(finishing, FINISH_AFTER_SIGNAL);
    future_unref(finishing);
    return bounded;
}

/* What the next run would need, or an archive, could not be kept. */
static void note_failed(struct main_frame *m, struct err *status)
{
    if (status && !err_is(status, ERR_CANCELLED) && !err_is(status, ERR_TIMEOUT)) {
        if (!m->app->output_failed) { /* else it was said */
            report_note(m->app->report, err_message(status));
        }
        m->app->output_failed = true;
    }
}

/* The digests are here, or not: then nothing is downloaded. */
static struct err *take_sums(struct main_frame *m, struct err *status)
{
    struct app *app = m->app;

    if (status) {
        app->refused = err_is(status, ERR_USAGE);
        was_too_late(app, status);
        return err_ref(status);
    }
    app->checksums = future_take(m->sums);
    session_expect(app->session, app->checksums);
    return NULL;
}

static bool start_queue(struct main_frame *m)
{
    if (m->app->queued) {
        m->queued = in_time(m->app, queued_start(m->app->queued));
        m->error = m->queued ? NULL : err_plain(ERR_NOMEM);
    }
    return m->queued;
}

/* The queue is there, or not: then nothing is downloaded. */
static void take_queue(struct main_frame *m, struct err *status)
{
    m->error = err_ref(status);
    m->app->refused = status && !err_is(status, ERR_CANCELLED) && !was_too_late(m->app, status);
}

/* What is not written when the time is over comes again. */
static bool leave_queue(struct main_frame *m)
{
    struct app *app = m->app;

    future_unref(m->queued);
    m->queued = app->queued ? grace(runner_loop(app->runner), queued_finish(app->queued),
                                  is_in_haste(app), QUEUE_AFTER_SIGNAL)
                            : NULL;
    return m->queued;
}

static bool begin_session(struct main_frame *m)
{
    if (!m->error) {
        m->session = session_task(m->app->session);
        m->error = m->session ? NULL : err_plain(ERR_NOMEM);
    }
    return m->session;
}

static bool sums_wanted(const struct app *app)
{
    return app->options->checksums && !app->checksums;
}

static enum co_state main_step(void *frame, struct err *status)
{
    struct main_frame *m = frame;
    struct app *app = m->app;
    struct err *error;

    CO_BEGIN(&m->co);
    session_start_clock(app->session);
    if (sums_wanted(app)) {
        m->sums = in_time(
            app, sums_fetch(runner_loop(app->runner), app->session, app->options->checksums));
        if (!m->sums) {
            return co_fail(&m->co, err_plain(ERR_NOMEM));
        }
        CO_AWAIT(&m->co, m->sums);
        error = take_sums(m, status);
        if (error) {
            return co_fail(&m->co, error);
        }
    }
    if (start_queue(m)) {
        CO_AWAIT(&m->co, m->queued);
        take_queue(m, status);
    }
    if (begin_session(m)) {
        CO_AWAIT(&m->co, task_future(m->session));
        m->error = err_ref(status);
    }
    report_progress_stop(app->report);
    if (app->queued) {
        CO_AWAIT(&m->co, NULL); /* a cancellation on its way is not to meet what comes now */
        m->error = m->error ? m->error : err_ref(status);
    }
    if (leave_queue(m)) {
        CO_AWAIT(&m->co, m->queued);
        note_failed(m, status);
    }
    m->finishing = ledger_finish(app->ledger, app->session, app->entries);
    if (m->finishing) {
        CO_AWAIT(&m->co, m->finishing);
        note_failed(m, status);
        future_unref(m->finishing);
    }
    m->finishing = bound(app, bodies_finish(app->bodies, app->session, m->error));
    if (m->finishing) {
        CO_AWAIT(&m->co, m->finishing);
        note_failed(m, status);
        future_unref(m->finishing);
    }
    m->finishing = bound(app, records_finish(app->records));
    if (m->finishing) {
        CO_AWAIT(&m->co, m->finishing);
        future_unref(m->finishing);
    }
    m->finishing = events_finish(app->events);
    if (m->finishing) {
        CO_AWAIT(&m->co, m->finishing);
    }
    return m->error ? co_fail(&m->co, err_ref(m->error)) : co_return(&m->co, NULL, NULL);
    CO_END(&m->co);
}

struct task *app__main_task(struct app *app)
{
    struct task *task =
        task_new(runner_loop(app->runner), main_step, sizeof(struct main_frame), main_drop, "main");

    if (task) {
        ((struct main_frame *)task_frame(task))->app = app;
    }
    return task;
}
