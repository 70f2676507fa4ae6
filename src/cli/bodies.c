/* SPDX-License-Identifier: MIT */
#include "cli/bodies.h"

#include "aio/shield.h"
#include "aio/task.h"
#include "base/alloc.h"
#include "base/buf.h"
#include "cli/app_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define IN_MEMORY ((size_t)16 << 20)

enum { TRIES = 16 }; /* how often a part may turn up and get its name under us */

struct bodies {
    const struct options *options; /* borrowed */
    struct executor *executor;     /* borrowed, from bodies_start on */
    struct line *line;             /* owned */
    int fd;                        /* owned unless it is standard output */
    int dir;                       /* owned; -1: the archive has no other name */
    char *path;                    /* owned: of the archive */
    char *part;                    /* owned: the same with .part, until it has its name */
    const char *name;              /* in path: without its directory */
};

/* -- opening ------------------------------------------------------------------------------- */

static struct err *cannot(const struct bodies *b, int errnum)
{
    return err_errno(ERR_IO, errnum, "--tar: cannot write %s", b->path);
}

static struct err *busy(const struct bodies *b)
{
    return err_new(ERR_IO, "EBUSY", "--tar: another garner is writing %s", b->path);
}

/* Opens and locks it. *again: the one who had the lock has given it its name meanwhile, and what is
 * open is an archive that is whole. */
static struct err *lock_part(struct bodies *b, bool *again)
{
    const char *part = b->part + (b->name - b->path);
    struct stat st, named;

    *again = false;
    b->fd = openat(b->dir, part, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);
    if (b->fd < 0) {
        return cannot(b, errno);
    }
    if (flock(b->fd, LOCK_EX | LOCK_NB) < 0) {
        return errno == EWOULDBLOCK ? busy(b) : cannot(b, errno);
    }
    if (fstat(b->fd, &st) < 0) {
        return cannot(b, errno);
    }
    if (!S_ISREG(st.st_mode) || st.st_nlink > 1) {
        return err_new(ERR_USAGE, NULL, "--tar: %s is not a regular file%s", b->part,
            S_ISREG(st.st_mode) ? " with one name" : "");
    }
    *again = fstatat(b->dir, part, &named, AT_SYMLINK_NOFOLLOW) < 0 || named.st_ino != st.st_ino ||
             named.st_dev != st.st_dev;
    return NULL;
}

/* Whoever holds the lock writes; what an earlier run left is begun anew. */
static struct err *open_part(struct bodies *b)
{
    struct buf part = BUF_INIT;
    struct err *error = NULL;
    bool again = true;

    buf_addf(&part, "%s.part", b->path);
    b->part = buf_failed(&part) ? NULL : buf_take(&part);
    buf_fini(&part);
    if (!b->part) {
        return err_plain(ERR_NOMEM);
    }
    for (int tries = 0; !error && again; tries++) {
        if (b->fd >= 0) {
            close(b->fd);
            b->fd = -1;
        }
        error = tries < TRIES ? lock_part(b, &again) : busy(b);
    }
    return !error && ftruncate(b->fd, 0) < 0 ? cannot(b, errno) : error;
}

static struct err *open_dir(struct bodies *b)
{
    const char *slash = strrchr(b->path, '/');
    char *dir = slash ? mem_dup_bytes(b->path, (size_t)(slash - b->path) + 1) : mem_dup(".");

    if (!dir) {
        return err_plain(ERR_NOMEM);
    }
    b->name = slash ? slash + 1 : b->path;
    b->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(dir);
    return b->dir < 0 ? cannot(b, errno) : NULL;
}

static struct err *open_archive(struct bodies *b)
{
    struct stat st;
    struct err *error;
    const bool there = stat(b->path, &st) == 0;

    if (there && S_ISDIR(st.st_mode)) {
        return err_new(ERR_USAGE, NULL, "--tar: %s is a directory", b->path);
    }
    if (there && !S_ISREG(st.st_mode)) { /* a FIFO, /dev/fd/3: as it is */
        b->fd = open(b->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
        return b->fd < 0 ? cannot(b, errno) : NULL;
    }
    error = open_dir(b);
    if (!error && !*b->name) {
        error = err_new(ERR_USAGE, NULL, "--tar: '%s' is not a file name", b->path);
    }
    return error ? error : open_part(b);
}

struct err *bodies_open(const struct options *o, struct bodies **out)
{
    const struct output_options *output = &o->output;
    struct err *error = NULL;
    struct bodies *b;

