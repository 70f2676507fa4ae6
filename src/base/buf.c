/* SPDX-License-Identifier: MIT */
/* A growing byte buffer. */
#include "base/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is printed is mostly shorter: then it is printed once, not twice. */
enum { PRINTED_USUALLY = 48 };

void buf_init(struct buf *b)
{
    *b = BUF_INIT;
}

void buf_fini(struct buf *b)
{
    free(b->data);
    *b = BUF_INIT;
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    b->failed = false;
    if (b->data) {
        b->data[0] = '\0';
    }
}

bool buf_reserve(struct buf *b, size_t more)
{
    if (b->failed) {
        return false;
    }
    if (b->room > b->len && more < b->room - b->len) {
        return true;
    }
    if (more > SIZE_MAX / 2 - 1 - b->len) {
        b->failed = true;
        return false;
    }
    size_t room = b->room ? b->room * 2 : 64;
    if (room < b->len + more + 1) {
        room = b->len + more + 1;
    }
    char *data = realloc(b->data, room);
    if (!data) {
        b->failed = true;
        return false;
    }
    b->data = data;
    b->room = room;
    b->data[b->len] = '\0';
    return true;
}

/* Most appends find room: that is all they ask. */
static inline bool has_room(const struct buf *b, size_t n)
{
    return !b->failed && b->room > b->len && n < b->room - b->len;
}

void buf_add(struct buf *b, const void *bytes, size_t n)
{
    if (!has_room(b, n) && !buf_reserve(b, n)) {
        return;
    }
    if (n) {
        memcpy(b->data + b->len, bytes, n);
    }
    b->len += n;
    b->data[b->len] = '\0';
}

void buf_adds(struct buf *b, const char *s)
{
    buf_add(b, s, strlen(s));
}

void buf_addc(struct buf *b, char c)
{
    if (has_room(b, 1) || buf_reserve(b, 1)) {
        b->data[b->len++] = c;
        b->data[b->len] = '\0';
    }
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    buf_addv(b, fmt, ap);
    va_end(ap);
}

void buf_addv(struct buf *b, const char *fmt, va_list ap)
{
    if (!buf_reserve(b, PRINTED_USUALLY)) {
        return;
    }
    va_list again;
    va_copy(again, ap);
    const size_t room = b->room - b->len;
    int n = vsnprintf(b->data + b->len, room, fmt, again);
    va_end(again);
    if (n < 0) {
        b->data[b->len] = '\0';
        b->failed = true;
        return;
    }
    if ((size_t)n >= room) {
        b->data[b->len] = '\0';
        if (!buf_reserve(b, (size_t)n)) {
            return;
        }
        (void)vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
    }
    b->len += (size_t)n;
}

void buf_drop_front(struct buf *b, size_t n)
{
    if (n > b->len) {
        n = b->len;
    }
    if (n == 0) {
        return;
    }
    b->len -= n;
    memmove(b->data, b->data + n, b->len + 1);
}

bool buf_failed(const struct buf *b)
{
    return b->failed;
}

char *buf_take(struct buf *b)
{
    char *data = NULL;
    if (buf_reserve(b, 0)) {
        data = b->data;
        b->data = NULL;
    }
    buf_fini(b);
    return data;
}
