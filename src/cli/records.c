/* SPDX-License-Identifier: MIT */
/*
 * Records on their way out.
 *
 *   record -> rendered -> [ window, with --gather ] -> writer: standard output
 *                                                   -> writer: --records FILE
 *          -> report: a failure's line, at once
 *
 * A rendered record is two texts, one for each channel, behind a head that says how long they are;
 * in the window they wait as one blob.
 */
#include "cli/records.h"

#include "aio/task.h"
#include "base/alloc.h"
#include "base/buf.h"
#include "cli/named_fd.h"
#include "cli/printable.h"
#include "cli/report.h"
#include "cli/window.h"
#include "cli/write_out.h"
#include "cli/writer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WINDOW_IN_MEMORY = 16 << 20, TAKE_AT_ONCE = 1 << 18 };

struct records {
    struct loop *loop;
    const struct output_options *options;
    struct records_events events;
    struct report *report;       /* borrowed; may be NULL */
    struct writer *out;          /* owned; NULL if nothing goes to standard output */
    struct writer *records;      /* owned; NULL without --records */
    struct window *window;       /* owned; NULL without --gather */
    struct buf text;             /* what is being rendered; kept for its memory */
    struct write_out *write_out; /* owned; NULL: records are JSON */
    bool paths, records_out;     /* what goes to standard output */
    bool terminal, records_terminal;
    bool shown;          /* standard output is the terminal of the progress display */
    struct future *room; /* owned: the window waits for a writer */
    struct future_cb on_room;
};

/* -- life ---------------------------------------------------------------------------------- */

static void on_closed(void *arg)
{
    struct records *r = arg;
    if (r->events.on_closed) {
        r->events.on_closed(r->events.arg);
    }
}

static void on_failed(void *arg, struct err *e)
{
    struct records *r = arg;
    if (r->events.on_failed) {
        r->events.on_failed(r->events.arg, e);
    }
}

/* A reader of FILE that goes away is a failure: only standard output may be closed quietly. */
static void on_records_closed(void *arg)
{
    struct records *r = arg;
    struct err *e = err_errno(ERR_IO, EPIPE, "cannot write %s", r->options->records);
    on_failed(r, e);
    err_unref(e);
}

static struct err *open_records_file(struct records *r)
{
    const char *name = r->options->records;
    int fd = named_fd_open(name);
    if (fd < 0) {
        return err_errno(ERR_IO, errno, "cannot open %s", name);
    }
    struct writer_events events = {on_records_closed, on_failed, r};
    r->records_terminal = isatty(fd) == 1;
    struct err *error = writer_new(r->loop, fd, true, name, &events, &r->records);
    if (error) {
        close(fd);
    }
    return error;
}

static struct err *open_channels(struct records *r)
{
    const struct output_options *o = r->options;
    r->records_out = (o->json || o->write_out) && !o->records;
    r->paths = !r->records_out && !o->stdout_taken && o->print != PRINT_NONE &&
               (!o->quiet || o->print_set);
    r->terminal = isatty(STDOUT_FILENO) == 1;
    if (o->write_out && !(r->write_out = write_out_new(o->write_out, NULL, NULL))) {
        return err_plain(ERR_NOMEM);
    }
    if (o->gather) {
        r->window = window_new(WINDOW_IN_MEMORY);
        if (!r->window) {
            return err_plain(ERR_NOMEM);
        }
    }
    struct err *error = o->records ? open_records_file(r) : NULL;
    if (!error && (r->records_out || r->paths)) {
        struct writer_events events = {on_closed, on_failed, r};
        error = writer_new(r->loop, STDOUT_FILENO, false, "standard output", &events, &r->out);
    }
    return error;
}

