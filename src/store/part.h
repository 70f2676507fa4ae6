/* SPDX-License-Identifier: MIT */
/*
 * NAME.part: the bytes of a body on their way to a final name.
 *
 * Invariant: bytes are written only to a file that this part holds locked, and that is, or was, the
 * one under NAME.part. The rules by which two garners cannot spoil each other's:
 *
 *   - A part is made with O_EXCL, then locked. Made anew if it lost its name by then.
 *   - One that is there is taken by locking it and then finding it still under its name.
 *   - Only who holds the lock may unlink or rename it, or touch its sidecar.
 *   - What was found is only ever continued where its sidecar says; to start over it is unlinked
 *     and made anew, since whoever made it may be just about to lock it.
 *   - The sidecar goes before the part goes, and comes after its bytes are there.
 *
 * A body that was in memory until its commit needs no part: where the file system can, it goes to a
 * file without a name, which nobody else can have and which is gone if the process dies, and gets
 * its final name at once. Only a commit makes one, and none is left when its job ends. Where a name
 * is refused once, all are parts from then on.
 *
 * A struct part belongs to one thread at a time: to the job that runs, else to the loop's thread.
 */
#ifndef STORE_PART_H
#define STORE_PART_H

#include "base/list.h"
#include "store/dir.h"
#include "store/op.h"
#include "store/sidecar.h"

#include <limits.h>

struct store;

struct part {
    struct store *store; /* borrowed */
    char *path;          /* owned: the final path; under IF_EXISTS_RENAME the one chosen */
    char *wanted;        /* owned: the path before it was chosen; NULL: not chosen yet */
    unsigned number;     /* of the choice; 0: the path itself */
    bool choose;         /* a taken name is left for the next free one */
    bool discard;        /* no file at all */
    uint32_t tag;        /* not 0: its name bears it, as others write to the same path */
    bool absent;         /* there was none when somebody looked */

    int fd;             /* owned, locked; -1: none */
    bool unnamed;       /* it has no name, and is not locked */
    bool found;         /* it was there before */
    int64_t end;        /* bytes in it, from the start without a gap */
    bool spread;        /* chunks go where they say, and `have` counts */
    bool sized;         /* made as long as it is to be, once spread */
    struct ranges have; /* owned: with `spread`, what is in it */
    bool start_over;    /* what it holds is to be forgotten before it is used */

    struct sidecar side; /* of the bytes that are there, and what was claimed last */
    struct sidecar next; /* of the bytes that come: taken over by part_make */
    bool renewed;        /* next.v was set anew */
    bool resumable;      /* there is to be a sidecar */
    bool sidecar;        /* there may be one */
    double claimed_at;   /* when, CLOCK_MONOTONIC seconds */

    enum digest_algo algo;
    struct digest *digest; /* owned; of the first `digested` bytes; NULL: of none */
    int64_t digested;
};

/* Where a part is, while it is worked on. */
struct spot {
    struct dir_place dir;
    char part[NAME_MAX + 24], sidecar[NAME_MAX + 24];
};

void part_init(struct part *p, struct store *s);
void part_fini(struct part *p);
void part_close(struct part *p); /* the file stays, unlocked */

/* All below run on the executor. Their errors are ERR_IO (ERR_POLICY for a path that leads out of
 * the directory), ERR_NOMEM, and name the path. */

/* Makes one without a name in the directory; false if that is not to be had. */
bool part__make_unnamed(struct part *p, const struct spot *at);
void part__forget_bytes(struct part *p);

/* "cannot write PATH: ..." */
struct err *part_error(const struct part *p, int errnum);

struct err *part_enter(struct part *p, bool make, struct spot *at);
void part_leave(struct spot *at);

/* Takes the part of an earlier run, if there is one; then fd >= 0, and end > 0 if its sidecar lets
 * it be resumed. ERR_IO with code "EBUSY": another garner is at work. */
struct err *part_find(struct part *p, const struct spot *at);

/* Starts over if that was asked for, takes the new version over, and makes the part if there is
 * none; one that was not found by part_find is replaced. whole: all its bytes are there, it may do
 * without a name (p->unnamed). at: NULL if p->discard. */
struct err *part_make(struct part *p, const struct spot *at, bool whole);

/* Of one that is unnamed. part_link: name becomes its name, 0, or an errno value: EEXIST if it is
 * taken; with another there will be no more that are unnamed. part_forget: it is closed, and its
 * chunks are to be written again. */
int part_link(struct part *p, int dir, const char *name);
void part_forget(struct part *p, struct list *chunks, struct list *done);

/* Writes chunks at the end (if spread: each at its place) and moves those that were written to
 * `done`. Stops early, with those not written left, when op (may be NULL) is cancelled. */
struct err *part_write(struct part *p, struct list *chunks, struct list *done, struct op *op);

/* Brings the sidecar up to date, if there is to be one; unless forced only when a second or 1 MiB
 * has passed. With --fsync the bytes are on the disk before they are claimed, and it is a second. A
 * sidecar that cannot be written only means that nothing can be resumed. */
void part_claim(struct part *p, const struct spot *at, bool force);

/* Removes the sidecar. False, with errno, if it is still there. */
bool part_unclaim(struct part *p, const struct spot *at);

/* With --fsync: what has which name is on the disk. False, with errno, if that failed. */
bool part_sync_dir(const struct part *p, const struct spot *at);

/* The sidecar says less than there is. */
bool part_behind(const struct part *p);

/* part_write of a part that is spread. */
struct err *part__write_spread(
    struct part *p, struct list *chunks, struct list *done, struct op *op);

/* Removes sidecar and part, and closes. */
void part_drop(struct part *p, const struct spot *at);

/* Under IF_EXISTS_RENAME: the first free name from number `from` on: path and number are changed.
 * "a/b.tar.gz" -> "a/b.1.tar.gz". */
struct err *part_choose(struct part *p, unsigned from);
char *part_numbered(const char *path, unsigned number); /* owned; NULL when memory ran out */

/* The digest of all its bytes: as computed while writing, else by reading them back. A cancel of op
 * (may be NULL) leaves out->algo DIGEST_NONE. */
struct err *part_digest(
    struct part *p, enum digest_algo algo, struct op *op, struct digest_value *out);

#endif
