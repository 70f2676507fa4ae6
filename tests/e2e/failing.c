/* SPDX-License-Identifier: MIT */
/*
 * Makes one call of garner's fail, loaded in front of the C library:
 *
 *   FAIL_CALL    "alloc" (malloc, calloc, realloc, strdup, strndup) or the name of a function below
 *   FAIL_NTH     which call of it; 0 or nothing: none
 *   FAIL_ERRNO   a number; 0 or nothing: what is usual for the function; -1: a short write or read
 *   FAIL_REPORT  a file for the account at the end, a line each:
 *                NAME COUNT                 how often each function was called
 *                failed NAME ADDRESS...     the call that failed: whence, as offsets in the program
 *                live BLOCKS FDS            what was not freed, and is open
 *
 * Only calls from the program's own code count: what its libraries do in such need is theirs.
 */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);
extern void __libc_free(void *p);

/* clang-format off */ /* it moves these further at each go */
#define CALLS(X) \
    X(alloc, ENOMEM) X(open, EMFILE) X(openat, EMFILE) X(openat2, EMFILE) X(close, EIO) \
    X(read, EIO) X(pread, EIO) X(write, ENOSPC) X(pwrite, ENOSPC) X(pwritev, ENOSPC) \
    X(fsync, EIO) X(fdatasync, EIO) X(renameat, EIO) X(renameat2, EIO) X(linkat, EIO) \
    X(unlink, EIO) X(unlinkat, EIO) X(fstat, EIO) X(fstatat, EIO) X(faccessat, EIO) \
    X(fsetxattr, ENOSPC) X(fgetxattr, EIO) X(flock, ENOLCK) X(ftruncate, EIO) \
    X(fallocate, ENOSPC) X(futimens, EPERM) X(mkdirat, ENOSPC) X(mkostemp, ENOSPC) \
    X(pipe2, EMFILE) X(socket, EMFILE) X(poll, EINTR) X(getrandom, ENOSYS) X(thread, EAGAIN) \
    X(realpath, EIO)
/* clang-format on */

#define X(name, error) CALL_##name,
enum call { CALLS(X) NCALLS };
#undef X
#define X(name, error) #name,
static const char *const names[] = {CALLS(X)};
#undef X
#define X(name, error) error,
static const int usual[] = {CALLS(X)};
#undef X

static uintptr_t base, from, to; /* the program's code */
static unsigned counts[NCALLS];
static int want_call = -1, want_errno;
static unsigned want_nth;
static void *trace[8]; /* where it failed */
static int frames;
static FILE *report; /* opened before the program may confine itself */

/* -- blocks that are not freed --------------------------------------------------------------- */

#define SLOTS (1u << 18)
static void *blocks[SLOTS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static unsigned slot_of(const void *p)
{
    return (unsigned)(((uintptr_t)p >> 4) * 2654435761u) % SLOTS;
}

static void note(void *p)
{
    unsigned i = slot_of(p);
    pthread_mutex_lock(&lock);
    while (blocks[i] && blocks[i] != (void *)1)
        i = (i + 1) % SLOTS;
    blocks[i] = p;
    pthread_mutex_unlock(&lock);
}

static void forget(void *p)
{
    unsigned i = slot_of(p);
    if (!p)
        return;
    pthread_mutex_lock(&lock);
    for (; blocks[i]; i = (i + 1) % SLOTS) {
        if (blocks[i] == p) {
            blocks[i] = (void *)1;
            break;
        }
    }
    pthread_mutex_unlock(&lock);
}

/* -- whose turn it is ------------------------------------------------------------------------ */

static int on_object(struct dl_phdr_info *info, size_t size, void *arg)
{
    (void)size;
    (void)arg;
    base = info->dlpi_addr;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *h = &info->dlpi_phdr[i];
        if (h->p_type == PT_LOAD && (h->p_flags & PF_X)) {
            from = base + h->p_vaddr;
            to = from + h->p_memsz;
        }
    }
    return 1; /* the first is the program */
}

__attribute__((constructor)) static void begin(void)
{
    const char *call = getenv("FAIL_CALL"), *nth = getenv("FAIL_NTH"),
               *error = getenv("FAIL_ERRNO");
    dl_iterate_phdr(on_object, NULL);
    for (int i = 0; call && i < NCALLS; i++) {
        if (strcmp(names[i], call) == 0)
            want_call = i;
    }
    want_nth = nth ? (unsigned)atoi(nth) : 0;
    want_errno = error ? atoi(error) : 0;
    report = getenv("FAIL_REPORT") ? fopen(getenv("FAIL_REPORT"), "we") : NULL;
}

static bool ours(void *caller)
{
    return (uintptr_t)caller >= from && (uintptr_t)caller < to;
}

