/* SPDX-License-Identifier: MIT */
#include "cli/grace.h"

#include "aio/timeout.h"

struct graced {
    struct co co;
    struct loop *loop; /* borrowed */
    struct future_cb ended;
    struct future *ending; /* owned, as the next */
    struct future *wait;
    bool hasty;
    double seconds;
};

static void graced_drop(void *frame)
{
    struct graced *g = frame;
    future_unwatch(&g->ended);
    future_unref(g->ending);
    future_unref(g->wait);
}

static struct err *on_ended(struct future *f, void *arg)
{
    struct graced *g = arg;
    (void)f;
    return future_done(g->wait) ? NULL : future_set_result(g->wait, NULL, NULL);
}

static enum co_state end(struct graced *g, struct err *error)
{
    return error ? co_fail(&g->co, error) : co_return(&g->co, NULL, NULL);
}

static enum co_state graced_step(void *frame, struct err *status)
{
    struct graced *g = frame;

    CO_BEGIN(&g->co);
    if (!g->hasty) {
        g->wait = future_new(g->loop);
        if (!g->wait) {
            return co_fail(&g->co, err_plain(ERR_NOMEM));
        }
        future_watch(g->ending, &g->ended, on_ended, g);
        CO_AWAIT(&g->co, g->wait);
        if (future_done(g->ending)) {
            return end(g, future_error(g->ending));
        }
        future_unwatch(&g->ended);
        future_unref(g->wait);
    }
    g->wait = wait_for(g->ending, g->seconds);
    if (!g->wait) {
        return co_fail(&g->co, err_plain(ERR_NOMEM));
    }
    CO_AWAIT(&g->co, g->wait);
    return end(g, err_ref(status));
    CO_END(&g->co);
}

struct future *grace(struct loop *l, struct future *ending, bool hasty, double seconds)
{
    struct task *t =
        ending ? task_new(l, graced_step, sizeof(struct graced), graced_drop, "an orderly end")
               : NULL;
    struct graced *g = t ? task_frame(t) : NULL;
    if (!g) {
        future_unref(ending);
        return NULL;
    }
    g->loop = l;
    g->ending = ending;
    g->hasty = hasty;
    g->seconds = seconds;
    return task_future(t);
}
