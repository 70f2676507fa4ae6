/* SPDX-License-Identifier: MIT */
#include "store/tar.h"

#include "base/alloc.h"

#include <stdbool.h>
#include <stdlib.h>

#ifdef HAVE_LIBARCHIVE

#include <archive.h>
#include <archive_entry.h>
#include <dlfcn.h>
#include <locale.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Its name since libarchive 3.0. */
#define LIBRARY "libarchive.so.13"

#define FUNCTIONS(f)                                                                               \
    f(archive_error_string);                                                                       \
    f(archive_entry_free);                                                                         \
    f(archive_entry_new);                                                                          \
    f(archive_entry_set_filetype);                                                                 \
    f(archive_entry_set_gid);                                                                      \
    f(archive_entry_set_mtime);                                                                    \
    f(archive_entry_set_pathname);                                                                 \
    f(archive_entry_set_perm);                                                                     \
    f(archive_entry_set_size);                                                                     \
    f(archive_entry_set_uid);                                                                      \
    f(archive_version_string);                                                                     \
    f(archive_write_close);                                                                        \
    f(archive_write_data);                                                                         \
    f(archive_write_finish_entry);                                                                 \
    f(archive_write_free);                                                                         \
    f(archive_write_header);                                                                       \
    f(archive_write_new);                                                                          \
    f(archive_write_open);                                                                         \
    f(archive_write_set_bytes_per_block);                                                          \
    f(archive_write_set_format_option);                                                            \
    f(archive_write_set_format_pax_restricted)

#define POINTER(name) __typeof__(name) *name

/* The library's functions, under their own names. */
struct library {
    void *handle; /* owned by the process: it stays loaded */
    FUNCTIONS(POINTER);
};

struct tar {
    struct library lib;
    struct archive *archive; /* owned */
    struct buf *out;         /* borrowed */
    locale_t locale; /* owned: names are UTF-8, whatever the program's locale; 0: there is none */
    mode_t permissions;
    bool given_up; /* what libarchive has yet to write goes nowhere */
};

/* False if it, or one of its functions, is not there. */
static bool load(struct library *lib)
{
    lib->handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (!lib->handle) {
        return false;
    }
#define FIND(name)                                                                                 \
    do {                                                                                           \
        *(void **)&lib->name = dlsym(lib->handle, #name);                                          \
        if (!lib->name) {                                                                          \
            return false;                                                                          \
        }                                                                                          \
    } while (0)
    FUNCTIONS(FIND);
#undef FIND
    return true;
}

const char *tar_version(void)
{
    struct library lib;

    /* "libarchive 3.6.2" */
    const char *text = load(&lib) ? lib.archive_version_string() : NULL;
    const char *number = text ? strchr(text, ' ') : NULL;
    return number ? number + 1 : text;
}

static la_ssize_t on_write(struct archive *a, void *arg, const void *bytes, size_t n)
{
    struct tar *t = arg;

    (void)a;
    if (t->given_up) {
        return (la_ssize_t)n;
    }
    buf_add(t->out, bytes, n);
    return buf_failed(t->out) ? -1 : (la_ssize_t)n;
}

static struct err *failed(const struct tar *t)
{
    const char *why = t->lib.archive_error_string(t->archive);

    if (buf_failed(t->out)) {
        return err_plain(ERR_NOMEM);
    }
    return err_new(ERR_IO, NULL, "cannot write the archive: %s", why ? why : "libarchive fails");
}

/* A warning is of a name that its header has in raw bytes. */
static struct err *check(const struct tar *t, int rc)
{
    return rc == ARCHIVE_OK || rc == ARCHIVE_WARN ? NULL : failed(t);
}

struct err *tar_new(struct buf *out, struct tar **made)
{
    struct tar *t = mem_new(sizeof *t);
    const mode_t mask = umask(0);
    struct err *e;
    int rc;

    umask(mask);
    *made = NULL;
    if (!t) {
        return err_plain(ERR_NOMEM);
    }
    if (!load(&t->lib)) {
        free(t);
        return err_new(ERR_USAGE, NULL, "--tar: needs " LIBRARY ", and it is not installed");
    }
    t->out = out;
    t->permissions = 0666 & ~mask;
    t->locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    t->archive = t->lib.archive_write_new();
    rc = t->archive ? t->lib.archive_write_set_format_pax_restricted(t->archive) : ARCHIVE_FATAL;
    if (rc == ARCHIVE_OK) { /* what is written shows at once, not when a block is full */
        rc = t->lib.archive_write_set_bytes_per_block(t->archive, 0);
    }
    if (rc == ARCHIVE_OK) {
        rc = t->lib.archive_write_open(t->archive, t, NULL, on_write, NULL);
    }
    e = t->archive ? check(t, rc) : err_plain(ERR_NOMEM);
    if (e) {
        tar_free(t);
        return e;
    }
    *made = t;
    return NULL;
}

void tar_free(struct tar *t)
{
    if (!t) {
        return;
    }
    t->given_up = true; /* archive_write_free ends the archive, archive_write_fail would leak */
    if (t->archive) {
        t->lib.archive_write_free(t->archive);
    }
    if (t->locale) {
        freelocale(t->locale);
    }
    free(t);
}

struct err *tar_begin(struct tar *t, const char *name, int64_t size, time_t modified)
{
    const struct library *lib = &t->lib;
    struct archive_entry *entry = lib->archive_entry_new();
    struct err *e;

    if (!entry) {
        return err_plain(ERR_NOMEM);
    }
    lib->archive_entry_set_pathname(entry, name);
    lib->archive_entry_set_filetype(entry, S_IFREG);
    lib->archive_entry_set_perm(entry, t->permissions);
    lib->archive_entry_set_size(entry, size);
    lib->archive_entry_set_mtime(entry, modified >= 0 ? modified : time(NULL), 0);
    lib->archive_entry_set_uid(entry, getuid());
    lib->archive_entry_set_gid(entry, getgid());
    const locale_t before = t->locale ? uselocale(t->locale) : (locale_t)0;
    e = check(t, lib->archive_write_header(t->archive, entry));
    if (before) {
        uselocale(before);
    }
    lib->archive_entry_free(entry);
    return e;
}

struct err *tar_data(struct tar *t, const void *bytes, size_t n)
{
    const la_ssize_t put = t->lib.archive_write_data(t->archive, bytes, n);

    return put == (la_ssize_t)n ? NULL : failed(t);
}

struct err *tar_end(struct tar *t)
{
    return check(t, t->lib.archive_write_finish_entry(t->archive));
}

struct err *tar_close(struct tar *t)
{
    return check(t, t->lib.archive_write_close(t->archive));
}

#else /* built without it */

const char *tar_version(void)
{
    return NULL;
}

struct err *tar_new(struct buf *out, struct tar **made)
{
    (void)out;
    *made = NULL;
    return err_new(ERR_USAGE, NULL, "--tar: this garner was built without libarchive");
}

void tar_free(struct tar *t)
{
    (void)t;
}

struct err *tar_begin(struct tar *t, const char *name, int64_t size, time_t modified)
{
    (void)t;
    (void)name;
    (void)size;
    (void)modified;
    return err_plain(ERR_RUNTIME);
}

struct err *tar_data(struct tar *t, const void *bytes, size_t n)
{
    (void)t;
    (void)bytes;
    (void)n;
    return err_plain(ERR_RUNTIME);
}

struct err *tar_end(struct tar *t)
{
    (void)t;
    return err_plain(ERR_RUNTIME);
}

struct err *tar_close(struct tar *t)
{
    (void)t;
    return err_plain(ERR_RUNTIME);
}

#endif
