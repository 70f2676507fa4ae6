/* SPDX-License-Identifier: MIT */
/*
 * Memory that is given back as a whole. What is taken from an arena lives until arena_fini; single
 * pieces are not freed.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *blocks; /* owned, linked; the newest first */
};

void arena_init(struct arena *a);
void arena_fini(struct arena *a);

/* Zeroed and aligned for anything; NULL when memory ran out. */
void *arena_new(struct arena *a, size_t size);
/* The first n bytes of s, with a NUL behind them; NULL when memory ran out. */
char *arena_dupn(struct arena *a, const char *s, size_t n);
char *arena_dup(struct arena *a, const char *s); /* arena_dup(NULL) is NULL */

#endif
