/* SPDX-License-Identifier: MIT */
/* A binary min-heap of intrusive nodes. The order is the owner's comparison function. */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>

#define HEAP_NOWHERE ((size_t)-1)

struct heap_node {
    size_t at; /* position in the heap, HEAP_NOWHERE while outside */
};

struct heap {
    struct heap_node **nodes; /* owned array of borrowed nodes */
    size_t count, room;
    bool (*before)(const struct heap_node *a, const struct heap_node *b);
};

void heap_init(
    struct heap *h, bool (*before)(const struct heap_node *a, const struct heap_node *b));
void heap_fini(struct heap *h);

/* False when memory ran out; the heap is then unchanged. */
bool heap_insert(struct heap *h, struct heap_node *n) __attribute__((warn_unused_result));
struct heap_node *heap_min(const struct heap *h);      /* NULL when empty */
void heap_remove(struct heap *h, struct heap_node *n); /* n may be outside: no effect */

/* Keep only the nodes for which keep() is true, in one O(n) pass; the others are left outside. */
void heap_filter(struct heap *h, bool (*keep)(struct heap_node *n, void *arg), void *arg);

#endif
