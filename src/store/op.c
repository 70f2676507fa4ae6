/* SPDX-License-Identifier: MIT */
/* A future that ends only when the work behind it has ended. */
#include "store/op.h"

#include "base/alloc.h"

enum stage { STAGE_OPEN, STAGE_SHUT, STAGE_CANCELLED };

static bool op_move(struct op *o, int to)
{
    int open = STAGE_OPEN;
    return __atomic_compare_exchange_n(
        &o->stage, &open, to, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

static bool on_cancel(struct future *f)
{
    struct op *o = (struct op *)f;
    if (o->deaf) {
        return false;
    }
    (void)op_move(o, STAGE_CANCELLED);
    return true;
}

struct op *op_new(struct loop *l, bool deaf)
{
    static const struct future_ops ops = {.kind = "store", .cancel = on_cancel};
    struct op *o = mem_new(sizeof(*o));
    if (o) {
        future_init(&o->fut, l, &ops);
        o->deaf = deaf;
    }
    return o;
}

struct op *op_ref(struct op *o)
{
    future_ref(&o->fut);
    return o;
}

void op_unref(struct op *o)
{
    if (o) {
        future_unref(&o->fut);
    }
}

bool op_cancelled(struct op *o)
{
    return o && __atomic_load_n(&o->stage, __ATOMIC_ACQUIRE) == STAGE_CANCELLED;
}

bool op_shut(struct op *o)
{
    return op_move(o, STAGE_SHUT) || !op_cancelled(o);
}

void op_end(struct op *o, void *value, void (*drop)(void *), struct err *error)
{
    if (!op_cancelled(o) && !error) {
        err_unref(future_set_result(&o->fut, value, drop));
        return;
    }
    if (value && drop) {
        drop(value);
    }
    if (op_cancelled(o)) {
        err_unref(error);
        future_set_cancelled(&o->fut);
    } else {
        err_unref(future_set_error(&o->fut, error));
    }
}
