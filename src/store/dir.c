/* SPDX-License-Identifier: MIT */
/*
 * Paths below a directory, and never out of it.
 *
 * Invariant: a descriptor that dir_enter hands out was reached from the directory's own without
 * passing ".." or a link to a place outside. The kernel's openat2 warrants it for links inside too;
 * where there is none (ENOSYS) or a filter forbids it (EPERM), a walk opens one component after
 * another with O_NOFOLLOW and takes no link at all.
 *
 *     "a/b/c/file"                      open "a/b/c"
 *      `---´ `--´                         ENOENT -> open "a"     (made if missing)
 *      parent name                                  open "a/b"   (made in a's descriptor)
 *                                                   open "a/b/c"
 */
#include "store/dir.h"

#include "base/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum mode { BOUND, WALKING, UNBOUND };

struct dir {
    int fd; /* owned, but for AT_FDCWD */
    enum mode mode;
};

/* So many EAGAIN in a row mean that somebody renames directories under us without end. */
#define RETRIES 128

static int open_dir_at(int at, const char *path, int more)
{
    int fd;
    do {
        fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | more);
    } while (fd < 0 && errno == EINTR);
    /* A directory that may be entered and written but not listed is good enough. */
    if (fd < 0 && errno == EACCES) {
        fd = openat(at, path, O_PATH | O_DIRECTORY | O_CLOEXEC | more);
    }
    return fd < 0 ? -errno : fd;
}

static int open_beneath(int at, const char *path)
{
    struct open_how how = {
        .flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
    };
    for (unsigned tries = 0; tries < RETRIES;) {
        long fd = syscall(SYS_openat2, at, path, &how, sizeof(how));
        if (fd >= 0) {
            return (int)fd;
        }
        if (errno == EACCES && !(how.flags & O_PATH)) {
            how.flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
        } else if (errno == EAGAIN) {
            tries++; /* a rename somewhere made the kernel's check inconclusive */
        } else if (errno != EINTR) {
            return -errno;
        }
    }
    return -EAGAIN;
}

/* One step of the walk: the directory `name` in at, if it is one and no link. */
static int step(int at, const char *name)
{
    int fd = open_dir_at(at, name, O_NOFOLLOW);
    struct stat st;
    if (fd == -ENOTDIR && fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode)) {
        return -EXDEV;
    }
    return fd == -ELOOP ? -EXDEV : fd;
}

/* path is changed and put back. */
static int open_walking(int at, char *path)
{
    int here = at;
    for (char *name = path; name;) {
        char *slash = strchr(name, '/');
        if (slash) {
            *slash = '\0';
        }
        int next = step(here, name);
        if (slash) {
            *slash = '/';
        }
        if (here != at) {
            close(here);
        }
        if (next < 0) {
            return next;
        }
        here = next;
        name = slash ? slash + 1 : NULL;
    }
    return here;
}

static int open_parent(const struct dir *d, char *path)
{
    if (d->mode == UNBOUND) {
        return open_dir_at(d->fd, *path ? path : "/", 0);
    }
    if (d->mode == BOUND) {
        int fd = open_beneath(d->fd, path);
        if (fd != -ENOSYS && fd != -EPERM) {
            return fd;
        }
    }
    return open_walking(d->fd, path);
}

/* Opens the directory path, whose parent is open as `at`, making it if it is missing. */
static int open_or_make(const struct dir *d, int at, char *path)
{
    int fd = open_parent(d, path);
    if (fd != -ENOENT) {
        return fd;
    }
    const char *slash = strrchr(path, '/');
    /* EEXIST: another job was faster, or it is a link to nowhere: opening again tells. */
    if (mkdirat(at, slash ? slash + 1 : path, 0777) < 0 && errno != EEXIST) {
        return -errno;
    }
    return open_parent(d, path);
}

/* path is changed and put back. */
static int make_parents(const struct dir *d, char *path)
{
    int here = d->fd;
    for (char *end = path; end;) {
        end = strchr(end + 1, '/');
        if (end) {
            *end = '\0';
        }
        int next = open_or_make(d, here, path);
        if (end) {
            *end = '/';
        }
        if (here != d->fd) {
            close(here);
        }
        if (next < 0) {
            return next;
        }
        here = next;
    }
    return here;
}

static bool is_dots(const char *name, size_t len)
{
    return (len == 1 && name[0] == '.') || (len == 2 && name[0] == '.' && name[1] == '.');
}

/* 0 if every component of a path that is bound names something: no "", no "." and no "..". */
static int check(const char *path)
{
    if (*path == '/') {
        return EXDEV;
    }
    for (const char *name = path;; name++) {
        size_t len = strcspn(name, "/");
        if (len == 0 || is_dots(name, len)) {
            return len == 2 ? EXDEV : EINVAL;
        }
        name += len;
        if (!*name) {
            return 0;
        }
    }
}

