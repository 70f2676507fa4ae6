/* SPDX-License-Identifier: MIT */
/* Allocation helpers. */
#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

/* Under AddressSanitizer a block kept for reuse would hide a use after free. */
#if defined(__SANITIZE_ADDRESS__)
#define POOLING 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POOLING 0
#endif
#endif
#ifndef POOLING
#define POOLING 1
#endif

/* What is as large may come from the system, where it is zero. */
enum { SMALL = 4096 };

/* glibc's calloc takes nothing of what the thread itself has freed (before 2.41), and what is freed
 * then overflows. The compiler would make a calloc of the two calls if their sizes were one. */
void *mem_new(size_t size)
{
    if (size > SMALL) {
        return calloc(1, size);
    }
    void *block = malloc(size ? size : 1);
    return block ? memset(block, 0, size) : NULL;
}

void *mem_array(void *old, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        return NULL;
    }
    /* realloc(p, 0) may free p and return NULL, which would read as a failure */
    return realloc(old, bytes ? bytes : 1);
}

char *mem_dup(const char *s)
{
    if (!s) {
        return NULL;
    }
    size_t n = strlen(s) + 1;
    char *copy = malloc(n);
    return copy ? memcpy(copy, s, n) : NULL;
}

char *mem_dup_bytes(const char *s, size_t n)
{
    char *copy = malloc(n + 1);
    if (copy) {
        memcpy(copy, s, n);
        copy[n] = '\0';
    }
    return copy;
}

void mem_pool_init(struct mem_pool *p, size_t size, size_t keep)
{
    *p = (struct mem_pool){.size = size < sizeof(void *) ? sizeof(void *) : size, .keep = keep};
}

void mem_pool_fini(struct mem_pool *p)
{
    while (p->free_blocks) {
        void *block = p->free_blocks;
        p->free_blocks = *(void **)block;
        free(block);
    }
    p->kept = 0;
}

void *mem_pool_get(struct mem_pool *p)
{
    void *block = p->free_blocks;
    if (!block) {
        return malloc(p->size);
    }
    p->free_blocks = *(void **)block;
    p->kept--;
    return block;
}

void mem_pool_put(struct mem_pool *p, void *block)
{
    if (!block) {
        return;
    }
    if (!POOLING || p->kept >= p->keep) {
        free(block);
        return;
    }
    *(void **)block = p->free_blocks;
    p->free_blocks = block;
    p->kept++;
}
