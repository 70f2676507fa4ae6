/* SPDX-License-Identifier: MIT */
/*
 * Entries of one or two words, found by a hash: what the tables that grow with a list are made of.
 *
 * The hash is the upper part of an entry's first word, and hashes are spread evenly over their
 * range; the rest of the words is the caller's. A first word of 0 is no entry. Load is between 0.53
 * and 0.8, so an entry of one word takes 10 to 16 bytes and one of two words 20 to 31, also while
 * the table grows: it is never there twice.
 */
#ifndef STORE_TABLE_H
#define STORE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct table {
    uint64_t *words; /* owned; NULL before the first entry */
    size_t homes, slots;
    size_t count;
    unsigned width; /* words an entry: 1 or 2 */
    unsigned low;   /* lower bits of the first word that are not the hash's */
};

void table_init(struct table *t, unsigned width, unsigned low);
void table_fini(struct table *t);

/* The entry with this hash (as it stands in the first word, without the lower bits); NULL if there
 * is none. Valid until the next table_add. */
const uint64_t *table_find(const struct table *t, uint64_t hash);

/* Adds an entry whose hash is not there yet. False when memory ran out; nothing changed then. */
bool table_add(struct table *t, const uint64_t *entry);

size_t table_bytes(const struct table *t);

#endif
