/* SPDX-License-Identifier: MIT */
/*
 * Text measured in the cells of a terminal: wide characters take two, combining ones none. The text
 * has been made printable before (printable.h). Widths are those of the locale's characters, asked
 * without changing the program's own locale; where that is not UTF-8, each character beyond ASCII
 * is shown as '?'.
 */
#ifndef CLI_CELLS_H
#define CLI_CELLS_H

#include "base/buf.h"

#include <locale.h>

struct cells {
    locale_t locale; /* owned; 0: none, ASCII only */
    bool utf8;
};

/* locale: a name as for setlocale(), "" is the environment's. Never fails: what is not known is as
 * in the C locale. */
void cells_init(struct cells *c, const char *locale);
void cells_fini(struct cells *c);

size_t cells_width(const struct cells *c, const char *text);

/* Appends the text in exactly `width` cells: its end behind an ellipsis if it is wider, because
 * paths are told apart by their ends; spaces behind it if it is narrower. */
void cells_fit(const struct cells *c, struct buf *b, const char *text, size_t width);

#endif
