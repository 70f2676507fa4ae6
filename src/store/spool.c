/* SPDX-License-Identifier: MIT */
/*
 * Blobs that wait.
 *
 * Past the bound in memory, blobs are appended to an unnamed file. Its end goes back to 0 whenever
 * nothing is left in it; while something always is, a region whose last blob was taken is given
 * back to the file system, so that the file's blocks follow what waits and not what ever waited.
 *
 *     | gone  | gone  | live 700 | live 12 | live 4096 ...   end
 *       hole    hole    REGION     REGION
 */
#include "store/spool.h"

#include "base/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REGION ((uint64_t)1 << 20)

struct spool {
    size_t bound, in_memory, in_file;
    int fd;         /* owned; -1 before the first blob that goes there */
    uint64_t end;   /* of the file; the next blob's place */
    size_t *live;   /* owned; bytes that wait, by region */
    size_t regions; /* of live */
};

struct spool *spool_new(size_t in_memory)
{
    struct spool *s = mem_new(sizeof(*s));
    if (s) {
        s->bound = in_memory;
        s->fd = -1;
    }
    return s;
}

void spool_free(struct spool *s)
{
    if (!s) {
        return;
    }
    if (s->fd >= 0) {
        close(s->fd);
    }
    free(s->live);
    free(s);
}

/* -- the file ------------------------------------------------------------------------------ */

static int open_unlinked(const char *dir)
{
    struct buf path = BUF_INIT;
    buf_addf(&path, "%s/garner.XXXXXX", dir);
    if (buf_failed(&path)) {
        errno = ENOMEM;
        return -1;
    }
    int fd = mkostemp(path.data, O_CLOEXEC);
    if (fd >= 0) {
        (void)unlink(path.data);
    }
    buf_fini(&path);
    return fd;
}

static struct err *open_file(struct spool *s)
{
    if (s->fd >= 0) {
        return NULL;
    }
    const char *dir = getenv("TMPDIR");
    dir = dir && *dir ? dir : P_tmpdir;
    s->fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);
    if (s->fd < 0) {
        s->fd = open_unlinked(dir);
    }
    return s->fd < 0 ? err_errno(ERR_IO, errno, "cannot make a temporary file in %s", dir) : NULL;
}

static struct err *write_at(int fd, const char *bytes, size_t n, uint64_t at)
{
    while (n > 0) {
        ssize_t put = pwrite(fd, bytes, n, (off_t)at);
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put < 0) {
            return err_errno(ERR_IO, errno, "cannot write to a temporary file");
        }
        bytes += put;
        n -= (size_t)put;
        at += (uint64_t)put;
    }
    return NULL;
}

static struct err *read_at(int fd, char *bytes, size_t n, uint64_t at)
{
    while (n > 0) {
        ssize_t got = pread(fd, bytes, n, (off_t)at);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return err_errno(ERR_IO, got < 0 ? errno : EIO, "cannot read a temporary file");
        }
        bytes += got;
        n -= (size_t)got;
        at += (uint64_t)got;
    }
    return NULL;
}

/* False when memory ran out. */
static bool count_regions(struct spool *s, uint64_t end)
{
    size_t need = (size_t)((end + REGION - 1) / REGION);
    if (need <= s->regions) {
        return true;
    }
    need += need / 2;
    size_t *live = mem_array(s->live, need, sizeof(*live));
    if (!live) {
        return false;
    }
    memset(live + s->regions, 0, (need - s->regions) * sizeof(*live));
    s->live = live;
    s->regions = need;
    return true;
}

/* How many bytes of [at, at + len) lie in the region that `at` lies in. */
static size_t share(uint64_t at, size_t len)
{
    uint64_t rest = REGION - at % REGION;
    return rest < len ? (size_t)rest : len;
}

static void occupy(struct spool *s, uint64_t at, size_t len)
{
    s->in_file += len;
    for (size_t n; len > 0; at += n, len -= n) {
        n = share(at, len);
        s->live[at / REGION] += n;
    }
}

static void vacate(struct spool *s, uint64_t at, size_t len)
{
    s->in_file -= len;
    for (size_t n; len > 0; at += n, len -= n) {
        uint64_t region = at / REGION;
        n = share(at, len);
        s->live[region] -= n;
        if (s->live[region] == 0 && (region + 1) * REGION <= s->end) {
            /* Only a saving: a file system that cannot do it keeps the blocks. */
            (void)fallocate(s->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                (off_t)(region * REGION), (off_t)REGION);
        }
    }
    if (s->in_file == 0 && ftruncate(s->fd, 0) == 0) {
        s->end = 0;
    }
}

static struct err *put_in_file(
    struct spool *s, const void *bytes, size_t len, struct spool_blob *out)
{
    struct err *e = open_file(s);
    if (e) {
        return e;
    }
    if (!count_regions(s, s->end + len)) {
        return err_plain(ERR_NOMEM);
    }
    e = write_at(s->fd, bytes, len, s->end);
    if (e) {
        return e;
    }
    out->at = s->end;
    s->end += len;
    occupy(s, out->at, len);
    return NULL;
}

/* -- blobs --------------------------------------------------------------------------------- */

struct err *spool_put(struct spool *s, const void *bytes, size_t len, struct spool_blob *out)
{
    *out = (struct spool_blob){.len = 0};
    if (len == 0) {
        return NULL;
    }
    if (len > s->bound || s->in_memory > s->bound - len) {
        struct err *e = put_in_file(s, bytes, len, out);
        out->len = e ? 0 : len;
        return e;
    }
    out->bytes = malloc(len);
    if (!out->bytes) {
        return err_plain(ERR_NOMEM);
    }
    memcpy(out->bytes, bytes, len);
    out->len = len;
    s->in_memory += len;
    return NULL;
}

struct err *spool_take(struct spool *s, struct spool_blob *blob, struct buf *b)
{
    if (!buf_reserve(b, blob->len)) {
        return err_plain(ERR_NOMEM);
    }
    if (blob->bytes || blob->len == 0) {
        buf_add(b, blob->bytes, blob->len);
    } else {
        struct err *e = read_at(s->fd, b->data + b->len, blob->len, blob->at);
        if (e) {
            b->data[b->len] = '\0';
            return e;
        }
        b->len += blob->len;
        b->data[b->len] = '\0';
    }
    spool_drop(s, blob);
    return NULL;
}

void spool_drop(struct spool *s, struct spool_blob *blob)
{
    if (blob->bytes) {
        s->in_memory -= blob->len;
        free(blob->bytes);
    } else if (blob->len) {
        vacate(s, blob->at, blob->len);
    }
    *blob = (struct spool_blob){.len = 0};
}

size_t spool_in_file(const struct spool *s)
{
    return s->in_file;
}
