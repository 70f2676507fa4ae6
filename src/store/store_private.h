/* SPDX-License-Identifier: MIT */
/* What the files of src/store share of the store. */
#ifndef STORE_STORE_PRIVATE_H
#define STORE_STORE_PRIVATE_H

#include "base/alloc.h"
#include "store/chunk.h"
#include "store/dir.h"
#include "store/sink.h"
#include "store/store.h"

/* Somebody whose bytes wait in memory. Embedded; fn is called once, a second after it was noted,
 * and before that, with `late` false, when more is in memory than should be. */
struct store_due {
    struct list node;
    double since; /* loop_time() */
    void (*fn)(struct store_due *d, bool late);
};

struct allowed {
    const char *path; /* borrowed: absolute, without a slash at its end */
    size_t len;       /* 0 for "/" */
    struct dir *dir;  /* owned */
};

struct store {
    unsigned refs;     /* the owner's, and one for each sink and look: the loop's thread only */
    struct loop *loop; /* borrowed */
    struct executor *executor; /* borrowed */

    /* Not changed once made, so that any thread may read them. */
    struct dir *dir;         /* owned; NULL if it cannot be used and targets may be absolute, or it
                                is missing and stays so */
    int dir_errnum;          /* why */
    struct allowed *allowed; /* owned: what targets may be below, too */
    size_t nallowed;
    struct dir *unbound; /* owned; NULL unless targets may be absolute */
    bool fsync, resume, resume_unsafe;

    /* Atomic. Files without a name are to be had, in its directory at least, and none was refused
     * its name so far. */
    bool unnamed;

    size_t buffer, bytes; /* the mark, and what is in memory */
    bool over;
    void (*on_pressure)(void *arg, bool over);
    void *pressure_arg;
    struct list due; /* of struct store_due, the oldest first */
    struct timer timer;
    struct handle relief;   /* while `over`: those that are noted are told */
    size_t block;           /* bytes of the largest chunks */
    struct mem_pool chunks; /* of those */
};

/* CLOCK_MONOTONIC, in seconds. Any thread. */
double store__now(void);

/* Whether what came of this version is kept to be resumed. Any thread. */
bool store__resumable(const struct store *s, const struct validators *v);

struct store *store__ref(struct store *s);
void store__unref(struct store *s);

/* dir_enter in the directory that path belongs to. Any thread. */
int store__enter(const struct store *s, const char *path, bool make, struct dir_place *p)
    __attribute__((warn_unused_result));

/* Bytes came into memory, or left it. */
void store__bytes_in(struct store *s, size_t n);
void store__bytes_out(struct store *s, size_t n);

/* Notes d, or forgets it; no effect if it is (is not) noted. */
void store__due_note(struct store *s, struct store_due *d);
void store__due_forget(struct store_due *d);

#endif