/* 0: go on; an errno value; -1: do half of it */
static int fails(enum call c, void *caller)
{
    if (!ours(caller))
        return 0;
    unsigned n = __atomic_add_fetch(&counts[c], 1, __ATOMIC_RELAXED);
    if ((int)c != want_call || n != want_nth)
        return 0;
    frames = backtrace(trace, sizeof(trace) / sizeof(*trace));
    return want_errno ? want_errno : usual[c];
}

#define ME       __builtin_return_address(0)
#define REAL(fn) ((__typeof__(&fn))dlsym(RTLD_NEXT, #fn))

#define FAIL_OR(call, fn, ...)                                                                     \
    do {                                                                                           \
        int failed_ = fails(CALL_##call, ME);                                                      \
        if (failed_) {                                                                             \
            errno = failed_ > 0 ? failed_ : EIO;                                                   \
            return -1;                                                                             \
        }                                                                                          \
        return REAL(fn)(__VA_ARGS__);                                                              \
    } while (0)

#define HALF_OR_FAIL(call, fn, n, ...)                                                             \
    do {                                                                                           \
        int failed_ = fails(CALL_##call, ME);                                                      \
        if (failed_ > 0) {                                                                         \
            errno = failed_;                                                                       \
            return -1;                                                                             \
        }                                                                                          \
        if (failed_ < 0)                                                                           \
            n = n > 1 ? n / 2 : n;                                                                 \
        return REAL(fn)(__VA_ARGS__);                                                              \
    } while (0)

/* -- memory ---------------------------------------------------------------------------------- */

static void *given(void *p, void *caller)
{
    if (p && ours(caller))
        note(p);
    return p;
}

static bool refused(void *caller)
{
    if (!fails(CALL_alloc, caller))
        return false;
    errno = ENOMEM;
    return true;
}

void *malloc(size_t n)
{
    return refused(ME) ? NULL : given(__libc_malloc(n), ME);
}

void *calloc(size_t n, size_t size)
{
    return refused(ME) ? NULL : given(__libc_calloc(n, size), ME);
}

void *realloc(void *p, size_t n)
{
    if (refused(ME))
        return NULL;
    forget(p); /* before another thread can be given the address */
    void *q = __libc_realloc(p, n);
    if (!q && p)
        given(p, ME);
    return given(q, ME);
}

void free(void *p)
{
    int error = errno;
    forget(p);
    __libc_free(p);
    errno = error;
}

char *strdup(const char *s)
{
    size_t n = strlen(s) + 1;
    char *p = refused(ME) ? NULL : given(__libc_malloc(n), ME);
    return p ? memcpy(p, s, n) : NULL;
}

char *strndup(const char *s, size_t most)
{
    size_t n = strnlen(s, most);
    char *p = refused(ME) ? NULL : given(__libc_malloc(n + 1), ME);
    if (p) {
        memcpy(p, s, n);
        p[n] = '\0';
    }
    return p;
}

/* -- calls ----------------------------------------------------------------------------------- */

static mode_t mode_of(int flags, va_list args)
{
    return flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;
}

int open(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = mode_of(flags, args);
    va_end(args);
    FAIL_OR(open, open, path, flags, mode);
}

int openat(int dir, const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = mode_of(flags, args);
    va_end(args);
    FAIL_OR(openat, openat, dir, path, flags, mode);
}

long syscall(long number, ...)
{
    long a[6];
    va_list args;
    va_start(args, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(args, long);
    va_end(args);
    int failed = number == SYS_openat2 ? fails(CALL_openat2, ME) : 0;
    if (failed) {
        errno = failed > 0 ? failed : EAGAIN;
        return -1;
    }
    return REAL(syscall)(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

int close(int fd)
{
    int failed = fails(CALL_close, ME);
    int rc = REAL(close)(fd);
    if (failed) { /* it is closed all the same */
        errno = failed > 0 ? failed : EIO;
        return -1;
    }
    return rc;
}

ssize_t read(int fd, void *to_, size_t n)
{
    HALF_OR_FAIL(read, read, n, fd, to_, n);
}

ssize_t pread(int fd, void *to_, size_t n, off_t at)
{
    HALF_OR_FAIL(pread, pread, n, fd, to_, n, at);
}

ssize_t write(int fd, const void *bytes, size_t n)
{
    HALF_OR_FAIL(write, write, n, fd, bytes, n);
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
    HALF_OR_FAIL(pwrite, pwrite, n, fd, bytes, n, at);
}

ssize_t pwritev(int fd, const struct iovec *iov, int n, off_t at)
{
    HALF_OR_FAIL(pwritev, pwritev, n, fd, iov, n, at);
}

int fsync(int fd)
{
    FAIL_OR(fsync, fsync, fd);
}

int fdatasync(int fd)
{
    FAIL_OR(fdatasync, fdatasync, fd);
}

int renameat(int a, const char *old, int b, const char *new)
{
    FAIL_OR(renameat, renameat, a, old, b, new);
}

int renameat2(int a, const char *old, int b, const char *new, unsigned flags)
{
    FAIL_OR(renameat2, renameat2, a, old, b, new, flags);
}

int linkat(int a, const char *old, int b, const char *new, int flags)
{
    FAIL_OR(linkat, linkat, a, old, b, new, flags);
}

int unlink(const char *path)
{
    FAIL_OR(unlink, unlink, path);
}

int unlinkat(int dir, const char *path, int flags)
{
    FAIL_OR(unlinkat, unlinkat, dir, path, flags);
}

int fstat(int fd, struct stat *st)
{
    FAIL_OR(fstat, fstat, fd, st);
}

int fstatat(int dir, const char *path, struct stat *st, int flags)
{
    FAIL_OR(fstatat, fstatat, dir, path, st, flags);
}

int faccessat(int dir, const char *path, int mode, int flags)
{
    FAIL_OR(faccessat, faccessat, dir, path, mode, flags);
}

int fsetxattr(int fd, const char *name, const void *value, size_t n, int flags)
{
    FAIL_OR(fsetxattr, fsetxattr, fd, name, value, n, flags);
}

ssize_t fgetxattr(int fd, const char *name, void *value, size_t n)
{
    FAIL_OR(fgetxattr, fgetxattr, fd, name, value, n);
}

int flock(int fd, int how)
{
    FAIL_OR(flock, flock, fd, how);
}

int ftruncate(int fd, off_t n)
{
    FAIL_OR(ftruncate, ftruncate, fd, n);
}

int fallocate(int fd, int mode, off_t at, off_t n)
{
    FAIL_OR(fallocate, fallocate, fd, mode, at, n);
}

int futimens(int fd, const struct timespec times[2])
{
    FAIL_OR(futimens, futimens, fd, times);
}

int mkdirat(int dir, const char *path, mode_t mode)
{
    FAIL_OR(mkdirat, mkdirat, dir, path, mode);
}

int mkostemp(char *path, int flags)
{
    FAIL_OR(mkostemp, mkostemp, path, flags);
}

int pipe2(int fds[2], int flags)
{
    FAIL_OR(pipe2, pipe2, fds, flags);
}

extern int socket(int domain, int type, int protocol);
int socket(int domain, int type, int protocol)
{
    FAIL_OR(socket, socket, domain, type, protocol);
}

struct pollfd;
extern int poll(struct pollfd *fds, unsigned long n, int timeout);
int poll(struct pollfd *fds, unsigned long n, int timeout)
{
    FAIL_OR(poll, poll, fds, n, timeout);
}

extern ssize_t getrandom(void *to_, size_t n, unsigned flags);
ssize_t getrandom(void *to_, size_t n, unsigned flags)
{
    FAIL_OR(getrandom, getrandom, to_, n, flags);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *arg)
{
    int failed = fails(CALL_thread, ME);
    return failed ? EAGAIN : REAL(pthread_create)(thread, attr, run, arg);
}

char *realpath(const char *path, char *to_)
{
    int failed = fails(CALL_realpath, ME);
    if (failed) {
        errno = failed;
        return NULL;
    }
    char *found = REAL(realpath)(path, to_);
    return to_ ? found : given(found, ME);
}

/* A program that is built for large files calls them by these names. */
#define ALSO(fn) __asm__(".globl " #fn "64\n.type " #fn "64, %function\n.set " #fn "64, " #fn)
ALSO(open);
ALSO(openat);
ALSO(pread);
ALSO(pwrite);
ALSO(pwritev);
ALSO(fstat);
ALSO(fstatat);
ALSO(ftruncate);
ALSO(fallocate);
ALSO(mkostemp);

/* -- the account ----------------------------------------------------------------------------- */

__attribute__((destructor)) static void end(void)
{
    FILE *out = report;
    unsigned live = 0, fds = 0;
    if (!out)
        return;
    for (int i = 0; i < NCALLS; i++) {
        if (counts[i])
            fprintf(out, "%s %u\n", names[i], counts[i]);
    }
    if (frames)
        fprintf(out, "failed %s", names[want_call]);
    for (int i = 0; i < frames; i++) {
        if (ours(trace[i]))
            fprintf(out, " 0x%lx", (unsigned long)((uintptr_t)trace[i] - base));
    }
    if (frames)
        fprintf(out, "\n");
    for (unsigned i = 0; i < SLOTS; i++)
        live += (uintptr_t)blocks[i] > 1;
    for (int fd = 3; fd < 256; fd++)
        fds += fd != fileno(out) && fcntl(fd, F_GETFD) >= 0;
    fprintf(out, "live %u %u\n", live, fds);
    fclose(out);
}
