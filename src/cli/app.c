/* SPDX-License-Identifier: MIT */
/*
 * Everything a run needs is made here from the bottom up, and ended in the opposite order:
 *
 *   runner (loop, executor) > report > records > ledger > store > loops > hosts > session
 *
 * The main task awaits the session and then the last records; signals, a closed standard output and
 * --timeout all end it by cancelling.
 */
#include "cli/app.h"

#include "aio/runner.h"
#include "base/alloc.h"
#include "cli/app_private.h"
#include "cli/bodies.h"
#include "cli/commands.h"
#include "cli/events.h"
#include "cli/input.h"
#include "cli/ledger.h"
#include "cli/limits.h"
#include "cli/queued.h"
#include "cli/records.h"
#include "cli/report.h"
#include "cli/sandbox.h"
#include "cli/sums.h"
#include "cli/tasklist.h"
#include "net/loops.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { PROGRESS_EVERY = 5 }; /* seconds */

static void say_error(struct err *e)
{
    report_early(NULL, err_message(e));
}

static void warn(void *arg, const char *text)
{
    struct app *app = arg;

    report_note(app->report, text);
}

/* -- what happens meanwhile ---------------------------------------------------------------- */

static void cancel_main(struct app *app)
{
    if (app->main) {
        task_cancel(app->main);
    }
}

static void on_output_closed(void *arg)
{
    struct app *app = arg;

    app->closed = true;
    cancel_main(app);
}

static void on_output_failed(void *arg, struct err *e)
{
    struct app *app = arg;

    app->output_failed = true;
    report_note(app->report, err_message(e));
    cancel_main(app);
}

static void on_pressure(void *arg, bool over)
{
    struct app *app = arg;

    loops_hold(app->loops, over);
}

/* --on-interrupt drain: the first signal only stops what would start. */
static struct err *on_signal(void *arg, int signo)
{
    struct app *app = arg;

    (void)signo;
    report_note(app->report, "finishing the running downloads; once more ends at once");
    report_progress_may_end(app->report);
    session_drain(app->session);
    return NULL;
}

static struct err *on_list_tasks(void *arg)
{
    struct app *app = arg;

    tasklist_write(runner_loop(app->runner), app->session, app->report);
    return NULL;
}

/* -- set-up -------------------------------------------------------------------------------- */

static struct err *open_output(struct app *app)
{
    struct loop *l = runner_loop(app->runner);
    const struct output_options *o = &app->options->output;
    const struct records_events events = {on_output_closed, on_output_failed, app};
    struct err *error = report_new(l, STDERR_FILENO, o, &app->report);

    if (!error) {
        error = ledger_open(app->options, &app->ledger);
    }
    if (!error) {
        error = events_open(app->options->events, &app->events);
    }
    if (!error) {
        error = bodies_open(app->options, &app->bodies);
    }
    if (!error) {
        error = records_new(l, o, &events, &app->records);
    }
    if (!error) {
        records_set_report(app->records, app->report);
    }
    return error;
}

/* What lies between the loops is a part of what may be in memory. */
static struct err *open_store(struct app *app)
{
    struct options *o = app->options;
    struct store_options store = o->store;

    o->net.between = loops_between(o->net.loops, store.buffer);
    store.buffer -= o->net.between;
    return store_new(runner_loop(app->runner), runner_executor(app->runner), &store, &app->store);
}

static struct err *open_session(struct app *app)
{
    struct options *o = app->options;
    struct session_env env = {
        .loop = runner_loop(app->runner),
        .executor = runner_executor(app->runner),
        .net = &o->net,
        .warn = warn,
        .warn_arg = app,
    };
    const struct queued_events queue = {warn, on_output_failed, app};
    const struct line_events line = {on_output_closed, on_output_failed, app};
    struct record_consumer consumer = records_consumer(app->records);
    struct err *error = open_store(app);

    if (!error) {
        error = bodies_start(app->bodies, app->store, env.executor, &line, &env.line);
    }
    if (!error) {
        store_on_pressure(app->store, on_pressure, app);
        error = loops_new(env.loop, &o->net, &app->loops);
    }
    if (!error && !(app->hosts = hosts_new(env.loop, &o->hosts))) {
        error = err_plain(ERR_NOMEM);
    }
    if (!error && o->queue.from) {
        error = queued_open(env.loop, env.executor, o, &queue, &app->queued, &app->entries);
    } else if (!error) {
        error = input_open(env.loop, env.executor, &o->input, warn, app, &app->entries);
    }
    if (error) {
        return error;
    }
    env.loops = app->loops;
    env.hosts = app->hosts;
    env.store = app->store;
    env.journal = ledger_journal(app->ledger);
    env.checksums = app->checksums;
    env.forkserver = commands_forkserver(app->commands);
    consumer = ledger_consumer(app->ledger, &consumer);
    if (app->queued) {
        consumer = queued_consumer(app->queued, &consumer);
    }
    error = session_new(&env, &o->session, app->entries, &consumer, &app->session);
    if (!error && o->output.verbose) {
        report_retries(app->report, app->session);
    }
    return error ? error : events_start(app->events, env.loop, app->session, warn, app);
}

static struct err *open_signals(struct app *app)
{
    struct err *error = runner_handle_signal(app->runner, SIGTERM);

    if (!error) {
        error = runner_handle_signal(app->runner, SIGHUP);
    }
    if (!error && app->options->drain) {
        runner_on_signal(app->runner, on_signal, app);
    }
    if (!error) {
        error = loop_add_signal(runner_loop(app->runner), SIGUSR1, on_list_tasks, app);
    }
    return error;
}

