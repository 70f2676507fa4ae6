/* SPDX-License-Identifier: MIT */
/*
 * The bytes of one list.
 *
 *   executor or watch -> block (raw bytes) -> gunzip, if it begins so -> source_get
 *
 * The block is lent to the executor while a read is under way there; a source that ends meanwhile
 * leaves block and descriptor to that read, which drops both when it is over.
 */
#include "cli/source.h"

#include "aio/future.h"
#include "base/alloc.h"
#include "base/gunzip.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 64 * 1024 };

struct block {
    int fd;
    bool own_fd;
    bool lent, orphan;
    size_t at, len; /* the bytes not given out yet */
    ssize_t got;    /* by the last read */
    int errnum;
    char bytes[BLOCK];
};

enum source_coding { CODING_UNKNOWN, CODING_PLAIN, CODING_GZIP };

struct source {
    struct loop *loop;
    struct executor *executor;
    const char *name;
    uint64_t start;      /* of a file: where it is read from */
    struct block *block; /* owned, also while lent */
    bool live, ended;
    enum source_coding coding;
    struct gunzip *gunzip;  /* owned */
    char *unpacked;         /* owned; BLOCK bytes */
    struct err *error;      /* owned */
    struct watch *watch;    /* owned; live sources only */
    struct future *reading; /* owned */
    struct future_cb on_read;
    loop_fn fn; /* who waits; NULL: nobody */
    void *arg;
};

/* -- opening ------------------------------------------------------------------------------- */

static void block_free(struct block *b)
{
    if (b->own_fd) {
        close(b->fd);
    }
    free(b);
}

/* A FIFO must not hold up the start until somebody writes to it. The description is ours alone,
 * unlike standard input's. */
static struct err *open_file(const char *name, struct block *b)
{
    struct stat st;
    b->fd = STDIN_FILENO;
    if (strcmp(name, "-") != 0) {
        b->fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        b->own_fd = b->fd >= 0;
        if (b->fd < 0) {
            return err_errno(ERR_USAGE, errno, "cannot open %s", name);
        }
    }
    if (fstat(b->fd, &st) != 0) {
        return err_errno(ERR_USAGE, errno, "cannot read %s", b->own_fd ? name : "standard input");
    }
    if (S_ISDIR(st.st_mode)) {
        return err_errno(ERR_USAGE, EISDIR, "cannot read %s", name);
    }
    return NULL;
}

static bool fd_is_live(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode);
}

/* Standard input may have been read before. */
static uint64_t position(int fd)
{
    off_t at = lseek(fd, 0, SEEK_CUR);
    return at > 0 ? (uint64_t)at : 0;
}

struct err *source_open(struct loop *l, struct executor *ex, const char *name, struct source **out)
{
    struct err *error = NULL;
    struct source *s = mem_new(sizeof(*s));
    *out = NULL;
    if (!s) {
        return err_plain(ERR_NOMEM);
    }
    s->loop = l;
    s->executor = ex;
    s->name = name;
    s->block = malloc(sizeof(*s->block));
    if (!s->block) {
        error = err_plain(ERR_NOMEM);
        goto out;
    }
    *s->block = (struct block){.fd = -1};
    error = open_file(name, s->block);
    if (error) {
        goto out;
    }
    s->live = fd_is_live(s->block->fd);
    s->start = s->live ? 0 : position(s->block->fd);
    *out = s;
    s = NULL;
out:
    source_free(s);
    return error;
}

static void drop_reading(struct source *s)
{
    if (s->reading) {
        future_unwatch(&s->on_read);
        future_cancel(s->reading);
        future_unref(s->reading);
        s->reading = NULL;
    }
}

void source_free(struct source *s)
{
    if (!s) {
        return;
    }
    watch_free(s->watch);
    struct block *b = s->block;
    if (b && b->lent) {
        b->orphan = true;
        drop_reading(s);
    } else {
        drop_reading(s);
        if (b) {
            block_free(b);
        }
    }
    gunzip_free(s->gunzip);
    free(s->unpacked);
    err_unref(s->error);
    free(s);
}

/* -- reading ------------------------------------------------------------------------------- */

static void fail(struct source *s, struct err *error)
{
    if (s->error) {
        err_unref(error);
    } else {
        s->error = error;
    }
}

static const char *shown_name(const struct source *s)
{
    return strcmp(s->name, "-") == 0 ? "standard input" : s->name;
}

static void block_read(struct block *b)
{
    do {
        b->got = read(b->fd, b->bytes + b->len, BLOCK - b->len);
    } while (b->got < 0 && errno == EINTR);
    b->errnum = b->got < 0 ? errno : 0;
}

/* True unless there was nothing yet. */
static bool block_settle(struct source *s)
{
    struct block *b = s->block;
    if (b->got > 0) {
        b->len += (size_t)b->got;
    } else if (b->got == 0) {
        s->ended = true;
    } else if (b->errnum == EAGAIN || b->errnum == EWOULDBLOCK) {
        return false;
    } else {
        fail(s, err_errno(ERR_IO, b->errnum, "cannot read %s", shown_name(s)));
    }
    b->got = 0;
    return true;
}

