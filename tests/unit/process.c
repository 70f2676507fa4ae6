/* SPDX-License-Identifier: MIT */
/* Child processes. */
#include "aio/process.h"
#include "awaiter.h"
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct process_io nowhere = {-1, -1, -1};

static struct loop *main_loop_starts(void)
{
    struct loop *l = loop_new(LOOP_MAIN, NULL);
    ck_assert_ptr_nonnull(l);
    return l;
}

static struct process *sh(struct loop *l, const char *script, struct process_io io)
{
    char *argv[] = {"sh", "-c", (char *)script, NULL};
    struct process *p = NULL;
    err_is_none(process_spawn(l, argv, NULL, io, &p));
    return p;
}

/* Waits for the end and gives the wait status. */
static int ended(struct loop *l, struct process *p)
{
    struct future *f = process_wait(p);
    loop_completes(l, f);
    void *status = NULL;
    err_is_none(future_result(f, &status));
    future_unref(f);
    return *(int *)status;
}

START_TEST(process_exit_status)
{
    struct loop *l = main_loop_starts();
    struct process *p = sh(l, "exit 3", nowhere);
    struct future *first = process_wait(p), *second = process_wait(p);
    loop_completes(l, first);
    loop_completes(l, second);
    future_unref(first);
    future_unref(second);
    int status = ended(l, p); /* asked again after the end */
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 3);
    err_is_none(process_kill(p, SIGTERM));
    process_free(p);
    loop_ends_empty(l);
}
END_TEST

START_TEST(process_many_at_once)
{
    enum { N = 20 };
    struct loop *l = main_loop_starts();
    struct process *p[N];
    char script[N][24];
    for (int i = 0; i < N; i++) {
        snprintf(script[i], sizeof script[i], "exit %d", i);
        p[i] = sh(l, script[i], nowhere);
    }
    for (int i = N - 1; i >= 0; i--) {
        ck_assert_int_eq(WEXITSTATUS(ended(l, p[i])), i);
        process_free(p[i]);
    }
    loop_ends_empty(l);
}
END_TEST

START_TEST(process_that_cannot_be_started)
{
    struct loop *l = main_loop_starts();
    char *argv[] = {"/nonexistent/program", NULL};
    struct process *p = NULL;
    struct err *e = process_spawn(l, argv, NULL, nowhere, &p);
    if (!e && vfork_is_fork()) {
        ck_assert_int_eq(WEXITSTATUS(ended(l, p)), 127);
        process_free(p);
    } else {
        ck_assert_int_eq(err_errnum(e), ENOENT);
        err_is_kind(e, ERR_EXEC);
    }
    loop_ends_empty(l);
}
END_TEST

START_TEST(process_descriptors_and_environment)
{
    struct loop *l = main_loop_starts();
    int out[2], leaked = open("/dev/null", O_RDONLY);
    ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
    ck_assert_int_ge(leaked, 3);
    char *argv[] = {
        "sh", "-c", "echo $WORD; ls /proc/self/fd | wc -l; read x || echo end >&2", NULL};
    char *env[] = {"WORD=word", "PATH=/usr/bin:/bin", NULL};
    struct process *p = NULL;
    struct process_io io = {-1, out[1], out[1]};
    err_is_none(process_spawn(l, argv, env, io, &p));
    close(out[1]);
    ck_assert_int_eq(ended(l, p), 0);
    char text[64] = "";
    ssize_t n = read(out[0], text, sizeof text - 1);
    ck_assert_int_gt(n, 0);
    ck_assert_str_eq(text, "word\n4\nend\n"); /* 0, 1, 2 and the listed folder itself */
    close(out[0]);
    close(leaked);
    process_free(p);
    loop_ends_empty(l);
}
END_TEST

START_TEST(process_signals)
{
    struct loop *l = main_loop_starts();
    signal(SIGPIPE, SIG_IGN);
    struct process *p = sh(l, "kill -PIPE $$; exit 1", nowhere);
    int status = ended(l, p);
    signal(SIGPIPE, SIG_DFL);
    ck_assert(WIFSIGNALED(status));
    ck_assert_int_eq(WTERMSIG(status), SIGPIPE);
    process_free(p);

    /* A group of its own, all of which is killed: the sleep holds the pipe's other end. */
    int out[2];
    ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
    p = sh(l, "sleep 1000 & echo; wait", (struct process_io){-1, out[1], -1});
    close(out[1]);
    char byte;
    ck_assert_int_eq(read(out[0], &byte, 1), 1);
    ck_assert_int_eq(getpgid(process_pid(p)), process_pid(p));
    err_is_none(process_kill(p, SIGTERM));
    status = ended(l, p);
    ck_assert(WIFSIGNALED(status));
    ck_assert_int_eq(read(out[0], &byte, 1), 0);
    close(out[0]);
    process_free(p);
    loop_ends_empty(l);
}
END_TEST

START_TEST(process_freed_while_it_runs)
{
    struct loop *l = main_loop_starts();
    struct process *p = sh(l, "sleep 1000", nowhere);
    pid_t pid = process_pid(p);
    struct future *f = process_wait(p);
    struct task *t = awaiter(l, f);
    loop_spin(l, 1);
    ck_assert(task_cancel(t)); /* leaves the child alone */
    loop_completes(l, task_future(t));
    ck_assert(future_cancelled(f));
    ck_assert_int_eq(kill(pid, 0), 0);
    struct future *pending = process_wait(p);
    process_free(p);
    ck_assert(future_cancelled(pending));
    ck_assert_int_eq(kill(pid, 0), -1);
    ck_assert_int_eq(errno, ESRCH);
    future_unref(pending);
    future_unref(f);
    task_unref(t);
    process_free(NULL);
    loop_ends_empty(l);
}
END_TEST

Suite *process_suite(void);
Suite *process_suite(void)
{
    Suite *s = suite_create("process");
    TCase *tc = tcase_create("process");
    tcase_add_test(tc, process_exit_status);
    tcase_add_test(tc, process_many_at_once);
    tcase_add_test(tc, process_that_cannot_be_started);
    tcase_add_test(tc, process_descriptors_and_environment);
    tcase_add_test(tc, process_signals);
    tcase_add_test(tc, process_freed_while_it_runs);
    suite_add_tcase(s, tc);
    return s;
}