static struct err *open_checksums(struct app *app)
{
    const char *where = app->options->checksums;

    return where && !sums_is_url(where) ? sums_read(where, &app->checksums) : NULL;
}

/* Last of all: what is open now stays so. A thread that is there already would be left out. */
static void confine(struct app *app)
{
    struct buf say = BUF_INIT;
    int dirs[LEDGER_DIRS + 1];

    assert(executor_threads(runner_executor(app->runner)) == 0);
    ledger_dirs(app->ledger, dirs);
    dirs[LEDGER_DIRS] = bodies_dir(app->bodies);
    sandbox_confine(app->options, dirs, LEDGER_DIRS + 1, &say);
    if (app->options->output.verbose && !buf_failed(&say)) {
        report_note(app->report, say.data);
    }
    buf_fini(&say);
}

static struct err *open_all(struct app *app, const struct trace *trace)
{
    struct options *o = app->options;
    struct err *error = commands_open(o, &app->commands);

    if (error) {
        return error;
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    error = limits_apply(o, report_early, NULL);
    if (error) {
        return error;
    }
    app->runner = runner_new(o->executor_threads, trace);
    if (!app->runner) {
        return err_new(ERR_NOMEM, NULL, "cannot start: no memory or no descriptors");
    }
    loop_set_debug(runner_loop(app->runner), o->debug);
    error = open_checksums(app);
    if (!error) {
        error = open_output(app);
    }
    if (!error) {
        error = commands_attach(app->commands, runner_loop(app->runner), app->report);
    }
    if (!error) {
        error = open_session(app);
    }
    if (!error) {
        error = open_signals(app);
    }
    if (!error) {
        confine(app);
        ledger_start(app->ledger, runner_loop(app->runner), runner_executor(app->runner),
            on_output_failed, app); /* it writes at once, in a thread */
    }
    return error;
}

static struct err *close_all(struct app *app)
{
    struct err *error = loops_close(app->loops);

    session_free(app->session);
    queued_free(app->queued);
    hosts_free(app->hosts);
    loops_free(app->loops);
    bodies_free(app->bodies);
    store_free(app->store);
    events_free(app->events);
    ledger_free(app->ledger);
    checksums_free(app->checksums);
    records_free(app->records);
    commands_free(app->commands);
    report_free(app->report);
    runner_free(app->runner);
    return error;
}

/* -- the end ------------------------------------------------------------------------------- */

/* cli.md, Exit status: the first that applies. */
static struct app_end end_of(const struct app *app)
{
    const int signo = runner_signal(app->runner);

    if (signo) {
        return (struct app_end){.signal = signo};
    }
    if (app->refused) {
        return (struct app_end){.status = STATUS_USAGE};
    }
    if (app->output_failed) {
        return (struct app_end){.status = STATUS_LOCAL};
    }
    const int status = session_exit(app->session);
    if (app->closed && status != STATUS_LOCAL) {
        return (struct app_end){.status = STATUS_CLOSED};
    }
    return (struct app_end){.status = status};
}

static struct err *run(struct app *app)
{
    struct loop *l = runner_loop(app->runner);
    struct task *task = app__main_task(app);
    const double started = loop_time(l);
    struct err *error;

    if (!task) {
        return err_plain(ERR_NOMEM);
    }
    app->main = task;
    const struct progress_source source = {session_totals(app->session), app->session, app->hosts};
    error = report_progress_start(app->report, &source, PROGRESS_EVERY);
    if (error) {
        task_unref(task);
        return error;
    }
    error = runner_run(app->runner, task, NULL);
    app->main = NULL;
    commands_flush(app->commands);
    bodies_report(app->bodies, app->report);
    if (session_totals(app->session)->input_ended && session_totals(app->session)->entries == 0) {
        report_note(app->report, "there was nothing to download: the list is empty");
    }
    if (!app->closed && !app->refused) {
        report_summary(app->report, session_totals(app->session), loop_time(l) - started);
    }
    return error;
}

/* Trouble that has no record of its own is said. */
static bool worth_saying(const struct err *e)
{
    return e && !err_is(e, ERR_CANCELLED) && !err_is(e, ERR_TIMEOUT);
}

struct app_end app_run(struct options *options, const struct trace *trace)
{
    struct app app = {.options = options};
    struct app_end end = {.status = STATUS_USAGE};
    struct err *error = open_all(&app, trace);

    if (error) {
        end.status =
            err_is(error, ERR_USAGE) || err_is(error, ERR_INPUT) ? STATUS_USAGE : STATUS_LOCAL;
        say_error(error);
        err_unref(error);
        err_unref(close_all(&app));
        return end;
    }
    error = run(&app);
    end = end_of(&app);
    if (worth_saying(error) && !app.closed) {
        report_note(app.report, err_message(error));
        end.status = end.signal || app.refused ? end.status : STATUS_LOCAL;
    }
    err_unref(error);
    error = app.refused ? NULL : ledger_write(app.ledger);
    if (error) {
        report_note(app.report, err_message(error));
        err_unref(error);
        end.status = STATUS_LOCAL;
    }
    error = close_all(&app);
    if (error) { /* the cookie jar */
        say_error(error);
        err_unref(error);
        end.status = end.status == 0 ? STATUS_LOCAL : end.status;
    }
    return end;
}
