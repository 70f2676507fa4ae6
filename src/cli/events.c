/* SPDX-License-Identifier: MIT */
#include "cli/events.h"

#include "aio/timeout.h"
#include "base/alloc.h"
#include "base/buf.h"
#include "base/json_write.h"
#include "cli/named_fd.h"
#include "cli/writer.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

enum { SCHEMA = 1, PROGRESS_EVERY = 1, PATIENCE = 1 }; /* seconds */

struct events {
    char *path; /* owned */
    int fd;     /* owned until there is a writer */
    struct loop *loop;
    struct session *session;
    struct phase_observer observer;
    struct writer *writer; /* owned */
    struct timer progress;
    struct buf line; /* kept for its memory */
    double began;
    uint64_t dropped; /* since the last line that was written */
    bool ended;
    void (*warn)(void *arg, const char *text);
    void *warn_arg;
};

/* -- lines --------------------------------------------------------------------------------- */

/* False while the reader is behind: the event is counted as dropped. */
static bool has_room(struct events *e)
{
    struct future *behind = writer_ready(e->writer);

    if (behind) {
        e->dropped++;
        future_unref(behind);
    }
    return !behind;
}

static struct buf *begin(struct events *e, const char *event, double at)
{
    buf_clear(&e->line);
    buf_addf(&e->line, "{\"v\":%d,\"t\":", SCHEMA);
    json_seconds(&e->line, at - e->began);
    buf_addf(&e->line, ",\"event\":\"%s\"", event);
    return &e->line;
}

/* A line that finds no memory is a dropped one. */
static void end(struct events *e)
{
    buf_adds(&e->line, "}\n");
    if (buf_failed(&e->line)) {
        e->dropped++;
        return;
    }
    struct err *error = writer_add(e->writer, e->line.data, e->line.len);
    e->dropped += error != NULL;
    err_unref(error);
}

static void tell_dropped(struct events *e, double at)
{
    if (e->dropped) {
        const uint64_t dropped = e->dropped;
        struct buf *b = begin(e, "dropped", at);
        buf_adds(b, ",\"count\":");
        json_uint(b, dropped);
        e->dropped = 0;
        end(e);
    }
}

static void add_string(struct buf *b, const char *key, const char *text)
{
    buf_addf(b, ",\"%s\":", key);
    json_string(b, text);
}

/* below 0: not known */
static void add_number(struct buf *b, const char *key, int64_t n)
{
    buf_addf(b, ",\"%s\":", key);
    if (n < 0) {
        json_null(b);
    } else {
        json_int(b, n);
    }
}

static void add_error(struct buf *b, const struct err *error)
{
    buf_adds(b, ",\"error\":");
    if (!error) {
        json_null(b);
        return;
    }
    buf_adds(b, "{\"kind\":");
    json_string(b, err_kind_name(err_kind(error)));
    add_string(b, "code", err_code(error));
    add_string(b, "message", err_message(error));
    buf_addc(b, '}');
}

/* -- phases -------------------------------------------------------------------------------- */

static void add_end(struct buf *b, const struct phase_change *c)
{
    const struct record *r = c->record;

    add_string(b, "state", record_state_name(r->state));
    add_string(b, "reason", r->reason);
    add_string(b, "path", r->path);
    add_number(b, "size", r->size);
    add_number(b, "received", r->received);
    add_number(b, "attempts", r->attempts);
    add_error(b, c->error);
}

static void add_particulars(struct buf *b, const struct phase_change *c)
{
    switch (c->phase) {
    case PHASE_REQUEST:
        add_number(b, "attempt", c->record->attempts);
        break;
    case PHASE_BODY:
        add_number(b, "have", c->have);
        add_number(b, "total", c->total);
        break;
    case PHASE_BACKOFF:
        buf_adds(b, ",\"delay\":");
        json_seconds(b, c->delay);
        add_error(b, c->error);
        break;
    case PHASE_END:
        add_end(b, c);
        break;
    default:
        break;
    }
}

static void on_phase(struct phase_observer *o, const struct phase_change *c)
{
    struct events *e = container_of(o, struct events, observer);

    if (!has_room(e)) {
        return;
    }
    tell_dropped(e, c->at);
    struct buf *b = begin(e, "phase", c->at);
    add_number(b, "index", (int64_t)c->index);
    add_string(b, "phase", phase_name(c->phase));
    add_string(b, "url", c->url);
    add_particulars(b, c);
    end(e);
}