static struct err *tell(struct source *s)
{
    loop_fn fn = s->fn;
    s->fn = NULL;
    return fn ? fn(s->arg) : NULL;
}

static struct err *on_readable(void *arg)
{
    struct source *s = arg;
    block_read(s->block);
    if (!block_settle(s)) {
        return NULL;
    }
    watch_set(s->watch, 0);
    return tell(s);
}

static struct err *read_on_executor(void *arg, void **value)
{
    (void)value;
    block_read(arg);
    return NULL;
}

static void block_returned(void *arg)
{
    struct block *b = arg;
    b->lent = false;
    if (b->orphan) {
        block_free(b);
    }
}

static struct err *on_read(struct future *f, void *arg)
{
    struct source *s = arg;
    struct err *error = future_error(f);
    future_unref(s->reading);
    s->reading = NULL;
    if (error) {
        fail(s, error);
    } else if (!block_settle(s)) {
        fail(s, err_errno(ERR_IO, EAGAIN, "cannot read %s", shown_name(s)));
    }
    return tell(s);
}

static struct err *start_reading(struct source *s)
{
    struct err *error = NULL;
    if (s->live) {
        if (s->watch) {
            watch_set(s->watch, WATCH_READ);
            return NULL;
        }
        s->watch = watch_new(s->loop, s->block->fd, WATCH_READ, on_readable, s);
        return s->watch ? NULL : err_plain(ERR_NOMEM);
    }
    s->block->lent = true;
    s->reading =
        executor_submit(s->executor, read_on_executor, s->block, block_returned, NULL, &error);
    if (s->reading) {
        future_watch(s->reading, &s->on_read, on_read, s);
    }
    return error;
}

struct err *source_wait(struct source *s, loop_fn fn, void *arg)
{
    struct block *b = s->block;
    s->fn = fn;
    s->arg = arg;
    if (s->reading) {
        return NULL;
    }
    /* only the first bytes, while they may still be gzip's, are here now */
    memmove(b->bytes, b->bytes + b->at, b->len - b->at);
    b->len -= b->at;
    b->at = 0;
    struct err *error = start_reading(s);
    if (error) {
        s->fn = NULL;
    }
    return error;
}

void source_stop(struct source *s)
{
    s->fn = NULL;
    if (s->watch) {
        watch_set(s->watch, 0);
    }
}

/* -- giving out ---------------------------------------------------------------------------- */

/* True once it is known what the bytes are. */
static bool decide(struct source *s)
{
    struct block *b = s->block;
    const char *bytes = b->bytes + b->at;
    size_t n = b->len - b->at;
    if (s->coding != CODING_UNKNOWN) {
        return true;
    }
    if (n < 2 && !s->ended && !(n == 1 && *bytes != '\x1f')) {
        return false;
    }
    s->coding = CODING_PLAIN;
    if (gunzip_magic(bytes, n)) {
        s->coding = CODING_GZIP;
        s->gunzip = gunzip_new(GUNZIP_GZIP);
        s->unpacked = malloc(BLOCK);
        if (!s->gunzip || !s->unpacked) {
            fail(s, err_plain(ERR_NOMEM));
        }
    }
    return true;
}

static enum source_got unpack(struct source *s, const char **bytes, size_t *n)
{
    struct block *b = s->block;
    const char *in = b->bytes + b->at;
    size_t left = b->len - b->at;
    bool good = gunzip_run(s->gunzip, &in, &left, s->unpacked, BLOCK, n);
    b->at = b->len - left;
    if (*n > 0) {
        *bytes = s->unpacked;
        return SOURCE_BYTES;
    }
    if (!good) {
        fail(s, err_new(ERR_IO, NULL, "cannot read %s: not valid gzip data", shown_name(s)));
    } else if (s->ended && !gunzip_complete(s->gunzip)) {
        fail(s, err_new(ERR_IO, NULL, "cannot read %s: the gzip data is cut off", shown_name(s)));
    }
    if (s->error) {
        return SOURCE_FAILED;
    }
    return s->ended ? SOURCE_END : SOURCE_WAIT;
}

enum source_got source_get(struct source *s, const char **bytes, size_t *n)
{
    struct block *b = s->block;
    if (b->lent) {
        return SOURCE_WAIT;
    }
    if (!decide(s)) {
        return s->error ? SOURCE_FAILED : SOURCE_WAIT;
    }
    if (s->gunzip && s->unpacked) {
        return unpack(s, bytes, n);
    }
    if (b->at < b->len && s->coding == CODING_PLAIN) {
        *bytes = b->bytes + b->at;
        *n = b->len - b->at;
        b->at = b->len;
        return SOURCE_BYTES;
    }
    if (s->error) {
        return SOURCE_FAILED;
    }
    return s->ended ? SOURCE_END : SOURCE_WAIT;
}

struct err *source_error(const struct source *s)
{
    return err_ref(s->error);
}

bool source_is_live(const struct source *s)
{
    return s->live;
}

bool source_is_plain(const struct source *s, int *fd, uint64_t *start)
{
    *fd = s->block->fd;
    *start = s->start;
    return !s->live && s->coding == CODING_PLAIN;
}
