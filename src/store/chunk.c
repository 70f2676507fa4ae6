/* SPDX-License-Identifier: MIT */
/*
 * Body bytes in memory.
 *
 * A small body gets a block of its size; one of unknown length starts small and grows fast, so that
 * many short bodies need little memory and long ones are written in large pieces. Full-sized blocks
 * are kept for reuse: fresh ones would cost a page fault for each 4 KiB.
 *
 * What counts against --buffer is what was allocated: many downloads have a block each that is not
 * full, and its pages have been touched by whoever had it before.
 */
#include "store/chunk.h"

#include "base/copy.h"
#include "store/store_private.h"

#include <stdlib.h>
#include <string.h>

/* What the network's callbacks bring at once. */
#define SMALLEST ((size_t)16 * 1024)

/* Of a small buffer at least so many downloads are to have a block. */
#define SHARES 128

static struct chunk *chunk_of(struct list *node)
{
    return container_of(node, struct chunk, node);
}

void chunks_init(struct chunks *c)
{
    list_init(&c->list);
    c->bytes = c->sealed = 0;
}

size_t chunk_largest(size_t buffer)
{
    const size_t share = buffer / SHARES;
    return share < SMALLEST ? SMALLEST : share < CHUNK_BYTES ? share : CHUNK_BYTES;
}

static size_t room_for(const struct store *s, const struct chunks *c, size_t n, int64_t expected)
{
    size_t room = c->bytes ? 4 * c->bytes : SMALLEST;
    if (s->over) { /* each that is not held yet still brings what it has in hand, and no more */
        room = n;
    } else if (expected >= 0) {
        room = (uint64_t)expected < s->block ? (size_t)expected : s->block;
    }
    if (room < n) {
        room = n;
    }
    return room < s->block ? room : s->block;
}

static struct chunk *chunk_new(struct store *s, size_t room)
{
    struct chunk *k =
        room == s->block ? mem_pool_get(&s->chunks) : malloc(sizeof(struct chunk) + room);
    if (k) {
        list_init(&k->node);
        k->size = k->room = room;
        k->len = k->from = 0;
        store__bytes_in(s, room);
    }
    return k;
}

bool chunks_add(
    struct store *s, struct chunks *c, const void *bytes, size_t n, int64_t expected, size_t *taken)
{
    *taken = 0;
    while (n > 0) {
        struct chunk *k = list_empty(&c->list) ? NULL : chunk_of(c->list.prev);
        if (!k || k->len == k->room) {
            k = chunk_new(s, room_for(s, c, n, expected));
            if (!k) {
                return false;
            }
            list_push(&c->list, &k->node);
        }
        size_t now = k->room - k->len < n ? k->room - k->len : n;
        if (k->room == s->block) {
            copy_for_other(k->bytes + k->len, bytes, now);
        } else {
            memcpy(k->bytes + k->len, bytes, now);
        }
        k->len += now;
        c->bytes += now;
        if (k->len == k->room) {
            c->sealed = c->bytes;
        }
        bytes = (const char *)bytes + now;
        n -= now;
        expected -= expected >= 0 ? (int64_t)now : 0;
        *taken += now;
    }
    return true;
}

void chunks_take(struct chunks *c, bool all, struct list *to)
{
    while (!list_empty(&c->list)) {
        struct chunk *k = chunk_of(c->list.next);
        if (!all && k->len < k->room && k->node.next == &c->list) {
            break;
        }
        list_remove(&k->node);
        list_push(to, &k->node);
        c->bytes -= k->len - k->from;
    }
    c->sealed = 0;
}

void chunks_put_back(struct chunks *c, struct list *from)
{
    list_for_each (node, from) {
        struct chunk *k = chunk_of(node);
        k->room = k->len; /* a sealed one is not added to */
        c->bytes += k->len - k->from;
        c->sealed += k->len - k->from;
    }
    list_splice_front(&c->list, from);
}

void chunks_drop(struct store *s, struct list *chunks)
{
    struct list *node;
    while ((node = list_pop(chunks)) != NULL) {
        struct chunk *k = chunk_of(node);
        store__bytes_out(s, k->size);
        if (k->size == s->block) {
            mem_pool_put(&s->chunks, k);
        } else {
            free(k);
        }
    }
}

void chunks_clear(struct store *s, struct chunks *c)
{
    chunks_drop(s, &c->list);
    c->bytes = c->sealed = 0;
}
