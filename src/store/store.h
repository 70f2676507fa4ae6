/* SPDX-License-Identifier: MIT */
/*
 * The store: the output directory, the bytes in memory on their way to it, and what is there
 * already. Every system call on files is made on the executor.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "aio/executor.h"
#include "store/digest.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

enum if_exists {
    IF_EXISTS_SKIP,
    IF_EXISTS_VERIFY,
    IF_EXISTS_UPDATE,
    IF_EXISTS_RENAME,
    IF_EXISTS_OVERWRITE,
    IF_EXISTS_FAIL,
};

struct store_options {
    const char *dir;         /* "." or as typed; created */
    size_t buffer;           /* bytes in memory not yet written before pressure is announced */
    bool fsync;              /* file and directory */
    bool resume;             /* parts are kept with a sidecar and resumed */
    bool resume_unsafe;      /* also those of a version that nothing tells from others */
    char *const *allow_dirs; /* absolute paths below which targets may be too; NULL-terminated;
                                NULL: none. Borrowed; made if missing */
    bool look_only;          /* nothing is made: what is missing counts as empty */
    bool absolute; /* targets may be absolute (a typed -o); then `dir` does not bound them */
};

struct store;

/* Opens (creates, unless look_only) the directory. ERR_IO: it cannot be made or written; the
 * message says why. options: copied. */
struct err *store_new(
    struct loop *l, struct executor *ex, const struct store_options *options, struct store **out);
void store_free(struct store *s); /* no sink may be left; NULL is ignored */

/* fn(arg, true) when the bytes in memory pass the mark, fn(arg, false) when they fell below half of
 * it; called from the loop's thread, perhaps inside sink_write: it may only note or hold. */
void store_on_pressure(struct store *s, void (*fn)(void *arg, bool over), void *arg);
size_t store_bytes_in_memory(const struct store *s);

/* False once the output directory is gone or not writable any more: every target below it fails. */
bool store_usable(const struct store *s);

/* -- what is there ------------------------------------------------------------------------- */

enum presence {
    PRESENCE_ABSENT,
    PRESENCE_FILE,     /* a regular file */
    PRESENCE_OBSTACLE, /* a directory, symlink, device, FIFO: never written through */
};

struct probe {
    const char *path;    /* borrowed; in: relative to the directory (or absolute) */
    const char *rather;  /* borrowed; in: looked at instead if the file there is marked as this
                            key's; NULL: none */
    uint64_t key_hash;   /* in */
    bool is_rather;      /* out: all below is of `rather` */
    enum presence final; /* out */
    bool part;           /* out: NAME.part exists */
    int64_t size;        /* out, of the final file */
    time_t modified;     /* out */
    uint64_t mark;       /* out: user.garner.key; 0: none */
    char *etag; /* out: user.garner.etag; owned; only asked for under IF_EXISTS_UPDATE/VERIFY */
    int errnum; /* out: why it could not be looked at, else 0 */
};

/* Looks at n targets in one executor job. probes: borrowed until the future is done; a cancelled
 * one is done only when nobody looks any more, and then they hold nothing. etags: see above. NULL
 * when memory ran out. */
struct future *store_probe(struct store *s, struct probe *probes, size_t n, bool etags);
void probe_fini(struct probe *p);

/* The digest of the file under a final name: the future's value is a struct digest_value *. A
 * cancel ends with the block that is read just then. ERR_IO. NULL when memory ran out. */
struct future *store_digest(struct store *s, const char *path, enum digest_algo algo);

#endif