struct err *records_new(struct loop *l, const struct output_options *options,
    const struct records_events *events, struct records **out)
{
    *out = NULL;
    struct records *r = mem_new(sizeof(*r));
    if (!r) {
        return err_plain(ERR_NOMEM);
    }
    r->loop = l;
    r->options = options;
    r->events = *events;
    struct err *error = open_channels(r);
    if (error) {
        records_free(r);
        return error;
    }
    *out = r;
    return NULL;
}

void records_set_report(struct records *r, struct report *report)
{
    r->report = report;
    r->shown = r->out && report_shows(report, STDOUT_FILENO);
}

void records_free(struct records *r)
{
    if (r) {
        if (r->room) {
            future_unwatch(&r->on_room);
            future_unref(r->room);
        }
        writer_free(r->out);
        writer_free(r->records);
        window_free(r->window);
        write_out_free(r->write_out);
        buf_fini(&r->text);
        free(r);
    }
}

/* -- rendering ----------------------------------------------------------------------------- */

static bool prints_path(const struct records *r, const struct record *record)
{
    if (!r->paths || !record->path) {
        return false;
    }
    if (record->state == RECORD_PENDING) {
        return true; /* with a path: it would be downloaded (--dry-run) */
    }
    return r->options->print == PRINT_NEW ? record->state == RECORD_FINISHED : record_ok(record);
}

static void render_path(const struct records *r, const char *path, struct buf *b)
{
    if (path[0] == '-') {
        buf_adds(b, "./");
    }
    if (r->terminal) {
        printable_add(b, path);
    } else {
        buf_adds(b, path);
    }
    buf_addc(b, r->options->print0 ? '\0' : '\n');
}

static void render_record(
    const struct records *r, const struct record *record, bool terminal, struct buf *b)
{
    if (r->write_out) {
        write_out_add(r->write_out, record, terminal, b);
        return;
    }
    record_to_json(record, b);
    buf_addc(b, '\n');
}

/* The head of a rendered record, before its two texts. */
struct head {
    size_t whole; /* both texts */
    size_t first; /* the one for standard output; the rest is for --records */
};

static struct err *render(struct records *r, const struct record *record)
{
    struct buf *b = &r->text;
    struct head head = {0, 0};
    buf_clear(b);
    buf_add(b, &head, sizeof(head));
    if (r->records_out) {
        render_record(r, record, r->terminal, b);
    } else if (prints_path(r, record)) {
        render_path(r, record->path, b);
    }
    head.first = b->len - sizeof(head);
    if (r->records) {
        render_record(r, record, r->records_terminal, b);
    }
    if (buf_failed(b)) {
        return err_plain(ERR_NOMEM);
    }
    head.whole = b->len - sizeof(head);
    memcpy(b->data, &head, sizeof(head));
    return NULL;
}

/* -- going out ----------------------------------------------------------------------------- */

static struct err *add_to(struct writer *w, const char *text, size_t n)
{
    return w ? writer_add(w, text, n) : NULL;
}

/* b: one rendered record, or several, one behind the other. */
static struct err *send_out(struct records *r, const struct buf *b)
{
    const char *at = b->data;
    const char *end = at + b->len;
    struct err *error = NULL;
    while (at < end && !error) {
        struct head head;
        memcpy(&head, at, sizeof(head));
        at += sizeof(head);
        error = r->shown ? report_say(r->report, at, head.first) : add_to(r->out, at, head.first);
        if (!error) {
            error = add_to(r->records, at + head.first, head.whole - head.first);
        }
        at += head.whole;
    }
    return error;
}

/* The writer that is behind, as a future (the caller's); NULL: none is. */
static struct future *backlogged(struct records *r)
{
    struct future *f = r->shown ? report_ready(r->report) : r->out ? writer_ready(r->out) : NULL;
    return f || !r->records ? f : writer_ready(r->records);
}

static struct err *pump(struct records *r, bool skip_gaps);

static struct err *on_room(struct future *f, void *arg)
{
    struct records *r = arg;
    (void)f;
    future_unref(r->room);
    r->room = NULL;
    struct err *error = pump(r, false);
    if (error) {
        on_failed(r, error);
        err_unref(error);
    }
    return NULL;
}

