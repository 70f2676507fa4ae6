/* SPDX-License-Identifier: MIT */
/*
 * Tasks (asyncio: tasks.py, Task): the step, its wake-up, cancellation.
 *
 *               task_new                      the awaited future is done
 *                  |                                    |
 *                  v          co_await(pending)         v
 *      queued -> step running ------------------> suspended -> queued again ...
 *                  |
 *                  '--> co_return, co_fail: the frame is dropped, then the future completes
 *
 * Invariant: see task_private.h.
 */
#include "aio/task.h"

#include "aio/task_private.h"
#include "base/trace.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool cancel_future(struct future *f);
static void fini(struct future *f);

static const struct future_ops task_ops = {.kind = "task", .cancel = cancel_future, .fini = fini};

static struct task *from_future(struct future *f)
{
    return container_of(f, struct task, future);
}

static void drop_frame(struct task *t)
{
    void (*drop)(void *) = t->drop;
    t->drop = NULL;
    if (drop) {
        drop(t->frame);
    }
}

void task__set_status(struct task *t, struct err *status)
{
    struct err *old = t->status;
    t->status = status;
    err_unref(old);
}

/* -- the step ------------------------------------------------------------------------------ */

/* The outcome that the coroutine left in the future's fields becomes the future's. */
static void complete(struct task *t)
{
    struct future *f = &t->future;
    enum future_state state = FUTURE_DONE;
    if (f->error) {
        if (err_is(f->error, ERR_CANCELLED)) {
            err_unref(f->error);
            f->error = NULL;
            state = FUTURE_CANCELLED;
        } else {
            f->error_unseen = true;
        }
    } else if (t->must_cancel) {
        /* cancelled right before it returned: the value is lost, as in asyncio */
        t->must_cancel = false;
        void *value = f->value;
        f->value = NULL;
        if (f->drop_value && value) {
            f->drop_value(value);
        }
        state = FUTURE_CANCELLED;
    }
    list_remove(&t->node);
    f->loop->ntasks--;
    future__complete(f, state, false);
    trace_put(f->loop->trace, TRACE_TASK, "%s %s%s%s", task_name(t), future_state_name(f),
        f->error ? ": " : "", f->error ? err_message(f->error) : "");
    future_unref(f);
}

static void step(struct task *t)
{
    struct loop *l = t->future.loop;
    assert(!future_done(&t->future) && !l->current);
    if (t->must_cancel) {
        if (!err_is(t->status, ERR_CANCELLED)) {
            task__set_status(t, err_plain(ERR_CANCELLED));
        }
        t->must_cancel = false;
    }
    l->current = t;
    enum co_state state = CO_DONE;
    if (t->started || !t->status) {
        t->started = true;
        state = t->fn(t->frame, t->status);
    } else {
        t->future.error = err_ref(t->status); /* thrown into a body that never ran */
    }
    if (state == CO_DONE) {
        drop_frame(t);
        task__set_status(t, NULL);
    }
    l->current = NULL;
    if (state == CO_DONE) {
        complete(t);
    } else {
        assert((t->wake.future || t->wake.handle.queued) && "a coroutine stopped without an await");
    }
}

static struct err *on_step(void *arg)
{
    step(arg);
    return NULL;
}

static struct err *on_wakeup(struct future *f, void *arg)
{
    struct task *t = arg;
    task__set_status(t, future_result(f, NULL));
    future_unref(f);
    step(t);
    return NULL;
}

void task__post_step(struct task *t, struct err *status)
{
    task__set_status(t, status);
    handle_init(&t->wake.handle, on_step, t);
    loop_post(t->future.loop, &t->wake.handle);
}

void task__suspend(struct task *t, struct future *fut)
{
    task__set_status(t, NULL);
    future_watch(future_ref(fut), &t->wake, on_wakeup, t);
    trace_put(t->future.loop->trace, TRACE_TASK, "%s awaits a %s", task_name(t), fut->ops->kind);
    if (t->must_cancel && future_cancel(fut)) {
        t->must_cancel = false;
    }
}

/* -- life ---------------------------------------------------------------------------------- */

