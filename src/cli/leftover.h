/* SPDX-License-Identifier: MIT */
/* An entry written down as a list has it, for --failures: what jsonl.h and lines.h read back. */
#ifndef CLI_LEFTOVER_H
#define CLI_LEFTOVER_H

#include "base/buf.h"
#include "fetch/entry.h"

/* Both append to b. target: the path that it came to, which takes the place of its `out` and `dir`;
 * NULL: these stay. */

/* The format "lines". Of a bad entry a comment is left that says what is wrong with it. */
void leftover_lines(const struct entry *e, const char *target, struct buf *b);

/* The format "jsonl". Of a bad entry its line is left as it was, if it had one. What only the other
 * format can say (referer, user agent) becomes headers. */
void leftover_json(const struct entry *e, const char *target, struct buf *b);

#endif
