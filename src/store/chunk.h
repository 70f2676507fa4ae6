/* SPDX-License-Identifier: MIT */
/* Body bytes in memory, in lists of blocks. Private to src/store; the loop's thread only, but for
 * the bytes of a chunk that a job was given. */
#ifndef STORE_CHUNK_H
#define STORE_CHUNK_H

#include "base/list.h"

#include <stddef.h>
#include <stdint.h>

#define CHUNK_BYTES ((size_t)256 * 1024)

struct store;

struct chunk {
    struct list node;
    size_t size; /* of bytes, as allocated */
    size_t room, len;
    size_t from; /* bytes at its beginning that are written already */
    int64_t at;  /* where in the file it begins: of a sink with several streams only */
    char bytes[];
};

struct chunks {
    struct list list;
    size_t bytes;  /* in all of them */
    size_t sealed; /* in those that are full, or not the last */
};

/* How large a block may be where so much may be in memory: at most CHUNK_BYTES. */
size_t chunk_largest(size_t buffer);

void chunks_init(struct chunks *c);

/* Copies n bytes to the end. expected: how many will follow, these included; -1: unknown. False
 * when memory ran out: a part of them may have been taken, *taken tells how many. */
bool chunks_add(struct store *s, struct chunks *c, const void *bytes, size_t n, int64_t expected,
    size_t *taken);

/* Moves the sealed ones, or all, to the end of `to`. */
void chunks_take(struct chunks *c, bool all, struct list *to);

/* Puts what a job left back to the front. */
void chunks_put_back(struct chunks *c, struct list *from);

/* Frees them and takes their bytes off the store's account. */
void chunks_drop(struct store *s, struct list *chunks);
void chunks_clear(struct store *s, struct chunks *c);

#endif
