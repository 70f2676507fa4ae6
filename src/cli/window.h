/* SPDX-License-Identifier: MIT */
/*
 * The reorder window of --gather: texts come in any order of their indices and go out in order.
 * Texts wait in memory up to a bound, past it in an unnamed temporary file; stretches of complete
 * small texts are folded into few, so that a single slow entry at the front of an endless list
 * costs a few bytes for each thousand behind it.
 */
#ifndef CLI_WINDOW_H
#define CLI_WINDOW_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct window;

/* in_memory: bytes. NULL when memory ran out. */
struct window *window_new(size_t in_memory);
void window_free(struct window *w); /* what is held is dropped; NULL is ignored */

/* The text of an index (from 1), each once, empty ones too. ERR_NOMEM, ERR_IO. */
struct err *window_put(struct window *w, uint64_t index, const void *text, size_t len);

/* Appends to b what is next in order, one text or several small ones; *more says that there was
 * something. With skip_gaps, indices
 * that never came do not hold up those behind them. ERR_NOMEM, ERR_IO. */
struct err *window_take(struct window *w, bool skip_gaps, struct buf *b, bool *more);

size_t window_held(const struct window *w); /* texts */

#endif
