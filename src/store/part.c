/* SPDX-License-Identifier: MIT */
/* NAME.part: finding, locking, making, dropping it, and its sidecar. See part.h for the rules. */
#include "store/part.h"

#include "base/alloc.h"
#include "store/name.h"
#include "store/store_private.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* How often a part may turn up and vanish again under us. */
#define RETRIES     16
#define CLAIM_BYTES ((int64_t)1024 * 1024)
#define CLAIM_AFTER 1.0

void part_init(struct part *p, struct store *s)
{
    *p = (struct part){.store = s, .fd = -1};
    p->side.claim_at = -1;
    validators_fini(&p->side.v);
    validators_fini(&p->next.v);
}

void part_close(struct part *p)
{
    if (p->fd >= 0) {
        close(p->fd);
        p->fd = -1;
    }
    p->unnamed = false;
}

void part_fini(struct part *p)
{
    part_close(p);
    digest_free(p->digest);
    sidecar_fini(&p->side);
    sidecar_fini(&p->next);
    ranges_fini(&p->have);
    free(p->path);
    free(p->wanted);
}

struct err *part_error(const struct part *p, int errnum)
{
    if (errnum == EXDEV || errnum == ENOMEM) {
        return dir_error(errnum, p->path);
    }
    return err_errno(ERR_IO, errnum, "cannot write %s", p->path);
}

static struct err *busy(const struct part *p)
{
    return err_new(
        ERR_IO, "EBUSY", "cannot write %s: another garner is writing this file", p->path);
}

struct err *part_enter(struct part *p, bool make, struct spot *at)
{
    int failed = store__enter(p->store, p->path, make, &at->dir);
    if (!failed && strlen(at->dir.name) > NAME_MAX) {
        dir_leave(&at->dir);
        failed = ENAMETOOLONG;
    }
    if (failed) {
        return part_error(p, failed);
    }
    char tag[16] = "";
    if (p->tag) {
        (void)snprintf(tag, sizeof(tag), ".%08" PRIx32, p->tag);
    }
    stpcpy(stpcpy(stpcpy(at->part, at->dir.name), tag), NAME_PART);
    stpcpy(stpcpy(stpcpy(at->sidecar, at->dir.name), tag), NAME_SIDECAR);
    return NULL;
}

void part_leave(struct spot *at)
{
    dir_leave(&at->dir);
}

/* -- finding and locking --------------------------------------------------------------------- */

static int try_lock(int fd)
{
    while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        if (errno != EINTR) {
            return errno == EWOULDBLOCK ? EBUSY : errno;
        }
    }
    return 0;
}

/* 0, EAGAIN (it has another inode's name by now, or none), EBUSY, or another errno value. */
static int lock(int fd, const struct spot *at, struct stat *st)
{
    struct stat named;
    int failed = try_lock(fd);
    if (failed) {
        return failed;
    }
    if (fstat(fd, st) < 0) {
        return errno;
    }
    if (st->st_nlink == 0) {
        return EAGAIN;
    }
    if (fstatat(at->dir.fd, at->part, &named, AT_SYMLINK_NOFOLLOW) < 0) {
        return errno == ENOENT ? EAGAIN : errno;
    }
    return named.st_ino == st->st_ino && named.st_dev == st->st_dev ? 0 : EAGAIN;
}

static struct err *not_ours(const struct part *p, const struct spot *at, const char *why)
{
    return err_new(ERR_IO, "EEXIST", "cannot write %s: %s is %s", p->path, at->part, why);
}

/* Opens and locks the part that is there: fd >= 0 then; -1 if there is none. */
static struct err *take(struct part *p, const struct spot *at, struct stat *st)
{
    for (int tries = 0; tries < RETRIES; tries++) {
        int fd = dir_open(at->dir.fd, at->part, O_RDWR | O_NONBLOCK);
        if (fd == -ENOENT) {
            return NULL;
        }
        if (fd == -ELOOP) {
            return not_ours(p, at, "a symbolic link");
        }
        if (fd < 0) {
            return part_error(p, -fd);
        }
        int failed = lock(fd, at, st);
        if (!failed && S_ISREG(st->st_mode) && st->st_nlink == 1 && st->st_uid == geteuid()) {
            p->fd = fd;
            return NULL;
        }
        close(fd);
        if (!failed) {
            return not_ours(p, at,
                !S_ISREG(st->st_mode) ? "no regular file"
                : st->st_nlink != 1   ? "a file with several links"
                                      : "somebody else's");
        }
        if (failed != EAGAIN) {
            return failed == EBUSY ? busy(p) : part_error(p, failed);
        }
    }
    return busy(p);
}

