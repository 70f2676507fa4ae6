/* SPDX-License-Identifier: MIT */
/*
 * A stream of bytes cut into lines. A line is at most SPLIT_LINE_MAX bytes; of a longer one nothing
 * is kept, it is said once and skipped up to its end. A byte order mark before the first line and
 * the CR of CR LF are left out.
 */
#ifndef CLI_SPLIT_H
#define CLI_SPLIT_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SPLIT_LINE_MAX = 1 << 20 };

enum split_got { SPLIT_NONE, SPLIT_LINE, SPLIT_TOO_LONG, SPLIT_NOMEM };

struct split {
    struct buf partial;   /* owned: the beginning of a line that is not complete */
    const char *at, *end; /* borrowed: bytes not looked at */
    uint64_t offset;      /* of all bytes taken so far */
    uint64_t begin, next; /* where the line that came out last begins, and the one after it */
    uint64_t line;        /* the number of the line that came out last, from 1 */
    char first;           /* its first byte, also of one that is too long; '\0' if empty */
    bool skipping, used;
};

struct split_line {
    const char *text; /* borrowed, until the next call; no NUL behind it */
    size_t len;
};

void split_init(struct split *s);
void split_fini(struct split *s);

/* More bytes, borrowed until split_next gives SPLIT_NONE. */
void split_feed(struct split *s, const char *bytes, size_t n);
enum split_got split_next(struct split *s, struct split_line *out);

/* At the end of the stream: the last line if it had no newline, else SPLIT_NONE. */
enum split_got split_finish(struct split *s, struct split_line *out);

/* True if a line has begun whose first byte is `first`, but not ended. */
bool split_begun(const struct split *s, char *first);

#endif
