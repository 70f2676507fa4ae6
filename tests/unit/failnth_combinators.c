/* SPDX-License-Identifier: MIT */
/* gather, wait and the rest of the upper half with the n-th allocation failing, for every n. */
#include "aio/as_completed.h"
#include "aio/condition.h"
#include "aio/event.h"
#include "aio/executor.h"
#include "aio/gather.h"
#include "aio/queue.h"
#include "aio/sem.h"
#include "aio/shield.h"
#include "aio/taskgroup.h"
#include "aio/timeout.h"
#include "aio/wait.h"
#include "failnth.h"

#include <check.h>
#include <stdlib.h>

enum { N = 20 }; /* enough for the set of pointers that finds duplicates */

/* An error in a scenario is right only if it is the lack of memory that was arranged. */
static bool clean(struct err *e)
{
    bool ok = !e;
    if (e) {
        failnth_must(failnth_failed());
        failnth_must(err_is(e, ERR_NOMEM));
    }
    err_unref(e);
    return ok;
}

static bool made(const void *p)
{
    failnth_must(p || failnth_failed());
    return p != NULL;
}

struct inputs {
    struct loop *l;
    struct future *f[N];
    bool complete;
};

static struct inputs inputs_make(void)
{
    struct inputs in = {.l = loop_new(LOOP_PLAIN, NULL), .complete = true};
    for (size_t i = 0; i < N && in.complete; i++) {
        in.f[i] = in.l ? future_new(in.l) : NULL;
        in.complete = made(in.f[i]);
    }
    return in;
}

/* All of them end, the last one with an error. */
static void inputs_end(struct inputs *in)
{
    for (size_t i = 0; i < N - 1; i++) {
        failnth_must(!future_set_result(in->f[i], in, NULL));
    }
    failnth_must(!future_set_error(in->f[N - 1], err_plain(ERR_IO)));
    future_retrieved(in->f[N - 1]);
}

static void inputs_drop(struct inputs *in)
{
    for (size_t i = 0; i < N; i++) {
        future_unref(in->f[i]);
    }
    loop_free(in->l);
}

static void run(struct loop *l, struct future *f)
{
    failnth_must(!loop_run_until_complete(l, f));
}

static void gather_one(bool return_exceptions)
{
    struct inputs in = inputs_make();
    struct future *args[N + 2], *g = NULL, *outer = NULL;
    if (in.complete) {
        for (size_t i = 0; i < N + 2; i++) {
            args[i] = in.f[i % N];
        }
        g = gather(in.l, args, N + 2, return_exceptions);
        outer = made(g) ? gather(in.l, &g, 1, false) : NULL;
        inputs_end(&in);
    }
    if (g) {
        run(in.l, g);
        void *list = NULL;
        struct err *e = future_result(g, &list);
        failnth_must(return_exceptions ? !e && list : err_is(e, ERR_IO));
        err_unref(e);
    }
    if (made(outer)) {
        run(in.l, outer);
        err_unref(future_error(outer));
    }
    future_unref(outer);
    future_unref(g);
    inputs_drop(&in);
}

static void gather_scenario(void)
{
    gather_one(false);
}

static void gather_exceptions_scenario(void)
{
    gather_one(true);
}

static void gather_cancel_scenario(void)
{
    struct inputs in = inputs_make();
    struct future *g = in.complete ? gather(in.l, in.f, N, true) : NULL;
    struct future *none = in.complete ? gather(in.l, NULL, 0, true) : NULL;
    if (made(g)) {
        failnth_must(future_cancel(g));
        run(in.l, g);
        failnth_must(future_cancelled(g));
    }
    failnth_must(!made(none) || future_done(none));
    future_unref(g);
    future_unref(none);
    inputs_drop(&in);
}

static void gather_dropped_scenario(void)
{
    struct inputs in = inputs_make();
    struct future *g = in.complete ? gather(in.l, in.f, N, false) : NULL;
    if (made(g)) {
        failnth_must(!future_set_error(in.f[3], err_plain(ERR_IO)));
        run(in.l, g);
        future_retrieved(g);
    }
    future_unref(g); /* leaves callbacks on the rest, if there is memory for them */
    if (in.complete) {
        failnth_must(!future_set_result(in.f[4], NULL, NULL));
    }
    inputs_drop(&in);
}

