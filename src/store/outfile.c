/* SPDX-License-Identifier: MIT */
/*
 * Invariant: `text` waits until the batch under way has ended; then it is the next one. The tail is
 * written behind each batch and over the tail of the one before it, by one call.
 */
#include "store/outfile.h"

#include "base/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BATCH_BYTES = 1 << 16 };
static const double BATCH_SECONDS = 1;

struct outfile {
    unsigned refs; /* ours, and the batch's */
    int fd;
    bool own_fd, sync;
    bool placed;       /* a batch goes where it is told: a regular file, not appended to */
    char *name;        /* owned */
    const char *tail;  /* static */
    off_t at;          /* where the next batch goes, if placed */
    double seconds;    /* until a batch is begun */
    struct loop *loop; /* borrowed, as the next; NULL before the start and after the end */
    struct executor *executor;
    struct timer timer;
    struct buf text; /* gathered */
    bool busy, ended;
    void (*on_failed)(void *arg, struct err *e); /* NULL once it was called */
    void *arg;
    struct err *error;                /* owned: the first */
    struct future *ready, *finishing; /* owned while somebody may wait */
};

struct batch {
    struct outfile *file; /* a reference */
    struct buf text;
    bool ran;
    struct err *error; /* owned */
};

static void outfile_unref(struct outfile *o)
{
    if (--o->refs == 0) {
        if (o->own_fd) {
            close(o->fd);
        }
        err_unref(o->error);
        buf_fini(&o->text);
        free(o->name);
        free(o);
    }
}

struct outfile *outfile_new(int fd, bool own_fd, const char *name, const char *tail)
{
    struct stat st;
    struct outfile *o = mem_new(sizeof(*o));
    if (!o || !(o->name = mem_dup(name))) {
        free(o);
        return NULL;
    }
    o->refs = 1;
    o->fd = fd;
    o->own_fd = own_fd;
    o->tail = tail;
    o->seconds = BATCH_SECONDS;
    o->placed = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && !(fcntl(fd, F_GETFL) & O_APPEND);
    return o;
}

void outfile_sync(struct outfile *o, double seconds)
{
    o->sync = true;
    o->seconds = seconds;
}

void outfile_on_failed(struct outfile *o, void (*fn)(void *arg, struct err *e), void *arg)
{
    o->on_failed = fn;
    o->arg = arg;
}

/* -- writing, on the executor -------------------------------------------------------------- */

static ssize_t put(struct outfile *o, const char *bytes, size_t n, off_t at)
{
    return o->placed ? pwrite(o->fd, bytes, n, at) : write(o->fd, bytes, n);
}

/* A part of a batch was written: the tail again where it stood, and nothing behind it. */
static void restore_tail(const struct outfile *o)
{
    const size_t n = o->at > 0 ? strlen(o->tail) : 0;
    if (*o->tail && pwrite(o->fd, o->tail, n, o->at) == (ssize_t)n &&
        ftruncate(o->fd, o->at + (off_t)n) < 0) {
        return; /* the error that led here is told */
    }
}

static struct err *write_all(struct outfile *o, struct buf *text)
{
    const size_t keep = text->len;
    if (o->placed) {
        buf_adds(text, o->tail);
    }
    if (buf_failed(text)) {
        return err_plain(ERR_NOMEM);
    }
    for (size_t done = 0; done < text->len;) {
        ssize_t n = put(o, text->data + done, text->len - done, o->at + (off_t)done);
        if (n < 0 && errno != EINTR) {
            struct err *e = err_errno(ERR_IO, errno, "cannot write %s", o->name);
            if (o->placed && done > 0) {
                restore_tail(o);
            }
            return e;
        }
        done += n > 0 ? (size_t)n : 0;
    }
    o->at += (off_t)keep;
    return NULL;
}

static struct err *run_batch(void *arg, void **value)
{
    struct batch *t = arg;
    struct outfile *o = t->file;
    (void)value;
    t->ran = true;
    t->error = write_all(o, &t->text);
    if (!t->error && o->sync && fdatasync(o->fd) < 0) {
        t->error = err_errno(ERR_IO, errno, "cannot sync %s", o->name);
    }
    return NULL;
}