    *out = NULL;
    if ((!output->bodies && !output->tar) || o->session.dry_run) {
        return NULL;
    }
    b = mem_new(sizeof *b);
    if (!b) {
        return err_plain(ERR_NOMEM);
    }
    b->options = o;
    b->dir = -1;
    b->fd = STDOUT_FILENO;
    if (!output->stdout_taken) {
        b->fd = -1;
        b->path = mem_dup(output->tar);
        error = b->path ? open_archive(b) : err_plain(ERR_NOMEM);
    }
    if (error) {
        bodies_free(b);
        return error;
    }
    *out = b;
    return NULL;
}

void bodies_free(struct bodies *b)
{
    if (!b) {
        return;
    }
    line_free(b->line);
    if (b->fd >= 0 && b->fd != STDOUT_FILENO) {
        close(b->fd);
    }
    if (b->dir >= 0) {
        close(b->dir);
    }
    free(b->part);
    free(b->path);
    free(b);
}

int bodies_dir(const struct bodies *b)
{
    return b ? b->dir : -1;
}

struct err *bodies_start(struct bodies *b, struct store *s, struct executor *ex,
    const struct line_events *events, struct line **out)
{
    const struct options *o = b ? b->options : NULL;
    struct err *error = NULL;

    *out = NULL;
    if (b) {
        const struct line_options options = {
            .fd = b->fd,
            .name = b->part   ? b->part
                    : b->path ? b->path
                              : "standard output",
            .ordered = o->session.mode == AWAIT_GATHER,
            .tar = o->output.tar != NULL,
            .in_memory = IN_MEMORY,
            .most = o->output.spool,
        };
        b->executor = ex;
        error = line_new(s, &options, events, &b->line);
        *out = b->line;
    }
    return error;
}

/* -- the end ------------------------------------------------------------------------------- */

/* On the executor: the archive has all its bytes. */
static struct err *give_name(void *arg, void **value)
{
    struct bodies *b = arg;
    const char *part = b->part + (b->name - b->path);

    (void)value;
    if (b->options->store.fsync && fsync(b->fd) < 0) {
        return cannot(b, errno);
    }
    if (renameat(b->dir, part, b->dir, b->name) < 0) {
        return cannot(b, errno);
    }
    if (b->options->store.fsync && fsync(b->dir) < 0 && errno != EBADF && errno != EINVAL) {
        return cannot(b, errno);
    }
    return NULL;
}

struct finishing {
    struct co co;
    struct bodies *bodies; /* borrowed */
    struct future *wait;   /* owned */
    struct future *naming; /* owned: the job that gives the archive its name */
    bool whole;
};

static void finishing_drop(void *frame)
{
    struct finishing *f = frame;

    future_unref(f->wait);
    future_unref(f->naming);
}

/* What to await until the job has ended, which borrows the bodies, cancelled or not. NULL, a mere
 * yield, without memory. */
static struct future *naming_end(struct finishing *f)
{
    future_unref(f->wait);
    f->wait = shield(f->naming);
    return f->wait;
}

static enum co_state finish_step(void *frame, struct err *status)
{
    struct finishing *f = frame;
    struct bodies *b = f->bodies;
    struct err *error = NULL;

    CO_BEGIN(&f->co);
    f->wait = line_finish(b->line);
    if (!f->wait) {
        return co_fail(&f->co, err_plain(ERR_NOMEM));
    }
    CO_AWAIT(&f->co, f->wait);
    if (status || !b->part || !f->whole || !line_ended_well(b->line)) {
        return status ? co_fail(&f->co, err_ref(status)) : co_return(&f->co, NULL, NULL);
    }
    f->naming = executor_submit(b->executor, give_name, b, NULL, NULL, &error);
    while (f->naming && !future_done(f->naming)) {
        CO_AWAIT(&f->co, naming_end(f));
    }
    error = f->naming ? future_error(f->naming) : error;
    if (error) {
        return co_fail(&f->co, error);
    }
    free(b->part);
    b->part = NULL;
    CO_END(&f->co);
}

struct future *bodies_finish(struct bodies *b, const struct session *s, const struct err *e)
{
    struct task *t = b ? task_new(line_loop(b->line), finish_step, sizeof(struct finishing),
                             finishing_drop, "bodies")
                       : NULL;

    if (!t) {
        return NULL;
    }
    struct finishing *f = task_frame(t);
    f->bodies = b;
    f->whole = !e && session_totals(s)->cancelled == 0 && session_exit(s) != STATUS_TIMEOUT;
    return task_future(t);
}

void bodies_report(const struct bodies *b, struct report *report)
{
    struct buf say = BUF_INIT;

    if (!b || !b->part) {
        return;
    }
    buf_addf(&say, "the run was cut short: what is in the archive is in %s", b->part);
    if (!buf_failed(&say)) {
        report_note(report, say.data);
    }
    buf_fini(&say);
}