static void wait_scenario(void)
{
    static const enum wait_when whens[] = {
        WAIT_ALL_COMPLETED, WAIT_FIRST_COMPLETED, WAIT_FIRST_EXCEPTION, WAIT_FIRST_SUCCESS};
    struct inputs in = inputs_make();
    struct future *w[4] = {NULL};
    for (size_t i = 0; i < 4 && in.complete; i++) {
        struct err *e = NULL;
        w[i] = wait_futures(in.l, in.f, N, whens[i], i % 2 ? 1000 : -1, &e);
        failnth_must(clean(e) == (w[i] != NULL));
    }
    if (in.complete) {
        inputs_end(&in);
    }
    for (size_t i = 0; i < 4; i++) {
        if (w[i]) {
            run(in.l, w[i]);
            void *sets = NULL;
            failnth_must(!future_result(w[i], &sets) && sets);
        }
        future_unref(w[i]);
    }
    inputs_drop(&in);
}

static void wait_cancel_scenario(void)
{
    struct inputs in = inputs_make();
    struct err *e = NULL;
    struct future *w =
        in.complete ? wait_futures(in.l, in.f, N, WAIT_ALL_COMPLETED, 1000, &e) : NULL;
    if (clean(e) && w) {
        failnth_must(future_cancel(w) && future_cancelled(w));
    }
    future_unref(w);
    failnth_must(!in.l || loop_live(in.l).timers == 0);
    inputs_drop(&in);
}

static void as_completed_scenario(void)
{
    struct inputs in = inputs_make();
    struct async_iter *it = in.complete ? as_completed(in.l, in.f, N, 1000) : NULL;
    if (made(it)) {
        inputs_end(&in);
        struct future *next;
        for (size_t i = 0; i <= N && (next = async_iter_next(it)) != NULL; i++) {
            run(in.l, next);
            struct err *e = future_error(next);
            failnth_must(i < N ? !e || failnth_failed() : e || failnth_failed());
            err_unref(e);
            future_unref(next);
        }
    }
    async_iter_close(it);
    inputs_drop(&in);
}

static void deadlines_scenario(void)
{
    struct inputs in = inputs_make();
    struct future *s = in.complete ? shield(in.f[0]) : NULL;
    struct future *w = in.complete ? wait_for(in.f[1], 1000) : NULL;
    struct future *none = in.complete ? wait_for(in.f[2], 0) : NULL;
    if (made(s)) {
        failnth_must(future_cancel(s) && !future_done(in.f[0]));
    }
    if (made(w)) {
        failnth_must(future_cancel(w));
        run(in.l, w);
        failnth_must(future_cancelled(w));
    }
    if (made(none)) {
        run(in.l, none);
        struct err *e = future_error(none);
        failnth_must(err_is(e, ERR_TIMEOUT));
        err_unref(e);
    }
    future_unref(s);
    future_unref(w);
    future_unref(none);
    inputs_drop(&in);
}

static void queue_scenario(void)
{
    struct loop *l = loop_new(LOOP_PLAIN, NULL);
    struct queue *q = l ? queue_new(l, 2, free) : NULL;
    struct future *gets[3] = {NULL}, *puts[6] = {NULL};
    if (made(q)) {
        for (int i = 0; i < 3; i++) {
            gets[i] = queue_get(q);
        }
        for (int i = 0; i < 6; i++) {
            char *item = malloc(1);
            puts[i] = made(item) ? queue_put(q, item) : NULL;
        }
        char *item = malloc(1);
        if (made(item) && !queue_put_nowait(q, item)) {
            free(item);
        }
        future_unref(gets[0]); /* with an item, which goes back */
        gets[0] = NULL;
        future_unref(queue_join(q));
        free(queue_get_nowait(q));
    }
    queue_free(q);
    for (int i = 0; i < 3; i++) {
        future_unref(gets[i]);
    }
    for (int i = 0; i < 6; i++) {
        future_unref(puts[i]);
    }
    loop_free(l);
}

static void locks_scenario(void)
{
    struct loop *l = loop_new(LOOP_PLAIN, NULL);
    struct sem *s = l ? sem_new(l, 1, true) : NULL;
    struct event *e = l ? event_new(l) : NULL;
    struct lock *k = l ? lock_new(l) : NULL;
    struct condition *c = k ? condition_new(l, k) : NULL;
    struct future *f[4] = {NULL};
    if (made(s) && made(e) && made(k) && made(c)) {
        f[0] = sem_acquire(s);
        f[1] = event_wait(e);
        struct future *held = lock_acquire(k);
        f[2] = made(held) ? condition_wait(c) : NULL;
        f[3] = lock_acquire(k);
        if (made(f[2]) && made(f[3])) {
            failnth_must(clean(condition_notify_all(c)));
            future_cancel(f[2]);
        }
        sem_abandon(s, f[0]);
        f[0] = NULL;
        future_unref(held);
    }
    for (int i = 0; i < 4; i++) {
        future_unref(f[i]);
    }
    condition_free(c);
    lock_free(k);
    event_free(e);
    sem_free(s);
    loop_free(l);
}

