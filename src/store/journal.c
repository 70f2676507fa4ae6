/* SPDX-License-Identifier: MIT */
/*
 * The journal's file: read once, then appended to (outfile.h), each batch synced.
 */
#include "store/journal.h"

#include "base/alloc.h"
#include "store/outfile.h"
#include "store/table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_BYTES = 1 << 18, LINE_MOST = 4 << 20 };
static const double BATCH_SECONDS = 0.1;

struct journal {
    struct table keys;    /* owned */
    struct outfile *file; /* owned */
};

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

/* *torn: its end is that of no line. */
static struct err *read_keys(struct journal *j, int fd, const char *path, bool *torn)
{
    struct buf b = BUF_INIT;
    struct err *e = NULL;
    bool skipping = false;
    for (;;) {
        if (!buf_reserve(&b, READ_BYTES)) {
            e = err_plain(ERR_NOMEM);
            break;
        }
        ssize_t n = read(fd, b.data + b.len, READ_BYTES);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            e = err_errno(ERR_IO, errno, "cannot read the journal %s", path);
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
    *torn = b.len > 0 || skipping;
    if (!e && b.len > 0 && !skipping && !note_key(j, b.data, b.len)) {
        e = err_plain(ERR_NOMEM);
    }
    buf_fini(&b);
    return e;
}

static struct err *open_file(const char *path, int *fd)
{
    struct stat st;
    *fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
    if (*fd < 0 || fstat(*fd, &st) < 0) {
        return err_errno(ERR_IO, errno, "cannot open the journal %s", path);
    }
    if (!S_ISREG(st.st_mode)) {
        return err_new(ERR_IO, NULL, "the journal %s is not a regular file", path);
    }
    return NULL;
}

static struct outfile *append_to(int fd, const char *path)
{
    struct buf name = BUF_INIT;
    buf_addf(&name, "the journal %s", path);
    struct outfile *file = buf_failed(&name) ? NULL : outfile_new(fd, true, name.data, "");
    buf_fini(&name);
    return file;
}

struct err *journal_open(const char *path, struct journal **out)
{
    int fd = -1;
    bool torn = false;
    *out = NULL;
    struct journal *j = mem_new(sizeof(*j));
    if (!j) {
        return err_plain(ERR_NOMEM);
    }
    table_init(&j->keys, 1, 0);
    struct err *e = open_file(path, &fd);
    if (!e) {
        e = read_keys(j, fd, path, &torn);
    }
    if (!e && !(j->file = append_to(fd, path))) {
        e = err_plain(ERR_NOMEM);
    }
    if (!e && torn) { /* what a crash left of a line gets an end: the next one begins anew */
        buf_addc(outfile_buf(j->file), '\n');
    }
    if (e) {
        if (fd >= 0) {
            close(fd);
        }
        journal_free(j);
        return e;
    }
    outfile_sync(j->file, BATCH_SECONDS);
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

/* -- writing ------------------------------------------------------------------------------- */

void journal_start(struct journal *j, struct loop *l, struct executor *ex,
    void (*on_failed)(void *arg, struct err *e), void *arg)
{
    outfile_on_failed(j->file, on_failed, arg);
    outfile_start(j->file, l, ex);
}

void journal_add(struct journal *j, const struct journal_line *line)
{
    journal_format(line, outfile_buf(j->file));
    outfile_added(j->file);
}

struct future *journal_finish(struct journal *j)
{
    return outfile_finish(j->file);
}

void journal_free(struct journal *j)
{
    if (j) {
        outfile_free(j->file);
        table_fini(&j->keys);
        free(j);
    }
}
