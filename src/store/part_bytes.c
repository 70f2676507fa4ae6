/* SPDX-License-Identifier: MIT */
/* NAME.part: its bytes, and their digest. */
#include "base/alloc.h"
#include "store/chunk.h"
#include "store/part.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

/* Between two looks at a cancel. */
#define BATCH 16
#define BLOCK ((size_t)256 * 1024)

static struct chunk *chunk_of(struct list *node)
{
    return container_of(node, struct chunk, node);
}

/* -- writing --------------------------------------------------------------------------------- */

static int gather(struct list *chunks, struct iovec *iov)
{
    int n = 0;
    list_for_each (node, chunks) {
        struct chunk *k = chunk_of(node);
        if (n == BATCH) {
            break;
        }
        iov[n].iov_base = k->bytes + k->from;
        iov[n].iov_len = k->len - k->from;
        n++;
    }
    return n;
}

/* In order from the start, or not at all: what is left is read back at the end. */
static struct err *digest_chunk(struct part *p, const struct chunk *k)
{
    int64_t at = p->end - (int64_t)k->len;
    if (p->algo == DIGEST_NONE || p->digested != at) {
        return NULL;
    }
    if (!p->digest) {
        p->digest = digest_new(p->algo);
    }
    if (!p->digest) {
        return err_plain(ERR_NOMEM);
    }
    p->digested = p->end;
    return digest_update(p->digest, k->bytes, k->len);
}

/* n more bytes are in the file: the chunks that they complete are done. */
static struct err *advance(struct part *p, struct list *chunks, struct list *done, size_t n)
{
    struct err *e = NULL;
    while (!e && !list_empty(chunks)) {
        struct chunk *k = chunk_of(chunks->next);
        size_t left = k->len - k->from;
        size_t now = left < n ? left : n;
        k->from += now;
        p->end += (int64_t)now;
        n -= now;
        if (k->from < k->len) {
            break;
        }
        list_remove(&k->node);
        list_push(done, &k->node);
        e = digest_chunk(p, k);
        if (n == 0) {
            break;
        }
    }
    return e;
}

struct err *part_write(struct part *p, struct list *chunks, struct list *done, struct op *op)
{
    struct iovec iov[BATCH];
    struct err *e = NULL;
    if (p->spread) {
        return part__write_spread(p, chunks, done, op);
    }
    while (!e && !list_empty(chunks) && !op_cancelled(op)) {
        int n = gather(chunks, iov);
        ssize_t wrote = 0;
        if (p->discard) {
            wrote = (ssize_t)iov[0].iov_len;
        } else if (n == 1) {
            wrote = pwrite(p->fd, iov[0].iov_base, iov[0].iov_len, p->end);
        } else {
            wrote = pwritev(p->fd, iov, n, p->end);
        }
        if (wrote < 0 && errno == EINTR) {
            continue;
        }
        if (wrote <= 0) {
            e = part_error(p, wrote < 0 ? errno : ENOSPC);
        } else {
            e = advance(p, chunks, done, (size_t)wrote);
        }
    }
    return e;
}

/* -- the digest ------------------------------------------------------------------------------ */

static struct err *read_back(struct part *p, struct digest *d, struct op *op)
{
    char *block = malloc(BLOCK);
    struct err *e = block ? NULL : err_plain(ERR_NOMEM);
    for (int64_t at = 0; !e && at < p->end && !op_cancelled(op);) {
        size_t want = p->end - at < (int64_t)BLOCK ? (size_t)(p->end - at) : BLOCK;
        ssize_t n = pread(p->fd, block, want, at);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            e = err_errno(ERR_IO, errno, "cannot read back %s", p->path);
        } else if (n == 0) {
            e = err_new(ERR_IO, "EIO", "cannot read back %s: it became shorter", p->path);
        } else {
            e = digest_update(d, block, (size_t)n);
            at += n;
        }
    }
    free(block);
    return e;
}

struct err *part_digest(
    struct part *p, enum digest_algo algo, struct op *op, struct digest_value *out)
{
    *out = (struct digest_value){.algo = DIGEST_NONE};
    struct digest *d = NULL;
    struct err *e = NULL;
    if (algo == p->algo && p->digested == p->end && p->digest) {
        d = p->digest;
        p->digest = NULL;
        p->digested = 0;
    } else {
        d = digest_new(algo);
        if (!d) {
            return err_plain(ERR_NOMEM);
        }
        if (p->discard && p->end > 0) {
            e = err_new(ERR_RUNTIME, NULL, "discarded bytes have no second digest");
        } else {
            e = read_back(p, d, op);
        }
    }
    if (!e && !op_cancelled(op)) {
        e = digest_final(d, out);
    }
    digest_free(d);
    return e;
}
