/* SPDX-License-Identifier: MIT */
/* The executor and run_coroutine_threadsafe (semantics 57 to 60). */
#include "aio/executor.h"
#include "aio/gather.h"
#include "aio/threadsafe.h"
#include "awaiter.h"
#include "support.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* A job that says that it runs, and goes on when it is told to. */
struct gate {
    sem_t running, go;
    pthread_t thread;
    bool ran;
    unsigned dropped; /* arguments */
};

static void gate_init(struct gate *g)
{
    memset(g, 0, sizeof *g);
    sem_init(&g->running, 0, 0);
    sem_init(&g->go, 0, 0);
}

static void gate_fini(struct gate *g)
{
    sem_destroy(&g->running);
    sem_destroy(&g->go);
}

static struct err *gated(void *arg, void **value)
{
    struct gate *g = arg;
    g->thread = pthread_self();
    g->ran = true;
    sem_post(&g->running);
    sem_wait(&g->go);
    *value = strdup("value");
    return NULL;
}

static void gate_dropped(void *arg)
{
    ((struct gate *)arg)->dropped++;
}

static struct future *submit(struct executor *ex, struct gate *g)
{
    struct err *e = NULL;
    struct future *f = executor_submit(ex, gated, g, gate_dropped, free, &e);
    err_is_none(e);
    ck_assert_ptr_nonnull(f);
    return f;
}

struct seen_thread {
    struct gate *gate;
    pthread_t thread;
    bool dropped_before;
};

static struct err *on_outcome(struct future *f, void *arg)
{
    (void)f;
    struct seen_thread *s = arg;
    s->thread = pthread_self();
    s->dropped_before = s->gate->dropped == 1;
    return NULL;
}

START_TEST(conform_57_results_arrive_on_the_loops_thread)
{
    struct loop *l = loop_starts();
    struct executor *ex = executor_new(l, 2);
    ck_assert_uint_eq(executor_threads(ex), 0);
    struct gate g;
    gate_init(&g);
    struct future *f = submit(ex, &g);
    struct seen_thread seen = {.gate = &g};
    err_is_none(future_add_done_callback(f, on_outcome, &seen));
    ck_assert_uint_eq(executor_pending(ex), 1);
    sem_wait(&g.running);
    ck_assert(!future_done(f));
    sem_post(&g.go);
    loop_completes(l, f);
    ck_assert(pthread_equal(seen.thread, pthread_self()));
    ck_assert(!pthread_equal(g.thread, pthread_self()));
    ck_assert(seen.dropped_before);
    void *value = NULL;
    err_is_none(future_result(f, &value));
    ck_assert_str_eq(value, "value");
    ck_assert_uint_eq(executor_pending(ex), 0);
    ck_assert_uint_eq(executor_threads(ex), 1);
    future_unref(f);
    executor_free(ex);
    gate_fini(&g);
    loop_ends_empty(l);
}
END_TEST

static struct err *fails(void *arg, void **value)
{
    (void)arg;
    *value = strdup("dropped");
    return err_new(ERR_IO, "ENOSPC", "disk full");
}

static struct err *blocks_signals(void *arg, void **value)
{
    (void)value;
    sigset_t now;
    pthread_sigmask(SIG_SETMASK, NULL, &now);
    *(bool *)arg = sigismember(&now, SIGINT) && sigismember(&now, SIGTERM);
    return NULL;
}

START_TEST(conform_57_errors_too_and_signals_are_blocked)
{
    struct loop *l = loop_starts();
    struct executor *ex = executor_new(l, 1);
    struct err *e = NULL;
    bool blocked = false;
    struct future *f = executor_submit(ex, fails, NULL, NULL, free, &e);
    struct future *s = executor_submit(ex, blocks_signals, &blocked, NULL, NULL, &e);
    loop_completes(l, s);
    ck_assert(blocked);
    ck_assert(future_done(f));
    err_is_kind(future_error(f), ERR_IO);
    future_unref(f);
    future_unref(s);
    executor_free(ex);
    loop_ends_empty(l);
}
END_TEST

static struct err *increments(void *arg, void **value)
{
    (void)value;
    ++*(size_t *)arg;
    return NULL;
}

