/* SPDX-License-Identifier: MIT */
/* asyncio.TaskGroup (taskgroups.py): children that end before their parent goes on. */
#ifndef AIO_TASKGROUP_H
#define AIO_TASKGROUP_H

#include "aio/task.h"

struct taskgroup;

/* Entered by the task whose step calls it (ERR_RUNTIME outside of one). */
struct err *taskgroup_enter(struct loop *l, struct taskgroup **out);

/* A child task; the arguments as task_new's. The group holds a reference; out (may be NULL) gets
 * another. ERR_RUNTIME when the group is aborting or finished, ERR_NOMEM: nothing was started then
 * and whatever the frame would own stays the caller's. */
struct err *taskgroup_create_task(struct taskgroup *g, co_fn fn, size_t frame_size,
    void (*drop)(void *frame), const char *name, struct task **out);

/*
 * Leaving: a future to await until it is done, on every way out of the block. body_error: what the
 * block raised, owned, may be NULL. It waits for all children whatever cancels arrive in between;
 * its error is: the first child's error, else ERR_CANCELLED if the parent was cancelled from
 * outside, else body_error. Cancels of the parent that arrive while it waits cancel the children.
 * NULL when memory ran out. taskgroup_free after it ended.
 */
struct future *taskgroup_exit(struct taskgroup *g, struct err *body_error);

/* The errors of all children that failed, borrowed; for reports. */
size_t taskgroup_errors(const struct taskgroup *g, struct err *const **errors);
void taskgroup_free(struct taskgroup *g);

#endif
