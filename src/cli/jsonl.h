/* SPDX-License-Identifier: MIT */
/* The list format "jsonl": one object a line. */
#ifndef CLI_JSONL_H
#define CLI_JSONL_H

#include "cli/lines.h"

/*
 * The entry of one line through *out; NULL for a blank line. A line that is wrong gives an entry
 * with its `error`, and whatever else could be made of it, so that its record can be told apart.
 * ERR_NOMEM.
 */
struct err *jsonl_entry(
    const struct list_out *list, const struct split_line *text, uint64_t line, struct entry **out);

#endif