/* Of a part with gaps all that is there is kept. */
static struct err *find_spread(struct part *p)
{
    p->spread = p->side.more.n > 0;
    if (p->spread &&
        (!ranges_copy(&p->have, &p->side.more) || !ranges_add(&p->have, 0, p->side.present))) {
        return err_plain(ERR_NOMEM);
    }
    return NULL;
}

struct err *part_find(struct part *p, const struct spot *at)
{
    struct sidecar side;
    struct stat st = {0};
    struct err *e = take(p, at, &st);
    if (e || p->fd < 0) {
        return e;
    }
    p->found = true;
    p->sidecar = true;
    p->end = 0;
    if (!p->store->resume || !sidecar_read(at->dir.fd, at->sidecar, &side)) {
        return NULL;
    }
    const int64_t last = side.more.n > 0 ? side.more.at[side.more.n - 1].to : side.present;
    if (last > st.st_size || !store__resumable(p->store, &side.v)) {
        sidecar_fini(&side);
        return NULL;
    }
    if (st.st_size > last && ftruncate(p->fd, last) < 0) {
        sidecar_fini(&side);
        return part_error(p, errno);
    }
    sidecar_fini(&p->side);
    p->side = side;
    p->resumable = true;
    p->end = side.present;
    return find_spread(p);
}

/* -- making and starting over ---------------------------------------------------------------- */

bool part_unclaim(struct part *p, const struct spot *at)
{
    /* a directory in its place is taken for no sidecar by anybody */
    if (p->sidecar && unlinkat(at->dir.fd, at->sidecar, 0) < 0 && errno != ENOENT &&
        errno != EISDIR) {
        return false;
    }
    p->sidecar = false;
    p->side.claim_at = -1;
    p->side.present = 0;
    ranges_fini(&p->side.more);
    return true;
}

bool part_sync_dir(const struct part *p, const struct spot *at)
{
    /* EBADF, EINVAL: a directory that may not be read, or one that cannot be synced. */
    return !p->store->fsync || fsync(at->dir.fd) == 0 || errno == EBADF || errno == EINVAL;
}

/* False, with errno, unless the part is gone. */
static bool unlink_both(struct part *p, const struct spot *at)
{
    if (!part_unclaim(p, at)) {
        return false;
    }
    return unlinkat(at->dir.fd, at->part, 0) == 0 || errno == ENOENT;
}

/* The one that is there was left by a run that could not, or did not want to, resume it. */
static struct err *replace(struct part *p, const struct spot *at)
{
    struct stat st = {0};
    struct err *e = take(p, at, &st);
    if (e || p->fd < 0) {
        return e;
    }
    p->sidecar = true;
    if (!unlink_both(p, at)) {
        e = part_error(p, errno);
    }
    part_close(p);
    return e;
}

static struct err *make_new(struct part *p, const struct spot *at, bool *again)
{
    struct stat st = {0};
    *again = false;
    int fd = dir_open(at->dir.fd, at->part, O_RDWR | O_CREAT | O_EXCL);
    if (fd == -EEXIST) {
        *again = true;
        return replace(p, at);
    }
    if (fd < 0) {
        return part_error(p, -fd);
    }
    int failed = try_lock(fd);
    if (!failed && fstat(fd, &st) < 0) {
        failed = errno;
    }
    if (!failed && st.st_nlink > 0) {
        p->fd = fd;
        return NULL;
    }
    close(fd);
    *again = !failed; /* it lost its name meanwhile: to another garner, or with its directory */
    return !failed ? NULL : failed == EBUSY ? busy(p) : part_error(p, failed);
}

void part__forget_bytes(struct part *p)
{
    digest_free(p->digest);
    p->digest = NULL;
    p->digested = p->end = 0;
    ranges_fini(&p->have);
    p->sized = false;
}

static struct err *start_over(struct part *p, const struct spot *at)
{
    part__forget_bytes(p);
    p->start_over = false;
    if (p->fd < 0) {
        return NULL;
    }
    if (p->found) {
        bool gone = unlink_both(p, at);
        int failed = errno;
        part_close(p);
        return gone ? NULL : part_error(p, failed);
    }
    if (!part_unclaim(p, at) || !part_sync_dir(p, at)) {
        return part_error(p, errno);
    }
    return ftruncate(p->fd, 0) < 0 ? part_error(p, errno) : NULL;
}

static bool same_owner(const struct sidecar *a, const struct sidecar *b)
{
    return a->key == b->key && a->url && b->url && strcmp(a->url, b->url) == 0;
}

