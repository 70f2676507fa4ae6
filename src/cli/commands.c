/* SPDX-License-Identifier: MIT */
#include "cli/commands.h"

#include "aio/forkserver.h"
#include "base/alloc.h"
#include "cli/printable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECE = 1 << 14, LINE_MOST = 1 << 16, FLUSH_PIECES = 64 };

struct commands {
    struct forkserver *forkserver; /* owned */
    int fd;                        /* owned: what the commands write; -1: not to us */
    struct report *report;         /* borrowed */
    struct watch *watch;           /* owned; NULL once all is read */
    struct future *room;           /* owned: the terminal is behind */
    struct future_cb on_room;
    struct buf line, shown; /* a line that has not ended; kept for its memory */
};

struct err *commands_open(const struct options *o, struct commands **out)
{
    int ends[2] = {-1, -1};
    *out = NULL;
    if (!o->session.exec || o->session.dry_run) {
        return NULL;
    }
    struct commands *c = mem_new(sizeof *c);
    if (!c) {
        return err_plain(ERR_NOMEM);
    }
    if (report_may_show(STDERR_FILENO, &o->output) && pipe2(ends, O_CLOEXEC) < 0) {
        free(c);
        return err_errno(ERR_EXEC, errno, "cannot make a pipe for commands");
    }
    c->fd = ends[0];
    struct err *e = forkserver_new(ends[1], &c->forkserver);
    if (ends[1] >= 0) {
        close(ends[1]);
    }
    if (e) {
        commands_free(c);
        return e;
    }
    *out = c;
    return NULL;
}

struct forkserver *commands_forkserver(const struct commands *c)
{
    return c ? c->forkserver : NULL;
}

/* -- what they write ----------------------------------------------------------------------- */

/* A line as people may see it. Memory that runs out costs the line. */
static void show_line(struct commands *c)
{
    buf_clear(&c->shown);
    for (const char *at = c->line.data, *end = at + c->line.len; at < end;) {
        printable_add(&c->shown, at); /* up to a NUL */
        at += strlen(at) + 1;
    }
    buf_addc(&c->shown, '\n');
    if (!buf_failed(&c->shown)) {
        err_unref(report_say(c->report, c->shown.data, c->shown.len));
    }
    buf_clear(&c->line);
}

static void take(struct commands *c, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const bool ends = bytes[i] == '\n' || bytes[i] == '\r';
        if (!ends) {
            buf_addc(&c->line, (char)(bytes[i] == '\t' ? ' ' : bytes[i]));
        }
        if (buf_failed(&c->line)) {
            buf_clear(&c->line);
        } else if (c->line.len > 0 && (ends || c->line.len >= LINE_MOST)) {
            show_line(c);
        }
    }
}

/* False at the end, and when there is nothing for now. */
static bool read_some(struct commands *c)
{
    char bytes[PIECE];
    ssize_t n;
    do {
        n = read(c->fd, bytes, sizeof bytes);
    } while (n < 0 && errno == EINTR);
    if (n > 0) {
        take(c, bytes, (size_t)n);
    } else if (n == 0 || errno != EAGAIN) {
        watch_free(c->watch);
        c->watch = NULL;
    }
    return n > 0;
}

static struct err *on_room(struct future *f, void *arg)
{
    struct commands *c = arg;
    (void)f;
    future_unref(c->room);
    c->room = NULL;
    if (c->watch) {
        watch_set(c->watch, WATCH_READ);
    }
    return NULL;
}

/* A terminal that takes nothing holds up who writes, as it would without us. */
static struct err *on_readable(void *arg)
{
    struct commands *c = arg;
    if (read_some(c) && !c->room && (c->room = report_ready(c->report))) {
        watch_set(c->watch, 0);
        future_watch(c->room, &c->on_room, on_room, c);
    }
    return NULL;
}

/* -- life ---------------------------------------------------------------------------------- */

struct err *commands_attach(struct commands *c, struct loop *l, struct report *report)
{
    if (!c) {
        return NULL;
    }
    c->report = report;
    struct err *e = forkserver_attach(c->forkserver, l);
    if (!e && c->fd >= 0) {
        fcntl(c->fd, F_SETFL, O_NONBLOCK);
        c->watch = watch_new(l, c->fd, WATCH_READ, on_readable, c);
        e = c->watch ? NULL : err_plain(ERR_NOMEM);
    }
    return e;
}

void commands_flush(struct commands *c)
{
    /* what a pipe holds, and not for ever: they may have left somebody behind who writes on */
    for (unsigned n = 0; n < FLUSH_PIECES && c && c->watch && read_some(c); n++) {
    }
    if (c && c->line.len > 0) {
        show_line(c);
    }
}

void commands_free(struct commands *c)
{
    if (!c) {
        return;
    }
    if (c->room) {
        future_unwatch(&c->on_room);
        future_unref(c->room);
    }
    watch_free(c->watch);
    if (c->fd >= 0) {
        close(c->fd);
    }
    forkserver_free(c->forkserver);
    buf_fini(&c->line);
    buf_fini(&c->shown);
    free(c);
}