START_TEST(conform_57_many_jobs_on_few_threads)
{
    enum { N = 5000 };
    struct loop *l = loop_starts();
    struct executor *ex = executor_new(l, 4);
    struct future **f = calloc(N, sizeof *f);
    size_t *counts = calloc(N, sizeof *counts);
    for (size_t i = 0; i < N; i++) {
        struct err *e = NULL;
        f[i] = executor_submit(ex, increments, &counts[i], NULL, NULL, &e);
        err_is_none(e);
    }
    struct future *all = gather(l, f, N, false);
    loop_completes(l, all);
    err_is_none(future_error(all));
    future_unref(all);
    for (size_t i = 0; i < N; i++) {
        ck_assert_uint_eq(counts[i], 1);
        future_unref(f[i]);
    }
    ck_assert_uint_le(executor_threads(ex), 4);
    free(counts);
    free(f);
    executor_free(ex);
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_58_cancelling_queued_work)
{
    struct loop *l = loop_starts();
    struct executor *ex = executor_new(l, 1);
    struct gate first, second;
    gate_init(&first);
    gate_init(&second);
    struct future *f = submit(ex, &first), *queued = submit(ex, &second);
    sem_wait(&first.running);
    ck_assert(future_cancel(queued));
    ck_assert(future_cancelled(queued));
    ck_assert_uint_eq(second.dropped, 1);
    ck_assert(!future_cancel(queued));
    sem_post(&first.go);
    loop_completes(l, f);
    executor_free(ex);
    ck_assert(!second.ran);
    ck_assert_uint_eq(second.dropped, 1);
    future_unref(f);
    future_unref(queued);
    gate_fini(&first);
    gate_fini(&second);
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_58_cancelling_running_work)
{
    struct loop *l = loop_starts();
    struct executor *ex = executor_new(l, 1);
    struct gate g;
    gate_init(&g);
    struct future *f = submit(ex, &g);
    struct task *t = awaiter(l, f);
    loop_spin(l, 1);
    sem_wait(&g.running);
    ck_assert(task_cancel(t));
    ck_assert(future_cancelled(f));
    loop_completes(l, task_future(t));
    task_unref(t);
    future_unref(f); /* the pool still has the job */
    ck_assert_uint_eq(g.dropped, 0);
    ck_assert_uint_eq(executor_pending(ex), 1);
    sem_post(&g.go);
    executor_free(ex);
    ck_assert_uint_eq(g.dropped, 1); /* and the value was freed */
    gate_fini(&g);
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_58_a_dropped_future_drops_the_result)
{
    struct loop *l = loop_starts();
    struct seen seen = {0};
    loop_set_exception_handler(l, seen_handler, &seen);
    struct executor *ex = executor_new(l, 1);
    struct gate g;
    gate_init(&g);
    future_unref(submit(ex, &g));
    struct err *e = NULL;
    future_unref(executor_submit(ex, fails, NULL, NULL, free, &e));
    sem_post(&g.go);
    executor_free(ex);
    ck_assert_uint_eq(g.dropped, 1);
    ck_assert_uint_eq(seen.count, 1); /* the error that nobody retrieved */
    gate_fini(&g);
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_59_submitting_after_shutdown)
{
    struct loop *l = loop_starts();
    struct executor *ex = executor_new(l, 2);
    struct gate g;
    gate_init(&g);
    executor_shutdown(ex);
    struct err *e = NULL;
    ck_assert_ptr_null(executor_submit(ex, gated, &g, gate_dropped, free, &e));
    err_is_kind(e, ERR_RUNTIME);
    ck_assert_uint_eq(g.dropped, 1);
    executor_free(ex);
    executor_free(NULL);
    gate_fini(&g);
    loop_ends_empty(l);
}
END_TEST

static void *open_gate(void *arg)
{
    struct gate *g = arg;
    sem_wait(&g->running);
    sem_post(&g->go);
    return NULL;
}

START_TEST(conform_59_shutdown_waits_for_running_work)
{
    struct loop *l = loop_starts();
    struct executor *ex = executor_new(l, 1);
    struct gate first, second;
    gate_init(&first);
    gate_init(&second);
    struct future *f = submit(ex, &first), *queued = submit(ex, &second);
    sem_post(&second.go);
    pthread_t opener;
    ck_assert_int_eq(pthread_create(&opener, NULL, open_gate, &first), 0);
    executor_free(ex);
    ck_assert(future_done(f) && future_done(queued));
    ck_assert(first.ran && second.ran);
    pthread_join(opener, NULL);
    future_unref(f);
    future_unref(queued);
    gate_fini(&first);
    gate_fini(&second);
    loop_ends_empty(l);
}
END_TEST

