/* SPDX-License-Identifier: MIT */
/*
 *   lists -> entries (cli/input) -> checked, as JSON -> batches (queue/filler) -> Redis
 *                                `-> bad: a record
 *
 * The main task waits whenever enough batches are on their way.
 */
#include "cli/enqueue.h"

#include "aio/runner.h"
#include "aio/timeout.h"
#include "base/alloc.h"
#include "cli/app_private.h"
#include "cli/grace.h"
#include "cli/input.h"
#include "cli/leftover.h"
#include "cli/records.h"
#include "cli/report.h"
#include "fetch/key.h"
#include "queue/filler.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FINISH_AFTER_SIGNAL = 2 }; /* seconds */

struct enqueue {
    const struct options *options; /* borrowed */
    struct redis_url url;          /* owned, as the rest */
    struct runner *runner;
    struct report *report;
    struct records *records;
    struct async_iter *entries;
    struct filler *filler;
    struct task *main; /* borrowed while it runs */
    struct buf json, key;
    uint64_t read, bad;
    const char *file; /* borrowed from the entries: where reading is */
    uint64_t line;
    bool refused; /* the queue could not be had: nothing was read */
    bool input_ended, closed, failed, timed_out;
};

static void warn(void *arg, const char *text)
{
    struct enqueue *q = arg;
    report_note(q->report, text);
}

static void on_closed(void *arg)
{
    struct enqueue *q = arg;
    q->closed = true;
    task_cancel(q->main);
}

static void on_failed(void *arg, struct err *e)
{
    struct enqueue *q = arg;
    q->failed = true;
    report_note(q->report, err_message(e));
    task_cancel(q->main);
}

/* -- an entry ------------------------------------------------------------------------------ */

static bool is_url_alone(const struct entry *e)
{
    return !e->urls[1] && !e->out && !e->dir && !e->checksum && !e->headers && !e->method &&
           !e->body && !e->referer && !e->user_agent && !e->user && !e->id && e->if_exists < 0 &&
           e->task_timeout < 0 && !e->nfields;
}

/* One field holds all; a URL alone stands for itself. */
static struct err *add(struct enqueue *q, const struct entry *e, const struct url *url)
{
    struct filling f = {.host = url_host(url), .field = "url", .value = e->urls[0]};
    struct err *error;

    buf_clear(&q->key);
    error = key_text(e, url, q->options->session.key, &q->key, &f.key, &f.key_len);
    if (error) {
        return error;
    }
    if (!is_url_alone(e)) {
        buf_clear(&q->json);
        leftover_json(e, NULL, &q->json);
        if (buf_failed(&q->json) || !q->json.len) {
            return err_plain(ERR_NOMEM);
        }
        q->json.data[q->json.len - 1] = '\0'; /* the newline */
        f.field = "json";
        f.value = q->json.data;
    }
    if (strlen(f.value) > FILLING_MOST) {
        return err_new(ERR_INPUT, NULL, "an entry of more than %d KiB", FILLING_MOST >> 10);
    }
    return filler_add(q->filler, &f);
}

/* Every mirror's URL has to be one. */
static struct err *take_good(struct enqueue *q, const struct entry *e)
{
    struct url *first = NULL;
    struct err *error = e->error ? err_ref(e->error) : NULL;

    for (size_t i = 0; !error && e->urls[i]; i++) {
        struct url *url = NULL;
        error = url_parse(e->urls[i], &url);
        if (i == 0) {
            first = url;
        } else {
            url_free(url);
        }
    }
    if (!error) {
        error = add(q, e, first);
    }
    url_free(first);
    return error;
}

/* error: owned. */
static struct err *tell_bad(struct enqueue *q, const struct entry *e, struct err *error)
{
    const struct record_consumer consumer = records_consumer(q->records);
    struct record *r = record_new();

    if (!r) {
        err_unref(error);
        return err_plain(ERR_NOMEM);
    }
    q->bad++;
    r->index = r->order = q->read;
    r->state = RECORD_FAILED;
    r->error = error;
    r->url = e->urls ? e->urls[0] : NULL;
    r->id = e->id;
    r->file = e->file;
    r->line = e->line;
    r->entry = e;
    error = consumer.on_record(consumer.arg, r);
    record_free(r);
    if (!error && q->options->session.fail_fast) {
        error = err_plain(ERR_CANCELLED);
    }
    return error;
}

/* Takes e over. */
static struct err *take(struct enqueue *q, struct entry *e)
{
    struct err *error;

