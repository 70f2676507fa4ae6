/* SPDX-License-Identifier: MIT */
/*
 * A binary min-heap of intrusive nodes.
 *
 * Invariant: nodes[i] is not before nodes[(i - 1) / 2], and nodes[i]->at == i.
 */
#include "base/heap.h"

#include "base/alloc.h"

#include <assert.h>
#include <stdlib.h>

void heap_init(struct heap *h, bool (*before)(const struct heap_node *a, const struct heap_node *b))
{
    *h = (struct heap){.before = before};
}

void heap_fini(struct heap *h)
{
    free(h->nodes);
    *h = (struct heap){.before = h->before};
}

static void put(struct heap *h, size_t at, struct heap_node *n)
{
    h->nodes[at] = n;
    n->at = at;
}

static void sift_up(struct heap *h, size_t at, struct heap_node *n)
{
    while (at > 0) {
        size_t parent = (at - 1) / 2;
        if (!h->before(n, h->nodes[parent])) {
            break;
        }
        put(h, at, h->nodes[parent]);
        at = parent;
    }
    put(h, at, n);
}

static void sift_down(struct heap *h, size_t at, struct heap_node *n)
{
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= h->count) {
            break;
        }
        if (child + 1 < h->count && h->before(h->nodes[child + 1], h->nodes[child])) {
            child++;
        }
        if (!h->before(h->nodes[child], n)) {
            break;
        }
        put(h, at, h->nodes[child]);
        at = child;
    }
    put(h, at, n);
}

bool heap_insert(struct heap *h, struct heap_node *n)
{
    if (h->count == h->room) {
        size_t room = h->room ? h->room * 2 : 16;
        struct heap_node **nodes = mem_array(h->nodes, room, sizeof(struct heap_node *));
        if (!nodes) {
            return false;
        }
        h->nodes = nodes;
        h->room = room;
    }
    sift_up(h, h->count++, n);
    return true;
}

struct heap_node *heap_min(const struct heap *h)
{
    return h->count ? h->nodes[0] : NULL;
}

void heap_remove(struct heap *h, struct heap_node *n)
{
    size_t at = n->at;
    if (at == HEAP_NOWHERE) {
        return;
    }
    assert(at < h->count && h->nodes[at] == n);
    n->at = HEAP_NOWHERE;
    struct heap_node *last = h->nodes[--h->count];
    if (last == n) {
        return;
    }
    if (at > 0 && h->before(last, h->nodes[(at - 1) / 2])) {
        sift_up(h, at, last);
    } else {
        sift_down(h, at, last);
    }
}

void heap_filter(struct heap *h, bool (*keep)(struct heap_node *n, void *arg), void *arg)
{
    size_t kept = 0;
    for (size_t i = 0; i < h->count; i++) {
        struct heap_node *n = h->nodes[i];
        n->at = HEAP_NOWHERE; /* first, because keep() may free the node */
        if (keep(n, arg)) {
            put(h, kept++, n);
        }
    }
    h->count = kept;
    for (size_t i = kept / 2; i-- > 0;) {
        sift_down(h, i, h->nodes[i]);
    }
}
