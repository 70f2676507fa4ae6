/* SPDX-License-Identifier: MIT */
/* JSON text. */
#include "base/json_write.h"

#include "base/utf8.h"

#include <string.h>
#include <time.h>

static void add_escaped(struct buf *b, uint32_t c)
{
    static const char hex[] = "0123456789abcdef";
    switch (c) {
    case '"':
        buf_add(b, "\\\"", 2);
        return;
    case '\\':
        buf_add(b, "\\\\", 2);
        return;
    case '\n':
        buf_add(b, "\\n", 2);
        return;
    case '\r':
        buf_add(b, "\\r", 2);
        return;
    case '\t':
        buf_add(b, "\\t", 2);
        return;
    default: {
        char text[6] = {'\\', 'u', '0', '0', hex[c >> 4 & 15], hex[c & 15]};
        buf_add(b, text, sizeof(text));
    }
    }
}

static bool plain(unsigned char c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* plain() of eight at once; false for some that are plain: a byte borrows from the next one. */
static bool plain_eight(const char *s)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
    uint64_t v;
    memcpy(&v, s, sizeof(v));
    const uint64_t quote = v ^ (ones * '"'), slash = v ^ (ones * '\\');
    return ((v | (v + ones) | (v - ones * 0x20) | (quote - ones) | (slash - ones)) & tops) == 0;
}

/* How many bytes from s on are plain. */
static size_t plain_run(const char *s, size_t n)
{
    size_t at = 0;
    while (n - at >= 8 && plain_eight(s + at)) {
        at += 8;
    }
    while (at < n && plain((unsigned char)s[at])) {
        at++;
    }
    return at;
}

void json_string_n(struct buf *b, const char *s, size_t n)
{
    buf_addc(b, '"');
    size_t run = 0;
    size_t at = 0;
    while ((at += plain_run(s + at, n - at)) < n) {
        uint32_t c = 0;
        size_t len = utf8_next(s + at, n - at, &c);
        if (len > 1 && c > 0x9f) {
            at += len;
            continue;
        }
        buf_add(b, s + run, at - run);
        if (len == 0) {
            buf_add(b, "\xef\xbf\xbd", 3);
        } else {
            add_escaped(b, c);
        }
        at += len > 0 ? len : 1;
        run = at;
    }
    buf_add(b, s + run, n - run);
    buf_addc(b, '"');
}

void json_string(struct buf *b, const char *s)
{
    if (s) {
        json_string_n(b, s, strlen(s));
    } else {
        json_null(b);
    }
}

/* at least `width` digits */
static void add_digits(struct buf *b, uint64_t n, unsigned width)
{
    char digits[20];
    size_t at = sizeof(digits);
    while (n > 0 || width > 0) {
        digits[--at] = (char)('0' + n % 10);
        n /= 10;
        width -= width > 0;
    }
    buf_add(b, digits + at, sizeof(digits) - at);
}

void json_uint(struct buf *b, uint64_t n)
{
    add_digits(b, n, 1);
}

void json_int(struct buf *b, int64_t n)
{
    if (n < 0) {
        buf_addc(b, '-');
        json_uint(b, (uint64_t) - (n + 1) + 1);
    } else {
        json_uint(b, (uint64_t)n);
    }
}

void json_bool(struct buf *b, bool on)
{
    buf_adds(b, on ? "true" : "false");
}

void json_null(struct buf *b)
{
    buf_add(b, "null", 4);
}

void json_seconds(struct buf *b, double seconds)
{
    if (!(seconds >= 0) || seconds > 1e12) {
        json_null(b);
        return;
    }
    uint64_t us = (uint64_t)(seconds * 1e6 + 0.5);
    add_digits(b, us / 1000000, 1);
    buf_addc(b, '.');
    add_digits(b, us % 1000000, 6);
}

void json_time(struct buf *b, double epoch)
{
    struct tm tm;
    if (!(epoch > 0) || epoch > 253402300799.0) {
        json_null(b);
        return;
    }
    /* cut rather than rounded, so that the second never runs ahead */
    int64_t ms = (int64_t)(epoch * 1e3);
    time_t seconds = (time_t)(ms / 1000);
    if (!gmtime_r(&seconds, &tm)) {
        json_null(b);
        return;
    }
    const int parts[] = {tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
        tm.tm_sec, (int)(ms % 1000)};
    static const char before[] = "\"--T::.";
    static const unsigned char widths[] = {4, 2, 2, 2, 2, 2, 3};
    for (size_t i = 0; i < sizeof(widths); i++) {
        buf_addc(b, before[i]);
        add_digits(b, (uint64_t)parts[i], widths[i]);
    }
    buf_add(b, "Z\"", 2);
}

void json_base64(struct buf *b, const void *bytes, size_t n)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *u = bytes;
    buf_addc(b, '"');
    for (size_t i = 0; i < n; i += 3) {
        size_t left = n - i;
        uint32_t v = (uint32_t)u[i] << 16;
        v |= left > 1 ? (uint32_t)u[i + 1] << 8 : 0;
        v |= left > 2 ? u[i + 2] : 0;
        char four[4] = {
            letters[v >> 18], letters[v >> 12 & 63], letters[v >> 6 & 63], letters[v & 63]};
        four[2] = left > 1 ? four[2] : '=';
        four[3] = left > 2 ? four[3] : '=';
        buf_add(b, four, 4);
    }
    buf_addc(b, '"');
}
