/* SPDX-License-Identifier: MIT */
/*
 * Stackless coroutines: a C function over an explicit heap frame.
 *
 *     struct fetch_frame {
 *         struct co co;            // always first
 *         struct future *reply;    // owned; locals that survive an await live here
 *     };
 *
 *     static enum co_state fetch_step(void *frame, struct err *status)
 *     {
 *         struct fetch_frame *f = frame;
 *         CO_BEGIN(&f->co);
 *         f->reply = ask(...);
 *         if (!f->reply) {
 *             return co_fail(&f->co, err_plain(ERR_NOMEM));
 *         }
 *         CO_AWAIT(&f->co, f->reply);
 *         if (status) {                    // what the await raised: its error, or our cancellation
 *             return co_fail(&f->co, err_ref(status));
 *         }
 *         return co_return(&f->co, future_take(f->reply), free);
 *         CO_END(&f->co);
 *     }
 *
 * `status` is what an await raises: NULL, or the error of the awaited future, or ERR_CANCELLED if
 * the task was cancelled. It is borrowed until the next await or the end. As in asyncio, awaiting
 * a future that is done does not yield. The rules: locals that must survive an await live in the
 * frame; one await a line; no await inside a nested switch; a helper that awaits is a child task
 * (task_new, then CO_AWAIT its future).
 *
 * When the task ends, in whatever way, also before its first step, the frame's `drop` function is
 * called exactly once and releases what the frame owns. It must not await.
 */
#ifndef AIO_CO_H
#define AIO_CO_H

#include "aio/future.h"

enum co_state { CO_PENDING, CO_DONE };

/* The head of every frame; fields are the macros' and the task's. */
struct co {
    struct task *task; /* borrowed: the task that runs this frame */
    int line;          /* where to resume; 0 is the start */
};

typedef enum co_state (*co_fn)(void *frame, struct err *status);

/* Suspends until fut is done. True if the coroutine must return CO_PENDING; false if fut was done
 * already, *status then being what it raises. fut: borrowed, the frame keeps it alive. NULL: a bare
 * yield, resumed in the next iteration. */
bool co_await(struct co *co, struct future *fut, struct err **status);

/* Ends the coroutine: `return co_return(...)`. value: owned by the task's future; drop may be NULL.
 * error: taken over; ERR_CANCELLED makes the task cancelled. */
enum co_state co_return(struct co *co, void *value, void (*drop)(void *value));
enum co_state co_fail(struct co *co, struct err *error);

#define CO_BEGIN(co_)                                                                              \
    switch ((co_)->line) {                                                                         \
    case 0:

#define CO_AWAIT(co_, fut_)                                                                        \
    do {                                                                                           \
        (co_)->line = __LINE__;                                                                    \
        if (co_await((co_), (fut_), &status)) {                                                    \
            return CO_PENDING;                                                                     \
        }                                                                                          \
        __attribute__((fallthrough));                                                              \
    case __LINE__:;                                                                                \
    } while (0)

#define CO_END(co_)                                                                                \
    }                                                                                              \
    (void)status;                                                                                  \
    return co_return((co_), NULL, NULL)

#endif
