/* SPDX-License-Identifier: MIT */
/* The commit: a part becomes the file (trust.md, Parts and commit). Private to src/store. */
#ifndef STORE_COMMIT_H
#define STORE_COMMIT_H

#include "store/part.h"

struct commit {
    struct commit_options options; /* its strings owned, see commit_init */
    enum if_exists policy;
    uint64_t key_hash;
    struct op *op;             /* borrowed */
    double written;            /* store__now() when the last byte was */
    struct committed *outcome; /* owned until it is taken */
};

/* options: copied. False when memory ran out; commit_fini in any case. */
bool commit_init(struct commit *c, const struct commit_options *options);
void commit_fini(struct commit *c);

/*
 * On the executor: makes the part if there is none yet, writes the rest of the chunks (those
 * written go to `done`), checks, sets marks and time, syncs, renames. When op is cancelled before
 * the rename, it stops where it is, without an error.
 */
struct err *commit_run(struct commit *c, struct part *p, struct list *chunks, struct list *done);

#endif
