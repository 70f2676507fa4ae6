/* SPDX-License-Identifier: MIT */
/* The distinct ones of an array of futures, through a set of pointers with open addressing. */
#include "aio/distinct.h"

#include "base/alloc.h"

#include <stdlib.h>

/* Up to here comparing each with each is quicker than a set, and needs no memory. */
enum { DISTINCT_FEW = 16 };

static size_t distinct_few(struct future *const *futs, size_t n, struct future **out)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        size_t k = 0;
        while (k < count && out[k] != futs[i]) {
            k++;
        }
        if (k == count) {
            out[count++] = futs[i];
        }
    }
    return count;
}

/* True if f was not in the set yet. mask + 1 slots, a power of two, at most half of them used. */
static bool distinct_add(struct future **slots, size_t mask, struct future *f)
{
    /* Blocks are aligned to 16: the low bits say nothing. Fibonacci's factor spreads the rest. */
    size_t at = (size_t)(((uint64_t)(uintptr_t)f >> 4) * 0x9E3779B97F4A7C15u >> 20) & mask;
    while (slots[at]) {
        if (slots[at] == f) {
            return false;
        }
        at = (at + 1) & mask;
    }
    slots[at] = f;
    return true;
}

bool futures__distinct(struct future *const *futs, size_t n, struct future **out, size_t *count)
{
    if (n <= DISTINCT_FEW) {
        *count = distinct_few(futs, n, out);
        return true;
    }
    size_t room = 64;
    while (room < n * 2) {
        room *= 2;
    }
    struct future **slots = mem_new(room * sizeof *slots);
    if (!slots) {
        return false;
    }
    size_t found = 0;
    for (size_t i = 0; i < n; i++) {
        if (distinct_add(slots, room - 1, futs[i])) {
            out[found++] = futs[i];
        }
    }
    free(slots);
    *count = found;
    return true;
}
