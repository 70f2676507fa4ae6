/* SPDX-License-Identifier: MIT */
/*
 * asyncio.run (runners.py).
 *
 *     signal --> handler: all our signals back to their default, number into the pipe
 *     pipe ----> watch on the loop: on_signal, or cancel the main task
 *
 * The second signal finds the default disposition: it ends the process however stuck the loop is.
 */
#include "aio/runner.h"

#include "aio/gather.h"
#include "base/alloc.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RUNNER_SIGNALS = 8 };

struct runner {
    struct loop *loop;         /* owned */
    struct executor *executor; /* owned */
    struct task *main_task;    /* a reference, while it runs */
    int signals[RUNNER_SIGNALS];
    size_t nsignals;
    unsigned caught; /* bits: the signals (by place) that have our handler */
    int pipe[2];     /* owned; -1 while not running */
    struct watch *watch;
    int first; /* the signal that came first */
    bool cancelled_main;
    struct err *(*on_signal)(void *arg, int signo);
    void *on_signal_arg;
};

/* -- signals --------------------------------------------------------------------------------- */

/* Where the handler writes: the only thing it can know. -1 while no runner runs. */
static volatile sig_atomic_t runner_wake_fd = -1;

static void runner_on_raised(int signo)
{
    int saved = errno;
    for (int s = 1; s < NSIG; s++) {
        struct sigaction now;
        if (sigaction(s, NULL, &now) == 0 && now.sa_handler == runner_on_raised) {
            now.sa_handler = SIG_DFL;
            sigaction(s, &now, NULL);
        }
    }
    unsigned char byte = (unsigned char)signo;
    while (write(runner_wake_fd, &byte, 1) < 0 && errno == EINTR) {
    }
    errno = saved;
}

bool runner_cancel(struct runner *r)
{
    if (!r->main_task || !task_cancel(r->main_task)) {
        return false;
    }
    r->cancelled_main = true;
    return true;
}

static struct err *runner_on_pipe(void *arg)
{
    struct runner *r = arg;
    unsigned char signo;
    while (read(r->pipe[0], &signo, 1) == 1) {
        if (r->first) {
            /* Two threads took a signal each before either handler was done. */
            raise(signo);
            continue;
        }
        r->first = signo;
        if (r->on_signal) {
            return r->on_signal(r->on_signal_arg, signo);
        }
        runner_cancel(r);
    }
    return NULL;
}

static void runner_restore_signals(struct runner *r)
{
    for (size_t i = 0; i < r->nsignals; i++) {
        struct sigaction now;
        if ((r->caught & (1u << i)) && sigaction(r->signals[i], NULL, &now) == 0 &&
            now.sa_handler == runner_on_raised) {
            now.sa_handler = SIG_DFL;
            sigaction(r->signals[i], &now, NULL);
        }
    }
    r->caught = 0;
    runner_wake_fd = -1;
    watch_free(r->watch);
    r->watch = NULL;
    for (int i = 0; i < 2; i++) {
        if (r->pipe[i] >= 0) {
            close(r->pipe[i]);
        }
        r->pipe[i] = -1;
    }
}

static struct err *runner_catch_signals(struct runner *r)
{
    if (pipe2(r->pipe, O_CLOEXEC | O_NONBLOCK) < 0) {
        return err_errno(ERR_RUNTIME, errno, "cannot make the pipe for signals");
    }
    r->watch = watch_new(r->loop, r->pipe[0], WATCH_READ, runner_on_pipe, r);
    if (!r->watch) {
        return err_plain(ERR_NOMEM);
    }
    runner_wake_fd = r->pipe[1];
    struct sigaction ours;
    memset(&ours, 0, sizeof ours);
    ours.sa_handler = runner_on_raised;
    ours.sa_flags = SA_RESTART;
    sigemptyset(&ours.sa_mask);
    for (size_t i = 0; i < r->nsignals; i++) {
        sigaddset(&ours.sa_mask, r->signals[i]);
    }
    for (size_t i = 0; i < r->nsignals; i++) {
        struct sigaction now;
        if (sigaction(r->signals[i], NULL, &now) == 0 && now.sa_handler == SIG_DFL &&
            sigaction(r->signals[i], &ours, NULL) == 0) {
            r->caught |= 1u << i;
        }
    }
    return NULL;
}

