/* SPDX-License-Identifier: MIT */
/*
 * asyncio.TaskGroup (taskgroups.py).
 *
 *     parent --- enter ... create_task ... exit ==awaits==> leaving
 *                              |                              ^
 *                           children --- the last one ends ---'
 *
 * `leaving` is the future of the exit. A cancel of the parent that arrives while it waits there
 * reaches leaving's cancel, which cancels the children and never ends the wait. It and the room
 * for the children's errors are allocated early: neither an exit nor a failure can lack memory.
 *
 * As in CPython 3.13, and unlike 3.12, a child that fails while the parent waits in the exit does
 * not cancel the parent: it would leave its cancel count raised.
 */
#include "aio/taskgroup.h"

#include "base/alloc.h"

#include <assert.h>
#include <stdlib.h>

struct leaving {
    struct future fut;
    struct taskgroup *group; /* borrowed; NULL once it ended or the group is gone */
};

struct taskgroup {
    struct loop *loop;   /* borrowed */
    struct task *parent; /* borrowed: the group lives in its frame */
    struct list tasks;   /* of struct member */
    size_t ntasks;
    struct err **errors; /* owned, with references; room for nerrors + ntasks + the body's */
    size_t nerrors, room;
    struct err *body_error;  /* owned, until it joins the errors */
    struct leaving *leaving; /* a reference */
    bool exiting, aborting, parent_cancel_requested, propagate_cancel;
};

struct member {
    struct list node;
    struct taskgroup *group; /* borrowed */
    struct task *task;       /* a reference */
    struct future_cb cb;
};

static void taskgroup_abort(struct taskgroup *g)
{
    g->aborting = true;
    list_for_each (it, &g->tasks) {
        task_cancel(container_of(it, struct member, node)->task);
    }
}

static void taskgroup_add_error(struct taskgroup *g, struct err *e)
{
    assert(g->nerrors < g->room);
    g->errors[g->nerrors++] = e;
}

/* -- leaving --------------------------------------------------------------------------------- */

static bool leaving_cancel(struct future *f)
{
    struct taskgroup *g = ((struct leaving *)f)->group;
    if (g && !g->aborting) {
        g->propagate_cancel = true;
        taskgroup_abort(g);
    }
    return true;
}

static const struct future_ops leaving_ops = {.kind = "task group", .cancel = leaving_cancel};

static void taskgroup_left(struct taskgroup *g)
{
    struct future *f = &g->leaving->fut;
    g->leaving->group = NULL;
    if (g->propagate_cancel && g->nerrors == 0) {
        future_set_cancelled(f);
        return;
    }
    if (g->body_error) {
        taskgroup_add_error(g, g->body_error);
        g->body_error = NULL;
    }
    if (g->nerrors > 0) {
        err_unref(future_set_error(f, err_ref(g->errors[0])));
    } else {
        err_unref(future_set_result(f, NULL, NULL));
    }
}

struct future *taskgroup_exit(struct taskgroup *g, struct err *body_error)
{
    assert(!g->exiting);
    g->exiting = true;
    bool cancelled = err_is(body_error, ERR_CANCELLED);
    g->propagate_cancel = cancelled;
    if (g->parent_cancel_requested && task_uncancel(g->parent) == 0) {
        g->propagate_cancel = false;
    }
    if (body_error && !g->aborting) {
        taskgroup_abort(g);
    }
    if (cancelled) {
        err_unref(body_error);
        body_error = NULL;
    }
    g->body_error = body_error;
    if (g->ntasks == 0) {
        taskgroup_left(g);
    }
    return future_ref(&g->leaving->fut);
}

/* -- children -------------------------------------------------------------------------------- */

static void member_free(struct member *m)
{
    list_remove(&m->node);
    m->group->ntasks--;
    future_unwatch(&m->cb);
    task_unref(m->task);
    free(m);
}