/* -- as the loop sees it ------------------------------------------------------------------- */

static void begin_batch(struct outfile *o);

/* Those who wait are told when it is as they want it. */
static void settle(struct outfile *o)
{
    if (o->error || o->text.len < OUTFILE_BACKLOG) {
        future_release(&o->ready, NULL);
    }
    if (!o->finishing || o->busy || (!o->error && o->text.len > 0)) {
        return;
    }
    if (!o->ended && !o->error && !o->placed && *o->tail) {
        o->ended = true;
        buf_adds(&o->text, o->tail);
        begin_batch(o);
        return;
    }
    future_release(&o->finishing, o->error);
}

/* Takes e over. */
static void fail(struct outfile *o, struct err *e)
{
    void (*told)(void *arg, struct err *e) = o->on_failed;
    if (o->error) {
        err_unref(e);
        return;
    }
    o->error = e;
    buf_fini(&o->text);
    buf_init(&o->text);
    o->on_failed = NULL;
    if (told) {
        told(o->arg, e);
    }
}

static void on_batch_end(void *arg)
{
    struct batch *t = arg;
    struct outfile *o = t->file;
    o->busy = false;
    if (t->error || !t->ran) {
        fail(o, t->error ? t->error : err_plain(ERR_CANCELLED));
    }
    buf_fini(&t->text);
    free(t);
    if (o->loop) {
        outfile_added(o);
        settle(o);
    }
    outfile_unref(o);
}

static void begin_batch(struct outfile *o)
{
    struct err *e = NULL;
    if (o->busy || o->error || o->text.len == 0) {
        return;
    }
    timer_stop(&o->timer);
    struct batch *t = mem_new(sizeof(*t));
    if (!t) {
        fail(o, err_plain(ERR_NOMEM));
        return;
    }
    *t = (struct batch){.file = o, .text = o->text};
    o->text = BUF_INIT;
    o->busy = true;
    o->refs++;
    struct future *f = executor_submit(o->executor, run_batch, t, on_batch_end, NULL, &e);
    future_unref(f);
    err_unref(e); /* on_batch_end saw that it never ran */
}

static struct err *on_timer(void *arg)
{
    begin_batch(arg);
    return NULL;
}

void outfile_begin(struct outfile *o)
{
    struct err *e = o->placed ? write_all(o, &o->text) : NULL;
    if (e) {
        fail(o, e);
    } else if (o->placed) {
        buf_clear(&o->text);
    }
}

void outfile_start(struct outfile *o, struct loop *l, struct executor *ex)
{
    o->loop = l;
    o->executor = ex;
    timer_init(&o->timer, on_timer, o);
    begin_batch(o);
}

struct buf *outfile_buf(struct outfile *o)
{
    return &o->text;
}

void outfile_added(struct outfile *o)
{
    if (buf_failed(&o->text)) {
        fail(o, err_plain(ERR_NOMEM));
    }
    if (o->error) {
        buf_clear(&o->text);
    } else if (o->loop && (o->text.len > BATCH_BYTES || o->finishing)) {
        begin_batch(o);
    } else if (o->loop && o->text.len > 0 && !o->busy && !timer_active(&o->timer)) {
        err_unref(timer_start_after(o->loop, &o->timer, o->seconds));
    }
}

struct future *outfile_ready(struct outfile *o)
{
    return o->error || o->text.len < OUTFILE_BACKLOG ? NULL : future_share(o->loop, &o->ready);
}

struct future *outfile_finish(struct outfile *o)
{
    struct future *f = future_share(o->loop, &o->finishing);
    if (f) {
        begin_batch(o);
        settle(o);
    }
    return f;
}

void outfile_free(struct outfile *o)
{
    if (!o) {
        return;
    }
    if (o->loop) {
        timer_stop(&o->timer);
    }
    future_unref(o->ready);
    future_unref(o->finishing);
    o->ready = o->finishing = NULL;
    o->on_failed = NULL;
    o->loop = NULL;
    outfile_unref(o);
}
