/* SPDX-License-Identifier: MIT */
/* The runner (semantics 63 to 65). Signals go to processes of their own. */
#include "aio/gather.h"
#include "aio/runner.h"
#include "awaiter.h"
#include "support.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Check's own macros talk to its parent: not for the processes that we fork. */
static void must(bool ok)
{
    if (!ok) {
        abort();
    }
}

static struct runner *runner_starts(void)
{
    struct runner *r = runner_new(2, NULL);
    must(r != NULL);
    return r;
}

/* -- 63: the end ------------------------------------------------------------------------------- */

struct mortal_frame {
    struct co co;
    struct future *never; /* owned */
    bool *dropped;        /* may be NULL */
    int *out;             /* where the deaf one tells of its cancel */
    bool fails;
};

static void mortal_drop(void *frame)
{
    struct mortal_frame *m = frame;
    if (m->dropped) {
        *m->dropped = true;
    }
    future_unref(m->never);
}

static enum co_state mortal_step(void *frame, struct err *status)
{
    struct mortal_frame *m = frame;
    CO_BEGIN(&m->co);
    m->never = future_new(task_loop(m->co.task));
    CO_AWAIT(&m->co, m->never);
    must(err_is(status, ERR_CANCELLED));
    return co_fail(&m->co, m->fails ? err_new(ERR_IO, NULL, "at the end") : err_ref(status));
    CO_END(&m->co);
}

static struct task *mortal(struct loop *l, bool *dropped, bool fails, const char *name)
{
    struct task *t = task_new(l, mortal_step, sizeof(struct mortal_frame), mortal_drop, name);
    must(t != NULL);
    struct mortal_frame *m = task_frame(t);
    m->dropped = dropped;
    m->fails = fails;
    return t;
}

static struct err *sets(void *arg, void **value)
{
    (void)value;
    *(bool *)arg = true;
    return NULL;
}

static struct task *main_that_fails(struct loop *l)
{
    struct future *f = future_new(l);
    err_is_none(future_set_error(f, err_new(ERR_DNS, NULL, "main failed")));
    struct task *t = awaiter(l, f);
    future_unref(f);
    return t;
}

START_TEST(conform_63_the_end_leaves_nothing)
{
    struct runner *r = runner_starts();
    struct loop *l = runner_loop(r);
    struct seen seen = {0};
    loop_set_exception_handler(l, seen_handler, &seen);
    bool quiet = false, loud = false, worked = false, interrupted = true;
    task_unref(mortal(l, &quiet, false, "quiet"));
    task_unref(mortal(l, &loud, true, "loud"));
    struct err *e = NULL;
    future_unref(executor_submit(runner_executor(r), sets, &worked, NULL, NULL, &e));
    err_is_none(e);
    err_is_kind(runner_run(r, main_that_fails(l), &interrupted), ERR_DNS);
    ck_assert(!interrupted && !quiet && !loud);
    runner_free(r); /* asserts that no future is left */
    ck_assert(quiet && loud && worked);
    ck_assert_uint_eq(seen.count, 1);
    ck_assert_int_eq(seen.kind, ERR_IO);
    ck_assert_str_eq(seen.what, "loud");
}
END_TEST

static struct err *stops(void *arg)
{
    loop_stop(arg);
    return NULL;
}

START_TEST(conform_63_whatever_happened)
{
    struct runner *r = runner_starts();
    struct loop *l = runner_loop(r);
    bool dropped = false;
    err_is_none(loop_call_soon(l, stops, l, NULL));
    err_is_kind(runner_run(r, mortal(l, &dropped, false, NULL), NULL), ERR_RUNTIME);
    ck_assert(!dropped);
    runner_free(r);
    ck_assert(dropped);
    runner_free(runner_starts()); /* never ran */
    runner_free(NULL);
}
END_TEST

START_TEST(conform_63_runs_more_than_once)
{
    struct runner *r = runner_starts();
    struct loop *l = runner_loop(r);
    for (int i = 0; i < 3; i++) {
        struct future *f = aio_sleep(l, 0);
        err_is_none(runner_run(r, awaiter(l, f), NULL));
        future_unref(f);
    }
    loop_is_empty(l);
    runner_free(r);
}
END_TEST

