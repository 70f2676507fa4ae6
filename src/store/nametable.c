/* SPDX-License-Identifier: MIT */
/*
 * Who has which path in this run.
 *
 * Invariant: entries stand in the order of their path's hash, none before its home slot, and no
 * hole lies between an entry and its home. A search goes right from the home and ends at a hole or
 * at the first greater hash.
 *
 *     home(h) = h * homes >> 56        grows with h, so that growing keeps the order:
 *
 *     | a . b c . . d e . . |          realloc, in place (mremap where it is large)
 *     | a . b c . . d e . . . . . . |
 *     | . . . . . . . . . a b c d e |  all moved to the right end, from the right
 *     | a . . b c . . . . d e . . . |  and from there to their new places, from the left
 *
 * so that the table is never there twice. Past the homes are a few slots for those that the last
 * homes push on. Load is between 0.53 and 0.8: 20 to 31 bytes an entry.
 *
 * An entry is 56 bits of the path's keyed hash, 38 bits of the key's hash and 34 bits of the index.
 * Two paths that look the same (in 7 of a million runs of a million entries) cost a name a needless
 * hash; to be lost, an entry must come to another's path with a key of the same 38 bits.
 */
#include "store/nametable.h"

#include "base/alloc.h"
#include "base/siphash.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define PATH_BITS  56
#define KEY_LOW    8
#define INDEX_BITS 34
#define INDEX_MAX  (((uint64_t)1 << INDEX_BITS) - 1)
#define FIRST_SIZE 32

struct entry {
    uint64_t path_key;  /* path hash << 8 | lowest 8 bits of the key's; 0: a hole */
    uint64_t key_index; /* next 30 bits of the key's hash << 34 | index */
};

struct nametable {
    struct siphash_key secret;
    struct entry *entries; /* owned; NULL before the first claim */
    size_t homes, slots;   /* slots: homes and those past them */
    size_t count;
};

struct nametable *nametable_new(void)
{
    struct nametable *t = mem_new(sizeof(*t));
    if (t) {
        t->secret = siphash_random_key();
    }
    return t;
}

void nametable_free(struct nametable *t)
{
    if (t) {
        free(t->entries);
        free(t);
    }
}

static bool is_hole(const struct entry *e)
{
    return e->path_key == 0;
}

static uint64_t path_of(const struct entry *e)
{
    return e->path_key >> KEY_LOW;
}

static struct entry make_entry(uint64_t path, uint64_t key, uint64_t index)
{
    if (index > INDEX_MAX) {
        index = INDEX_MAX;
    }
    return (struct entry){
        .path_key = path << KEY_LOW | (key & ((1u << KEY_LOW) - 1)),
        .key_index = key >> KEY_LOW << INDEX_BITS | index,
    };
}

static bool same_key(const struct entry *a, const struct entry *b)
{
    return a->path_key == b->path_key && a->key_index >> INDEX_BITS == b->key_index >> INDEX_BITS;
}

static size_t home_of(uint64_t path, size_t homes)
{
    return (size_t)((unsigned __int128)path * homes >> PATH_BITS);
}

static size_t slots_for(size_t homes)
{
    return homes + homes / 64 + 16;
}

/* True if all entries and one more find places in a table of so many homes. */
static bool fits(const struct nametable *t, size_t homes)
{
    size_t next = 0;
    for (size_t i = 0; i < t->slots; i++) {
        if (!is_hole(&t->entries[i])) {
            size_t home = home_of(path_of(&t->entries[i]), homes);
            next = (home > next ? home : next) + 1;
        }
    }
    return next < slots_for(homes);
}

static void move_to_right_end(struct nametable *t, size_t slots)
{
    size_t to = slots;
    for (size_t from = t->slots; from-- > 0;) {
        if (!is_hole(&t->entries[from]) && --to != from) {
            t->entries[to] = t->entries[from];
            t->entries[from] = (struct entry){0, 0};
        }
    }
}

static void move_to_places(struct nametable *t, size_t homes, size_t slots)
{
    size_t next = 0;
    for (size_t from = slots - t->count; from < slots; from++) {
        struct entry e = t->entries[from];
        size_t home = home_of(path_of(&e), homes);
        size_t to = home > next ? home : next;
        t->entries[from] = (struct entry){0, 0};
        t->entries[to] = e;
        next = to + 1;
    }
}

/* False when memory ran out; the table is then as it was. */
static bool grow(struct nametable *t)
{
    size_t homes = t->homes ? t->homes + t->homes / 2 : FIRST_SIZE;
    while (!fits(t, homes)) {
        homes += homes / 2;
    }
    size_t slots = slots_for(homes);
    struct entry *entries = mem_array(t->entries, slots, sizeof(*entries));
    if (!entries) {
        return false;
    }
    memset(entries + t->slots, 0, (slots - t->slots) * sizeof(*entries));
    t->entries = entries;
    move_to_right_end(t, slots);
    move_to_places(t, homes, slots);
    t->homes = homes;
    t->slots = slots;
    return true;
}

/* Where the path is or belongs; t->slots if that is past the end. */
static size_t find(const struct nametable *t, uint64_t path)
{
    size_t at = home_of(path, t->homes);
    while (at < t->slots && !is_hole(&t->entries[at]) && path_of(&t->entries[at]) < path) {
        at++;
    }
    return at;
}

/* False if no slot is free at or after `at`. */
static bool insert(struct nametable *t, size_t at, struct entry e)
{
    size_t hole = at;
    while (hole < t->slots && !is_hole(&t->entries[hole])) {
        hole++;
    }
    if (hole >= t->slots) {
        return false;
    }
    memmove(t->entries + at + 1, t->entries + at, (hole - at) * sizeof(e));
    t->entries[at] = e;
    t->count++;
    return true;
}

enum nametable_verdict nametable_claim(
    struct nametable *t, const char *path, uint64_t key_hash, uint64_t index, uint64_t *first)
{
    uint64_t hash = siphash(&t->secret, path, strlen(path)) >> (64 - PATH_BITS);
    hash = hash ? hash : 1; /* 0 marks a hole */
    struct entry e = make_entry(hash, key_hash, index);
    size_t at = find(t, hash);
    if (at < t->slots && path_of(&t->entries[at]) == hash) {
        const struct entry *have = &t->entries[at];
        *first = have->key_index & INDEX_MAX;
        return same_key(have, &e) ? NAMETABLE_DUPLICATE : NAMETABLE_COLLISION;
    }
    bool crowded = (t->count + 1) * 5 > t->homes * 4;
    while (crowded || !insert(t, at, e)) {
        if (!grow(t)) {
            return NAMETABLE_NOMEM;
        }
        crowded = false;
        at = find(t, hash);
    }
    return NAMETABLE_NEW;
}

size_t nametable_count(const struct nametable *t)
{
    return t->count;
}

size_t nametable_bytes(const struct nametable *t)
{
    return sizeof(*t) + t->slots * sizeof(*t->entries);
}

uint64_t key_hash(const char *key, size_t len)
{
    static const struct siphash_key none = {0, 0};
    return siphash(&none, key, len);
}
