/* SPDX-License-Identifier: MIT */
/*
 * A future that ends only when the work behind it has ended, also when it is cancelled: whoever
 * cancels it waits until nothing is touched any more. Private to src/store.
 *
 *     OPEN --op_shut--> SHUT        from here on a cancel is late: the future ends with its value
 *       `----cancel---> CANCELLED   the work stops at its next look, the future ends cancelled
 */
#ifndef STORE_OP_H
#define STORE_OP_H

#include "aio/future.h"

struct op {
    struct future fut; /* first: op_future is a cast */
    int stage;         /* atomic: the work may run on another thread */
    bool deaf;         /* never cancelled: the canceller's turn comes after the end */
};

struct op *op_new(struct loop *l, bool deaf); /* one reference; NULL when memory ran out */
struct op *op_ref(struct op *o);
void op_unref(struct op *o); /* NULL is ignored */

/* On any thread. */
bool op_cancelled(struct op *o); /* NULL: false */
bool op_shut(struct op *o);      /* false: it was cancelled before */

/* The end, on the loop's thread. value and error are taken over; both are dropped if it was
 * cancelled. */
void op_end(struct op *o, void *value, void (*drop)(void *), struct err *error);

#endif
