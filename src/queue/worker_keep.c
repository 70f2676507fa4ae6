/* SPDX-License-Identifier: MIT */
/* Leases while they are open, and what becomes of them at the end. */
#include "aio/timeout.h"
#include "base/alloc.h"
#include "queue/await_new.h"
#include "queue/scripts.h"
#include "queue/worker_private.h"

enum { TOUCH_AT_ONCE = 128 };
static const double END_OF_READ = 2; /* seconds: longer than a read blocks */

/* -- fresh --------------------------------------------------------------------------------- */

static void on_touched(void *arg, const struct outbox_answer *answer)
{
    struct worker *w = arg;
    (void)answer; /* of what is not ours any more the record will not be taken */
    w->touching--;
}

static void begin_touch(const struct share *s, struct redis_args *a)
{
    script_begin(a, script_touch, 1);
    redis_args_adds(a, s->stream);
    redis_args_adds(a, s->worker->options.group);
    redis_args_adds(a, s->worker->consumer);
}

static struct err *touch(struct worker *w, struct redis_args *a)
{
    struct err *error = outbox_add(w->box, a, on_touched, w);
    w->touching += !error;
    return error;
}

static struct err *touch_share(struct share *s)
{
    struct err *error = NULL;
    struct redis_args a;
    size_t n = 0;
    for (const struct lease *lease = s->leases; lease && !error; lease = lease->hh.next) {
        if (n == 0) {
            begin_touch(s, &a);
        }
        redis_args_adds(&a, lease->id);
        if (++n == TOUCH_AT_ONCE || !lease->hh.next) {
            error = touch(s->worker, &a);
            n = 0;
        }
    }
    return error;
}

static double often(const struct worker *w)
{
    return w->options.idle_claim / 3;
}

/* While the server is away, one touch waits for it and no more. */
static struct err *on_time(void *arg)
{
    struct worker *w = arg;
    struct err *error = NULL;
    for (size_t i = 0; i < w->nshares && !w->touching && !error; i++) {
        error = touch_share(&w->shares[i]);
    }
    err_unref(error); /* no memory: the next time */
    return timer_start_after(w->loop, &w->fresh, often(w));
}

struct err *worker__start_keeping(struct worker *w)
{
    struct err *error = outbox_start(w->box);
    timer_init(&w->fresh, on_time, w);
    w->keeping = !error;
    return error ? error : timer_start_after(w->loop, &w->fresh, often(w));
}

/* -- the end ------------------------------------------------------------------------------- */

void worker__leave(const struct share *s, unsigned taken, bool end, struct redis_args *a)
{
    script_begin(a, script_leave, 1);
    redis_args_adds(a, s->stream);
    redis_args_adds(a, s->worker->options.group);
    redis_args_adds(a, s->worker->consumer);
    redis_args_adds(a, SCRIPTS_RELEASED);
    redis_args_addi(a, SCRIPTS_LONG_IDLE);
    redis_args_addi(a, taken);
    redis_args_addi(a, end);
}

/* As often as it may take: a call leaves 1000. */
static struct err *leave_all(struct worker *w)
{
    struct err *error = NULL;
    for (size_t i = 0; i < w->nshares; i++) {
        for (size_t left = HASH_COUNT(w->shares[i].leases) / 1000 + 2; left && !error; left--) {
            struct redis_args a;
            worker__leave(&w->shares[i], 1, true, &a);
            error = outbox_add(w->box, &a, NULL, NULL);
        }
    }
    return error;
}

struct finishing {
    struct co co;
    struct worker *worker; /* borrowed */
    struct future *wait;   /* owned */
    struct err *error;     /* owned */
};

static void finishing_drop(void *frame)
{
    struct finishing *f = frame;
    future_unref(f->wait);
    err_unref(f->error);
}

/* Whatever the reader waits for, it need not wait any more. */
static struct err *end_reading(struct worker *w)
{
    struct redis_args a;
    w->closing = true;
    worker__wake_reader(w);
    if (!link_redis(w->reading) || !w->keeping || outbox_error(w->box)) {
        task_cancel(w->reader);
        return NULL;
    }
    if (w->client_id < 0) {
        return NULL; /* it ends by itself within a second */
    }
    redis_args_init(&a);
    redis_args_words(&a, "CLIENT UNBLOCK");
    redis_args_addi(&a, w->client_id);
    return outbox_add(w->box, &a, NULL, NULL);
}

/* Whether there is no time left, or nobody to write to. */
static bool is_over(struct finishing *f, struct err *error)
{
    if (error && !f->error) {
        f->error = error;
    } else {
        err_unref(error);
    }
    return task_cancelling(f->co.task) || f->error || !f->worker->keeping ||
           outbox_error(f->worker->box);
}

static struct err *unwritten(const struct worker *w)
{
    return w->recorded
               ? err_new(ERR_IO, NULL,
                     "%zu records could not be written to Redis at %s: their entries will be "
                     "delivered again",
                     w->recorded, link_name(w->writing))
               : NULL;
}

static enum co_state finishing_step(void *frame, struct err *status)
{
    struct finishing *f = frame;
    struct worker *w = f->worker;

    CO_BEGIN(&f->co);
    f->error = end_reading(w);
    AWAIT_NEW(f, wait_for(task_future(w->reader), END_OF_READ));
    timer_stop(&w->fresh);
    if (!is_over(f, NULL)) {
        AWAIT_NEW(f, outbox_down_to(w->box, 0));
    }
    if (!is_over(f, NULL) && !is_over(f, leave_all(w))) {
        AWAIT_NEW(f, outbox_down_to(w->box, 0));
    }
    future_unref(f->wait);
    f->wait = outbox_stop(w->box);
    if (f->wait) {
        CO_AWAIT(&f->co, f->wait);
    }
    err_unref(f->error);
    f->error = unwritten(w);
    if (f->error) {
        return co_fail(&f->co, err_ref(f->error));
    }
    CO_END(&f->co);
}

struct future *worker_finish(struct worker *w)
{
    struct task *t = !w->reader ? NULL
                                : task_new(w->loop, finishing_step, sizeof(struct finishing),
                                      finishing_drop, "leave the queue");
    if (!t) {
        return NULL;
    }
    ((struct finishing *)task_frame(t))->worker = w;
    return task_future(t);
}
