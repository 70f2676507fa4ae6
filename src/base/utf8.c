/* SPDX-License-Identifier: MIT */
/* UTF-8 as RFC 3629 has it. */
#include "base/utf8.h"

#include <string.h>

static bool is_tail(unsigned char c)
{
    return (c & 0xc0) == 0x80;
}

/* The bounds of the second byte are what keeps out overlong forms, surrogates and too much. */
static bool second_fits(unsigned char first, unsigned char second)
{
    switch (first) {
    case 0xe0:
        return second >= 0xa0;
    case 0xed:
        return second <= 0x9f;
    case 0xf0:
        return second >= 0x90;
    case 0xf4:
        return second <= 0x8f;
    default:
        return true;
    }
}

size_t utf8_char(const char *s, size_t n)
{
    const unsigned char *u = (const unsigned char *)s;
    if (n == 0) {
        return 0;
    }
    if (u[0] < 0x80) {
        return 1;
    }
    size_t len = u[0] < 0xc2 ? 0 : u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : u[0] < 0xf5 ? 4 : 0;
    if (len == 0 || len > n || !second_fits(u[0], u[1])) {
        return 0;
    }
    for (size_t i = 1; i < len; i++) {
        if (!is_tail(u[i])) {
            return 0;
        }
    }
    return len;
}

size_t utf8_next(const char *s, size_t n, uint32_t *code)
{
    size_t len = utf8_char(s, n);
    if (len > 0) {
        *code = (unsigned char)s[0] & (len == 1 ? 0x7fu : 0xffu >> (len + 1));
        for (size_t i = 1; i < len; i++) {
            *code = *code << 6 | ((unsigned char)s[i] & 0x3fu);
        }
    }
    return len;
}

/* most text is ASCII: eight bytes at a time */
static bool eight_ascii(const char *s)
{
    uint64_t eight;
    memcpy(&eight, s, sizeof(eight));
    return !(eight & UINT64_C(0x8080808080808080));
}

bool utf8_valid(const char *s, size_t n)
{
    while (n > 0) {
        if (n >= sizeof(uint64_t) && eight_ascii(s)) {
            s += sizeof(uint64_t);
            n -= sizeof(uint64_t);
            continue;
        }
        size_t len = utf8_char(s, n);
        if (len == 0) {
            return false;
        }
        s += len;
        n -= len;
    }
    return true;
}

size_t utf8_boundary(const char *s, size_t at)
{
    while (at > 0 && is_tail((unsigned char)s[at])) {
        at--;
    }
    return at;
}

void utf8_put(struct buf *b, uint32_t code)
{
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
        code = 0xfffd;
    }
    char out[4];
    size_t n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = n - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (code & 0x3f));
        code >>= 6;
    }
    out[0] = (char)(lead[n] | code);
    buf_add(b, out, n);
}