/* -- 64: signals ------------------------------------------------------------------------------- */

/* What the process under test does; `out` takes a byte whenever it is ready for the next signal. */
typedef int (*subject_fn)(int out);

static struct err *tell(void *arg)
{
    must(write(*(int *)arg, "r", 1) == 1);
    return NULL;
}

/* Runs the subject, sends it the signals one by one, and returns its wait status. */
static int subjected(subject_fn subject, const int *signals)
{
    int ready[2], status = 0;
    ck_assert_int_eq(pipe(ready), 0);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        close(ready[0]);
        signal(SIGINT, SIG_DFL); /* Check has handlers of its own */
        signal(SIGTERM, SIG_DFL);
        _exit(subject(ready[1]));
    }
    close(ready[1]);
    for (; *signals; signals++) {
        char byte;
        ck_assert_int_eq(read(ready[0], &byte, 1), 1);
        kill(pid, *signals);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    close(ready[0]);
    return status;
}

enum { OK = 42 };

static int interrupted_once(int out)
{
    struct runner *r = runner_starts();
    struct loop *l = runner_loop(r);
    bool dropped = false, interrupted = false;
    must(!loop_call_soon(l, tell, &out, NULL)); /* and then the poll blocks */
    struct err *e = runner_run(r, mortal(l, &dropped, false, NULL), &interrupted);
    bool ok = err_is(e, ERR_CANCELLED) && dropped && interrupted && runner_signal(r) == SIGINT;
    err_unref(e);
    runner_free(r);
    struct sigaction now;
    sigaction(SIGINT, NULL, &now);
    return ok && now.sa_handler == SIG_DFL ? OK : 1;
}

START_TEST(conform_64_first_sigint_cancels_the_main_task)
{
    int status = subjected(interrupted_once, (int[]){SIGINT, 0});
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), OK);
}
END_TEST

/* Tells when its cancel arrives, and then waits for ever. */
static enum co_state deaf_step(void *frame, struct err *status)
{
    struct mortal_frame *m = frame;
    CO_BEGIN(&m->co);
    m->never = future_new(task_loop(m->co.task));
    CO_AWAIT(&m->co, m->never);
    must(!tell(m->out));
    future_unref(m->never);
    m->never = future_new(task_loop(m->co.task));
    CO_AWAIT(&m->co, m->never);
    CO_END(&m->co);
}

static int deaf(int out)
{
    struct runner *r = runner_starts();
    struct loop *l = runner_loop(r);
    must(!loop_call_soon(l, tell, &out, NULL));
    struct task *t = task_new(l, deaf_step, sizeof(struct mortal_frame), mortal_drop, NULL);
    must(t != NULL);
    ((struct mortal_frame *)task_frame(t))->out = &out;
    err_unref(runner_run(r, t, NULL));
    return 1;
}

START_TEST(conform_64_second_sigint_ends_at_once)
{
    int status = subjected(deaf, (int[]){SIGINT, SIGINT, 0});
    ck_assert(WIFSIGNALED(status));
    ck_assert_int_eq(WTERMSIG(status), SIGINT);
}
END_TEST

/* Never returns to the loop; tells once before and once after the first signal. */
static struct err *stuck(void *arg)
{
    struct sigaction now;
    must(!tell(arg));
    do {
        usleep(1000);
        sigaction(SIGINT, NULL, &now);
    } while (now.sa_handler != SIG_DFL);
    must(!tell(arg));
    while (pause() < 0) {
    }
    return NULL;
}

static int stuck_loop(int out)
{
    struct runner *r = runner_starts();
    struct loop *l = runner_loop(r);
    bool dropped = false;
    must(!runner_handle_signal(r, SIGTERM));
    must(!loop_call_soon(l, stuck, &out, NULL));
    err_unref(runner_run(r, mortal(l, &dropped, false, NULL), NULL));
    return 1;
}

