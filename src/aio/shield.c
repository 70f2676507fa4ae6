/* SPDX-License-Identifier: MIT */
/* asyncio.shield (tasks.py): an outer future that takes the cancels in place of the inner one. */
#include "aio/shield.h"

#include "base/alloc.h"

struct shield {
    struct future outer;
    struct future *inner; /* a reference */
    struct future_cb cb;
};

static void shield_finish(struct shield *s)
{
    void *value = NULL;
    struct err *e = future_result(s->inner, &value);
    if (e) {
        err_unref(future_set_error(&s->outer, e));
    } else {
        err_unref(future_set_result(&s->outer, value, NULL));
    }
}

static struct err *shield_on_inner(struct future *inner, void *arg)
{
    (void)inner;
    shield_finish(arg);
    return NULL;
}

/* The callback goes: an error the inner ends with later was seen by nobody, and is reported when
 * the inner is destroyed. */
static bool shield_cancel(struct future *f)
{
    future_unwatch(&((struct shield *)f)->cb);
    future_set_cancelled(f);
    return true;
}

static void shield_fini(struct future *f)
{
    struct shield *s = (struct shield *)f;
    future_unwatch(&s->cb);
    future_unref(s->inner);
}

static const struct future_ops shield_ops = {"shield", shield_cancel, shield_fini};

struct future *shield(struct future *inner)
{
    struct shield *s = mem_new(sizeof *s);
    if (!s) {
        return NULL;
    }
    future_init(&s->outer, inner->loop, &shield_ops);
    s->inner = future_ref(inner);
    if (future_done(inner)) {
        shield_finish(s);
    } else {
        future_watch(inner, &s->cb, shield_on_inner, s);
    }
    return &s->outer;
}
