/* SPDX-License-Identifier: MIT */
/* Tasks for the tests of what tasks await. */
#include "awaiter.h"

#include <check.h>

struct awaiter_frame {
    struct co co;
    struct future *f, *then; /* references */
};

static void awaiter_drop(void *frame)
{
    struct awaiter_frame *w = frame;
    future_unref(w->f);
    future_unref(w->then);
}

static enum co_state awaiter_step(void *frame, struct err *status)
{
    struct awaiter_frame *w = frame;
    CO_BEGIN(&w->co);
    CO_AWAIT(&w->co, w->f);
    if (status) {
        return co_fail(&w->co, err_ref(status));
    }
    CO_END(&w->co);
}

static enum co_state stubborn_step(void *frame, struct err *status)
{
    struct awaiter_frame *w = frame;
    CO_BEGIN(&w->co);
    CO_AWAIT(&w->co, w->f);
    while (err_is(status, ERR_CANCELLED) && w->then && !future_done(w->then)) {
        CO_AWAIT(&w->co, w->then);
    }
    static char value[] = "stubborn";
    return co_return(&w->co, value, NULL);
    CO_END(&w->co);
}

static struct task *start(struct loop *l, co_fn fn, struct future *f, struct future *then)
{
    struct task *t = task_new(l, fn, sizeof(struct awaiter_frame), awaiter_drop, NULL);
    ck_assert_ptr_nonnull(t);
    struct awaiter_frame *w = task_frame(t);
    w->f = future_ref(f);
    w->then = future_ref(then);
    return t;
}

struct task *awaiter(struct loop *l, struct future *f)
{
    return start(l, awaiter_step, f, NULL);
}

struct task *stubborn(struct loop *l, struct future *f, struct future *then)
{
    return start(l, stubborn_step, f, then);
}
