/* SPDX-License-Identifier: MIT */
/* A loop in a thread of its own, and what another awaits of it (semantics 58, 60). */
#include "aio/loop_thread.h"

#include "aio/gather.h"
#include "awaiter.h"
#include "support.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* A coroutine there: it tells that it runs, sleeps, and after a cancel takes its time to clean up.
 */
struct chore {
    double sleep;      /* seconds */
    struct err *error; /* what it ends with; NULL: a value */
    sem_t running;     /* posted by it */
    pthread_t thread;
    sigset_t blocked;
    bool begun, cancelled, cleaned; /* read by the test once the future is done */
};

struct chore_frame {
    struct co co;
    struct chore *chore;
    struct future *wait; /* owned */
};

static void chore_drop(void *frame)
{
    future_unref(((struct chore_frame *)frame)->wait);
}

static enum co_state chore_step(void *frame, struct err *status)
{
    struct chore_frame *f = frame;
    struct chore *c = f->chore;

    CO_BEGIN(&f->co);
    c->begun = true;
    c->thread = pthread_self();
    pthread_sigmask(SIG_SETMASK, NULL, &c->blocked);
    sem_post(&c->running);
    f->wait = aio_sleep(task_loop(f->co.task), c->sleep);
    CO_AWAIT(&f->co, f->wait);
    if (status) {
        c->cancelled = err_is(status, ERR_CANCELLED);
        future_unref(f->wait);
        f->wait = aio_sleep(task_loop(f->co.task), 0.02);
        CO_AWAIT(&f->co, f->wait);
        c->cleaned = true;
        return co_fail(&f->co, err_plain(ERR_CANCELLED));
    }
    if (c->error) {
        return co_fail(&f->co, c->error);
    }
    return co_return(&f->co, strdup("value"), free);
    CO_END(&f->co);
}

static struct future *chore_start(struct loop *there, void *arg)
{
    struct task *task =
        task_new(there, chore_step, sizeof(struct chore_frame), chore_drop, "chore");
    if (!task) {
        return NULL;
    }
    ((struct chore_frame *)task_frame(task))->chore = arg;
    return task_future(task);
}

static void chore_init(struct chore *c, double sleep)
{
    memset(c, 0, sizeof *c);
    c->sleep = sleep;
    sem_init(&c->running, 0, 0);
}

static struct future *chore_begin(struct loop_thread *t, struct chore *c)
{
    struct err *e = NULL;
    struct future *f = run_elsewhere(t, chore_start, c, &e);
    err_is_none(e);
    ck_assert_ptr_nonnull(f);
    return f;
}

static struct loop_thread *thread_begins(struct loop *l)
{
    struct loop_thread *t = loop_thread_new(l, NULL);
    ck_assert_ptr_nonnull(t);
    return t;
}

START_TEST(a_value_comes_back)
{
    struct loop *l = loop_starts();
    struct loop_thread *t = thread_begins(l);
    struct chore c;
    chore_init(&c, 0.01);
    struct future *f = chore_begin(t, &c);
    void *value = NULL;
    loop_completes(l, f);
    err_is_none(future_result(f, &value));
    ck_assert_str_eq(value, "value");
    ck_assert(!pthread_equal(c.thread, pthread_self()));
    ck_assert_int_eq(sigismember(&c.blocked, SIGINT), 1);
    ck_assert_int_eq(sigismember(&c.blocked, SIGTERM), 1);
    future_unref(f);
    loop_thread_free(t);
    loop_ends_empty(l);
}
END_TEST

START_TEST(an_error_comes_back_whole)
{
    struct loop *l = loop_starts();
    struct loop_thread *t = thread_begins(l);
    struct chore c;
    chore_init(&c, 0);
    c.error = err_errno(ERR_IO, ENOSPC, "no room");
    struct future *f = chore_begin(t, &c);
    loop_completes(l, f);
    struct err *e = future_error(f);
    ck_assert(err_is(e, ERR_IO));
    ck_assert_int_eq(err_errnum(e), ENOSPC);
    ck_assert_str_eq(err_code(e), "ENOSPC");
    ck_assert_ptr_nonnull(strstr(err_message(e), "no room"));
    err_unref(e);
    future_unref(f);
    loop_thread_free(t);
    loop_ends_empty(l);
}
END_TEST

