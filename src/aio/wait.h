/* SPDX-License-Identifier: MIT */
/* asyncio.wait (tasks.py): watch a set of futures until a condition holds; never cancels them. */
#ifndef AIO_WAIT_H
#define AIO_WAIT_H

#include "aio/future.h"

enum wait_when {
    WAIT_ALL_COMPLETED,
    WAIT_FIRST_COMPLETED,
    WAIT_FIRST_EXCEPTION, /* cancelled inputs do not count */
    WAIT_FIRST_SUCCESS,   /* Promise.any: the first that ended without error or cancellation */
};

/* The value of wait's future: which inputs were done when it ended. References are held. */
struct wait_sets {
    struct future **done;
    size_t ndone;
    struct future **pending;
    size_t npending;
};

/*
 * A future whose value is a struct wait_sets * (wait_sets_free). futs: n borrowed futures of one
 * loop, referenced meanwhile; duplicates count once. seconds < 0: no timeout; a timeout is not an
 * error. Cancelling it removes its callbacks and timer and leaves the inputs alone. Errors through
 * *error: ERR_VALUE for an empty set, ERR_NOMEM; then NULL is returned.
 */
struct future *wait_futures(struct loop *l, struct future *const *futs, size_t n,
    enum wait_when when, double seconds, struct err **error);
void wait_sets_free(void *sets);

#endif
