/* SPDX-License-Identifier: MIT */
/*
 * The journal's file.
 *
 *   journal_add -> lines --(0.1 s, or 64 KiB)--> batch: written and synced -> next batch
 *
 * Invariant: at most one batch is under way. It keeps the journal alive, and its end arrives as the
 * executor's drop_arg: on the loop's thread, once, whether it ran or not.
 */
#include "store/journal.h"

#include "base/alloc.h"
#include "store/table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_BYTES = 1 << 18, LINE_MOST = 4 << 20, BATCH_BYTES = 1 << 16 };
static const double BATCH_SECONDS = 0.1;

struct batch {
    struct journal *journal; /* a reference; the thread reads fd and path only */
    struct buf text;         /* owned */
    struct err *error;       /* owned */
    bool ran;
};

struct journal {
    unsigned refs;     /* the owner's and the batch's: the loop's thread only */
    char *path;        /* owned */
    int fd;            /* owned */
    struct table keys; /* owned */
    struct loop *loop; /* borrowed, as the executor; NULL until it was started */
    struct executor *executor;
    void (*on_failed)(void *arg, struct err *e); /* NULL once it was called */
    void *arg;
    struct buf lines;         /* owned: to go into the next batch */
    struct timer timer;       /* when that is to be */
    bool busy;                /* a batch is under way */
    struct future *finishing; /* owned */
    struct err *error;        /* owned */
};

static void journal_unref(struct journal *j)
{
    if (--j->refs > 0) {
        return;
    }
    if (j->fd >= 0) {
        close(j->fd);
    }
    table_fini(&j->keys);
    buf_fini(&j->lines);
    err_unref(j->error);
    free(j->path);
    free(j);
}

/* -- reading ------------------------------------------------------------------------------- */

/* 0 is no key in the table; whose key it is shares it with 1. */
static uint64_t in_table(uint64_t key)
{
    return key ? key : 1;
}

static bool note_key(struct journal *j, const char *line, size_t len)
{
    uint64_t key;
    if (!journal_parse(line, len, &key)) {
        return true;
    }
    key = in_table(key);
    return table_find(&j->keys, key) || table_add(&j->keys, &key);
}

/* Takes the whole lines off the front of b. False when memory ran out. */
static bool note_lines(struct journal *j, struct buf *b, bool *skipping)
{
    size_t at = 0;
    const char *end;
    while ((end = b->len > at ? memchr(b->data + at, '\n', b->len - at) : NULL)) {
        size_t len = (size_t)(end - b->data) - at;
        if (!*skipping && !note_key(j, b->data + at, len)) {
            return false;
        }
        *skipping = false;
        at += len + 1;
    }
    buf_drop_front(b, at);
    if (b->len > LINE_MOST) {
        *skipping = true;
        buf_clear(b);
    }
    return true;
}

static struct err *read_keys(struct journal *j)
{
    struct buf b = BUF_INIT;
    struct err *e = NULL;
    bool skipping = false;
    for (;;) {
        if (!buf_reserve(&b, READ_BYTES)) {
            e = err_plain(ERR_NOMEM);
            break;
        }
        ssize_t n = read(j->fd, b.data + b.len, READ_BYTES);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            e = err_errno(ERR_IO, errno, "cannot read the journal %s", j->path);
            break;
        }
        b.len += (size_t)n;
        if (!note_lines(j, &b, &skipping)) {
            e = err_plain(ERR_NOMEM);
        }
        if (e || n == 0) {
            break;
        }
    }
    /* What a crash left of a line gets an end, so that the next one begins anew. */
    if (!e && (b.len > 0 || skipping)) {
        e = !skipping && !note_key(j, b.data, b.len) ? err_plain(ERR_NOMEM) : NULL;
        buf_addc(&j->lines, '\n');
    }
    buf_fini(&b);
    return e;
}

