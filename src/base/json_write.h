/* SPDX-License-Identifier: MIT */
/*
 * JSON text, appended to a buffer. Hand-written rather than a tree: a record a download is the
 * hottest output there is, and its counts must stay exact past 2^53. Never depends on the locale.
 */
#ifndef BASE_JSON_WRITE_H
#define BASE_JSON_WRITE_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A string with its quotes; NULL is null. What is no UTF-8 becomes U+FFFD, a byte each. Control
 * characters, also DEL and C1, are escaped, so that the text may go to a terminal. */
void json_string(struct buf *b, const char *s);
void json_string_n(struct buf *b, const char *s, size_t n);

void json_int(struct buf *b, int64_t n);
void json_uint(struct buf *b, uint64_t n);
void json_bool(struct buf *b, bool on);
void json_null(struct buf *b);
void json_seconds(struct buf *b, double seconds); /* with microseconds; negative: null */
void json_time(struct buf *b, double epoch);      /* RFC 3339, UTC, milliseconds; <= 0: null */
void json_base64(struct buf *b, const void *bytes, size_t n);

#endif