START_TEST(a_cancel_awaits_the_end_there)
{
    struct loop *l = loop_starts();
    struct loop_thread *t = thread_begins(l);
    struct chore c;
    chore_init(&c, 1000);
    struct future *f = chore_begin(t, &c);
    struct task *task = awaiter(l, f);
    loop_spin(l, 2);
    sem_wait(&c.running);
    task_cancel(task);
    ck_assert(!future_done(f)); /* it is under way, no more */
    loop_completes(l, task_future(task));
    ck_assert(future_cancelled(task_future(task)));
    ck_assert(future_cancelled(f));
    ck_assert(c.cancelled);
    ck_assert(c.cleaned);
    task_unref(task);
    future_unref(f);
    loop_thread_free(t);
    loop_ends_empty(l);
}
END_TEST

/* The chore before it keeps the loop there busy until the cancel is in its inbox. */
static struct future *blocking_start(struct loop *there, void *arg)
{
    sem_wait(arg);
    struct future *f = future_new(there);
    err_is_none(future_set_result(f, NULL, NULL));
    return f;
}

START_TEST(what_is_cancelled_before_its_start_never_runs)
{
    struct loop *l = loop_starts();
    struct loop_thread *t = thread_begins(l);
    struct err *e = NULL;
    sem_t go;
    struct chore c;
    sem_init(&go, 0, 0);
    chore_init(&c, 0);
    struct future *first = run_elsewhere(t, blocking_start, &go, &e);
    err_is_none(e);
    struct future *f = chore_begin(t, &c);
    ck_assert(future_cancel(f));
    ck_assert(future_cancel(f)); /* once more does nothing more */
    sem_post(&go);
    loop_completes(l, first);
    struct task *task = awaiter(l, f);
    loop_completes(l, task_future(task));
    ck_assert(future_cancelled(f));
    ck_assert(!c.begun);
    task_unref(task);
    future_unref(first);
    future_unref(f);
    loop_thread_free(t);
    loop_ends_empty(l);
}
END_TEST

/* It has ended there, and here nobody has heard of it yet. */
START_TEST(a_cancel_wins_over_an_outcome_that_was_quicker)
{
    struct loop *l = loop_starts();
    struct loop_thread *t = thread_begins(l);
    struct chore c;
    chore_init(&c, 0);
    struct future *f = chore_begin(t, &c);
    sem_wait(&c.running);
    while (loop_live(l).ready == 0) { /* `ended` is in the inbox */
        sched_yield();
    }
    ck_assert(future_cancel(f));
    struct task *task = awaiter(l, f);
    loop_completes(l, task_future(task));
    ck_assert(future_cancelled(f));
    ck_assert(!c.cancelled);
    task_unref(task);
    future_unref(f);
    loop_thread_free(t);
    loop_ends_empty(l);
}
END_TEST

enum { MANY = 500, THREADS = 3 };

START_TEST(many_at_once_on_several_loops)
{
    static struct chore chores[MANY];
    struct future *all[MANY];
    struct loop *l = loop_starts();
    struct loop_thread *t[THREADS];
    unsigned good = 0, cancelled = 0;
    for (unsigned i = 0; i < THREADS; i++) {
        t[i] = thread_begins(l);
    }
    for (unsigned i = 0; i < MANY; i++) {
        chore_init(&chores[i], i % 5 == 0 ? 1000 : (i % 7) * 0.001);
        all[i] = chore_begin(t[i % THREADS], &chores[i]);
    }
    struct future *outer = gather(l, all, MANY, true);
    for (unsigned i = 0; i < MANY; i += 5) {
        ck_assert(future_cancel(all[i]));
    }
    loop_completes(l, outer);
    for (unsigned i = 0; i < MANY; i++) {
        good += !future_cancelled(all[i]);
        cancelled += future_cancelled(all[i]);
        ck_assert(future_cancelled(all[i]) == (i % 5 == 0));
        ck_assert(!chores[i].cancelled || chores[i].cleaned);
        future_unref(all[i]);
    }
    ck_assert_uint_eq(cancelled, MANY / 5);
    ck_assert_uint_eq(good, MANY - MANY / 5);
    future_unref(outer);
    for (unsigned i = 0; i < THREADS; i++) {
        loop_thread_free(t[i]);
    }
    loop_ends_empty(l);
}
END_TEST