START_TEST(conform_64_second_signal_ends_a_stuck_loop)
{
    int status = subjected(stuck_loop, (int[]){SIGINT, SIGTERM, 0});
    ck_assert(WIFSIGNALED(status));
    ck_assert_int_eq(WTERMSIG(status), SIGTERM);
}
END_TEST

struct drain {
    struct runner *r;
    int signo;
};

static struct err *drain_ends(void *arg)
{
    must(runner_cancel(((struct drain *)arg)->r));
    return NULL;
}

static struct err *drains(void *arg, int signo)
{
    struct drain *d = arg;
    d->signo = signo;
    return loop_call_later(runner_loop(d->r), 0.001, drain_ends, d, NULL);
}

static int drained(int out)
{
    struct runner *r = runner_starts();
    struct loop *l = runner_loop(r);
    struct drain d = {r, 0};
    bool dropped = false, interrupted = false;
    must(!runner_handle_signal(r, SIGTERM));
    runner_on_signal(r, drains, &d);
    must(!loop_call_soon(l, tell, &out, NULL));
    struct err *e = runner_run(r, mortal(l, &dropped, false, NULL), &interrupted);
    bool ok = err_is(e, ERR_CANCELLED) && interrupted && d.signo == SIGTERM;
    ok = ok && runner_signal(r) == SIGTERM && !runner_cancel(r);
    err_unref(e);
    runner_free(r);
    return ok ? OK : 1;
}

START_TEST(conform_64_a_signal_may_be_put_off)
{
    int status = subjected(drained, (int[]){SIGTERM, 0});
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), OK);
}
END_TEST

/* -- 65: dispositions -------------------------------------------------------------------------- */

static struct err *looks(void *arg)
{
    sigaction(SIGUSR2, NULL, arg);
    return NULL;
}

/* The disposition while the runner runs, with `before` set before; after it must be the same. */
static void (*disposition_with(void (*before)(int)))(int)
{
    struct sigaction old, now, after;
    memset(&now, 0, sizeof now);
    now.sa_handler = before;
    sigaction(SIGUSR2, &now, &old);
    struct runner *r = runner_starts();
    struct loop *l = runner_loop(r);
    err_is_none(runner_handle_signal(r, SIGUSR2));
    err_is_none(loop_call_soon(l, looks, &now, NULL));
    struct future *f = aio_sleep(l, 0);
    err_is_none(runner_run(r, awaiter(l, f), NULL));
    future_unref(f);
    runner_free(r);
    sigaction(SIGUSR2, &old, &after);
    ck_assert(after.sa_handler == before);
    return now.sa_handler;
}

static void on_signal(int signo)
{
    (void)signo;
}

START_TEST(conform_65_only_over_the_default_and_restored)
{
    ck_assert(disposition_with(SIG_IGN) == SIG_IGN);
    ck_assert(disposition_with(on_signal) == on_signal);
    void (*during)(int) = disposition_with(SIG_DFL);
    ck_assert(during != SIG_DFL && during != SIG_IGN);
    struct runner *r = runner_starts();
    err_is_kind(runner_handle_signal(r, 0), ERR_VALUE);
    err_is_kind(runner_handle_signal(r, NSIG), ERR_VALUE);
    runner_free(r);
}
END_TEST

Suite *conform_runner_suite(void);
Suite *conform_runner_suite(void)
{
    Suite *s = suite_create("conform_runner");
    TCase *tc = tcase_create("runner");
    tcase_add_test(tc, conform_63_the_end_leaves_nothing);
    tcase_add_test(tc, conform_63_whatever_happened);
    tcase_add_test(tc, conform_63_runs_more_than_once);
    tcase_add_test(tc, conform_64_first_sigint_cancels_the_main_task);
    tcase_add_test(tc, conform_64_second_sigint_ends_at_once);
    tcase_add_test(tc, conform_64_second_signal_ends_a_stuck_loop);
    tcase_add_test(tc, conform_64_a_signal_may_be_put_off);
    tcase_add_test(tc, conform_65_only_over_the_default_and_restored);
    suite_add_tcase(s, tc);
    return s;
}
