/* SPDX-License-Identifier: MIT */
/*
 * NAME.part.json: of which version the bytes in NAME.part are, and which are there (trust.md, Parts
 * and commit). One line of JSON that ends with two claims:
 *
 *   {"garner":1,"url":"...","key":"9f3a61c2...","etag":"\"x\"",...,"claims":["...","..."]}
 *                                                                            `---´ `---´
 * A further claim overwrites the older of the two in place, as long as there are as many ranges as
 * before. Each has a number and a check (claim.h), and the newest that is whole counts: however
 * much of a write is there after a power failure, what is read back was claimed. What is read is
 * data like any other: a sidecar that is not wholly as it must be is none.
 */
#ifndef STORE_SIDECAR_H
#define STORE_SIDECAR_H

#include "base/buf.h"
#include "store/ranges.h"
#include "store/sink.h"

#include <sys/types.h>

#define SIDECAR_MOST (128 * 1024) /* bytes of a file that is read at all */

struct sidecar {
    char *url; /* owned */
    uint64_t key;
    struct validators v; /* owned */
    int64_t present;     /* bytes from the start */
    struct ranges more;  /* owned: what is there beside those */
    uint64_t number;     /* of the newest claim in the file ... */
    unsigned slot;       /* ... which is the first or the second */
    off_t claim_at;      /* where they stand in the file; -1: it must be written anew */
    size_t claimed;      /* ranges of `more`, as the file has them */
};
void sidecar_fini(struct sidecar *s); /* twice is harmless */

/* False, and *out holds nothing, if the text is no sidecar or memory ran out. */
bool sidecar_parse(const char *text, size_t len, struct sidecar *out);
/* Appends the text and sets claim_at. A failure to allocate is sticky in b. */
void sidecar_format(struct sidecar *s, struct buf *b);

/* The file `name` in the directory `at`. False if there is none that is one. */
bool sidecar_read(int at, const char *name, struct sidecar *out);
/* Replaces the file and sets claim_at. sync: it is on the disk then. 0 or an errno value; then
 * there is none. */
int sidecar_write(int at, const char *name, struct sidecar *s, bool sync);
/* Claims the ranges of s, which are as many as in the file. 0 or an errno value; then what was
 * claimed before still is. */
int sidecar_claim(int at, const char *name, struct sidecar *s, bool sync);

#endif
