/* SPDX-License-Identifier: MIT */
/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing past U+10FFFF. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The bytes of the one valid character at s (1 to 4), or 0 if there is none within n bytes. */
size_t utf8_char(const char *s, size_t n);

/* The same, and which character it is. */
size_t utf8_next(const char *s, size_t n, uint32_t *code);

bool utf8_valid(const char *s, size_t n);

/* The longest cut <= at that splits no character of the valid text s. */
size_t utf8_boundary(const char *s, size_t at);

/* Appends a code point; one that UTF-8 cannot carry becomes U+FFFD. */
void utf8_put(struct buf *b, uint32_t code);

#endif
