/* SPDX-License-Identifier: MIT */
/* A stream of bytes cut into lines. */
#include "cli/split.h"

#include <string.h>

void split_init(struct split *s)
{
    *s = (struct split){.partial = BUF_INIT};
}

void split_fini(struct split *s)
{
    buf_fini(&s->partial);
}

void split_feed(struct split *s, const char *bytes, size_t n)
{
    s->at = bytes;
    s->end = bytes + n;
}

static enum split_got give(struct split *s, const char *text, size_t len, struct split_line *out)
{
    s->begin = s->next;
    s->next = s->offset;
    if (s->line++ == 0 && len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3;
        len -= 3;
    }
    if (len > 0 && text[len - 1] == '\r') {
        len--;
    }
    *out = (struct split_line){text, len};
    s->first = '\0';
    if (len > 0) {
        s->first = text[0];
    }
    return SPLIT_LINE;
}

static enum split_got too_long(struct split *s, const char *piece)
{
    s->first = s->partial.len > 0 ? s->partial.data[0] : *piece;
    s->line++;
    s->skipping = true;
    buf_fini(&s->partial);
    return SPLIT_TOO_LONG;
}

/* the memory of a long line is not kept for the short ones that follow */
static void forget(struct split *s)
{
    if (s->partial.room > SPLIT_LINE_MAX / 16) {
        buf_fini(&s->partial);
    } else {
        buf_clear(&s->partial);
    }
    s->used = false;
}

enum split_got split_next(struct split *s, struct split_line *out)
{
    if (s->used) {
        forget(s);
    }
    while (s->at < s->end) {
        const char *piece = s->at;
        const char *newline = memchr(piece, '\n', (size_t)(s->end - piece));
        size_t len = (size_t)((newline ? newline : s->end) - piece);
        s->at = newline ? newline + 1 : s->end;
        s->offset += (uint64_t)(s->at - piece);
        if (s->skipping) {
            s->skipping = !newline;
            s->next = s->offset;
            continue;
        }
        if (s->partial.len + len > SPLIT_LINE_MAX) {
            enum split_got got = too_long(s, piece);
            s->skipping = !newline;
            return got;
        }
        if (newline && s->partial.len == 0) {
            return give(s, piece, len, out);
        }
        buf_add(&s->partial, piece, len);
        if (buf_failed(&s->partial)) {
            return SPLIT_NOMEM;
        }
        if (newline) {
            s->used = true;
            return give(s, s->partial.data, s->partial.len, out);
        }
    }
    return SPLIT_NONE;
}

enum split_got split_finish(struct split *s, struct split_line *out)
{
    if (s->used) {
        forget(s);
    }
    if (s->partial.len == 0) {
        return SPLIT_NONE;
    }
    s->used = true;
    return give(s, s->partial.data, s->partial.len, out);
}

bool split_begun(const struct split *s, char *first)
{
    if (s->used || s->partial.len == 0) {
        return false;
    }
    *first = s->partial.data[0];
    return true;
}
