/* SPDX-License-Identifier: MIT */
/* What a coroutine calls: the await, and the two ways to end (asyncio: Future.__await__ and the
 * handling of what a coroutine yields in Task.__step). */
#include "aio/co.h"

#include "aio/task_private.h"

#include <assert.h>

bool co_await(struct co *co, struct future *fut, struct err **status)
{
    struct task *t = co->task;
    struct loop *l = t->future.loop;
    assert(l->current == t && "only a running step may await");
    if (fut && future_done(fut)) {
        task__set_status(t, future_result(fut, NULL));
        *status = t->status;
        return false;
    }
    *status = NULL;
    if (!fut) {
        task__post_step(t, NULL);
    } else if (fut->loop != l) {
        task__post_step(t, err_new(ERR_RUNTIME, NULL,
                               "%s got a future attached to a different loop", task_name(t)));
    } else if (fut == &t->future) {
        task__post_step(t, err_new(ERR_RUNTIME, NULL, "%s cannot await on itself", task_name(t)));
    } else {
        task__suspend(t, fut);
    }
    return true;
}

enum co_state co_return(struct co *co, void *value, void (*drop)(void *value))
{
    co->task->future.value = value;
    co->task->future.drop_value = drop;
    return CO_DONE;
}

enum co_state co_fail(struct co *co, struct err *error)
{
    assert(error);
    co->task->future.error = error;
    return CO_DONE;
}