START_TEST(a_stop_cancels_and_waits)
{
    struct loop *l = loop_starts();
    struct loop_thread *t = thread_begins(l);
    struct chore c, late;
    struct err *e = NULL;
    chore_init(&c, 1000);
    chore_init(&late, 0);
    struct future *f = chore_begin(t, &c);
    sem_wait(&c.running);
    loop_thread_stop(t);
    ck_assert(future_done(f)); /* without an iteration of ours */
    ck_assert(future_cancelled(f));
    ck_assert(c.cleaned);
    ck_assert_ptr_null(run_elsewhere(t, chore_start, &late, &e));
    err_is_kind(e, ERR_RUNTIME);
    loop_thread_stop(t);
    future_unref(f);
    loop_thread_free(t);
    loop_ends_empty(l);
}
END_TEST

START_TEST(a_stop_delivers_what_nobody_heard_of)
{
    struct loop *l = loop_starts();
    struct loop_thread *t = thread_begins(l);
    struct chore c;
    void *value = NULL;
    chore_init(&c, 0);
    struct future *f = chore_begin(t, &c);
    sem_wait(&c.running);
    while (loop_live(l).ready == 0) {
        sched_yield();
    }
    loop_thread_free(t);
    err_is_none(future_result(f, &value));
    ck_assert_str_eq(value, "value");
    future_unref(f);
    loop_ends_empty(l);
}
END_TEST

START_TEST(a_thread_that_nobody_needed)
{
    struct loop *l = loop_starts();
    loop_thread_free(thread_begins(l));
    loop_thread_free(NULL);
    loop_ends_empty(l);
}
END_TEST

START_TEST(nothing_starts_after_a_stop)
{
    struct loop *l = loop_starts();
    struct loop_thread *t = thread_begins(l);
    struct err *e = NULL;
    loop_thread_stop(t);
    err_is_kind(loop_thread_start(t), ERR_RUNTIME);
    ck_assert_ptr_null(run_elsewhere(t, chore_start, NULL, &e));
    err_is_kind(e, ERR_RUNTIME);
    loop_thread_free(t);
    loop_ends_empty(l);
}
END_TEST

static struct future *no_start(struct loop *there, void *arg)
{
    (void)there;
    (void)arg;
    return NULL;
}

START_TEST(a_start_that_fails)
{
    struct loop *l = loop_starts();
    struct loop_thread *t = thread_begins(l);
    struct err *e = NULL;
    struct future *f = run_elsewhere(t, no_start, NULL, &e);
    err_is_none(e);
    loop_completes(l, f);
    err_is_kind(future_error(f), ERR_NOMEM);
    future_unref(f);
    loop_thread_free(t);
    loop_ends_empty(l);
}
END_TEST

Suite *loop_thread_suite(void)
{
    Suite *s = suite_create("loop_thread");
    TCase *tc = tcase_create("loop_thread");
    tcase_set_timeout(tc, 30);
    tcase_add_test(tc, a_value_comes_back);
    tcase_add_test(tc, an_error_comes_back_whole);
    tcase_add_test(tc, a_cancel_awaits_the_end_there);
    tcase_add_test(tc, what_is_cancelled_before_its_start_never_runs);
    tcase_add_test(tc, a_cancel_wins_over_an_outcome_that_was_quicker);
    tcase_add_test(tc, many_at_once_on_several_loops);
    tcase_add_test(tc, a_stop_cancels_and_waits);
    tcase_add_test(tc, a_stop_delivers_what_nobody_heard_of);
    tcase_add_test(tc, a_thread_that_nobody_needed);
    tcase_add_test(tc, nothing_starts_after_a_stop);
    tcase_add_test(tc, a_start_that_fails);
    suite_add_tcase(s, tc);
    return s;
}