    q->read++;
    q->file = e->file;
    q->line = e->line;
    error = take_good(q, e);
    if (err_is(error, ERR_INPUT) || err_is(error, ERR_POLICY)) {
        error = tell_bad(q, e, error);
    }
    entry_free(e);
    return error ? error : err_ref(filler_error(q->filler));
}

/* -- the main task ------------------------------------------------------------------------- */

struct filling_frame {
    struct co co;
    struct enqueue *q;   /* borrowed */
    struct future *wait; /* owned */
    struct err *error;   /* owned: the first */
    struct timeout deadline;
};

static void main_drop(void *frame)
{
    struct filling_frame *m = frame;

    future_unref(m->wait);
    err_unref(m->error);
}

static bool awaits(struct filling_frame *m, struct future *f)
{
    future_unref(m->wait);
    m->wait = f;
    return f != NULL;
}

static bool awaits_entry(struct filling_frame *m)
{
    bool there = awaits(m, async_iter_next(m->q->entries));

    if (!there) {
        m->error = err_plain(ERR_NOMEM);
    } else if (!future_done(m->wait)) {
        m->error = filler_flush(m->q->filler);
    }
    return !m->error;
}

/* What has to wait: records that are not out, batches that are not answered. NULL: nothing. */
static struct future *room(struct enqueue *q)
{
    const struct record_consumer consumer = records_consumer(q->records);
    struct future *ready = consumer.ready(consumer.arg);

    return ready ? ready : filler_ready(q->filler);
}

static struct err *take_next(struct filling_frame *m, struct err *status)
{
    if (err_is(status, ERR_STOP_ITERATION)) {
        m->q->input_ended = true;
        return NULL;
    }
    return status ? err_ref(status) : take(m->q, future_take(m->wait));
}

/* What takes nothing more, Redis or who reads the records, is not waited for long. */
static struct future *finish(struct enqueue *q, struct future *ending)
{
    const bool hasty = runner_signal(q->runner) || q->timed_out || q->closed;

    return grace(runner_loop(q->runner), ending, hasty, FINISH_AFTER_SIGNAL);
}

static void note_end(struct filling_frame *m, struct err *status)
{
    if (status && (!m->error || err_is(m->error, ERR_CANCELLED))) {
        err_unref(m->error);
        m->error = err_is(status, ERR_TIMEOUT) || err_is(status, ERR_CANCELLED)
                       ? err_new(ERR_IO, NULL, "the rest could not be written to Redis")
                       : err_ref(status);
    }
}

static enum co_state main_step(void *frame, struct err *status)
{
    struct filling_frame *m = frame;
    struct enqueue *q = m->q;
    const double limit = q->options->session.timeout;

    CO_BEGIN(&m->co);
    if (!awaits(m, filler_start(q->filler))) {
        return co_fail(&m->co, err_plain(ERR_NOMEM));
    }
    CO_AWAIT(&m->co, m->wait);
    if (status) {
        q->refused = !err_is(status, ERR_CANCELLED);
        return co_fail(&m->co, err_ref(status));
    }
    m->error = timeout_enter(
        &m->deadline, m->co.task, limit > 0 ? loop_time(task_loop(m->co.task)) + limit : -1);
    while (!m->error && !q->input_ended && awaits_entry(m)) {
        CO_AWAIT(&m->co, m->wait);
        m->error = take_next(m, status);
        if (!m->error && awaits(m, room(q))) {
            CO_AWAIT(&m->co, m->wait);
            m->error = err_ref(status);
        }
    }
    CO_AWAIT(&m->co, NULL); /* a cancellation on its way is not to meet what comes now */
    m->error = m->error ? m->error : err_ref(status);
    m->error = timeout_exit(&m->deadline, m->error);
    q->timed_out = timeout_expired(&m->deadline) && err_is(m->error, ERR_TIMEOUT);
    if (awaits(m, finish(q, filler_finish(q->filler)))) {
        CO_AWAIT(&m->co, m->wait);
        note_end(m, status);
    }
    if (awaits(m, finish(q, records_finish(q->records)))) {
        CO_AWAIT(&m->co, m->wait);
    }
    if (m->error) {
        return co_fail(&m->co, err_ref(m->error));
    }
    CO_END(&m->co);
}

/* -- life ---------------------------------------------------------------------------------- */

