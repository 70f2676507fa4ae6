/* SPDX-License-Identifier: MIT */
/*
 * Every entry is written down in both formats, since which of them is wanted is known at the end
 * only:
 *
 *   entry -> lines: [ 64 KiB ] -> unnamed file -.
 *        `-> jsonl: [ 64 KiB ] -> unnamed file --`-> one of them: a name, fsync, rename
 */
#include "cli/failures.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "cli/leftover.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WRITE_AT = 1 << 16, COPY_BYTES = 1 << 18, TRIES = 100 };

struct channel {
    int fd;          /* owned; -1: none */
    char name[64];   /* in the directory; "": it has none */
    struct buf text; /* owned: not yet written */
};

struct failures {
    char *path;       /* owned: as it was given */
    char *real;       /* owned: without links */
    const char *name; /* the last component of `real` */
    int dir;          /* owned */
    struct channel lines, json;
    bool json_seen;
    int failed; /* errno of the first write that went wrong */
};

int failures_dir(const struct failures *f)
{
    return f->dir;
}

/* -- files --------------------------------------------------------------------------------- */

static void temporary_name(struct channel *c, unsigned try)
{
    (void)snprintf(c->name, sizeof(c->name), ".garner-failures.%ld.%u", (long)getpid(), try);
}

/* A file system that has no unnamed files gets one with a name. */
static int channel_open(struct failures *f, struct channel *c, unsigned first)
{
    c->fd = openat(f->dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    for (unsigned try = first; c->fd < 0 && try < first + TRIES; try++) {
        temporary_name(c, try);
        c->fd = openat(f->dir, c->name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (c->fd < 0 && errno != EEXIST) {
            break;
        }
    }
    if (c->fd < 0) {
        c->name[0] = '\0';
        return errno;
    }
    return 0;
}

static void channel_close(struct failures *f, struct channel *c)
{
    if (c->fd >= 0) {
        close(c->fd);
    }
    if (c->name[0]) {
        (void)unlinkat(f->dir, c->name, 0);
    }
    buf_fini(&c->text);
}

static int channel_flush(struct channel *c)
{
    for (size_t at = 0; at < c->text.len;) {
        ssize_t n = write(c->fd, c->text.data + at, c->text.len - at);
        if (n < 0 && errno != EINTR) {
            return errno;
        }
        at += n > 0 ? (size_t)n : 0;
    }
    buf_clear(&c->text);
    return 0;
}

static int channel_name(const struct failures *f, struct channel *c)
{
    char own[64];
    (void)snprintf(own, sizeof(own), "/proc/self/fd/%d", c->fd);
    for (unsigned try = 0; !c->name[0] && try < TRIES; try++) {
        temporary_name(c, try);
        if (linkat(AT_FDCWD, own, f->dir, c->name, AT_SYMLINK_FOLLOW) < 0) {
            c->name[0] = '\0';
            if (errno != EEXIST) {
                return errno;
            }
        }
    }
    return c->name[0] ? 0 : EEXIST;
}

/* -- life ---------------------------------------------------------------------------------- */

/* Through links, so that what they lead to is replaced and not they. */
static struct err *find_place(struct failures *f)
{
    struct stat st;
    f->real = realpath(f->path, NULL);
    if (!f->real) {
        f->real = mem_dup(f->path);
    } else if (stat(f->real, &st) == 0 && !S_ISREG(st.st_mode)) {
        return err_new(ERR_USAGE, NULL, "--failures: %s is not a regular file", f->path);
    }
    if (!f->real) {
        return err_plain(ERR_NOMEM);
    }
    char *slash = strrchr(f->real, '/');
    f->name = slash ? slash + 1 : f->real;
    if (!*f->name) {
        return err_new(ERR_USAGE, NULL, "--failures: %s is a directory", f->path);
    }
    if (slash) {
        *slash = '\0';
    }
    const char *dir = !slash ? "." : *f->real ? f->real : "/";
    f->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return f->dir < 0 ? err_errno(ERR_IO, errno, "cannot write %s", f->path) : NULL;
}

struct err *failures_open(const char *path, struct failures **out)
{
    *out = NULL;
    struct failures *f = mem_new(sizeof(*f));
    if (!f) {
        return err_plain(ERR_NOMEM);
    }
    f->dir = f->lines.fd = f->json.fd = -1;
    f->path = mem_dup(path);
    struct err *e = f->path ? find_place(f) : err_plain(ERR_NOMEM);
    if (!e) {
        int failed = channel_open(f, &f->lines, 0);
        failed = failed ? failed : channel_open(f, &f->json, TRIES);
        e = failed ? err_errno(ERR_IO, failed, "cannot write %s", path) : NULL;
    }
    if (e) {
        failures_free(f);
        return e;
    }
    *out = f;
    return NULL;
}

void failures_free(struct failures *f)
{
    if (f) {
        channel_close(f, &f->lines);
        channel_close(f, &f->json);
        if (f->dir >= 0) {
            close(f->dir);
        }
        free(f->real);
        free(f->path);
        free(f);
    }
}

/* -- entries ------------------------------------------------------------------------------- */

static void note_failed(struct failures *f, int failed)
{
    if (failed && !f->failed) {
        f->failed = failed;
    }
}

static void flush_if_full(struct failures *f, struct channel *c)
{
    if (buf_failed(&c->text)) {
        note_failed(f, ENOMEM);
    } else if (c->text.len > WRITE_AT) {
        note_failed(f, channel_flush(c));
    }
}

void failures_add(struct failures *f, const struct entry *e, const char *target)
{
    f->json_seen = f->json_seen || e->json;
    leftover_lines(e, target, &f->lines.text);
    leftover_json(e, target, &f->json.text);
    flush_if_full(f, &f->lines);
    flush_if_full(f, &f->json);
}

bool failures_takes(const struct failures *f, bool json)
{
    return json || !f->json_seen;
}

static int copy(struct channel *c, int fd, uint64_t at)
{
    int failed = 0;
    while (!failed) {
        if (!buf_reserve(&c->text, COPY_BYTES)) {
            return ENOMEM;
        }
        ssize_t n = pread(fd, c->text.data + c->text.len, COPY_BYTES, (off_t)at);
        if (n == 0) {
            return 0;
        }
        if (n > 0) {
            c->text.len += (size_t)n;
            at += (uint64_t)n;
            failed = channel_flush(c);
        } else if (errno != EINTR) {
            failed = errno;
        }
    }
    return failed;
}

void failures_copy(struct failures *f, int fd, uint64_t at, bool json)
{
    f->json_seen = f->json_seen || json;
    note_failed(f, copy(json ? &f->json : &f->lines, fd, at));
}

static int put_in_place(struct failures *f, struct channel *c)
{
    int failed = channel_flush(c);
    if (!failed && fsync(c->fd) < 0) {
        failed = errno;
    }
    if (!failed) {
        failed = channel_name(f, c);
    }
    if (!failed && renameat(f->dir, c->name, f->dir, f->name) < 0) {
        failed = errno;
    }
    if (!failed) {
        c->name[0] = '\0';
    }
    return failed;
}

struct err *failures_write(struct failures *f)
{
    struct channel *c = f->json_seen ? &f->json : &f->lines;
    int failed = f->failed ? f->failed : put_in_place(f, c);
    if (failed == ENOMEM) {
        return err_plain(ERR_NOMEM);
    }
    return failed ? err_errno(ERR_IO, failed, "cannot write %s", f->path) : NULL;
}
