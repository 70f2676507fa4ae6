/* SPDX-License-Identifier: MIT */
/*
 * Tasks (asyncio: tasks.py): a coroutine run by the loop, itself a future.
 *
 * An unfinished task is kept alive by its loop, so dropping the last outside reference never
 * destroys one; the loop's closing does, and reports it.
 */
#ifndef AIO_TASK_H
#define AIO_TASK_H

#include "aio/co.h"

/* A new task whose first step is scheduled, not run. Its frame is frame_size zeroed bytes (the size
 * of the whole frame, its struct co included); fill it through task_frame() before the loop runs
 * on. drop: releases what the frame owns, once, when the task ends; may be NULL. name: copied; NULL
 * gives "Task-<n>". The caller owns one reference (task_unref). NULL when memory ran out or the
 * loop is closed; the frame's owner still owns everything then. */
struct task *task_new(
    struct loop *l, co_fn fn, size_t frame_size, void (*drop)(void *frame), const char *name);
void *task_frame(struct task *t);

/* The task as a future, borrowed. task_of is the way back, NULL if f is not a task. */
struct future *task_future(struct task *t);
struct task *task_of(struct future *f);
struct task *task_ref(struct task *t);
void task_unref(struct task *t); /* NULL is ignored */

/* Asks for cancellation: counts up, and forwards to what is awaited, or makes the next step receive
 * ERR_CANCELLED. False if done already. No promise: a task may swallow it. */
bool task_cancel(struct task *t);
unsigned task_cancelling(const struct task *t);
unsigned task_uncancel(struct task *t); /* counts down to 0; the rest is returned */

const char *task_name(const struct task *t); /* borrowed; may be made on demand: never NULL */
struct err *task_set_name(struct task *t, const char *name);
struct loop *task_loop(const struct task *t);

/* What the task waits for right now, borrowed; NULL while a step is scheduled or running. */
struct future *task_awaits(const struct task *t);

/* The task whose step is running, NULL outside of one. */
struct task *loop_current_task(const struct loop *l);

/* Calls fn for every unfinished task of the loop, oldest first; fn must not end or start tasks. */
void loop_each_task(const struct loop *l, void (*fn)(struct task *t, void *arg), void *arg);
size_t loop_count_tasks(const struct loop *l);

/* asyncio.sleep: a future done after `seconds`; <= 0 is a future that takes exactly one iteration
 * and no timer. Cancelling it stops its timer. NULL when memory ran out. */
struct future *aio_sleep(struct loop *l, double seconds);

#endif
