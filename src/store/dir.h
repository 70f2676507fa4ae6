/* SPDX-License-Identifier: MIT */
/*
 * Paths below a directory, and never out of it (trust.md, Names).
 *
 * A struct dir is the output directory, held open. A target is reached in two steps: its parent
 * directory is entered, then its name is used in there with the at-functions of the system, so
 * that nothing between two calls can put another directory in its place.
 *
 *     dir_enter(d, "host/a/file.iso", true, &p)     p.fd: host/a    p.name: "file.iso"
 *     fd = dir_open(p.fd, p.name, O_WRONLY | O_CREAT | O_EXCL); ... renameat2(p.fd, ...)
 *     dir_leave(&p)
 *
 * Links inside the directory are followed where the kernel checks them (openat2), and refused where
 * it cannot. Functions on paths return 0 or an errno value, since an absent file is an answer and
 * not always an error; dir_error() makes an error of it where it is one.
 *
 * A struct dir does not change once it is made: any thread may use it.
 */
#ifndef STORE_DIR_H
#define STORE_DIR_H

#include "base/err.h"

#include <stdbool.h>

struct dir;

/* Opens the directory `path`, making it and its parents if they are missing; it must be writable.
 * Links in `path` itself are followed: the user typed it. ERR_IO, ERR_NOMEM. */
struct err *dir_new(const char *path, struct dir **out);

/* One that bounds nothing, for targets that the user typed as absolute paths: paths are then
 * absolute, or relative to the current directory, and links in parents are followed. */
struct err *dir_new_unbound(struct dir **out);

/* The same as d, but as on a kernel without openat2: every component is checked by a walk. */
struct err *dir_new_walking(const char *path, struct dir **out);

void dir_free(struct dir *d); /* NULL is ignored; every place was left before */

/* False once the directory itself was removed or is no longer writable: then every target fails. */
bool dir_usable(const struct dir *d);

/* Whether a file can be made in it without a name, and be given one later. Changes the umask for a
 * moment: before other threads make files. */
bool dir_has_unnamed(const struct dir *d);

int dir_fd(const struct dir *d); /* borrowed; AT_FDCWD when unbound */

/* Where a target is. */
struct dir_place {
    int fd;           /* the parent directory; readable (fsync) unless only O_PATH was allowed */
    bool owned;       /* fd is closed by dir_leave; else it is the directory's own */
    const char *name; /* the last component, borrowed from the path that was entered */
};

/*
 * Enters the parent of `path`; without a '/' in it that is the directory itself, at no cost.
 * make: missing parents are made (mode 0777 less the umask). On an error p holds nothing.
 * Errno values: EXDEV: the path, or a link in it, leads out of the directory (".." and absolute
 * paths do); EINVAL: no name ("", "a/", "."); ENOENT, ENOTDIR, EACCES, ELOOP, ENAMETOOLONG, ...
 */
int dir_enter(const struct dir *d, const char *path, bool make, struct dir_place *p)
    __attribute__((warn_unused_result));
void dir_leave(struct dir_place *p); /* twice is harmless */

/* openat(at, name, flags | O_NOFOLLOW | O_CLOEXEC, 0666 less the umask), EINTR retried. name is one
 * component. The descriptor, or an errno value negated. */
int dir_open(int at, const char *name, int flags) __attribute__((warn_unused_result));

/* The error of a path (as people know it): ERR_POLICY for EXDEV, else ERR_IO. */
struct err *dir_error(int errnum, const char *path) __attribute__((warn_unused_result));

#endif
