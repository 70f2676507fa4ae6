/* SPDX-License-Identifier: MIT */
/*
 * One download's bytes on their way to a final name.
 *
 *   sink_new -> [sink_open] -> sink_start (each reply) -> sink_write* -> sink_commit -> sink_free
 *                                                                     \> sink_close  -> sink_free
 *
 * Bytes are copied into chunks; full chunks are written by the executor, one job a sink at a time,
 * in order. A body that ends within SINK_SMALL bytes and one second never touches the disk before
 * its commit: then one executor job opens, writes, closes, and gives it its name. Past either there
 * is NAME.part and, if it can be resumed, NAME.part.json; both at most one second or 1 MiB behind
 * what arrived, and the sidecar never claims bytes that are not in the part.
 *
 * A sink belongs to the loop's thread. Its jobs own copies of what they touch.
 */
#ifndef STORE_SINK_H
#define STORE_SINK_H

#include "store/digest.h"
#include "store/store.h"

#define SINK_SMALL (256 * 1024)

struct sink;

/* What one version of a resource is known by; strings owned by whoever holds the struct. */
struct validators {
    char *etag, *last_modified; /* as sent; NULL: none */
    time_t modified, date;      /* -1: unknown */
    char *coding;               /* Content-Encoding; NULL: none */
    int64_t total;              /* whole size; -1: unknown */
    bool decoded; /* the bytes are not as they were sent: nothing can be added to them */
};
void validators_fini(struct validators *v);
struct err *validators_copy(struct validators *to, const struct validators *from);
/* A version that a part can be resumed of: known by a strong validator (RFC 9110 13.1.5). */
bool validators_resumable(const struct validators *v);
/* The same version in the same coding (its Date may differ). */
bool validators_same(const struct validators *a, const struct validators *b);

struct sink_spec {
    const char *path;       /* relative to the store's directory, or absolute; copied; NULL: not
                               known yet (sink_place) */
    const char *url_public; /* without user, password, query; for the sidecar; copied */
    uint64_t key_hash;
    enum if_exists policy;
    enum digest_algo digest; /* computed while writing; DIGEST_NONE: none */
    bool rival;              /* others write to the same path: the part bears the key's hash */
    bool absent;             /* a probe saw neither NAME nor NAME.part: a small body needs none */
    bool discard;            /* count and digest only: nothing is stored, path is not used */
};

struct err *sink_new(struct store *s, const struct sink_spec *spec, struct sink **out);
void sink_free(struct sink *k); /* after commit or close ended, or before anything; NULL ignored */

/* The path of a sink that was made without one: until then what is written to it stays in memory,
 * and there is no commit. ERR_NOMEM. */
struct err *sink_place(struct sink *k, const char *path);

/* Looks for a part of an earlier run, locks it and reads its sidecar: worth awaiting when a probe
 * saw one, and under IF_EXISTS_RENAME when the final name is taken (the part is that of the name
 * chosen). ERR_IO with code "EBUSY" when another garner has it. NULL when memory ran out. */
struct future *sink_open(struct sink *k);

/* How many bytes from the start are there (arrived, whether written yet or not), and of which
 * version: whether its validators allow to resume is for the caller to judge. They are borrowed
 * from the sink; v may be NULL. Always 0 without options.resume. */
int64_t sink_have(const struct sink *k, const struct validators **v);
/* Of the sidecar that was found, until sink_start() makes the bytes this download's own. */
const char *sink_part_url(const struct sink *k); /* NULL: none */
uint64_t sink_part_key(const struct sink *k);    /* 0: none */

/* A reply's body follows: its bytes go to `offset`. 0 starts over (what was there is dropped);
 * otherwise offset must be sink_have(). v: copied; describes the version. ERR_NOMEM; ERR_VALUE for
 * another offset. Called inside net's callbacks: only notes. */
struct err *sink_start(struct sink *k, int64_t offset, const struct validators *v);

/* Copies; never blocks. An error of an earlier write job is returned here once (ERR_IO). */
struct err *sink_write(struct sink *k, const void *bytes, size_t n);

/* The first error of a write job so far, borrowed; NULL: none. */
struct err *sink_error(const struct sink *k);

struct commit_options {
    struct digest_value expect; /* algo DIGEST_NONE: not checked */
    int64_t size;               /* expected; -1: unknown */
    time_t modified;            /* file time to set; -1: none */
    bool marks;                 /* user.garner.key, user.garner.etag */
    const char *etag;           /* for the mark; borrowed until done; NULL: none */
    const char *origin_url;     /* for --xattr: user.xdg.origin.url; NULL: none */
};

struct committed {
    char *path; /* owned; where it went, relative as given (rename may differ) */
    int64_t size;
    struct digest_value digest;
    double write_seconds;  /* spent in write jobs and the commit */
    double settle_seconds; /* of these, for what follows the last write: digest, sync, rename */
    bool exists;           /* the final name was taken (skip, fail): nothing was renamed */
};
void committed_free(void *c);

/*
 * Flushes, checks, and renames: the future's value is a struct committed *. Everything up to the
 * rename can be cancelled and leaves a complete part; the rename and what follows cannot: a cancel
 * that comes then is late (future_cancel() is true all the same) and the future ends with its
 * value. A cancelled future is done only when its job has ended. ERR_IO (ENOSPC, EACCES, ...),
 * ERR_NETWORK with code "CURLE_PARTIAL_FILE" (not `size` bytes; they stay, the next sink_start may
 * go on), ERR_CHECKSUM (the part is removed, sink_start may begin again). NULL when memory ran out.
 */
struct future *sink_commit(struct sink *k, const struct commit_options *o);

/*
 * Ends without a commit, once running jobs are done. keep: what arrived stays as part and sidecar,
 * if it can be resumed (a memory body is flushed for that); otherwise nothing is left. Never fails
 * for what is on disk; not cancellable: a task that is cancelled meanwhile hears of it after the
 * end. NULL when memory ran out.
 */
struct future *sink_close(struct sink *k, bool keep);

#endif