struct task *task_new(
    struct loop *l, co_fn fn, size_t frame_size, void (*drop)(void *frame), const char *name)
{
    if (l->closed) {
        return NULL;
    }
    if (frame_size < sizeof(struct co)) {
        frame_size = sizeof(struct co);
    }
    struct task *t = malloc(sizeof(*t) + frame_size);
    char *copy = mem_dup(name);
    if (!t || (name && !copy)) {
        free(t);
        free(copy);
        return NULL;
    }
    memset(t, 0, sizeof(*t) + frame_size);
    future_init(&t->future, l, &task_ops);
    t->fn = fn;
    t->drop = drop;
    t->name = copy;
    t->number = ++l->task_seq;
    ((struct co *)t->frame)->task = t;
    future_ref(&t->future); /* the loop's, until it is done */
    list_push(&l->tasks, &t->node);
    l->ntasks++;
    task__post_step(t, NULL);
    trace_put(l->trace, TRACE_TASK, "%s made", task_name(t));
    return t;
}

static void fini(struct future *f)
{
    struct task *t = from_future(f);
    assert(!t->drop && !t->wake.future && !t->status);
    free(t->name);
}

static void destroy_pending(struct task *t)
{
    loop_call_exception_handler(
        t->future.loop, "Task was destroyed but it is pending!", NULL, task_name(t));
    struct future *awaited = t->wake.future;
    if (awaited) {
        future_unwatch(&t->wake);
        future_unref(awaited);
    } else {
        handle_cancel(&t->wake.handle);
    }
    drop_frame(t);
    task__set_status(t, NULL);
    t->future.loop->ntasks--;
    future_unref(&t->future);
}

void task__destroy_all(struct loop *l)
{
    struct list *node;
    while ((node = list_pop(&l->tasks)) != NULL) {
        destroy_pending(container_of(node, struct task, node));
    }
}

void *task_frame(struct task *t)
{
    return t->frame;
}

struct future *task_future(struct task *t)
{
    return &t->future;
}

struct task *task_of(struct future *f)
{
    return f->ops == &task_ops ? from_future(f) : NULL;
}

struct task *task_ref(struct task *t)
{
    future_ref(&t->future);
    return t;
}

void task_unref(struct task *t)
{
    if (t) {
        future_unref(&t->future);
    }
}

struct loop *task_loop(const struct task *t)
{
    return t->future.loop;
}

/* -- cancellation -------------------------------------------------------------------------- */

static bool cancel_future(struct future *f)
{
    struct task *t = from_future(f);
    t->cancels++;
    if (t->wake.future) {
        /* cancelling may let go of everything else that holds it */
        struct future *awaited = future_ref(t->wake.future);
        bool forwarded = future_cancel(awaited);
        future_unref(awaited);
        if (forwarded) {
            return true;
        }
    }
    t->must_cancel = true;
    return true;
}

bool task_cancel(struct task *t)
{
    return future_cancel(&t->future);
}

unsigned task_cancelling(const struct task *t)
{
    return t->cancels;
}

unsigned task_uncancel(struct task *t)
{
    if (t->cancels > 0) {
        t->cancels--;
    }
    return t->cancels;
}

/* -- looking ------------------------------------------------------------------------------- */

const char *task_name(const struct task *t)
{
    if (!t->name) {
        char text[32];
        snprintf(text, sizeof(text), "Task-%llu", (unsigned long long)t->number);
        ((struct task *)t)->name = mem_dup(text);
    }
    return t->name ? t->name : "Task";
}

struct err *task_set_name(struct task *t, const char *name)
{
    char *copy = mem_dup(name);
    if (name && !copy) {
        return err_plain(ERR_NOMEM);
    }
    free(t->name);
    t->name = copy;
    return NULL;
}

struct future *task_awaits(const struct task *t)
{
    return t->wake.future && !future_done(t->wake.future) ? t->wake.future : NULL;
}

struct task *loop_current_task(const struct loop *l)
{
    return l->current;
}

void loop_each_task(const struct loop *l, void (*fn)(struct task *t, void *arg), void *arg)
{
    list_for_each_safe (it, &l->tasks) {
        fn(container_of(it, struct task, node), arg);
    }
}

size_t loop_count_tasks(const struct loop *l)
{
    return l->ntasks;
}

struct task *task__of_handle(const struct handle *h)
{
    bool is_step = h->kind == HANDLE_DONE ? h->done_fn == on_wakeup
                                          : h->kind == HANDLE_PLAIN && h->fn == on_step;
    return is_step ? task_ref(h->arg) : NULL;
}
