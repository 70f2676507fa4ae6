/* SPDX-License-Identifier: MIT */
/*
 * The list formats "tsv" and "csv": a header row names the columns as jsonl names its keys, every
 * further row is an entry. Cells may be quoted as RFC 4180 has it, in both.
 */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include "cli/lines.h"

struct table;

/* separator: '\t' or ','. NULL when memory ran out. */
struct table *table_new(const struct list_out *out, char separator);
void table_free(struct table *t); /* an open row is dropped; NULL is ignored */

/* One line: at most one entry comes out of it. A line inside a quoted cell opens none. ERR_NOMEM.
 */
struct err *table_push(struct table *t, const struct split_line *text, uint64_t line);
/* A line that was too long to be kept. */
struct err *table_too_long(struct table *t, uint64_t line);

/* True while a quoted cell goes on. At the end of the list table_end makes a bad entry of it. */
bool table_open(const struct table *t);
struct err *table_end(struct table *t);

#endif
