/* SPDX-License-Identifier: MIT */
/* A set of bytes of a file: ranges [from, to) in ascending order that neither meet nor overlap. */
#ifndef STORE_RANGES_H
#define STORE_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct range {
    int64_t from, to;
};

/* Zeroed: empty. */
struct ranges {
    struct range *at; /* owned */
    size_t n, room;
};

void ranges_fini(struct ranges *r); /* empty again */

/* False when memory ran out: then nothing changed. An empty range changes nothing. */
bool ranges_add(struct ranges *r, int64_t from, int64_t to);
bool ranges_copy(struct ranges *to, const struct ranges *from);

/* Takes bytes out; false, and nothing changed, when memory ran out. */
bool ranges_cut(struct ranges *r, int64_t from, int64_t to);

/* How many bytes there are from the start without a gap. */
int64_t ranges_prefix(const struct ranges *r);
int64_t ranges_sum(const struct ranges *r);

/* Where the next byte that is there begins, from `at` on; `end` if none does. */
int64_t ranges_next(const struct ranges *r, int64_t at, int64_t end);

bool ranges_same(const struct ranges *a, const struct ranges *b);

#endif