/* -- run_coroutine_threadsafe ------------------------------------------------------------------ */

struct caller {
    struct loop *loop;
    struct future *fut; /* what start gives; the loop's thread only */
    sem_t started;
    bool cancel;
    struct err *error; /* owned: what the caller's thread saw */
    char value[16];
    bool timed_out, on_loop;
    pthread_t loop_thread;
};

static struct future *start(struct loop *l, void *arg)
{
    struct caller *c = arg;
    ck_assert_ptr_eq(l, c->loop);
    c->on_loop = pthread_equal(pthread_self(), c->loop_thread);
    sem_post(&c->started);
    return c->fut;
}

static struct err *stop(void *arg)
{
    loop_stop(arg);
    return NULL;
}

static void *call(void *arg)
{
    struct caller *c = arg;
    struct remote *r = NULL;
    c->error = run_threadsafe(c->loop, start, c, &r);
    if (!c->error) {
        sem_wait(&c->started);
        if (c->cancel) {
            struct err *e = remote_result(r, 0, NULL);
            c->timed_out = err_is(e, ERR_TIMEOUT);
            err_unref(e);
            remote_cancel(r);
        }
        void *value = NULL;
        c->error = remote_result(r, -1, &value);
        if (value) {
            strncpy(c->value, value, sizeof c->value - 1);
        }
        remote_free(r);
    }
    err_unref(loop_call_soon_threadsafe(c->loop, stop, c->loop));
    return NULL;
}

static void calls(struct loop *l, struct caller *c)
{
    c->loop = l;
    c->loop_thread = pthread_self();
    sem_init(&c->started, 0, 0);
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, call, c), 0);
    err_is_none(loop_run_forever(l));
    pthread_join(thread, NULL);
    sem_destroy(&c->started);
}

START_TEST(conform_60_a_thread_waits_for_a_coroutine)
{
    struct loop *l = loop_starts();
    struct future *f = future_new(l);
    struct caller c = {.fut = task_future(stubborn(l, f, NULL))};
    err_is_none(future_set_result(f, NULL, NULL));
    calls(l, &c);
    err_is_none(c.error);
    ck_assert(c.on_loop);
    ck_assert_str_eq(c.value, "stubborn");
    future_unref(f);
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_60_errors_and_cancels_cross_over)
{
    struct loop *l = loop_starts();
    struct caller c = {.fut = future_new(l)};
    err_is_none(future_set_error(c.fut, err_new(ERR_DNS, "ENOENT", "no such host")));
    calls(l, &c);
    ck_assert_str_eq(err_message(c.error), "no such host");
    err_is_kind(c.error, ERR_DNS);
    c = (struct caller){.fut = future_new(l), .cancel = true};
    calls(l, &c);
    err_is_kind(c.error, ERR_CANCELLED);
    ck_assert(c.timed_out);
    c = (struct caller){.fut = NULL};
    calls(l, &c);
    err_is_kind(c.error, ERR_NOMEM);
    loop_spin(l, 1);
    loop_is_empty(l);
    err_is_none(loop_close(l));
    struct remote *r = NULL;
    err_is_kind(run_threadsafe(l, start, &c, &r), ERR_RUNTIME);
    loop_free(l);
}
END_TEST

Suite *conform_executor_suite(void);
Suite *conform_executor_suite(void)
{
    Suite *s = suite_create("conform_executor");
    TCase *tc = tcase_create("executor");
    tcase_add_test(tc, conform_57_results_arrive_on_the_loops_thread);
    tcase_add_test(tc, conform_57_errors_too_and_signals_are_blocked);
    tcase_add_test(tc, conform_57_many_jobs_on_few_threads);
    tcase_add_test(tc, conform_58_cancelling_queued_work);
    tcase_add_test(tc, conform_58_cancelling_running_work);
    tcase_add_test(tc, conform_58_a_dropped_future_drops_the_result);
    tcase_add_test(tc, conform_59_submitting_after_shutdown);
    tcase_add_test(tc, conform_59_shutdown_waits_for_running_work);
    tcase_add_test(tc, conform_60_a_thread_waits_for_a_coroutine);
    tcase_add_test(tc, conform_60_errors_and_cancels_cross_over);
    suite_add_tcase(s, tc);
    return s;
}
