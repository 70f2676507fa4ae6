/* SPDX-License-Identifier: MIT */
/* What people read on standard error. */
#include "cli/report.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/trace.h"
#include "cli/printable.h"
#include "cli/writer.h"
#include "fetch/phase.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const double PATIENCE =
    1; /* seconds, with a standard error that takes nothing, at the end */

struct report {
    struct loop *loop;
    struct writer *writer; /* owned */
    int fd;
    bool quiet, plain;
    struct progress *display; /* owned; NULL: none */
    struct buf line;          /* kept for its memory */
    struct timer timer;
    const struct session_totals *totals; /* borrowed */
    double every, last_time;
    uint64_t last_received;
    struct phase_observer retries;
};

static struct err *on_progress(void *arg);

/* Traces, and what -vv tells of libcurl, go straight to standard error: below them no block stands.
 */
static enum progress_mode decide(const struct loop *l, int fd, const struct output_options *options)
{
    enum progress_mode mode = options->progress;
    const struct trace *trace = loop_trace(l);
    const bool bar = progress_possible(fd);
    if (options->quiet) {
        return PROGRESS_NONE;
    }
    if (mode == PROGRESS_AUTO && isatty(fd) == 1) {
        const bool disturbed = options->verbose > 1 || (trace && trace->mask);
        mode = bar && !disturbed ? PROGRESS_BAR : PROGRESS_PLAIN;
    }
    return mode == PROGRESS_BAR && !bar ? PROGRESS_PLAIN : mode;
}

bool report_may_show(int fd, const struct output_options *options)
{
    return !options->quiet && progress_possible(fd) &&
           (options->progress == PROGRESS_AUTO || options->progress == PROGRESS_BAR);
}

struct err *report_new(
    struct loop *l, int fd, const struct output_options *options, struct report **out)
{
    *out = NULL;
    struct report *r = mem_new(sizeof(*r));
    if (!r) {
        return err_plain(ERR_NOMEM);
    }
    /* whoever stops listening to standard error does not stop the run */
    struct writer_events none = {NULL, NULL, NULL};
    struct err *error = writer_new(l, fd, false, "standard error", &none, &r->writer);
    if (error) {
        free(r);
        return error;
    }
    const enum progress_mode mode = decide(l, fd, options);
    r->loop = l;
    r->fd = fd;
    r->quiet = options->quiet;
    r->plain = mode == PROGRESS_PLAIN;
    timer_init(&r->timer, on_progress, r);
    if (mode == PROGRESS_BAR && !(r->display = progress_new(l, fd, r->writer))) {
        report_free(r);
        return err_plain(ERR_NOMEM);
    }
    *out = r;
    return NULL;
}

void report_early(void *arg, const char *text)
{
    struct buf line = BUF_INIT;
    (void)arg;
    buf_adds(&line, "garner: ");
    printable_add(&line, text);
    buf_addc(&line, '\n');
    if (!buf_failed(&line)) {
        fwrite(line.data, 1, line.len, stderr);
    }
    buf_fini(&line);
}

void report_free(struct report *r)
{
    if (r) {
        timer_stop(&r->timer);
        progress_free(r->display);
        writer_flush(r->writer, PATIENCE);
        writer_free(r->writer);
        buf_fini(&r->line);
        free(r);
    }
}

struct future *report_ready(struct report *r)
{
    return writer_ready(r->writer);
}

/* -- the terminal of the display ----------------------------------------------------------- */

bool report_shows(const struct report *r, int fd)
{
    struct stat ours, its;
    return r->display && fstat(r->fd, &ours) == 0 && fstat(fd, &its) == 0 && S_ISCHR(its.st_mode) &&
           ours.st_rdev == its.st_rdev;
}

struct err *report_say(struct report *r, const char *text, size_t n)
{
    return r->display ? progress_say(r->display, text, n) : writer_add(r->writer, text, n);
}

/* -- lines --------------------------------------------------------------------------------- */

static struct buf *begin_line(struct report *r)
{
    buf_clear(&r->line);
    buf_adds(&r->line, "garner: ");
    return &r->line;
}

/* a line that found no memory is lost */
static void end_line(struct report *r)
{
    buf_addc(&r->line, '\n');
    if (!buf_failed(&r->line)) {
        err_unref(report_say(r, r->line.data, r->line.len));
    }
}

static void add_place(struct buf *b, const struct record *record)
{
    printable_add(b, record->file ? record->file : "command line");
    buf_addf(b, ":%llu", (unsigned long long)record->line);
}

void report_failure(struct report *r, const struct record *record)
{
    if (record->state != RECORD_FAILED || !record->error) {
        return;
    }
    struct buf *b = begin_line(r);
    bool input = err_is(record->error, ERR_INPUT);
    if (record->url) {
        printable_add_url(b, record->url);
    } else {
        add_place(b, record);
    }
    buf_addf(b, ": %s: ", err_kind_name(err_kind(record->error)));
    printable_add(b, err_message(record->error));
    if (record->url && input && record->file) {
        buf_adds(b, " (");
        add_place(b, record);
        buf_addc(b, ')');
    }
    end_line(r);
}