static void taskgroup_failed(struct taskgroup *g, struct task *t, struct err *e)
{
    taskgroup_add_error(g, e);
    if (future_done(task_future(g->parent))) {
        loop_call_exception_handler(
            g->loop, "a task failed after the parent of its group had ended", e, task_name(t));
        return;
    }
    if (g->aborting || g->parent_cancel_requested) {
        return;
    }
    taskgroup_abort(g);
    if (!g->exiting) {
        g->parent_cancel_requested = true;
        task_cancel(g->parent);
    }
}

static struct err *taskgroup_on_done(struct future *f, void *arg)
{
    struct member *m = arg;
    struct taskgroup *g = m->group;
    struct err *e = future_cancelled(f) ? NULL : future_error(f);
    member_free(m); /* f stays: its callback holds it */
    if (e) {
        taskgroup_failed(g, task_of(f), e);
    }
    if (g->exiting && g->ntasks == 0) {
        taskgroup_left(g);
    }
    return NULL;
}

/* Room for one more error than there can be: the body's. */
static bool taskgroup_reserve(struct taskgroup *g)
{
    size_t need = g->nerrors + g->ntasks + 2;
    if (need <= g->room) {
        return true;
    }
    size_t room = g->room * 2 > need ? g->room * 2 : need;
    struct err **errors = mem_array(g->errors, room, sizeof(struct err *));
    if (!errors) {
        return false;
    }
    g->errors = errors;
    g->room = room;
    return true;
}

struct err *taskgroup_create_task(struct taskgroup *g, co_fn fn, size_t frame_size,
    void (*drop)(void *frame), const char *name, struct task **out)
{
    if (g->exiting && g->ntasks == 0) {
        return err_new(ERR_RUNTIME, NULL, "the task group is finished");
    }
    if (g->aborting) {
        return err_new(ERR_RUNTIME, NULL, "the task group is shutting down");
    }
    struct member *m = taskgroup_reserve(g) ? mem_new(sizeof *m) : NULL;
    if (!m) {
        return err_plain(ERR_NOMEM);
    }
    m->task = task_new(g->loop, fn, frame_size, drop, name);
    if (!m->task) {
        free(m);
        return err_plain(ERR_NOMEM);
    }
    m->group = g;
    list_push(&g->tasks, &m->node);
    g->ntasks++;
    future_watch(task_future(m->task), &m->cb, taskgroup_on_done, m);
    if (out) {
        *out = task_ref(m->task);
    }
    return NULL;
}

/* -- life ------------------------------------------------------------------------------------ */

struct err *taskgroup_enter(struct loop *l, struct taskgroup **out)
{
    struct task *parent = loop_current_task(l);
    if (!parent) {
        return err_new(ERR_RUNTIME, NULL, "a task group is entered by a task");
    }
    struct taskgroup *g = mem_new(sizeof *g);
    if (!g) {
        return err_plain(ERR_NOMEM);
    }
    g->loop = l;
    g->parent = parent;
    list_init(&g->tasks);
    g->leaving = taskgroup_reserve(g) ? mem_new(sizeof *g->leaving) : NULL;
    if (!g->leaving) {
        free(g->errors);
        free(g);
        return err_plain(ERR_NOMEM);
    }
    future_init(&g->leaving->fut, l, &leaving_ops);
    g->leaving->group = g;
    *out = g;
    return NULL;
}

size_t taskgroup_errors(const struct taskgroup *g, struct err *const **errors)
{
    *errors = g->errors;
    return g->nerrors;
}

void taskgroup_free(struct taskgroup *g)
{
    if (!g) {
        return;
    }
    /* Children are left only if the parent was destroyed while pending, or forgot to exit. */
    while (!list_empty(&g->tasks)) {
        struct member *m = container_of(g->tasks.next, struct member, node);
        task_cancel(m->task);
        member_free(m);
    }
    g->leaving->group = NULL;
    future_set_cancelled(&g->leaving->fut);
    future_unref(&g->leaving->fut);
    err_unref(g->body_error);
    for (size_t i = 0; i < g->nerrors; i++) {
        err_unref(g->errors[i]);
    }
    free(g->errors);
    free(g);
}
