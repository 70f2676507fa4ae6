/* SPDX-License-Identifier: MIT */
/* UTF-8, strictly: no surrogates, no overlong forms, nothing past U+10FFFF. */
#ifndef CLI_UTF8_H
#define CLI_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How many bytes (1 to 4) the character at s takes and which it is; 0 where none begins. */
size_t utf8_next(const char *s, size_t n, uint32_t *character);

bool utf8_valid(const char *s, size_t n);

#endif
