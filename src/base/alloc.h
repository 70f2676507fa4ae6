/* SPDX-License-Identifier: MIT */
/*
 * Allocation. Everything goes through the C library's malloc family, so that tests can make the
 * n-th call fail by linking with --wrap; these helpers only add overflow checks and free lists.
 */
#ifndef BASE_ALLOC_H
#define BASE_ALLOC_H

#include <stddef.h>

/* Zeroed memory for one object; NULL when memory ran out. Ended with free(). */
void *mem_new(size_t size);

/* realloc() of an array with an overflow check. On NULL the old array is untouched. */
void *mem_array(void *old, size_t count, size_t size);

/* strdup that passes NULL through: mem_dup(NULL) is NULL. */
char *mem_dup(const char *s);

/* The n bytes at s and a NUL. */
char *mem_dup_bytes(const char *s, size_t n);

/*
 * A free list of equal blocks: mem_pool_get is malloc (not zeroed) unless one was put back before.
 * At most `keep` blocks are kept for reuse.
 */
struct mem_pool {
    size_t size; /* of one block, at least sizeof(void *) */
    size_t kept, keep;
    void *free_blocks; /* owned, linked through their first word */
};

void mem_pool_init(struct mem_pool *p, size_t size, size_t keep);
void mem_pool_fini(struct mem_pool *p);
void *mem_pool_get(struct mem_pool *p);
void mem_pool_put(struct mem_pool *p, void *block); /* NULL is ignored */

#endif
