/* SPDX-License-Identifier: MIT */
/* What is there already. */
#include "store/marks.h"
#include "store/name.h"
#include "store/op.h"
#include "store/store_private.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct look {
    struct store *store;  /* a reference */
    struct op *op;        /* a reference */
    struct probe *probes; /* borrowed: until op has ended */
    size_t n;
    bool etags;
    struct err *refused; /* no thread takes it; op's from the end on */
};

void probe_fini(struct probe *p)
{
    free(p->etag);
    p->etag = NULL;
}

static void read_marks(struct probe *p, const struct dir_place *dir, bool etags)
{
    int fd = dir_open(dir->fd, dir->name, O_RDONLY | O_NONBLOCK);
    if (fd < 0) {
        return; /* a file that cannot be read has no mark that could be trusted */
    }
    p->mark = marks_key(fd);
    if (etags) {
        p->etag = marks_etag(fd);
    }
    close(fd);
}

static void look_at_final(struct probe *p, const struct dir_place *dir, bool etags)
{
    struct stat st;
    if (fstatat(dir->fd, dir->name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
        p->errnum = errno == ENOENT ? 0 : errno;
    } else if (!S_ISREG(st.st_mode)) {
        p->final = PRESENCE_OBSTACLE;
    } else {
        p->final = PRESENCE_FILE;
        p->size = st.st_size;
        p->modified = st.st_mtime;
        read_marks(p, dir, etags);
    }
}

static void look_at_part(struct probe *p, const struct dir_place *dir)
{
    char name[NAME_MAX + 16];
    if (strlen(dir->name) <= NAME_MAX) {
        (void)snprintf(name, sizeof(name), "%s%s", dir->name, NAME_PART);
        p->part = faccessat(dir->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    }
}

static void look_under(const struct store *s, struct probe *p, const char *path, bool etags)
{
    struct dir_place dir;
    p->final = PRESENCE_ABSENT;
    p->part = false;
    p->size = -1;
    p->modified = -1;
    p->mark = 0;
    p->etag = NULL;
    p->errnum = store__enter(s, path, false, &dir);
    if (p->errnum) {
        p->errnum = p->errnum == ENOENT ? 0 : p->errnum; /* the directory is yet to be made */
        return;
    }
    look_at_final(p, &dir, etags);
    look_at_part(p, &dir);
    dir_leave(&dir);
}

static void look_at(const struct store *s, struct probe *p, bool etags)
{
    p->is_rather = false;
    if (p->rather) {
        look_under(s, p, p->rather, etags);
        if (p->mark && p->mark == p->key_hash) {
            p->is_rather = true;
            return;
        }
        probe_fini(p);
    }
    look_under(s, p, p->path, etags);
}

static struct err *run_look(void *arg, void **value)
{
    struct look *k = arg;
    (void)value;
    for (size_t i = 0; i < k->n && !op_cancelled(k->op); i++) {
        look_at(k->store, &k->probes[i], k->etags);
    }
    return NULL;
}

static void on_look_end(void *arg)
{
    struct look *k = arg;
    if (op_cancelled(k->op)) {
        for (size_t i = 0; i < k->n; i++) {
            probe_fini(&k->probes[i]);
        }
    }
    op_end(k->op, NULL, NULL, k->refused);
    op_unref(k->op);
    store__unref(k->store);
    free(k);
}

struct future *store_probe(struct store *s, struct probe *probes, size_t n, bool etags)
{
    struct look *k = mem_new(sizeof(*k));
    struct op *op = op_new(s->loop, false);
    if (!k || !op) {
        free(k);
        op_unref(op);
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        probes[i].etag = NULL;
    }
    *k = (struct look){store__ref(s), op_ref(op), probes, n, etags, NULL};
    future_unref(executor_submit(s->executor, run_look, k, on_look_end, NULL, &k->refused));
    return &op->fut;
}
