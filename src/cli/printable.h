/* SPDX-License-Identifier: MIT */
/*
 * Text from outside made safe for a terminal. Control characters (C0, DEL, C1), characters that
 * reorder or hide text (bidirectional controls, separators) and bytes that are no UTF-8 are shown
 * as \n, \t, \r, \xNN or \u{NNNN}; everything else stays as it is.
 */
#ifndef CLI_PRINTABLE_H
#define CLI_PRINTABLE_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

/* Appends the text to b. NULL is "". */
void printable_add(struct buf *b, const char *text);

/* Appends a URL as people may see it: without user, password, query and fragment, escaped. Works
 * on text that is no URL. */
void printable_add_url(struct buf *b, const char *url);

bool printable_character(uint32_t character);

#endif
