/* SPDX-License-Identifier: MIT */
/*
 * asyncio.sleep (tasks.py) as a future with a timer in it.
 *
 * A sleep of no time stands for asyncio's bare yield: its handle is queued at once, and when it
 * runs, whoever awaits it goes on right there, in the same iteration.
 */
#include "aio/loop_private.h"

#include <stdlib.h>

struct sleep {
    struct future future;
    struct timer timer; /* or, without a time, just its handle */
};

static bool cancel_sleep(struct future *f)
{
    timer_stop(&container_of(f, struct sleep, future)->timer);
    future_set_cancelled(f);
    return true;
}

static void fini(struct future *f)
{
    timer_stop(&container_of(f, struct sleep, future)->timer);
}

static const struct future_ops sleep_ops = {.kind = "sleep", .cancel = cancel_sleep, .fini = fini};

static struct err *on_time(void *arg)
{
    struct sleep *s = arg;
    future__complete(&s->future, FUTURE_DONE, false);
    return NULL;
}

static struct err *on_turn(void *arg)
{
    struct sleep *s = arg;
    future__complete(&s->future, FUTURE_DONE, true);
    return NULL;
}

struct future *aio_sleep(struct loop *l, double seconds)
{
    struct sleep *s = l->closed ? NULL : malloc(sizeof(*s));
    if (!s) {
        return NULL;
    }
    future_init(&s->future, l, &sleep_ops);
    if (!(seconds > 0)) {
        timer_init(&s->timer, on_turn, s);
        loop_post(l, &s->timer.h);
        return &s->future;
    }
    timer_init(&s->timer, on_time, s);
    struct err *e = timer_start_after(l, &s->timer, seconds);
    if (e) {
        err_unref(e);
        future_unref(&s->future);
        return NULL;
    }
    return &s->future;
}