static struct err *open_file(struct journal *j)
{
    struct stat st;
    j->fd = open(j->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
    if (j->fd < 0 || fstat(j->fd, &st) < 0) {
        return err_errno(ERR_IO, errno, "cannot open the journal %s", j->path);
    }
    if (!S_ISREG(st.st_mode)) {
        return err_new(ERR_IO, NULL, "the journal %s is not a regular file", j->path);
    }
    return NULL;
}

struct err *journal_open(const char *path, struct journal **out)
{
    *out = NULL;
    struct journal *j = mem_new(sizeof(*j));
    if (!j) {
        return err_plain(ERR_NOMEM);
    }
    j->refs = 1;
    j->fd = -1;
    j->path = mem_dup(path);
    table_init(&j->keys, 1, 0);
    struct err *e = j->path ? open_file(j) : err_plain(ERR_NOMEM);
    if (!e) {
        e = read_keys(j);
    }
    if (e) {
        journal_unref(j);
        return e;
    }
    *out = j;
    return NULL;
}

bool journal_has(const struct journal *j, uint64_t key)
{
    return table_find(&j->keys, in_table(key)) != NULL;
}

size_t journal_count(const struct journal *j)
{
    return j->keys.count;
}

size_t journal_bytes(const struct journal *j)
{
    return sizeof(*j) + table_bytes(&j->keys);
}

/* -- writing, on the executor -------------------------------------------------------------- */

static struct err *run_batch(void *arg, void **value)
{
    struct batch *t = arg;
    const struct journal *j = t->journal;
    (void)value;
    t->ran = true;
    for (size_t at = 0; at < t->text.len;) {
        ssize_t n = write(j->fd, t->text.data + at, t->text.len - at);
        if (n < 0 && errno != EINTR) {
            t->error = err_errno(ERR_IO, errno, "cannot write the journal %s", j->path);
            return NULL;
        }
        at += n > 0 ? (size_t)n : 0;
    }
    if (fdatasync(j->fd) < 0) {
        t->error = err_errno(ERR_IO, errno, "cannot sync the journal %s", j->path);
    }
    return NULL;
}

/* -- writing, as the loop sees it ---------------------------------------------------------- */

/* Takes e over. */
static void fail(struct journal *j, struct err *e)
{
    void (*told)(void *arg, struct err *e) = j->on_failed;
    if (j->error) {
        err_unref(e);
        return;
    }
    j->error = e;
    buf_fini(&j->lines);
    j->on_failed = NULL;
    if (told) {
        told(j->arg, e);
    }
}

static void finish(struct journal *j)
{
    struct future *f = j->finishing;
    if (f && !j->busy && (j->error || j->lines.len == 0)) {
        j->finishing = NULL;
        err_unref(
            j->error ? future_set_error(f, err_ref(j->error)) : future_set_result(f, NULL, NULL));
        future_unref(f);
    }
}

static void begin_batch(struct journal *j);

static void on_batch_end(void *arg)
{
    struct batch *t = arg;
    struct journal *j = t->journal;
    j->busy = false;
    if (t->error || !t->ran) {
        fail(j, t->error ? t->error : err_plain(ERR_CANCELLED));
    }
    buf_fini(&t->text);
    free(t);
    if (j->loop && (j->finishing || j->lines.len > BATCH_BYTES)) {
        begin_batch(j);
    } else if (j->loop && j->lines.len > 0 && !timer_active(&j->timer)) {
        err_unref(timer_start_after(j->loop, &j->timer, BATCH_SECONDS));
    }
    finish(j);
    journal_unref(j);
}

static void begin_batch(struct journal *j)
{
    struct err *e = NULL;
    if (j->busy || j->error || j->lines.len == 0) {
        return;
    }
    timer_stop(&j->timer);
    struct batch *t = mem_new(sizeof(*t));
    if (!t) {
        fail(j, err_plain(ERR_NOMEM));
        return;
    }
    *t = (struct batch){.journal = j, .text = j->lines};
    j->lines = BUF_INIT;
    j->busy = true;
    j->refs++;
    struct future *f = executor_submit(j->executor, run_batch, t, on_batch_end, NULL, &e);
    future_unref(f);
    err_unref(e); /* on_batch_end saw that it never ran */
}

static struct err *on_timer(void *arg)
{
    begin_batch(arg);
    return NULL;
}

void journal_start(struct journal *j, struct loop *l, struct executor *ex,
    void (*on_failed)(void *arg, struct err *e), void *arg)
{
    j->loop = l;
    j->executor = ex;
    j->on_failed = on_failed;
    j->arg = arg;
    timer_init(&j->timer, on_timer, j);
}

struct err *journal_add(struct journal *j, const struct journal_line *line)
{
    if (j->error) {
        return err_ref(j->error);
    }
    journal_format(line, &j->lines);
    if (buf_failed(&j->lines)) {
        return err_plain(ERR_NOMEM);
    }
    if (j->lines.len > BATCH_BYTES) {
        begin_batch(j);
        return NULL;
    }
    return j->busy || timer_active(&j->timer)
               ? NULL
               : timer_start_after(j->loop, &j->timer, BATCH_SECONDS);
}

struct future *journal_finish(struct journal *j)
{
    if (!j->finishing) {
        j->finishing = future_new(j->loop);
        if (!j->finishing) {
            return NULL;
        }
    }
    struct future *f = future_ref(j->finishing);
    begin_batch(j);
    finish(j);
    return f;
}

void journal_free(struct journal *j)
{
    if (!j) {
        return;
    }
    if (j->loop) {
        timer_stop(&j->timer);
    }
    future_unref(j->finishing);
    j->finishing = NULL;
    j->on_failed = NULL;
    j->loop = NULL;
    journal_unref(j);
}
