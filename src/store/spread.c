/* SPDX-License-Identifier: MIT */
/* NAME.part of a file that comes over several connections: its bytes arrive in any order. */
#include "store/chunk.h"
#include "store/part.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#define BATCH 16

static struct chunk *chunk_of(struct list *node)
{
    return container_of(node, struct chunk, node);
}

/* Room for all of it: a disk that is too small is noticed now. It may be the server that says too
 * much: that is no reason to end the run, as a disk that is full would be. */
static struct err *make_room(struct part *p)
{
    const int64_t total = p->side.v.total;
    int failed = 0;

    if (p->sized || total <= 0) {
        return NULL;
    }
    do {
        failed = fallocate(p->fd, 0, 0, total) < 0 ? errno : 0;
    } while (failed == EINTR);
    if (failed == EOPNOTSUPP || failed == ENOSYS || failed == EINVAL || failed == EPERM) {
        failed = ftruncate(p->fd, total) < 0 ? errno : 0;
    }
    p->sized = !failed;
    if (failed == ENOSPC || failed == EDQUOT || failed == EFBIG) {
        return err_new(ERR_IO, "ENOSPC", "cannot write %s: there is no room for its %lld bytes",
            p->path, (long long)total);
    }
    return failed ? part_error(p, failed) : NULL;
}

/* Chunks from the first on that follow one another in the file. */
static int gather(struct list *chunks, struct iovec *iov)
{
    int64_t next = -1;
    int n = 0;

    list_for_each (node, chunks) {
        struct chunk *k = chunk_of(node);
        if (n == BATCH || (n > 0 && k->at != next)) {
            break;
        }
        iov[n].iov_base = k->bytes + k->from;
        iov[n].iov_len = k->len - k->from;
        next = k->at + (int64_t)k->len;
        n++;
    }
    return n;
}

static struct err *advance(struct part *p, struct list *chunks, struct list *done, size_t n)
{
    while (n > 0) {
        struct chunk *k = chunk_of(chunks->next);
        const size_t left = k->len - k->from, now = left < n ? left : n;
        const int64_t at = k->at + (int64_t)k->from;
        if (!ranges_add(&p->have, at, at + (int64_t)now)) {
            return err_plain(ERR_NOMEM);
        }
        k->from += now;
        n -= now;
        if (k->from == k->len) {
            list_remove(&k->node);
            list_push(done, &k->node);
        }
    }
    p->end = ranges_prefix(&p->have);
    return NULL;
}

struct err *part__write_spread(
    struct part *p, struct list *chunks, struct list *done, struct op *op)
{
    struct iovec iov[BATCH];
    struct err *e = NULL;

    if (!ranges_add(&p->have, 0, p->end)) {
        return err_plain(ERR_NOMEM);
    }
    if (!list_empty(chunks)) {
        e = make_room(p);
    }
    while (!e && !list_empty(chunks) && !op_cancelled(op)) {
        const struct chunk *first = chunk_of(chunks->next);
        const int n = gather(chunks, iov);
        const ssize_t wrote = pwritev(p->fd, iov, n, first->at + (int64_t)first->from);
        if (wrote < 0 && errno == EINTR) {
            continue;
        }
        e = wrote <= 0 ? part_error(p, wrote < 0 ? errno : ENOSPC)
                       : advance(p, chunks, done, (size_t)wrote);
    }
    return e;
}
