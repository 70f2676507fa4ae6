/* SPDX-License-Identifier: MIT */
/*
 * The commit, on the executor.
 *
 *    make  write  digest  marks, time, fsync  |  sidecar away  rename  fsync of the directory
 *    `------- a cancel stops here ----------´ |  `------------- a cancel is late -----------´
 *                                          op_shut
 *
 * A body that needed no part (part.h) has no sidecar, and is linked rather than renamed.
 *
 * The sidecar goes before the rename: so there never is one without its part, which a later part of
 * the name could be taken for. Killed between the two, the part is complete but downloaded again.
 */
#include "store/commit.h"

#include "base/alloc.h"
#include "store/marks.h"
#include "store/store_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RETRIES 8

void committed_free(void *c)
{
    struct committed *done = c;
    if (done) {
        free(done->path);
        free(done);
    }
}

bool commit_init(struct commit *c, const struct commit_options *options)
{
    *c = (struct commit){.options = *options};
    char *etag = mem_dup(options->etag), *origin = mem_dup(options->origin_url);
    c->options.etag = etag;
    c->options.origin_url = origin;
    c->outcome = mem_new(sizeof(*c->outcome));
    return c->outcome && !etag == !options->etag && !origin == !options->origin_url;
}

void commit_fini(struct commit *c)
{
    free((char *)c->options.etag);
    free((char *)c->options.origin_url);
    committed_free(c->outcome);
    *c = (struct commit){.op = NULL};
}

/* -- up to the rename ------------------------------------------------------------------------ */

static struct err *check_digest(struct commit *c, struct part *p, const struct spot *at)
{
    const struct digest_value *expect = &c->options.expect;
    struct digest_value *got = &c->outcome->digest, other;
    struct err *e = NULL;
    if (p->algo != DIGEST_NONE) {
        e = part_digest(p, p->algo, c->op, got);
    }
    if (e || expect->algo == DIGEST_NONE || op_cancelled(c->op)) {
        return e;
    }
    other = *got;
    if (expect->algo != p->algo) {
        e = part_digest(p, expect->algo, c->op, &other);
    }
    if (p->algo == DIGEST_NONE) {
        *got = other;
    }
    if (e || op_cancelled(c->op) || digest_equal(expect, &other)) {
        return e;
    }
    char is[DIGEST_TEXT], should[DIGEST_TEXT];
    digest_format(&other, is);
    digest_format(expect, should);
    part_drop(p, at);
    return err_new(ERR_CHECKSUM, NULL, "%s is not the expected %s", is, should);
}

static int set_time(int fd, time_t modified)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = modified}};
    return modified >= 0 ? futimens(fd, times) : 0;
}

/* A part that was there before this job must still be the one under its name, and as long as what
 * was written. */
static struct err *check_same(const struct part *p, const struct spot *at)
{
    struct stat held, named;
    if (fstat(p->fd, &held) < 0) {
        return part_error(p, errno);
    }
    if (fstatat(at->dir.fd, at->part, &named, AT_SYMLINK_NOFOLLOW) < 0) {
        return part_error(p, errno);
    }
    if (held.st_ino != named.st_ino || held.st_dev != named.st_dev || held.st_size != p->end) {
        return err_new(
            ERR_IO, "ESTALE", "cannot write %s: another program changed %s", p->path, at->part);
    }
    return NULL;
}

/* A file system over a network, or FUSE, may only tell at a close that bytes were lost. Any close
 * will do, and the part has to stay open for its lock. */
static int settle(const struct part *p)
{
    if (p->store->fsync) {
        return fsync(p->fd);
    }
    const int copy = fcntl(p->fd, F_DUPFD_CLOEXEC, 0);
    return copy < 0 || close(copy) == 0 || errno == EINTR ? 0 : -1;
}

static struct err *prepare(struct commit *c, struct part *p, const struct spot *at)
{
    struct err *e = check_digest(c, p, at);
    if (e || p->discard || op_cancelled(c->op)) {
        return e;
    }
    if (c->options.marks) {
        marks_set(p->fd, c->key_hash, c->options.etag, NULL);
    }
    if (c->options.origin_url) {
        marks_set(p->fd, 0, NULL, c->options.origin_url);
    }
    if (set_time(p->fd, c->options.modified) < 0) {
        return part_error(p, errno);
    }
    return settle(p) < 0 ? part_error(p, errno) : NULL;
}

/* -- the rename ------------------------------------------------------------------------------ */

/* 0 or an errno value, EEXIST if the name is taken. */
static int rename_to_free(struct part *p, const struct spot *at, const char *to)
{
    const int dir = at->dir.fd;
    if (p->unnamed) {
        return part_link(p, dir, to);
    }
    if (renameat2(dir, at->part, dir, to, RENAME_NOREPLACE) == 0) {
        return 0;
    }
    if (errno != EINVAL && errno != ENOSYS) {
        return errno;
    }
    if (linkat(dir, at->part, dir, to, 0) < 0) {
        return errno;
    }
    return unlinkat(dir, at->part, 0) < 0 ? errno : 0;
}

