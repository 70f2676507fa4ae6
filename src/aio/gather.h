/* SPDX-License-Identifier: MIT */
/* asyncio.gather (tasks.py). */
#ifndef AIO_GATHER_H
#define AIO_GATHER_H

#include "aio/future.h"

/* One outcome, in argument order; children are referenced until the list is freed. */
struct gather_item {
    void *value;       /* borrowed from the child */
    struct err *error; /* owned; only ever set with return_exceptions */
};

struct gather_list {
    size_t n;
    struct gather_item *items;
    struct future **children; /* n references */
};

/* A future whose value is a struct gather_list * (gather_list_free). n == 0: done already. Children
 * are referenced while it lasts; duplicates share one. NULL when memory ran out. */
struct future *gather(struct loop *l, struct future *const *futs, size_t n, bool return_exceptions);
void gather_list_free(void *list);

#endif
