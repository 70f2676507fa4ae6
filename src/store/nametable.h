/* SPDX-License-Identifier: MIT */
/*
 * Who has which path in this run: the one thing that grows with the list.
 *
 * An open-addressing set of 16-byte entries (a keyed hash of the path, a hash of the key, the index
 * of the first entry), at most 32 bytes an entry at any load from some hundreds on, and while it
 * grows.
 */
#ifndef STORE_NAMETABLE_H
#define STORE_NAMETABLE_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct nametable;

enum nametable_verdict {
    NAMETABLE_NEW,       /* the path is this entry's now */
    NAMETABLE_DUPLICATE, /* the same key has the same path already: *first is its index */
    NAMETABLE_COLLISION, /* another key has the path: *first is its index too */
    NAMETABLE_NOMEM,     /* the path was not claimed; what was claimed before still is */
};

struct nametable *nametable_new(void);
void nametable_free(struct nametable *t);

/* Claims path for the entry with this key hash. An index of 2^34 and more is remembered as 2^34-1.
 */
enum nametable_verdict nametable_claim(
    struct nametable *t, const char *path, uint64_t key_hash, uint64_t index, uint64_t *first);
size_t nametable_count(const struct nametable *t);
size_t nametable_bytes(const struct nametable *t);

/* The keyless 64-bit hash of an entry's key: stable over runs and machines (marks, shards). */
uint64_t key_hash(const char *key, size_t len);

#endif
