/* SPDX-License-Identifier: MIT */
/* A download as the script of --report's page reads it (page.js, unpack), and how text gets into
 * the page at all. */
#ifndef CLI_PAGE_ROW_H
#define CLI_PAGE_ROW_H

#include "base/buf.h"
#include "fetch/record.h"

/* The record as a JSON array, appended. zero: loop_time() from which times count. */
void page_row(struct buf *b, const struct record *r, double zero);

/* JSON text so that it may stand in a script element: nothing in it ends the element or the line.
 */
void page_escape(struct buf *b, const char *json);

#endif
