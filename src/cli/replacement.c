/* SPDX-License-Identifier: MIT */
#include "cli/replacement.h"

#include "base/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TRIES = 200 };

/* -- where it goes ------------------------------------------------------------------------- */

static struct err *find_place(struct place *p, const char *option)
{
    struct stat st;
    /* Also what has no path of its own, as the pipe behind /dev/stdout: the link to it would be
     * replaced. */
    if (stat(p->path, &st) == 0 && !S_ISREG(st.st_mode)) {
        return err_new(ERR_USAGE, NULL, "%s: %s is not a regular file", option, p->path);
    }
    p->real = realpath(p->path, NULL);
    if (!p->real) {
        p->real = mem_dup(p->path);
    }
    if (!p->real) {
        return err_plain(ERR_NOMEM);
    }
    char *slash = strrchr(p->real, '/');
    p->name = slash ? slash + 1 : p->real;
    if (!*p->name) {
        return err_new(ERR_USAGE, NULL, "%s: %s is a directory", option, p->path);
    }
    if (slash) {
        *slash = '\0';
    }
    const char *dir = !slash ? "." : *p->real ? p->real : "/";
    p->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return p->dir < 0 ? err_errno(ERR_IO, errno, "cannot write %s", p->path) : NULL;
}

struct err *place_init(struct place *p, const char *option, const char *path)
{
    *p = (struct place){.dir = -1, .path = mem_dup(path)};
    return p->path ? find_place(p, option) : err_plain(ERR_NOMEM);
}

void place_fini(struct place *p)
{
    if (p->dir >= 0) {
        close(p->dir);
    }
    free(p->real);
    free(p->path);
}

/* -- the file itself ----------------------------------------------------------------------- */

static void temporary_name(struct draft *d, unsigned try)
{
    (void)snprintf(d->name, sizeof(d->name), ".garner.%ld.%u", (long)getpid(), try);
}

int draft_open(const struct place *p, mode_t mode, struct draft *d)
{
    d->name[0] = '\0';
    d->fd = openat(p->dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, mode);
    for (unsigned try = 0; d->fd < 0 && try < TRIES; try++) {
        temporary_name(d, try);
        d->fd = openat(p->dir, d->name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
        if (d->fd < 0 && errno != EEXIST) {
            break;
        }
    }
    if (d->fd < 0) {
        d->name[0] = '\0';
        return errno;
    }
    return 0;
}

void draft_drop(const struct place *p, struct draft *d)
{
    if (d->fd >= 0) {
        close(d->fd);
        d->fd = -1;
    }
    if (d->name[0]) {
        (void)unlinkat(p->dir, d->name, 0);
        d->name[0] = '\0';
    }
}

static int give_name(const struct place *p, struct draft *d)
{
    char own[64];
    (void)snprintf(own, sizeof(own), "/proc/self/fd/%d", d->fd);
    for (unsigned try = 0; !d->name[0] && try < TRIES; try++) {
        temporary_name(d, try);
        if (linkat(AT_FDCWD, own, p->dir, d->name, AT_SYMLINK_FOLLOW) < 0) {
            d->name[0] = '\0';
            if (errno != EEXIST) {
                return errno;
            }
        }
    }
    return d->name[0] ? 0 : EEXIST;
}

int draft_put(const struct place *p, struct draft *d)
{
    int failed = fsync(d->fd) < 0 ? errno : give_name(p, d);
    if (!failed && renameat(p->dir, d->name, p->dir, p->name) < 0) {
        failed = errno;
    }
    if (!failed) {
        d->name[0] = '\0';
    }
    return failed;
}