static struct err *works(void *arg, void **value)
{
    (void)arg;
    (void)value;
    return NULL;
}

static void executor_scenario(void)
{
    struct loop *l = loop_new(LOOP_PLAIN, NULL);
    struct executor *ex = l ? executor_new(l, 2) : NULL;
    for (int i = 0; i < 3 && ex; i++) {
        struct err *e = NULL;
        struct future *f = executor_submit(ex, works, malloc(1), free, free, &e);
        failnth_must(clean(e) == (f != NULL));
        if (f && i == 2) {
            future_cancel(f);
        }
        future_unref(f);
    }
    made(ex);
    executor_free(ex);
    loop_free(l);
}

struct group_frame {
    struct co co;
    struct taskgroup *g;    /* owned */
    struct future *leaving; /* owned */
};

static void group_drop(void *frame)
{
    struct group_frame *f = frame;
    future_unref(f->leaving);
    taskgroup_free(f->g);
}

static enum co_state member_step(void *frame, struct err *status)
{
    struct co *co = frame;
    CO_BEGIN(co);
    CO_AWAIT(co, NULL);
    return co_fail(co, err_plain(ERR_IO));
    CO_END(co);
}

static enum co_state group_step(void *frame, struct err *status)
{
    struct group_frame *f = frame;
    struct err *e = NULL;
    CO_BEGIN(&f->co);
    e = taskgroup_enter(task_loop(f->co.task), &f->g);
    if (e) {
        return co_fail(&f->co, e);
    }
    for (int i = 0; i < 3 && !e; i++) {
        e = taskgroup_create_task(f->g, member_step, sizeof(struct co), NULL, NULL, NULL);
    }
    f->leaving = taskgroup_exit(f->g, e);
    CO_AWAIT(&f->co, f->leaving);
    return status ? co_fail(&f->co, err_ref(status)) : co_return(&f->co, NULL, NULL);
    CO_END(&f->co);
}

static void taskgroup_scenario(void)
{
    struct loop *l = loop_new(LOOP_PLAIN, NULL);
    struct task *t =
        l ? task_new(l, group_step, sizeof(struct group_frame), group_drop, NULL) : NULL;
    if (made(t)) {
        run(l, task_future(t));
        struct err *e = future_error(task_future(t));
        failnth_must(err_is(e, ERR_IO) || failnth_failed());
        failnth_must(err_is(e, ERR_IO) || err_is(e, ERR_NOMEM));
        err_unref(e);
    }
    task_unref(t);
    loop_free(l);
}

#define SCENARIO(name)                                                                             \
    START_TEST(failnth_##name)                                                                     \
    {                                                                                              \
        failnth_each(name##_scenario);                                                             \
    }                                                                                              \
    END_TEST

SCENARIO(gather)
SCENARIO(gather_exceptions)
SCENARIO(gather_cancel)
SCENARIO(gather_dropped)
SCENARIO(wait)
SCENARIO(wait_cancel)
SCENARIO(as_completed)
SCENARIO(deadlines)
SCENARIO(queue)
SCENARIO(locks)
SCENARIO(executor)
SCENARIO(taskgroup)

Suite *failnth_combinators_suite(void);
Suite *failnth_combinators_suite(void)
{
    Suite *s = suite_create("failnth_combinators");
    TCase *tc = tcase_create("combinators");
    tcase_add_test(tc, failnth_gather);
    tcase_add_test(tc, failnth_gather_exceptions);
    tcase_add_test(tc, failnth_gather_cancel);
    tcase_add_test(tc, failnth_gather_dropped);
    tcase_add_test(tc, failnth_wait);
    tcase_add_test(tc, failnth_wait_cancel);
    tcase_add_test(tc, failnth_as_completed);
    tcase_add_test(tc, failnth_deadlines);
    tcase_add_test(tc, failnth_queue);
    tcase_add_test(tc, failnth_locks);
    tcase_add_test(tc, failnth_executor);
    tcase_add_test(tc, failnth_taskgroup);
    suite_add_tcase(s, tc);
    return s;
}
