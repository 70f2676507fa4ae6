/* SPDX-License-Identifier: MIT */
/* Duplicates among the inputs of the combinators: each future counts once. */
#ifndef AIO_DISTINCT_H
#define AIO_DISTINCT_H

#include "aio/future.h"

/* Writes the distinct ones of futs, in order of their first appearance, to out (room for n; nothing
 * is referenced) and their number to *count. False when memory ran out. */
bool futures__distinct(struct future *const *futs, size_t n, struct future **out, size_t *count)
    __attribute__((warn_unused_result));

#endif