/* -- progress ------------------------------------------------------------------------------ */

static void on_download(const struct session_download *d, void *arg)
{
    struct events *e = arg;

    if (d->phase == PHASE_BODY && has_room(e)) {
        const double now = loop_time(e->loop);
        tell_dropped(e, now);
        struct buf *b = begin(e, "progress", now);
        add_number(b, "index", (int64_t)d->index);
        add_number(b, "have", d->received);
        add_number(b, "total", d->total);
        end(e);
    }
}

static struct err *on_progress(void *arg)
{
    struct events *e = arg;

    session_each_download(e->session, on_download, e);
    return timer_start_after(e->loop, &e->progress, PROGRESS_EVERY);
}

/* -- life ---------------------------------------------------------------------------------- */

struct err *events_open(const char *path, struct events **out)
{
    struct events *e = path ? mem_new(sizeof *e) : NULL;

    *out = NULL;
    if (!path) {
        return NULL;
    }
    if (!e || !(e->path = mem_dup(path))) {
        free(e);
        return err_plain(ERR_NOMEM);
    }
    e->fd = named_fd_open(path);
    if (e->fd < 0) {
        struct err *error = err_errno(ERR_IO, errno, "--events: cannot open %s", path);
        events_free(e);
        return error;
    }
    *out = e;
    return NULL;
}

static void say(struct events *e, const char *what, const char *more)
{
    struct buf b = BUF_INIT;

    buf_addf(&b, "--events: %s%s; nothing more is written there", what, more);
    if (!e->ended && !buf_failed(&b)) {
        e->warn(e->warn_arg, b.data);
    }
    buf_fini(&b);
}

static void on_closed(void *arg)
{
    struct events *e = arg;

    say(e, "nobody reads on at ", e->path);
}

static void on_failed(void *arg, struct err *error)
{
    say(arg, err_message(error), "");
}

static double now_realtime(void)
{
    struct timeval now;

    gettimeofday(&now, NULL);
    return (double)now.tv_sec + (double)now.tv_usec / 1e6;
}

struct err *events_start(struct events *e, struct loop *l, struct session *s,
    void (*warn)(void *arg, const char *text), void *arg)
{
    const struct writer_events told = {on_closed, on_failed, e};
    struct err *error;

    if (!e) {
        return NULL;
    }
    error = writer_new(l, e->fd, true, e->path, &told, &e->writer);

    if (error) {
        return error;
    }
    e->fd = -1;
    e->loop = l;
    e->session = s;
    e->warn = warn;
    e->warn_arg = arg;
    e->began = loop_time(l);
    e->observer.on_phase = on_phase;
    session_observe(s, &e->observer);
    struct buf *b = begin(e, "start", e->began);
    buf_adds(b, ",\"time\":");
    json_time(b, now_realtime());
    add_string(b, "version", PACKAGE_VERSION);
    add_number(b, "pid", getpid());
    end(e);
    timer_init(&e->progress, on_progress, e);
    return timer_start_after(l, &e->progress, PROGRESS_EVERY);
}

struct future *events_finish(struct events *e)
{
    const struct session_totals *t = e ? session_totals(e->session) : NULL;
    struct future *drained, *bounded;

    if (!t) {
        return NULL;
    }
    const double now = loop_time(e->loop);
    timer_stop(&e->progress);
    tell_dropped(e, now);
    struct buf *b = begin(e, "stop", now);
    add_number(b, "entries", (int64_t)t->entries);
    add_number(b, "finished", (int64_t)t->finished);
    add_number(b, "failed", (int64_t)t->failed);
    add_number(b, "cancelled", (int64_t)t->cancelled);
    add_number(b, "pending", (int64_t)t->pending);
    add_number(b, "skipped", (int64_t)t->skipped);
    add_number(b, "unchanged", (int64_t)t->unchanged);
    add_number(b, "received", (int64_t)t->received);
    add_number(b, "retries", (int64_t)t->retries);
    end(e);
    e->ended = true;
    drained = writer_idle(e->writer) ? NULL : writer_drained(e->writer);
    bounded = drained ? wait_for(drained, PATIENCE) : NULL;
    future_unref(drained);
    return bounded;
}

void events_free(struct events *e)
{
    if (!e) {
        return;
    }
    if (e->loop) {
        timer_stop(&e->progress);
    }
    writer_free(e->writer);
    if (e->fd >= 0) {
        close(e->fd);
    }
    buf_fini(&e->line);
    free(e->path);
    free(e);
}
