/* SPDX-License-Identifier: MIT */
/* Coroutines for the tests of tasks. */
#include "actor.h"

#include <stdlib.h>

static void actor_drop(void *frame)
{
    struct actor *f = frame;
    f->stage->dropped++;
    future_unref(f->fut);
    if (f->stage->ends_when_dropped) {
        err_unref(future_set_result(f->stage->ends_when_dropped, NULL, NULL));
    }
}

void receive(struct stage *s, struct err *status)
{
    ck_assert_uint_lt(s->nreceived, 4);
    s->received[s->nreceived++] = status ? err_kind(status) : ERR_KINDS;
}

struct task *actor_new(struct stage *s, co_fn fn)
{
    struct task *t = task_new(s->loop, fn, sizeof(struct actor), actor_drop, NULL);
    ck_assert_ptr_nonnull(t);
    struct actor *f = task_frame(t);
    f->stage = s;
    f->fut = future_ref(s->awaited);
    return t;
}

enum co_state await_one(void *frame, struct err *status)
{
    struct actor *f = frame;
    CO_BEGIN(&f->co);
    order_add(&f->stage->order, "b");
    if (f->stage->cancel_self) {
        ck_assert(task_cancel(f->co.task));
    }
    CO_AWAIT(&f->co, f->fut);
    order_add(&f->stage->order, "e");
    receive(f->stage, status);
    if (status && !f->stage->swallow) {
        return co_fail(&f->co, err_ref(status));
    }
    return co_return(&f->co, f->stage->value, f->stage->value ? free : NULL);
    CO_END(&f->co);
}

enum co_state await_two(void *frame, struct err *status)
{
    struct actor *f = frame;
    CO_BEGIN(&f->co);
    CO_AWAIT(&f->co, f->fut);
    receive(f->stage, status);
    future_unref(f->fut);
    f->fut = future_ref(f->stage->second);
    CO_AWAIT(&f->co, f->fut);
    receive(f->stage, status);
    if (status) {
        return co_fail(&f->co, err_ref(status));
    }
    CO_END(&f->co);
}

struct stage stage_on(struct loop *l)
{
    return (struct stage){.loop = l, .awaited = future_new(l)};
}

void stage_ends(struct stage *s)
{
    future_unref(s->awaited);
    future_unref(s->second);
    loop_ends_empty(s->loop);
}