/* A writer that has room again is known at once, not only when on_room comes to run: who awaits a
 * future that is done goes on without giving way to it. */
static void forget_room(struct records *r)
{
    if (r->room && future_done(r->room)) {
        future_unwatch(&r->on_room);
        future_unref(r->room);
        r->room = NULL;
    }
}

/* What the window can give goes to the writers, but not faster than they get rid of it: behind a
 * slow first entry may stand any number of others. */
static struct err *pump(struct records *r, bool skip_gaps)
{
    struct err *error = NULL;
    bool more = r->window != NULL;
    forget_room(r);
    while (more && !error && !r->room) {
        r->room = backlogged(r);
        if (r->room) {
            future_watch(r->room, &r->on_room, on_room, r);
            break;
        }
        buf_clear(&r->text);
        error = window_take(r->window, skip_gaps, &r->text, &more);
        if (!error && more) {
            error = buf_failed(&r->text) ? err_plain(ERR_NOMEM) : send_out(r, &r->text);
        }
    }
    return error;
}

static struct err *broken(const struct records *r)
{
    struct err *e = r->out ? writer_error(r->out) : NULL;
    return e || !r->records ? e : writer_error(r->records);
}

static struct err *on_record(void *arg, const struct record *record)
{
    struct records *r = arg;
    if (r->report) {
        report_failure(r->report, record);
    }
    struct err *error = err_ref(broken(r));
    if (!error) {
        error = render(r, record);
    }
    if (error || !r->window) {
        return error ? error : send_out(r, &r->text);
    }
    error = window_put(r->window, record->order, r->text.data, r->text.len);
    return error ? error : pump(r, false);
}

static struct future *on_ready(void *arg)
{
    struct records *r = arg;
    struct future *f = backlogged(r);
    return f || !r->report ? f : report_ready(r->report);
}

struct record_consumer records_consumer(struct records *r)
{
    return (struct record_consumer){on_record, on_ready, r};
}

/* -- the end ------------------------------------------------------------------------------- */

struct finish_frame {
    struct co co;
    struct records *records; /* borrowed */
    struct future *waiting;  /* owned */
};

static void finish_drop(void *frame)
{
    struct finish_frame *f = frame;
    future_unref(f->waiting);
}

/* What is still to be waited for, as an owned future; NULL: nothing, or *error. */
static struct future *next_wait(struct records *r, struct err **error)
{
    *error = broken(r) ? err_ref(broken(r)) : pump(r, true);
    if (*error) {
        return NULL;
    }
    if (r->room) {
        return future_ref(r->room);
    }
    struct writer *behind = r->out && !writer_idle(r->out)           ? r->out
                            : r->records && !writer_idle(r->records) ? r->records
                                                                     : NULL;
    struct future *f = behind ? writer_drained(behind) : NULL;
    if (behind && !f) {
        *error = err_plain(ERR_NOMEM);
    }
    return f;
}

static enum co_state finish_step(void *frame, struct err *status)
{
    struct finish_frame *f = frame;
    struct err *error;
    CO_BEGIN(&f->co);
    for (;;) {
        f->waiting = next_wait(f->records, &error);
        if (!f->waiting) {
            return error ? co_fail(&f->co, error) : co_return(&f->co, NULL, NULL);
        }
        CO_AWAIT(&f->co, f->waiting);
        if (status) {
            return co_fail(&f->co, err_ref(status));
        }
        future_unref(f->waiting);
        f->waiting = NULL;
    }
    CO_END(&f->co);
}

struct future *records_finish(struct records *r)
{
    struct task *t =
        task_new(r->loop, finish_step, sizeof(struct finish_frame), finish_drop, "records");
    if (!t) {
        return NULL;
    }
    struct finish_frame *f = task_frame(t);
    f->records = r;
    return task_future(t);
}
