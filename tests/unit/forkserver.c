/* SPDX-License-Identifier: MIT */
/* Children by way of a helper. */
#include "aio/forkserver.h"

#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A pipe that stands for standard error while the helper is forked; its reading end. */
static int said = -1;
static struct forkserver *server;
static struct loop *loop;

static void setup(void)
{
    int ends[2];
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    const int own = dup(STDERR_FILENO);
    ck_assert_int_ge(dup2(ends[1], STDERR_FILENO), 0);
    struct err *e = forkserver_new(-1, &server);
    dup2(own, STDERR_FILENO);
    close(own);
    close(ends[1]);
    said = ends[0];
    err_is_none(e);
    loop = loop_new(LOOP_MAIN, NULL);
    ck_assert_ptr_nonnull(loop);
    err_is_none(forkserver_attach(server, loop));
}

/* Nobody holds the pipe any more: no helper, no child. */
static void nobody_is_left(void)
{
    struct pollfd p = {.fd = said, .events = 0};
    ck_assert_int_eq(poll(&p, 1, 10000), 1);
    ck_assert(p.revents & POLLHUP);
}

static void teardown(void)
{
    forkserver_free(server);
    nobody_is_left();
    close(said);
    loop_ends_empty(loop);
}

static struct child *sh(const char *script)
{
    char *argv[] = {"sh", "-c", (char *)script, NULL};
    struct child *c = NULL;
    err_is_none(child_start(server, argv, &c));
    return c;
}

static struct child_end ended(struct child *c)
{
    while (!child_ended(c)) {
        struct future *f = child_wait(c);
        loop_completes(loop, f);
        future_unref(f);
    }
    struct child_end end = *child_ended(c);
    child_free(c);
    return end;
}

static void is_not_started(struct child *c, int errnum)
{
    const struct child_end end = ended(c);
    if (vfork_is_fork()) {
        ck_assert_int_ne(end.status, 0);
    } else {
        ck_assert_int_eq(end.errnum, errnum);
    }
}

/* Reads until `what` was said. */
static void hears(const char *what)
{
    char text[4096];
    size_t n = 0;
    do {
        ssize_t more = read(said, text + n, sizeof text - 1 - n);
        ck_assert_msg(more > 0, "'%.*s', and then the end", (int)n, text);
        n += (size_t)more;
        text[n] = '\0';
    } while (!strstr(text, what));
}

START_TEST(test_ends)
{
    struct child_end end = ended(sh("exit 3"));
    ck_assert(end.errnum == 0 && WIFEXITED(end.status) && WEXITSTATUS(end.status) == 3);
    end = ended(sh("kill -USR1 $$"));
    ck_assert(end.errnum == 0 && WIFSIGNALED(end.status) && WTERMSIG(end.status) == SIGUSR1);
    end = ended(sh("kill -PIPE $$")); /* its disposition is the default */
    ck_assert(WIFSIGNALED(end.status) && WTERMSIG(end.status) == SIGPIPE);
    char *argv[] = {"/nonexistent/program", NULL};
    struct child *c = NULL;
    err_is_none(child_start(server, argv, &c));
    is_not_started(c, ENOENT);
}
END_TEST

/* What a child has: /dev/null, standard error twice, no other descriptor, a group of its own. */
START_TEST(test_surroundings)
{
    int leaked = open("/dev/null", O_RDONLY);
    struct child_end end = ended(sh("cat; ls /proc/self/fd | wc -l; echo $0 >&2;"
                                    "test $(ps -o pgid= $$) = $$ && echo group"));
    ck_assert_int_eq(WEXITSTATUS(end.status), 0);
    hears("4\nsh\ngroup\n");
    close(leaked);
}
END_TEST

START_TEST(test_many)
{
    enum { N = 30 };
    struct child *c[N];
    char script[N][32];
    for (int i = 0; i < N; i++) {
        snprintf(script[i], sizeof script[i], "exit %d", i);
        c[i] = sh(script[i]);
    }
    for (int i = N - 1; i >= 0; i--) {
        ck_assert_int_eq(WEXITSTATUS(ended(c[i]).status), i);
    }
}
END_TEST

/* Words that do not fit the socket at once, one of which is too much for the system. */
START_TEST(test_long_words)
{
    enum { LONG = 100000, TOO_LONG = 1 << 20 };
    char *word = malloc(TOO_LONG + 1);
    ck_assert_ptr_nonnull(word);
    memset(word, 'x', TOO_LONG);
    word[TOO_LONG] = '\0';
    char *script = "test ${#1} = 100000 && test ${#5} = 100000";
    word[LONG] = '\0';
    char *argv[] = {"sh", "-c", script, "sh", word, word, word, word, word, NULL};
    struct child *c = NULL;
    err_is_none(child_start(server, argv, &c));
    struct child_end end = ended(c);
    ck_assert(end.errnum == 0 && end.status == 0);
    word[LONG] = 'x';
    argv[5] = NULL;
    err_is_none(child_start(server, argv, &c));
    is_not_started(c, E2BIG);
    free(word);
}
END_TEST

START_TEST(test_stopped)
{
    struct child *c = sh("sleep 1000 & echo on; wait");
    hears("on\n");
    child_stop(c);
    child_stop(c);
    struct child_end end = ended(c); /* and its sleep with it: see nobody_is_left */
    ck_assert(WIFSIGNALED(end.status) && WTERMSIG(end.status) == SIGTERM);
}
END_TEST

START_TEST(test_stopped_against_its_will)
{
    struct child *c = sh("trap '' TERM; echo on; while :; do sleep 1; done");
    hears("on\n");
    child_stop(c);
    struct child_end end = ended(c);
    ck_assert(WIFSIGNALED(end.status) && WTERMSIG(end.status) == SIGKILL);
}
END_TEST

/* One that is forgotten, or left when the server goes, does not stay. */
START_TEST(test_left_behind)
{
    child_free(sh("sleep 1000"));
    struct child *c = sh("echo on; sleep 1000");
    struct future *f = child_wait(c);
    hears("on\n");
    child_free(c);
    ck_assert(future_cancelled(f));
    future_unref(f);
}
END_TEST

static pid_t helper(void)
{
    char path[64], *end;
    FILE *file;
    long pid = 0;
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)getpid(), (int)getpid());
    file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_ptr_nonnull(fgets(path, sizeof path, file));
    fclose(file);
    pid = strtol(path, &end, 10);
    ck_assert_int_gt(pid, 0);
    return (pid_t)pid;
}

START_TEST(test_helper_is_killed)
{
    struct child *c = sh("echo on; exec sleep 1000");
    hears("on\n");
    kill(helper(), SIGTERM); /* is not for it */
    ck_assert_int_eq(ended(sh("true")).status, 0);
    ck_assert_ptr_null(child_ended(c));
    kill(helper(), SIGKILL);
    ck_assert_int_eq(ended(c).errnum, ECHILD);
    char *argv[] = {"true", NULL};
    err_is_kind(child_start(server, argv, &c), ERR_EXEC);
}
END_TEST

Suite *forkserver_suite(void);
Suite *forkserver_suite(void)
{
    Suite *s = suite_create("forkserver");
    TCase *t = tcase_create("forkserver");
    tcase_set_timeout(t, 30);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, test_ends);
    tcase_add_test(t, test_surroundings);
    tcase_add_test(t, test_many);
    tcase_add_test(t, test_long_words);
    tcase_add_test(t, test_stopped);
    tcase_add_test(t, test_stopped_against_its_will);
    tcase_add_test(t, test_left_behind);
    tcase_add_test(t, test_helper_is_killed);
    suite_add_tcase(s, t);
    return s;
}
