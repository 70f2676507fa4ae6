/* SPDX-License-Identifier: MIT */
/* asyncio.shield (tasks.py). */
#ifndef AIO_SHIELD_H
#define AIO_SHIELD_H

#include "aio/future.h"

/* A future that ends as `inner` does; cancelling it leaves inner running, inner's cancellation
 * cancels it. inner's value stays inner's: the outer's value is borrowed from it (inner is
 * referenced as long as the outer lives). If the outer was cancelled, a later error of inner goes
 * to the exception handler. NULL when memory ran out. */
struct future *shield(struct future *inner);

#endif