int dir_enter(const struct dir *d, const char *path, bool make, struct dir_place *p)
{
    *p = (struct dir_place){.fd = -1};
    int failed = d->mode == UNBOUND ? 0 : check(path);
    if (failed) {
        return failed;
    }
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    if (!*name || is_dots(name, strlen(name))) {
        return EINVAL;
    }
    if (!slash) {
        *p = (struct dir_place){.fd = d->fd, .name = name};
        return 0;
    }
    char *parent = mem_dup_bytes(path, (size_t)(slash - path));
    if (!parent) {
        return ENOMEM;
    }
    int fd = open_parent(d, parent);
    if (fd == -ENOENT && make) {
        fd = make_parents(d, parent);
    }
    free(parent);
    if (fd < 0) {
        return -fd;
    }
    *p = (struct dir_place){.fd = fd, .owned = true, .name = name};
    return 0;
}

void dir_leave(struct dir_place *p)
{
    if (p->owned) {
        close(p->fd);
    }
    *p = (struct dir_place){.fd = -1};
}

int dir_open(int at, const char *name, int flags)
{
    int fd;
    do {
        fd = openat(at, name, flags | O_NOFOLLOW | O_CLOEXEC, 0666);
    } while (fd < 0 && errno == EINTR);
    return fd < 0 ? -errno : fd;
}

struct err *dir_error(int errnum, const char *path)
{
    if (errnum == ENOMEM) {
        return err_plain(ERR_NOMEM);
    }
    if (errnum == EXDEV) {
        return err_new(ERR_POLICY, "EXDEV", "%s: the path leads out of the output directory", path);
    }
    return err_errno(ERR_IO, errnum, "%s", path);
}

/* The output directory itself: its missing parents are made as the user's mkdir -p would. */
static struct err *open_root(const char *path, int *fd)
{
    struct dir plain = {.fd = AT_FDCWD, .mode = UNBOUND};
    *fd = open_dir_at(AT_FDCWD, path, 0);
    if (*fd == -ENOENT && *path) {
        char *copy = mem_dup(path);
        if (!copy) {
            return err_plain(ERR_NOMEM);
        }
        *fd = make_parents(&plain, copy);
        free(copy);
    }
    if (*fd < 0) {
        return err_errno(ERR_IO, -*fd, "cannot open the directory %s", path);
    }
    if (faccessat(*fd, ".", W_OK | X_OK, AT_EACCESS) < 0) {
        int errnum = errno;
        close(*fd);
        return err_errno(ERR_IO, errnum, "cannot write to the directory %s", path);
    }
    return NULL;
}

static struct err *new_in_mode(const char *path, enum mode mode, struct dir **out)
{
    *out = NULL;
    struct dir *d = mem_new(sizeof(*d));
    if (!d) {
        return err_plain(ERR_NOMEM);
    }
    d->mode = mode;
    d->fd = AT_FDCWD;
    if (mode != UNBOUND) {
        struct err *e = open_root(path, &d->fd);
        if (e) {
            free(d);
            return e;
        }
    }
    *out = d;
    return NULL;
}

struct err *dir_new(const char *path, struct dir **out)
{
    return new_in_mode(path, BOUND, out);
}

struct err *dir_new_walking(const char *path, struct dir **out)
{
    return new_in_mode(path, WALKING, out);
}

struct err *dir_new_unbound(struct dir **out)
{
    return new_in_mode(NULL, UNBOUND, out);
}

void dir_free(struct dir *d)
{
    if (!d) {
        return;
    }
    if (d->mode != UNBOUND) {
        close(d->fd);
    }
    free(d);
}

bool dir_usable(const struct dir *d)
{
    struct stat st;

    return d->mode == UNBOUND || (fstat(d->fd, &st) == 0 && st.st_nlink > 0 &&
                                     faccessat(d->fd, ".", W_OK | X_OK, AT_EACCESS) == 0);
}

bool dir_has_unnamed(const struct dir *d)
{
    struct stat st;
    mode_t mask = umask(077);
    int fd = dir_open(d->fd, ".", O_WRONLY | O_TMPFILE);
    (void)umask(mask);
    if (fd < 0) {
        return false;
    }
    /* kernels before 6.0 had file systems on which it was made past the umask */
    bool private = fstat(fd, &st) == 0 && (st.st_mode & 077) == 0;
    close(fd);
    /* older kernels give a name through /proc only */
    return private && access("/proc/self/fd", X_OK) == 0;
}

int dir_fd(const struct dir *d)
{
    return d->fd;
}