static void on_phase(struct phase_observer *o, const struct phase_change *c)
{
    struct report *r = container_of(o, struct report, retries);

    if (c->phase != PHASE_BACKOFF || !c->error) {
        return;
    }
    struct buf *b = begin_line(r);
    printable_add(b, c->url ? c->url : "");
    buf_addf(b, ": %s: ", err_kind_name(err_kind(c->error)));
    printable_add(b, err_message(c->error));
    buf_adds(b, "; again");
    if (c->delay > 0) {
        buf_addf(b, " in %.1f s", c->delay);
    }
    end_line(r);
}

void report_retries(struct report *r, struct session *s)
{
    r->retries.on_phase = on_phase;
    session_observe(s, &r->retries);
}

void report_note(struct report *r, const char *text)
{
    printable_add(begin_line(r), text);
    end_line(r);
}

/* -- numbers for people -------------------------------------------------------------------- */

void report_add_bytes(struct buf *b, double bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    size_t unit = 0;
    while (bytes >= 1023.95 && unit + 1 < sizeof(units) / sizeof(units[0])) {
        bytes /= 1024;
        unit++;
    }
    buf_addf(b, unit == 0 ? "%.0f %s" : "%.1f %s", bytes, units[unit]);
}

void report_add_duration(struct buf *b, double seconds)
{
    if (seconds < 59.95) {
        buf_addf(b, "%.1f s", seconds > 0 ? seconds : 0);
        return;
    }
    unsigned long long s = (unsigned long long)llround(seconds);
    if (s < 3600) {
        buf_addf(b, "%llu min %02llu s", s / 60, s % 60);
    } else {
        buf_addf(b, "%llu h %02llu min", s / 3600, s / 60 % 60);
    }
}

static void add_rate(struct buf *b, double bytes, double seconds)
{
    buf_adds(b, ", ");
    report_add_bytes(b, seconds > 0 ? bytes / seconds : 0);
    buf_adds(b, "/s");
}

static void add_count(struct buf *b, uint64_t n, const char *word)
{
    buf_addf(b, ", %llu %s", (unsigned long long)n, word);
}

/* -- the end ------------------------------------------------------------------------------- */

static void add_counts(struct buf *b, const struct session_totals *t)
{
    buf_addf(b, "%llu finished", (unsigned long long)t->finished);
    add_count(b, t->failed, "failed");
    add_count(b, t->cancelled, "cancelled");
    add_count(b, t->skipped, "skipped");
    if (t->foreign) {
        buf_addf(b, " (%llu foreign)", (unsigned long long)t->foreign);
    }
    if (t->unchanged) {
        add_count(b, t->unchanged, "unchanged");
    }
    if (t->pending) {
        add_count(b, t->pending, "pending");
    }
}

void report_summary(struct report *r, const struct session_totals *t, double seconds)
{
    report_progress_stop(r);
    if (r->quiet) {
        return;
    }
    struct buf *b = begin_line(r);
    add_counts(b, t);
    buf_adds(b, ", ");
    report_add_bytes(b, (double)t->received);
    buf_adds(b, " in ");
    report_add_duration(b, seconds);
    add_rate(b, (double)t->received, seconds);
    if (!t->input_ended && t->read_file) {
        buf_adds(b, "; reading stopped at ");
        printable_add(b, t->read_file);
        buf_addf(b, ":%llu", (unsigned long long)t->read_line);
    }
    end_line(r);
}

/* -- now and then -------------------------------------------------------------------------- */

static struct err *on_progress(void *arg)
{
    struct report *r = arg;
    const struct session_totals *t = r->totals;
    double now = loop_time(r->loop);
    struct buf *b = begin_line(r);
    add_counts(b, t);
    add_count(b, t->running, "running");
    if (t->retries) {
        add_count(b, t->retries, "retries");
    }
    buf_adds(b, ", ");
    report_add_bytes(b, (double)t->received);
    add_rate(b, (double)(t->received - r->last_received), now - r->last_time);
    end_line(r);
    r->last_time = now;
    r->last_received = t->received;
    return timer_start_after(r->loop, &r->timer, r->every);
}

struct err *report_progress_start(
    struct report *r, const struct progress_source *source, double every)
{
    if (r->display) {
        return progress_start(r->display, source);
    }
    if (!r->plain) {
        return NULL;
    }
    r->totals = source->totals;
    r->every = every;
    r->last_time = loop_time(r->loop);
    r->last_received = r->totals->received;
    return timer_start_after(r->loop, &r->timer, every);
}

void report_progress_stop(struct report *r)
{
    timer_stop(&r->timer);
    if (r->display) {
        progress_stop(r->display);
    }
}

void report_progress_may_end(struct report *r)
{
    if (r->display) {
        progress_may_end(r->display);
    }
}
