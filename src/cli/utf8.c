/* SPDX-License-Identifier: MIT */
/* UTF-8. */
#include "cli/utf8.h"

#include <string.h>

static bool continues(unsigned char c)
{
    return (c & 0xc0) == 0x80;
}

size_t utf8_next(const char *s, size_t n, uint32_t *character)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *u = (const unsigned char *)s;
    if (n == 0) {
        return 0;
    }
    if (u[0] < 0x80) {
        *character = u[0];
        return 1;
    }
    size_t len = u[0] >= 0xf0 ? 4 : u[0] >= 0xe0 ? 3 : 2;
    if (u[0] < 0xc2 || u[0] > 0xf4 || len > n) {
        return 0;
    }
    uint32_t c = u[0] & (0xffu >> (len + 1));
    for (size_t i = 1; i < len; i++) {
        if (!continues(u[i])) {
            return 0;
        }
        c = c << 6 | (u[i] & 0x3fu);
    }
    if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) {
        return 0;
    }
    *character = c;
    return len;
}

bool utf8_valid(const char *s, size_t n)
{
    size_t at = 0;
    while (at < n) {
        /* lists are mostly ASCII: eight bytes at a time */
        uint64_t eight;
        if (n - at >= sizeof(eight)) {
            memcpy(&eight, s + at, sizeof(eight));
            if (!(eight & UINT64_C(0x8080808080808080))) {
                at += sizeof(eight);
                continue;
            }
        }
        uint32_t c;
        size_t len = utf8_next(s + at, n - at, &c);
        if (len == 0) {
            return false;
        }
        at += len;
    }
    return true;
}