/* What is under the name may be a file, or nothing: 0, ENOENT, or why it may not be written. */
static int look_at(const struct spot *at)
{
    struct stat st;
    if (fstatat(at->dir.fd, at->dir.name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
        return errno;
    }
    return S_ISREG(st.st_mode)   ? 0
           : S_ISDIR(st.st_mode) ? EISDIR
           : S_ISLNK(st.st_mode) ? ELOOP
                                 : EEXIST;
}

static int rename_over(struct part *p, const struct spot *at)
{
    if (p->unnamed) {
        return part_link(p, at->dir.fd, at->dir.name);
    }
    int failed = look_at(at);
    if (failed && failed != ENOENT) {
        return failed;
    }
    return renameat(at->dir.fd, at->part, at->dir.fd, at->dir.name) < 0 ? errno : 0;
}

/* The record's path is there before the rename: nothing may fail for memory after it. */
static struct err *note_path(struct commit *c, const struct part *p)
{
    free(c->outcome->path);
    c->outcome->path = mem_dup(p->path);
    return c->outcome->path ? NULL : err_plain(ERR_NOMEM);
}

static struct err *rename_to_next(struct commit *c, struct part *p, const struct spot *at)
{
    for (;;) {
        const char *slash = strrchr(p->path, '/');
        int failed = rename_to_free(p, at, slash ? slash + 1 : p->path);
        if (failed != EEXIST) {
            return failed ? part_error(p, failed) : NULL;
        }
        struct err *e = part_choose(p, p->number + 1);
        if (!e) {
            e = note_path(c, p);
        }
        if (e) {
            return e;
        }
    }
}

/* A name that is taken when it is to be had, and free when it is looked at, changes too often. */
static int rename_unless_taken(struct part *p, const struct spot *at, bool *exists)
{
    for (int tries = 0; tries < RETRIES; tries++) {
        int failed = rename_to_free(p, at, at->dir.name);
        if (failed != EEXIST) {
            return failed;
        }
        failed = look_at(at);
        if (failed != ENOENT) {
            *exists = failed == 0;
            return failed;
        }
    }
    return EAGAIN;
}

static struct err *rename_by_policy(struct commit *c, struct part *p, const struct spot *at)
{
    int failed;
    if (c->policy == IF_EXISTS_RENAME) {
        return rename_to_next(c, p, at);
    }
    if (c->policy == IF_EXISTS_OVERWRITE || c->policy == IF_EXISTS_UPDATE) {
        failed = rename_over(p, at);
    } else {
        failed = rename_unless_taken(p, at, &c->outcome->exists);
    }
    return failed ? part_error(p, failed) : NULL;
}

/* From here on a cancel is late. */
static struct err *finish(struct commit *c, struct part *p, struct spot *at)
{
    struct err *e = note_path(c, p);
    if (e) {
        return e;
    }
    if (!part_unclaim(p, at)) {
        return part_error(p, errno);
    }
    e = rename_by_policy(c, p, at);
    if (e) {
        if (!p->unnamed) {
            part_claim(p, at, true);
        }
        return e;
    }
    if (c->outcome->exists) {
        part_drop(p, at);
        return NULL;
    }
    e = part_sync_dir(p, at) ? NULL : part_error(p, errno);
    part_close(p);
    return e;
}

/* -- all of it ------------------------------------------------------------------------------- */

static struct err *write_rest(
    struct commit *c, struct part *p, const struct spot *at, struct list *chunks, struct list *done)
{
    struct err *e = part_make(p, at, true);
    if (!e) {
        e = part_write(p, chunks, done, c->op);
    }
    c->written = store__now();
    return e;
}

static struct err *commit_discarded(
    struct commit *c, struct part *p, struct list *chunks, struct list *done)
{
    struct err *e = write_rest(c, p, NULL, chunks, done);
    if (!e && !op_cancelled(c->op)) {
        c->outcome->size = p->end;
        e = check_digest(c, p, NULL);
    }
    c->outcome->settle_seconds = store__now() - c->written;
    return e;
}

static struct err *commit_in(
    struct commit *c, struct part *p, struct spot *at, struct list *chunks, struct list *done)
{
    bool before = p->fd >= 0;
    struct err *e = write_rest(c, p, at, chunks, done);
    if (!e && !op_cancelled(c->op)) {
        c->outcome->size = p->end;
        e = prepare(c, p, at);
    }
    if (!e && !op_cancelled(c->op) && before) {
        e = check_same(p, at);
    }
    if (!e && op_shut(c->op)) {
        e = finish(c, p, at);
    }
    return e;
}

/* What did not come to its name without a part is a part like others: once more, all of it. */
static struct err *commit_named(struct commit *c, struct part *p, struct spot *at,
    struct list *chunks, struct list *done, struct err *e)
{
    err_unref(e);
    part_forget(p, chunks, done);
    p->absent = false;
    return commit_in(c, p, at, chunks, done);
}

struct err *commit_run(struct commit *c, struct part *p, struct list *chunks, struct list *done)
{
    struct spot at;
    if (op_cancelled(c->op)) {
        return NULL;
    }
    if (p->discard) {
        return commit_discarded(c, p, chunks, done);
    }
    struct err *e = p->choose && !p->wanted ? part_choose(p, 0) : NULL;
    if (!e) {
        e = part_enter(p, true, &at);
    }
    if (e) {
        return e;
    }
    e = commit_in(c, p, &at, chunks, done);
    if (p->unnamed) {
        e = commit_named(c, p, &at, chunks, done, e);
    }
    c->outcome->settle_seconds = store__now() - c->written;
    part_leave(&at);
    return e;
}
