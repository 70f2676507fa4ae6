/* SPDX-License-Identifier: MIT */
/* File names that are safe wherever they came from. */
#include "store/name.h"

#include "base/alloc.h"
#include "base/utf8.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define EMPTY_NAME "index.html"

/* An extension that is longer, or has a blank in it, is none: "Mr. Smith goes to Washington". */
#define EXTENSION_LONGEST 32

static int nibble(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

void name_percent_decode(struct buf *b, const char *s, size_t n)
{
    const char *const end = s + n;
    while (s < end) {
        const char *percent = memchr(s, '%', (size_t)(end - s));
        buf_add(b, s, (size_t)((percent ? percent : end) - s));
        if (!percent) {
            break;
        }
        int high = end - percent > 2 ? nibble(percent[1]) : -1;
        int low = high >= 0 ? nibble(percent[2]) : -1;
        buf_addc(b, (char)(low >= 0 ? high << 4 | low : '%'));
        s = percent + (low >= 0 ? 3 : 1);
    }
}

/* The byte before at in s, in lower case or not, is the end of `word`. */
static bool ends_in(const char *s, size_t at, const char *word)
{
    size_t n = strlen(word);
    return at >= n && strncasecmp(s + at - n, word, n) == 0;
}

static bool is_compression(const char *ext)
{
    static const char *const known[] = {
        ".gz",
        ".bz2",
        ".xz",
        ".zst",
        ".lz",
        ".lzma",
        ".lz4",
        ".lzo",
        ".br",
        ".z",
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcasecmp(ext, known[i]) == 0) {
            return true;
        }
    }
    return false;
}

size_t name_extension(const char *name)
{
    size_t len = strlen(name);
    const char *dot = strrchr(name, '.');
    if (!dot || dot == name || !dot[1] || strlen(dot) > EXTENSION_LONGEST || strpbrk(dot, " /")) {
        return len;
    }
    size_t at = (size_t)(dot - name);
    if (at > strlen(".tar") && ends_in(name, at, ".tar") && is_compression(dot)) {
        at -= strlen(".tar");
    }
    return at;
}

/* True if the character s[0..n) may be anywhere in a name. */
static bool is_allowed(const char *s, size_t n)
{
    unsigned char c = (unsigned char)s[0];
    if (n == 1) {
        return c >= 0x20 && c != 0x7f && c != '/';
    }
    /* U+0080 to U+009F are control characters too. */
    return !(n == 2 && c == 0xc2 && (unsigned char)s[1] < 0xa0);
}

/* Plain letters and the like, which most names have only. */
static size_t plain_length(const char *s, size_t len)
{
    size_t n = 0;
    while (n < len && s[n] >= 0x20 && s[n] < 0x7f && s[n] != '/') {
        n++;
    }
    return n;
}

static void add_allowed(struct buf *b, const char *raw, size_t len)
{
    while (len > 0) {
        size_t plain = plain_length(raw, len);
        buf_add(b, raw, plain);
        raw += plain;
        len -= plain;
        if (len == 0) {
            break;
        }
        size_t n = utf8_char(raw, len);
        if (n > 0 && is_allowed(raw, n)) {
            buf_add(b, raw, n);
        } else {
            buf_addc(b, '_');
        }
        n = n ? n : 1;
        raw += n;
        len -= n;
    }
}

static void replace_ends(char *name, size_t len)
{
    for (size_t i = 0; i < len && name[i] == ' '; i++) {
        name[i] = '_';
    }
    for (size_t i = len; i > 0 && (name[i - 1] == ' ' || name[i - 1] == '.'); i--) {
        name[i - 1] = '_';
    }
}

/* Cuts the name to `longest` bytes, out of the middle, so that the extension stays. */
static void cut(struct buf *b, size_t start, size_t longest)
{
    char *name = b->data + start;
    size_t len = b->len - start;
    if (len <= longest) {
        return;
    }
    size_t ext = name_extension(name);
    size_t tail = len - ext;
    size_t stem = utf8_boundary(name, longest - tail);
    memmove(name + stem, name + ext, tail + 1);
    b->len = start + stem + tail;
}

static bool has_own_suffix(const char *name, size_t len)
{
    return ends_in(name, len, NAME_PART) || ends_in(name, len, NAME_SIDECAR);
}

void name_make_safe(struct buf *b, const char *raw, size_t len)
{
    size_t start = b->len;
    if (len == 0) {
        buf_adds(b, EMPTY_NAME);
        return;
    }
    add_allowed(b, raw, len);
    if (buf_failed(b)) {
        return;
    }
    cut(b, start, NAME_LONGEST);
    replace_ends(b->data + start, b->len - start);
    if (has_own_suffix(b->data + start, b->len - start)) {
        cut(b, start, NAME_LONGEST - 1);
        buf_addc(b, '_');
    }
}

void name_from_url_path(struct buf *b, const char *url_path)
{
    const char *slash = strrchr(url_path, '/');
    const char *segment = slash ? slash + 1 : url_path;
    struct buf raw = BUF_INIT;
    if (!strchr(segment, '%')) {
        name_make_safe(b, segment, strlen(segment));
        return;
    }
    name_percent_decode(&raw, segment, strlen(segment));
    if (buf_failed(&raw)) {
        b->failed = true;
    } else {
        name_make_safe(b, raw.data, raw.len);
    }
    buf_fini(&raw);
}

char *name_with_hash(const char *path, uint64_t hash)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    size_t ext = (size_t)(name - path) + name_extension(name);
    struct buf b = BUF_INIT;
    buf_add(&b, path, ext);
    buf_addf(&b, ".%08x", (unsigned)(hash >> 32));
    buf_adds(&b, path + ext);
    char *text = buf_take(&b);
    buf_fini(&b);
    return text;
}

char *name_shown(const char *path)
{
    if (*path != '-') {
        return mem_dup(path);
    }
    struct buf b = BUF_INIT;
    buf_adds(&b, "./");
    buf_adds(&b, path);
    char *text = buf_take(&b);
    buf_fini(&b);
    return text;
}
