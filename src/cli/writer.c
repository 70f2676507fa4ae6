/* SPDX-License-Identifier: MIT */
/*
 * Bytes on their way to one descriptor.
 *
 * Invariant: while bytes are left, either the flush handle is queued, or the watch waits for the
 * descriptor to take more; a file is never waited for. A pipe's end and a socket are watched for
 * the whole time, so that a reader that went away is noticed.
 */
#include "cli/writer.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/outlet.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    BURST = 1 << 18, /* at most so many bytes an iteration, the loop has other work */
    MEMORY_KEPT = 1 << 16,
};

struct writer {
    struct loop *loop;
    struct outlet outlet;
    bool own_fd, closed, told;
    const char *name;
    struct writer_events events;
    struct buf left; /* from `at` on */
    size_t at;
    struct handle flush;
    struct watch *watch;            /* owned; NULL for files */
    bool watch_hangup;              /* WATCH_READ serves to see the reader go */
    struct err *error;              /* owned */
    struct future *ready, *drained; /* owned while somebody may wait */
};

static size_t backlog(const struct writer *w)
{
    return w->left.len - w->at;
}

bool writer_idle(const struct writer *w)
{
    return backlog(w) == 0 || w->closed || w->error;
}

bool writer_closed(const struct writer *w)
{
    return w->closed;
}

struct err *writer_error(const struct writer *w)
{
    return w->error;
}

/* -- those who wait ------------------------------------------------------------------------ */

static void release_due(struct writer *w)
{
    if (writer_idle(w)) {
        future_release(&w->drained, w->error);
    }
    if (writer_idle(w) || backlog(w) < WRITER_BACKLOG) {
        future_release(&w->ready, NULL);
    }
}

struct future *writer_ready(struct writer *w)
{
    if (writer_idle(w) || backlog(w) < WRITER_BACKLOG) {
        return NULL;
    }
    return future_share(w->loop, &w->ready);
}

struct future *writer_drained(struct writer *w)
{
    struct future *f = future_share(w->loop, &w->drained);
    release_due(w);
    return f;
}

/* -- ends ---------------------------------------------------------------------------------- */

static void set_watch(struct writer *w)
{
    if (!w->watch) {
        return;
    }
    bool dead = w->closed || w->error;
    int events = w->watch_hangup && !dead ? WATCH_READ : 0;
    if (!writer_idle(w)) {
        events |= WATCH_WRITE;
    }
    watch_set(w->watch, events);
}

static void stop(struct writer *w, int errnum)
{
    if (errnum == EPIPE || errnum == ECONNRESET) {
        w->closed = true;
    } else {
        w->error = err_errno(ERR_IO, errnum, "cannot write %s", w->name);
    }
    buf_fini(&w->left);
    w->at = 0;
    if (w->told) {
        return;
    }
    w->told = true;
    if (w->closed && w->events.on_closed) {
        w->events.on_closed(w->events.arg);
    } else if (w->error && w->events.on_failed) {
        w->events.on_failed(w->events.arg, w->error);
    }
}

/* -- writing ------------------------------------------------------------------------------- */

static void forget_written(struct writer *w)
{
    if (w->at == w->left.len) {
        w->at = 0;
        if (w->left.room > MEMORY_KEPT) {
            buf_fini(&w->left);
        } else {
            buf_clear(&w->left);
        }
    } else if (w->at > w->left.len / 2) {
        buf_drop_front(&w->left, w->at);
        w->at = 0;
    }
}

/* False once the descriptor takes no more for now. */
static bool write_some(struct writer *w)
{
    ssize_t n = outlet_write(&w->outlet, w->left.data + w->at, backlog(w));
    if (n >= 0) {
        w->at += (size_t)n;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
        return false;
    } else {
        stop(w, errno);
    }
    return true;
}

static void write_burst(struct writer *w)
{
    size_t before = backlog(w);
    while (!writer_idle(w) && (w->outlet.kind == OUTLET_FILE || before - backlog(w) < BURST)) {
        if (!write_some(w)) {
            break;
        }
    }
    forget_written(w);
    release_due(w);
    set_watch(w);
}

static struct err *on_flush(void *arg)
{
    write_burst(arg);
    return NULL;
}

struct err *writer_add(struct writer *w, const void *bytes, size_t n)
{
    if (w->closed || w->error || n == 0) {
        return NULL;
    }
    size_t len = w->left.len;
    buf_add(&w->left, bytes, n);
    if (buf_failed(&w->left)) {
        w->left.failed = false;
        w->left.len = len;
        return err_plain(ERR_NOMEM);
    }
    loop_post(w->loop, &w->flush);
    return NULL;
}

/* -- watching ------------------------------------------------------------------------------ */

/* A hang-up is told apart from a socket on which something is to be read. */
static void look_for_hangup(struct writer *w)
{
    if (outlet_hung_up(&w->outlet)) {
        stop(w, EPIPE);
    } else {
        w->watch_hangup = false;
    }
}

static struct err *on_watch(void *arg)
{
    struct writer *w = arg;
    if ((watch_revents(w->watch) & WATCH_READ) && w->watch_hangup) {
        look_for_hangup(w);
    }
    write_burst(w);
    return NULL;
}

struct err *writer_new(struct loop *l, int fd, bool own_fd, const char *name,
    const struct writer_events *events, struct writer **out)
{
    struct outlet outlet;
    *out = NULL;
    int failed = outlet_init(&outlet, fd);
    if (failed) {
        return err_errno(ERR_IO, failed, "cannot write %s", name);
    }
    struct writer *w = mem_new(sizeof(*w));
    if (!w) {
        goto nomem;
    }
    w->loop = l;
    w->outlet = outlet;
    w->name = name;
    w->events = *events;
    handle_init(&w->flush, on_flush, w);
    if (w->outlet.kind != OUTLET_FILE) {
        w->watch_hangup = w->outlet.kind != OUTLET_TERMINAL;
        w->watch = watch_new(l, fd, w->watch_hangup ? WATCH_READ : 0, on_watch, w);
        if (!w->watch) {
            goto nomem;
        }
    }
    w->own_fd = own_fd;
    *out = w;
    return NULL;
nomem:
    free(w);
    return err_plain(ERR_NOMEM);
}

void writer_free(struct writer *w)
{
    if (!w) {
        return;
    }
    handle_cancel(&w->flush);
    watch_free(w->watch);
    struct future *waiters[] = {w->ready, w->drained};
    for (int i = 0; i < 2; i++) {
        if (waiters[i]) {
            future_set_cancelled(waiters[i]);
            future_unref(waiters[i]);
        }
    }
    if (w->own_fd) {
        close(w->outlet.fd);
    }
    buf_fini(&w->left);
    err_unref(w->error);
    free(w);
}

void writer_flush(struct writer *w, double seconds)
{
    handle_cancel(&w->flush);
    while (!writer_idle(w)) {
        struct pollfd p = {.fd = w->outlet.fd, .events = POLLOUT};
        if (w->outlet.kind != OUTLET_FILE && poll(&p, 1, (int)(seconds * 1e3)) <= 0) {
            break;
        }
        if (!write_some(w)) {
            break;
        }
    }
    forget_written(w);
}