static struct err *open_filler(struct enqueue *q)
{
    const struct options *o = q->options;
    const struct filler_options options = {
        .url = &q->url,
        .unique = o->queue.unique,
        .partitions = o->queue.partitions,
        .connect_timeout = o->net.connect_timeout,
        .note = warn,
        .arg = q,
    };
    struct err *error = redis_url_parse(o->queue.to, &q->url);

    return error ? error
                 : filler_new(
                       runner_loop(q->runner), runner_executor(q->runner), &options, &q->filler);
}

static struct err *open_all(struct enqueue *q, const struct trace *trace)
{
    const struct options *o = q->options;
    const struct records_events events = {on_closed, on_failed, q};
    struct err *error;
    struct loop *l;

    signal(SIGPIPE, SIG_IGN);
    q->runner = runner_new(o->executor_threads, trace);
    if (!q->runner) {
        return err_new(ERR_NOMEM, NULL, "cannot start: no memory or no descriptors");
    }
    l = runner_loop(q->runner);
    loop_set_debug(l, o->debug);
    error = report_new(l, STDERR_FILENO, &o->output, &q->report);
    error = error ? error : records_new(l, &o->output, &events, &q->records);
    if (!error) {
        records_set_report(q->records, q->report);
        error = input_open(l, runner_executor(q->runner), &o->input, warn, q, &q->entries);
    }
    error = error ? error : open_filler(q);
    error = error ? error : runner_handle_signal(q->runner, SIGTERM);
    return error ? error : runner_handle_signal(q->runner, SIGHUP);
}

static void close_all(struct enqueue *q)
{
    async_iter_close(q->entries);
    filler_free(q->filler);
    records_free(q->records);
    report_free(q->report);
    runner_free(q->runner);
    redis_url_fini(&q->url);
    buf_fini(&q->json);
    buf_fini(&q->key);
}

static void summarize(const struct enqueue *q)
{
    const unsigned long long added = filler_added(q->filler);
    const unsigned long long twice = filler_answered(q->filler) - added;
    struct buf b = BUF_INIT;

    buf_addf(&b, "%llu enqueued", added);
    if (q->options->queue.unique) {
        buf_addf(&b, ", %llu there before", twice);
    }
    buf_addf(&b, ", %llu bad", (unsigned long long)q->bad);
    if (!q->input_ended && q->file) {
        buf_addf(&b, "; reading stopped at %s:%llu", q->file, (unsigned long long)q->line);
    }
    if (!q->options->output.quiet && !q->closed && !buf_failed(&b)) {
        report_note(q->report, b.data);
    }
    buf_fini(&b);
}

/* cli.md, Exit status: the first that applies. error: what the main task ended with. */
static struct app_end end_of(const struct enqueue *q, const struct err *error)
{
    struct app_end end = {.signal = runner_signal(q->runner)};

    if (q->refused) {
        end.status = STATUS_USAGE;
    } else if (q->failed || (error && !err_is(error, ERR_CANCELLED) && !q->timed_out)) {
        end.status = STATUS_LOCAL;
    } else if (q->closed) {
        end.status = STATUS_CLOSED;
    } else if (q->timed_out) {
        end.status = STATUS_TIMEOUT;
    } else {
        end.status = q->bad ? 1 : 0;
    }
    return end;
}

static struct err *run(struct enqueue *q)
{
    struct task *task = task_new(runner_loop(q->runner), main_step, sizeof(struct filling_frame),
        main_drop, "fill the queue");
    struct err *error;

    if (!task) {
        return err_plain(ERR_NOMEM);
    }
    ((struct filling_frame *)task_frame(task))->q = q;
    q->main = task;
    error = runner_run(q->runner, task, NULL);
    q->main = NULL;
    return error;
}

struct app_end enqueue_run(const struct options *options, const struct trace *trace)
{
    struct enqueue q = {.options = options};
    struct app_end end = {.status = STATUS_USAGE};
    struct err *error = open_all(&q, trace);

    if (error) {
        end.status =
            err_is(error, ERR_USAGE) || err_is(error, ERR_INPUT) ? STATUS_USAGE : STATUS_LOCAL;
        report_early(NULL, err_message(error));
    } else {
        error = run(&q);
        end = end_of(&q, error);
        if (error && !err_is(error, ERR_CANCELLED) && !err_is(error, ERR_TIMEOUT) && !q.closed) {
            report_note(q.report, err_message(error));
        }
        if (!q.refused) {
            summarize(&q);
        }
    }
    err_unref(error);
    close_all(&q);
    return end;
}
