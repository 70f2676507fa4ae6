/* SPDX-License-Identifier: MIT */
/*
 * The list format "lines": however the bytes arrive the same entries come out, and no line is
 * swallowed.
 */
#include "cli/lines.h"

#include "cli/fields.h"
#include "entries.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

static void take(
    struct lines *lines, struct split *split, enum split_got got, const struct split_line *line)
{
    FUZZ_CHECK(got == SPLIT_LINE);
    FUZZ_CHECK(!memchr(line->text, '\n', line->len));
    FUZZ_CHECK(!lines_push(lines, line, split->line));
}

/* The bytes in pieces of `piece`. */
static void read_in_pieces(struct entries *es, const char *bytes, size_t size, size_t piece)
{
    struct split split;
    struct split_line line;
    enum split_got got;
    struct lines *lines = lines_new(&es->out);
    split_init(&split);
    for (size_t at = 0; at < size; at += piece) {
        split_feed(&split, bytes + at, piece < size - at ? piece : size - at);
        while ((got = split_next(&split, &line)) != SPLIT_NONE) {
            take(lines, &split, got, &line);
        }
        char first;
        if (lines_open(lines) && split_begun(&split, &first) && lines_ends_with(first)) {
            lines_flush(lines, false);
        }
    }
    if ((got = split_finish(&split, &line)) != SPLIT_NONE) {
        take(lines, &split, got, &line);
    }
    lines_flush(lines, false);
    FUZZ_CHECK(!lines_open(lines));
    split_fini(&split);
    lines_free(lines);
}

enum line_kind { NOTHING, BEGINS, OPTION, BAD };

static enum line_kind kind_of(const char *s, size_t n)
{
    bool indented = n > 0 && (*s == ' ' || *s == '\t');
    if (text_problem(s, n)) {
        return indented ? OPTION : BAD;
    }
    while (n > 0 && strchr(" \t", *s)) {
        s++;
        n--;
    }
    while (n > 0 && strchr(" \t\r", s[n - 1])) {
        n--;
    }
    if (n == 0 || *s == '#') {
        return NOTHING;
    }
    const char *scheme = memmem(s, n, "://", 3), *equals = memchr(s, '=', n);
    bool url = scheme && (!equals || scheme < equals);
    return indented && !url ? OPTION : BEGINS;
}

/* Each line that begins an entry has it; an option line is one's, or a failure of its own. */
static void check_nothing_lost(const struct entries *es, const char *s, size_t size)
{
    size_t at = 0;
    bool open = false;
    const char *end = s + size;
    for (uint64_t number = 1; s < end; number++) {
        const char *newline = memchr(s, '\n', (size_t)(end - s));
        size_t n = (size_t)((newline ? newline : end) - s);
        bool bom = number == 1 && n >= 3 && memcmp(s, "\xef\xbb\xbf", 3) == 0;
        size_t skip = bom ? 3 : 0;
        n -= n > skip && s[n - 1] == '\r';
        enum line_kind kind = kind_of(s + skip, n - skip);
        bool expected = kind == BEGINS || kind == BAD || (kind == OPTION && !open);
        bool there = at < es->count && es->entry[at]->line == number;
        FUZZ_CHECK(expected == there);
        FUZZ_CHECK(!there || kind == BEGINS || es->entry[at]->error);
        open = open || kind == BEGINS || kind == BAD;
        at += there;
        s = newline ? newline + 1 : end;
    }
    FUZZ_CHECK(at == es->count);
}

FUZZ_TARGET(lines)
{
    char *text = fuzz_text(data, size);
    struct entries whole, pieces;
    entries_init(&whole, "list");
    entries_init(&pieces, "list");
    read_in_pieces(&whole, text, size, size ? size : 1);
    read_in_pieces(&pieces, text, size, 1 + size % 5);
    entries_check_same(&whole, &pieces);
    check_nothing_lost(&whole, text, size);
    entries_fini(&whole);
    entries_fini(&pieces);
    free(text);
    return 0;
}
