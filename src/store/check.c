/* SPDX-License-Identifier: MIT */
/* The digest of a file that is there. */
#include "store/op.h"
#include "store/store_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 128 * 1024 };

struct check {
    struct store *store; /* a reference */
    struct op *op;       /* a reference */
    char *path;          /* owned */
    enum digest_algo algo;
    struct digest_value *value; /* owned */
    struct err *error;          /* owned */
    bool ran;
};

/* A block at a time, so that a cancel is not held up by a large file. */
static struct err *read_all(struct check *k, int fd, struct digest *d)
{
    struct err *e = NULL;
    char *block = malloc(BLOCK);
    if (!block) {
        return err_plain(ERR_NOMEM);
    }
    while (!e && !op_cancelled(k->op)) {
        ssize_t n = read(fd, block, BLOCK);
        if (n == 0) {
            break;
        }
        if (n > 0) {
            e = digest_update(d, block, (size_t)n);
        } else if (errno != EINTR) {
            e = err_errno(ERR_IO, errno, "cannot read %s", k->path);
        }
    }
    free(block);
    return e;
}

static struct err *digest_file(struct check *k)
{
    struct dir_place dir;
    int failed = store__enter(k->store, k->path, false, &dir);
    if (failed) {
        return dir_error(failed, k->path);
    }
    int fd = dir_open(dir.fd, dir.name, O_RDONLY | O_NONBLOCK);
    dir_leave(&dir);
    if (fd < 0) {
        return err_errno(ERR_IO, -fd, "cannot read %s", k->path);
    }
    struct digest *d = digest_new(k->algo);
    struct err *e = d ? read_all(k, fd, d) : err_plain(ERR_NOMEM);
    if (!e) {
        e = digest_final(d, k->value);
    }
    digest_free(d);
    close(fd);
    return e;
}

static struct err *run_check(void *arg, void **value)
{
    struct check *k = arg;
    (void)value;
    k->ran = true;
    k->error = op_cancelled(k->op) ? NULL : digest_file(k);
    return NULL;
}

static void on_check_end(void *arg)
{
    struct check *k = arg;
    if (!k->ran && !k->error) {
        k->error = err_plain(ERR_CANCELLED);
    }
    op_end(k->op, k->value, free, k->error);
    op_unref(k->op);
    store__unref(k->store);
    free(k->path);
    free(k);
}

struct future *store_digest(struct store *s, const char *path, enum digest_algo algo)
{
    struct err *e = NULL;
    struct check *k = mem_new(sizeof(*k));
    struct op *op = op_new(s->loop, false);
    char *copy = mem_dup(path);
    struct digest_value *value = mem_new(sizeof(*value));
    if (!k || !op || !copy || !value) {
        free(k);
        op_unref(op);
        free(copy);
        free(value);
        return NULL;
    }
    *k = (struct check){
        .store = store__ref(s), .op = op_ref(op), .path = copy, .algo = algo, .value = value};
    struct future *f = executor_submit(s->executor, run_check, k, on_check_end, NULL, &e);
    future_unref(f);
    if (e) {
        err_unref(e);
        op_unref(op);
        return NULL;
    }
    return &op->fut;
}
