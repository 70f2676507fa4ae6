/* SPDX-License-Identifier: MIT */
/*
 * The asynchronous iterator: anything with a `next` that gives a future. `async for` is
 *
 *     for (;;) {
 *         f->next = async_iter_next(f->iter);
 *         CO_AWAIT(&f->co, f->next);
 *         if (err_is(status, ERR_STOP_ITERATION)) break;
 *         ...
 *     }
 */
#ifndef AIO_ASYNC_ITER_H
#define AIO_ASYNC_ITER_H

#include "aio/future.h"

/* Embedded as the first member of an iterator. */
struct async_iter {
    /* A future (owned by the caller) whose value is the next item, or whose error is
     * ERR_STOP_ITERATION at the end. NULL when memory ran out. One `next` at a time. */
    struct future *(*next)(struct async_iter *it);
    /* Ends the iterator and frees it. No `next` may be pending. */
    void (*close)(struct async_iter *it);
};

static inline struct future *async_iter_next(struct async_iter *it)
{
    return it->next(it);
}

static inline void async_iter_close(struct async_iter *it)
{
    if (it) {
        it->close(it);
    }
}

#endif
