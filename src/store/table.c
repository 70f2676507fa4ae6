/* SPDX-License-Identifier: MIT */
/*
 * Invariant: entries stand in the order of their hashes, none before its home slot, and no hole
 * lies between an entry and its home. A search goes right from the home and ends at a hole or at
 * the first greater hash.
 *
 *     home(h) = h * homes >> bits      grows with h, so that growing keeps the order:
 *
 *     | a . b c . . d e . . |          realloc, in place (mremap where it is large)
 *     | a . b c . . d e . . . . . . |
 *     | . . . . . . . . . a b c d e |  all moved to the right end, from the right
 *     | a . . b c . . . . d e . . . |  and from there to their new places, from the left
 *
 * so that the table is never there twice. Past the homes are a few slots for those that the last
 * homes push on.
 */
#include "store/table.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_SIZE 32
#define GROWTH     4  /* by a quarter: what is free costs memory */
#define FULLEST    85 /* percent of the homes */

void table_init(struct table *t, unsigned width, unsigned low)
{
    *t = (struct table){.width = width, .low = low};
}

void table_fini(struct table *t)
{
    free(t->words);
    t->words = NULL;
    t->homes = t->slots = t->count = 0;
}

static uint64_t *at_slot(const struct table *t, size_t slot)
{
    return t->words + slot * t->width;
}

static bool is_hole(const struct table *t, size_t slot)
{
    return *at_slot(t, slot) == 0;
}

static uint64_t hash_at(const struct table *t, size_t slot)
{
    return *at_slot(t, slot) >> t->low;
}

static size_t home_of(const struct table *t, uint64_t hash, size_t homes)
{
    return (size_t)((unsigned __int128)hash * homes >> (64 - t->low));
}

static size_t slots_for(size_t homes)
{
    return homes + homes / 64 + 16;
}

static void move(struct table *t, size_t from, size_t to)
{
    if (from != to) {
        memcpy(at_slot(t, to), at_slot(t, from), t->width * sizeof(uint64_t));
        *at_slot(t, from) = 0;
    }
}

/* True if all entries and one more find places in a table of so many homes. */
static bool fits(const struct table *t, size_t homes)
{
    size_t next = 0;
    for (size_t i = 0; i < t->slots; i++) {
        if (!is_hole(t, i)) {
            size_t home = home_of(t, hash_at(t, i), homes);
            next = (home > next ? home : next) + 1;
        }
    }
    return next < slots_for(homes);
}

static void move_to_right_end(struct table *t, size_t slots)
{
    size_t to = slots;
    for (size_t from = t->slots; from-- > 0;) {
        if (!is_hole(t, from)) {
            move(t, from, --to);
        }
    }
}

static void move_to_places(struct table *t, size_t homes, size_t slots)
{
    size_t next = 0;
    for (size_t from = slots - t->count; from < slots; from++) {
        size_t home = home_of(t, hash_at(t, from), homes);
        size_t to = home > next ? home : next;
        move(t, from, to);
        next = to + 1;
    }
}

/* False when memory ran out; the table is then as it was. */
static bool grow(struct table *t)
{
    size_t homes = t->homes ? t->homes + t->homes / GROWTH : FIRST_SIZE;
    while (!fits(t, homes)) {
        homes += homes / GROWTH;
    }
    size_t slots = slots_for(homes), entry = t->width * sizeof(uint64_t);
    uint64_t *words = mem_array(t->words, slots, entry);
    if (!words) {
        return false;
    }
    memset((char *)words + t->slots * entry, 0, (slots - t->slots) * entry);
    t->words = words;
    move_to_right_end(t, slots);
    move_to_places(t, homes, slots);
    t->homes = homes;
    t->slots = slots;
    return true;
}

/* Where the hash is or belongs; t->slots if that is past the end. */
static size_t place_of(const struct table *t, uint64_t hash)
{
    size_t at = home_of(t, hash, t->homes);
    while (at < t->slots && !is_hole(t, at) && hash_at(t, at) < hash) {
        at++;
    }
    return at;
}

/* False if no slot is free at or after `at`. */
static bool insert(struct table *t, size_t at, const uint64_t *entry)
{
    size_t hole = at;
    while (hole < t->slots && !is_hole(t, hole)) {
        hole++;
    }
    if (hole >= t->slots) {
        return false;
    }
    size_t size = t->width * sizeof(uint64_t);
    memmove(at_slot(t, at) + t->width, at_slot(t, at), (hole - at) * size);
    memcpy(at_slot(t, at), entry, size);
    t->count++;
    return true;
}

const uint64_t *table_find(const struct table *t, uint64_t hash)
{
    size_t at = place_of(t, hash);
    return at < t->slots && hash_at(t, at) == hash && !is_hole(t, at) ? at_slot(t, at) : NULL;
}

bool table_add(struct table *t, const uint64_t *entry)
{
    uint64_t hash = *entry >> t->low;
    bool crowded = (t->count + 1) * 100 > t->homes * FULLEST;
    while (crowded || !insert(t, place_of(t, hash), entry)) {
        if (!grow(t)) {
            return false;
        }
        crowded = false;
    }
    return true;
}

size_t table_bytes(const struct table *t)
{
    return t->slots * t->width * sizeof(uint64_t);
}
