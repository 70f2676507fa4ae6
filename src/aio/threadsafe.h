/* SPDX-License-Identifier: MIT */
/* asyncio.run_coroutine_threadsafe (tasks.py): work started on a loop by another thread, which can
 * wait for it. The future of the loop never leaves its thread. */
#ifndef AIO_THREADSAFE_H
#define AIO_THREADSAFE_H

#include "aio/future.h"

struct remote; /* concurrent.futures.Future: may be used by any thread but the loop's */

/* Called on the loop's thread: the future to wait for (usually a new task's), the caller's from
 * then on, or NULL when memory ran out. */
typedef struct future *(*remote_start_fn)(struct loop *l, void *arg);

/* Has start(arg) called on the loop's thread. *out is owned by the caller: remote_free.
 * ERR_RUNTIME on a closed loop, ERR_NOMEM. The loop has to run until the future is done. */
struct err *run_threadsafe(struct loop *l, remote_start_fn start, void *arg, struct remote **out);

/* Waits up to `seconds` (< 0: for ever) for the outcome. ERR_TIMEOUT if it is not there by then;
 * waiting again is fine. The value (may be NULL) stays the remote's until remote_free. */
struct err *remote_result(struct remote *r, double seconds, void **value);

/* Asks the loop to cancel the future. */
void remote_cancel(struct remote *r);

/* The future goes on, unless it was cancelled; its outcome is dropped. NULL is ignored. */
void remote_free(struct remote *r);

#endif