struct err *runner_handle_signal(struct runner *r, int signo)
{
    for (size_t i = 0; i < r->nsignals; i++) {
        if (r->signals[i] == signo) {
            return NULL;
        }
    }
    if (signo < 1 || signo >= NSIG || r->nsignals == RUNNER_SIGNALS) {
        return err_new(ERR_VALUE, NULL, "cannot handle signal %d", signo);
    }
    r->signals[r->nsignals++] = signo;
    return NULL;
}

int runner_signal(const struct runner *r)
{
    return r->first;
}

void runner_on_signal(struct runner *r, struct err *(*on_signal)(void *arg, int signo), void *arg)
{
    r->on_signal = on_signal;
    r->on_signal_arg = arg;
}

/* -- running --------------------------------------------------------------------------------- */

struct runner *runner_new(unsigned threads, const struct trace *trace)
{
    struct runner *r = mem_new(sizeof *r);
    if (!r) {
        return NULL;
    }
    r->pipe[0] = r->pipe[1] = -1;
    r->signals[r->nsignals++] = SIGINT;
    r->loop = loop_new(LOOP_MAIN, trace);
    r->executor = r->loop ? executor_new(r->loop, threads) : NULL;
    if (!r->executor) {
        loop_free(r->loop);
        free(r);
        return NULL;
    }
    return r;
}

struct loop *runner_loop(struct runner *r)
{
    return r->loop;
}

struct executor *runner_executor(struct runner *r)
{
    return r->executor;
}

struct err *runner_run(struct runner *r, struct task *main_task, bool *interrupted)
{
    if (interrupted) {
        *interrupted = false;
    }
    r->first = 0;
    r->cancelled_main = false;
    r->main_task = main_task;
    struct err *e = runner_catch_signals(r);
    if (!e) {
        e = loop_run_until_complete(r->loop, task_future(main_task));
    }
    runner_restore_signals(r);
    if (!e) {
        e = future_error(task_future(main_task));
        if (err_is(e, ERR_CANCELLED) && r->cancelled_main && r->first &&
            task_uncancel(main_task) == 0 && interrupted) {
            *interrupted = true;
        }
    }
    r->main_task = NULL;
    task_unref(main_task);
    return e;
}

/* -- the end --------------------------------------------------------------------------------- */

struct runner_tasks {
    struct future **futs; /* owned, with references */
    size_t n;
};

static void runner_collect(struct task *t, void *arg)
{
    struct runner_tasks *all = arg;
    all->futs[all->n++] = future_ref(task_future(t));
}

static void runner_await_all(struct runner *r, struct runner_tasks *all)
{
    struct future *end = gather(r->loop, all->futs, all->n, true);
    if (end) {
        err_unref(loop_run_until_complete(r->loop, end));
        future_unref(end);
        return;
    }
    for (size_t i = 0; i < all->n; i++) { /* no memory: one after the other */
        err_unref(loop_run_until_complete(r->loop, all->futs[i]));
    }
}

static void runner_report(struct runner *r, struct future *f)
{
    if (!future_done(f) || future_cancelled(f)) {
        return;
    }
    struct err *e = future_error(f);
    if (e) {
        loop_call_exception_handler(
            r->loop, "unhandled error during the shutdown", e, task_name(task_of(f)));
        err_unref(e);
    }
}

static void runner_cancel_all(struct runner *r)
{
    size_t n = loop_count_tasks(r->loop);
    struct runner_tasks all = {n ? mem_array(NULL, n, sizeof *all.futs) : NULL, 0};
    if (!all.futs) {
        return; /* nothing to do; without memory the loop's close destroys the tasks */
    }
    loop_each_task(r->loop, runner_collect, &all);
    for (size_t i = 0; i < all.n; i++) {
        future_cancel(all.futs[i]);
    }
    runner_await_all(r, &all);
    for (size_t i = 0; i < all.n; i++) {
        runner_report(r, all.futs[i]);
        future_unref(all.futs[i]);
    }
    free(all.futs);
}

void runner_free(struct runner *r)
{
    if (!r) {
        return;
    }
    assert(!loop_running(r->loop));
    runner_cancel_all(r);
    executor_free(r->executor);
    loop_free(r->loop);
    free(r);
}
