/* SPDX-License-Identifier: MIT */
/* asyncio.as_completed (tasks.py): an async iterator over futures in the order of their ends. */
#ifndef AIO_AS_COMPLETED_H
#define AIO_AS_COMPLETED_H

#include "aio/async_iter.h"

/* futs: n borrowed futures, referenced while needed; duplicates count once. Each next() gives a
 * future whose value is the next input that is done (a struct future *, referenced: future_unref
 * it). seconds < 0: none; else one deadline for all, after which each remaining item raises
 * ERR_TIMEOUT and then the iteration stops. Inputs are never cancelled. NULL when memory ran out.
 */
struct async_iter *as_completed(
    struct loop *l, struct future *const *futs, size_t n, double seconds);

#endif