static void take_version(struct part *p)
{
    if (!p->renewed) {
        return;
    }
    p->renewed = false;
    if (!same_owner(&p->side, &p->next)) {
        free(p->side.url);
        p->side.url = mem_dup(p->next.url);
        p->side.key = p->next.key;
        p->side.claim_at = -1;
    }
    if (p->side.claim_at >= 0 && validators_same(&p->side.v, &p->next.v)) {
        /* the checks of the claims to come are those of what stands before them in the file, with
         * the Date of the reply that the first bytes came with */
        validators_fini(&p->next.v);
    } else {
        p->side.claim_at = -1;
        validators_fini(&p->side.v);
        p->side.v = p->next.v;
        p->next.v = (struct validators){.modified = -1, .date = -1, .total = -1};
    }
    p->resumable = store__resumable(p->store, &p->side.v);
}

struct err *part_make(struct part *p, const struct spot *at, bool whole)
{
    struct err *e = p->start_over ? start_over(p, at) : NULL;
    take_version(p);
    if (e || p->discard || p->fd >= 0) {
        return e;
    }
    p->found = false;
    bool again = !whole || !part__make_unnamed(p, at);
    for (int tries = 0; again; tries++) {
        e = tries < RETRIES ? make_new(p, at, &again) : busy(p);
        if (e) {
            return e;
        }
    }
    return NULL;
}

void part_drop(struct part *p, const struct spot *at)
{
    if (p->fd >= 0 && !p->unnamed) {
        (void)unlink_both(p, at);
    }
    part_close(p);
    part__forget_bytes(p);
}

/* -- the sidecar ----------------------------------------------------------------------------- */

/* Bytes that the sidecar does not know of. */
static int64_t unclaimed(const struct part *p)
{
    if (p->spread) {
        return ranges_sum(&p->have) - p->side.present - ranges_sum(&p->side.more);
    }
    return p->end - p->side.present;
}

bool part_behind(const struct part *p)
{
    return unclaimed(p) != 0;
}

/* False when memory ran out. */
static bool note_claim(struct part *p)
{
    p->side.present = p->end;
    return !p->spread ||
           (ranges_copy(&p->side.more, &p->have) && ranges_cut(&p->side.more, 0, p->end));
}

void part_claim(struct part *p, const struct spot *at, bool force)
{
    struct timespec now;
    if (p->fd < 0 || !p->resumable || (p->side.claim_at >= 0 && !part_behind(p))) {
        return;
    }
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    double seconds = (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
    const bool sync = p->store->fsync; /* which takes its time: not for each MiB */
    if (!force && p->side.claim_at >= 0 && (sync || unclaimed(p) < CLAIM_BYTES) &&
        seconds - p->claimed_at < CLAIM_AFTER) {
        return;
    }
    p->claimed_at = seconds;
    if ((sync && fdatasync(p->fd) < 0) || !note_claim(p)) {
        return;
    }
    if (p->side.claim_at >= 0 && p->side.claimed == p->side.more.n &&
        sidecar_claim(at->dir.fd, at->sidecar, &p->side, sync) == 0) {
        return;
    }
    p->sidecar = true;
    (void)sidecar_write(at->dir.fd, at->sidecar, &p->side, sync);
}

/* -- free names ------------------------------------------------------------------------------ */

char *part_numbered(const char *path, unsigned number)
{
    if (number == 0) {
        return mem_dup(path);
    }
    struct buf b = BUF_INIT;
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    size_t head = (size_t)(name - path) + name_extension(name);
    buf_add(&b, path, head);
    buf_addf(&b, ".%u%s", number, path + head);
    return buf_take(&b);
}

/* Whether something has the name: 0, EEXIST, or why that could not be looked at. */
static int taken(const struct part *p)
{
    struct dir_place dir;
    struct stat st;
    int failed = store__enter(p->store, p->path, false, &dir);
    if (failed) {
        return failed == ENOENT ? 0 : failed;
    }
    failed = fstatat(dir.fd, dir.name, &st, AT_SYMLINK_NOFOLLOW) == 0 ? EEXIST : errno;
    dir_leave(&dir);
    return failed == ENOENT ? 0 : failed;
}

struct err *part_choose(struct part *p, unsigned from)
{
    if (!p->wanted) {
        p->wanted = mem_dup(p->path);
        if (!p->wanted) {
            return err_plain(ERR_NOMEM);
        }
    }
    for (unsigned number = from;; number++) {
        char *path = part_numbered(p->wanted, number);
        if (!path) {
            return err_plain(ERR_NOMEM);
        }
        free(p->path);
        p->path = path;
        p->number = number;
        int failed = taken(p);
        if (failed != EEXIST) {
            return failed ? part_error(p, failed) : NULL;
        }
    }
}
