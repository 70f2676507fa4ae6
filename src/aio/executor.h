/* SPDX-License-Identifier: MIT */
/*
 * The thread pool behind run_in_executor (concurrent.futures.ThreadPoolExecutor and
 * asyncio.wrap_future): everything that blocks runs here, its outcome arrives on the loop's thread.
 *
 * Threads start on demand up to the limit, block all signals, and take jobs in the order of
 * submission. Finished jobs are handed back in batches: one wake-up of the loop serves many.
 */
#ifndef AIO_EXECUTOR_H
#define AIO_EXECUTOR_H

#include "aio/future.h"

struct executor;

/* Work: runs on a pool thread. Returns NULL or an error; *value (initially NULL) becomes the
 * future's value. It must not touch futures or the loop. */
typedef struct err *(*executor_fn)(void *arg, void **value);

/* threads: at most so many, >= 1. NULL when memory ran out. */
struct executor *executor_new(struct loop *l, unsigned threads);

/*
 * Queues fn(arg); the future (owned by the caller) ends with its outcome on the loop's thread.
 * drop_arg: releases arg once fn has run or will never run (cancelled while queued); called on the
 * loop's thread, before the future completes, exactly once, also if submitting fails; may be NULL.
 * drop_value: releases a value that nobody took, may be NULL. Cancelling the future while the work
 * is queued cancels the work; while it runs the future is cancelled, the thread goes on and its
 * outcome is dropped. Errors through *error: ERR_RUNTIME after shutdown, ERR_NOMEM; then NULL.
 */
struct future *executor_submit(struct executor *ex, executor_fn fn, void *arg,
    void (*drop_arg)(void *), void (*drop_value)(void *), struct err **error);

/* No new work is taken. */
void executor_shutdown(struct executor *ex);

/* Shuts down, waits for running and queued work, delivers the rest of the outcomes to futures that
 * are still there (their callbacks are queued on the loop), ends the threads, frees. NULL is
 * ignored. Blocks the calling (loop) thread. */
void executor_free(struct executor *ex);

/* Figures for tests and --debug. */
unsigned executor_threads(struct executor *ex);
size_t executor_pending(struct executor *ex);

/* min(32, cores + 4), as CPython's default. */
unsigned executor_default_threads(void);

#endif
