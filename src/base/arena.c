/* SPDX-License-Identifier: MIT */
/* An arena: a chain of blocks, each cut from its front. */
#include "base/arena.h"

#include "base/alloc.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_ROOM 4000
#define ALIGN      (_Alignof(max_align_t))

struct arena_block {
    struct arena_block *next; /* owned by the arena */
    size_t used, room;
    max_align_t bytes[];
};

void arena_init(struct arena *a)
{
    a->blocks = NULL;
}

void arena_fini(struct arena *a)
{
    while (a->blocks) {
        struct arena_block *b = a->blocks;
        a->blocks = b->next;
        free(b);
    }
}

void *arena_new(struct arena *a, size_t size)
{
    if (size > SIZE_MAX - BLOCK_ROOM) {
        return NULL;
    }
    size = (size + ALIGN - 1) / ALIGN * ALIGN;
    struct arena_block *b = a->blocks;
    if (!b || b->room - b->used < size) {
        size_t room = size > BLOCK_ROOM ? size : BLOCK_ROOM;
        b = mem_new(sizeof *b + room);
        if (!b) {
            return NULL;
        }
        b->room = room;
        b->next = a->blocks;
        a->blocks = b;
    }
    void *piece = (char *)b->bytes + b->used;
    b->used += size;
    return piece;
}

char *arena_dupn(struct arena *a, const char *s, size_t n)
{
    char *copy = n < SIZE_MAX ? arena_new(a, n + 1) : NULL;
    if (copy) {
        memcpy(copy, s, n);
    }
    return copy;
}

char *arena_dup(struct arena *a, const char *s)
{
    return s ? arena_dupn(a, s, strlen(s)) : NULL;
}
