/* SPDX-License-Identifier: MIT */
/*
 * Who has which path in this run: a table.h of two words an entry.
 *
 * An entry is 56 bits of the path's keyed hash, 38 bits of the key's hash and 34 bits of the index.
 * Two paths that look the same (in 7 of a million runs of a million entries) cost a name a needless
 * hash; to be lost, an entry must come to another's path with a key of the same 38 bits.
 */
#include "store/nametable.h"

#include "base/alloc.h"
#include "base/siphash.h"
#include "store/table.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define PATH_BITS  56
#define KEY_LOW    8
#define INDEX_BITS 34
#define INDEX_MAX  (((uint64_t)1 << INDEX_BITS) - 1)

/* The words of an entry. */
enum {
    PATH_KEY,  /* path hash << 8 | lowest 8 bits of the key's */
    KEY_INDEX, /* next 30 bits of the key's hash << 34 | index */
    WORDS,
};

struct nametable {
    struct siphash_key secret;
    struct table table; /* owned */
};

struct nametable *nametable_new(void)
{
    struct nametable *t = mem_new(sizeof(*t));
    if (t) {
        t->secret = siphash_random_key();
        table_init(&t->table, WORDS, KEY_LOW);
    }
    return t;
}

void nametable_free(struct nametable *t)
{
    if (t) {
        table_fini(&t->table);
        free(t);
    }
}

static bool same_key(const uint64_t *a, const uint64_t *b)
{
    return a[PATH_KEY] == b[PATH_KEY] && a[KEY_INDEX] >> INDEX_BITS == b[KEY_INDEX] >> INDEX_BITS;
}

enum nametable_verdict nametable_claim(
    struct nametable *t, const char *path, uint64_t key_hash, uint64_t index, uint64_t *first)
{
    uint64_t hash = siphash(&t->secret, path, strlen(path)) >> (64 - PATH_BITS);
    hash = hash ? hash : 1; /* 0 marks a hole */
    index = index < INDEX_MAX ? index : INDEX_MAX;
    const uint64_t mine[WORDS] = {
        [PATH_KEY] = hash << KEY_LOW | (key_hash & ((1u << KEY_LOW) - 1)),
        [KEY_INDEX] = key_hash >> KEY_LOW << INDEX_BITS | index,
    };
    const uint64_t *have = table_find(&t->table, hash);
    if (have) {
        *first = have[KEY_INDEX] & INDEX_MAX;
        return same_key(have, mine) ? NAMETABLE_DUPLICATE : NAMETABLE_COLLISION;
    }
    return table_add(&t->table, mine) ? NAMETABLE_NEW : NAMETABLE_NOMEM;
}

size_t nametable_count(const struct nametable *t)
{
    return t->table.count;
}

size_t nametable_bytes(const struct nametable *t)
{
    return sizeof(*t) + table_bytes(&t->table);
}

uint64_t key_hash(const char *key, size_t len)
{
    static const struct siphash_key none = {0, 0};
    return siphash(&none, key, len);
}
