/* SPDX-License-Identifier: MIT */
#include "store/ranges.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

void ranges_fini(struct ranges *r)
{
    free(r->at);
    *r = (struct ranges){0};
}

static bool reserve(struct ranges *r, size_t n)
{
    if (n <= r->room) {
        return true;
    }
    const size_t room = n < 8 ? 8 : 2 * n;
    struct range *at = mem_array(r->at, room, sizeof *at);
    if (!at) {
        return false;
    }
    r->at = at;
    r->room = room;
    return true;
}

/* Puts `count` new places in for those from first to last (not included). */
static void splice(struct ranges *r, size_t first, size_t last, size_t count)
{
    memmove(r->at + first + count, r->at + last, (r->n - last) * sizeof *r->at);
    r->n = r->n - (last - first) + count;
}

bool ranges_add(struct ranges *r, int64_t from, int64_t to)
{
    size_t first = 0, last;

    if (from >= to) {
        return true;
    }
    if (!reserve(r, r->n + 1)) {
        return false;
    }
    while (first < r->n && r->at[first].to < from) {
        first++;
    }
    for (last = first; last < r->n && r->at[last].from <= to; last++) {
        from = r->at[last].from < from ? r->at[last].from : from;
        to = r->at[last].to > to ? r->at[last].to : to;
    }
    splice(r, first, last, 1);
    r->at[first] = (struct range){from, to};
    return true;
}

bool ranges_cut(struct ranges *r, int64_t from, int64_t to)
{
    size_t first = 0, last, count = 0;
    struct range rest[2];

    if (from >= to) {
        return true;
    }
    if (!reserve(r, r->n + 1)) {
        return false;
    }
    while (first < r->n && r->at[first].to <= from) {
        first++;
    }
    last = first;
    while (last < r->n && r->at[last].from < to) {
        last++;
    }
    if (first == last) {
        return true;
    }
    if (r->at[first].from < from) {
        rest[count++] = (struct range){r->at[first].from, from};
    }
    if (r->at[last - 1].to > to) {
        rest[count++] = (struct range){to, r->at[last - 1].to};
    }
    splice(r, first, last, count);
    memcpy(r->at + first, rest, count * sizeof *rest);
    return true;
}

bool ranges_copy(struct ranges *to, const struct ranges *from)
{
    if (!reserve(to, from->n)) {
        return false;
    }
    if (from->n > 0) {
        memcpy(to->at, from->at, from->n * sizeof *to->at);
    }
    to->n = from->n;
    return true;
}

int64_t ranges_prefix(const struct ranges *r)
{
    return r->n > 0 && r->at[0].from == 0 ? r->at[0].to : 0;
}

int64_t ranges_sum(const struct ranges *r)
{
    int64_t sum = 0;

    for (size_t i = 0; i < r->n; i++) {
        sum += r->at[i].to - r->at[i].from;
    }
    return sum;
}

int64_t ranges_next(const struct ranges *r, int64_t at, int64_t end)
{
    for (size_t i = 0; i < r->n; i++) {
        if (r->at[i].to > at) {
            const int64_t next = r->at[i].from > at ? r->at[i].from : at;
            return next < end ? next : end;
        }
    }
    return end;
}

bool ranges_same(const struct ranges *a, const struct ranges *b)
{
    return a->n == b->n && (a->n == 0 || memcmp(a->at, b->at, a->n * sizeof *a->at) == 0);
}
