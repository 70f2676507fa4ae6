/* SPDX-License-Identifier: MIT */
/* Text from outside made safe for a terminal. */
#include "cli/printable.h"

#include "base/utf8.h"
#include "net/url.h"

#include <stdlib.h>
#include <string.h>

bool printable_character(uint32_t c)
{
    bool control = c < 0x20 || (c >= 0x7f && c <= 0x9f);
    bool reorders = c == 0x61c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) ||
                    (c >= 0x2066 && c <= 0x2069);
    bool hides = c == 0x2028 || c == 0x2029 || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb);
    return !control && !reorders && !hides;
}

static void add_escaped(struct buf *b, uint32_t c)
{
    switch (c) {
    case '\n':
        buf_adds(b, "\\n");
        break;
    case '\r':
        buf_adds(b, "\\r");
        break;
    case '\t':
        buf_adds(b, "\\t");
        break;
    default:
        buf_addf(b, c < 0x80 ? "\\x%02x" : "\\u{%x}", (unsigned)c);
    }
}

static void add(struct buf *b, const char *text, size_t n)
{
    size_t run = 0;
    size_t at = 0;
    while (at < n) {
        uint32_t c = 0;
        size_t len = utf8_next(text + at, n - at, &c);
        if (len > 0 && printable_character(c)) {
            at += len;
            continue;
        }
        buf_add(b, text + run, at - run);
        if (len > 0) {
            add_escaped(b, c);
        } else {
            buf_addf(b, "\\x%02x", (unsigned)(unsigned char)text[at]);
        }
        at += len > 0 ? len : 1;
        run = at;
    }
    buf_add(b, text + run, n - run);
}

void printable_add(struct buf *b, const char *text)
{
    if (text) {
        add(b, text, strlen(text));
    }
}

/* What does not parse is cut by hand: without what stands before the last '@' of the authority, and
 * from '?' or '#' on. Further down a text that is no URL may still hold one. */
static void add_unparsed(struct buf *b, const char *text)
{
    static const char scheme[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.";
    char *url = url_redact(text);
    if (!url) {
        b->failed = true;
        return;
    }
    size_t end = strcspn(url, "?#");
    size_t start = strspn(url, scheme);
    start = url[start] == ':' && url[start + 1] == '/' ? start + 1 : 0;
    start += strspn(url + start, "/");
    const char *slash = memchr(url + start, '/', end - start);
    size_t authority_end = slash ? (size_t)(slash - url) : end;
    const char *at = memrchr(url + start, '@', authority_end - start);
    add(b, url, start);
    if (at) {
        start = (size_t)(at + 1 - url);
    }
    add(b, url + start, end - start);
    free(url);
}

void printable_add_url(struct buf *b, const char *url)
{
    if (!url) {
        return;
    }
    struct url *parsed = NULL;
    struct err *e = url_parse(url, &parsed);
    if (e) {
        err_unref(e);
        add_unparsed(b, url);
        return;
    }
    printable_add(b, url_public(parsed));
    url_free(parsed);
}
