/* SPDX-License-Identifier: MIT */
/* src/cli/sandbox.c: what is not allowed cannot be done, by any thread that is started later. Each
 * test runs in a process of its own (CK_FORK), which is confined for good. */
#include "cli/sandbox.h"

#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char top[64];

static const char *in_top(const char *name)
{
    static char paths[4][128];
    static unsigned turn;
    char *path = paths[turn++ % 4];
    snprintf(path, sizeof(paths[0]), "%s/%s", top, name);
    return path;
}

static void touch(const char *name)
{
    int fd = open(in_top(name), O_WRONLY | O_CREAT, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, "x", 1), 1);
    close(fd);
}

static void set_up(void)
{
    strcpy(top, "/tmp/garner-sandbox-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(top));
    ck_assert_int_eq(mkdir(in_top("write"), 0700), 0);
    ck_assert_int_eq(mkdir(in_top("read"), 0700), 0);
    ck_assert_int_eq(mkdir(in_top("rename"), 0700), 0);
    touch("read/file");
    touch("rename/file");
    touch("rename/other");
    touch("write/file");
    touch("secret");
    touch("one");
}

static void tear_down(void)
{
    char command[128];
    snprintf(command, sizeof(command), "rm -rf %s", top);
    ck_assert_int_eq(system(command), 0);
}

static int try_open(const char *name, int flags)
{
    int fd = open(in_top(name), flags, 0600);
    if (fd < 0) {
        return errno;
    }
    close(fd);
    return 0;
}

/* False: there is no Landlock here. */
static bool confine(void)
{
    struct sandbox *s = sandbox_new();
    if (!s) {
        return false;
    }
    ck_assert_int_ge(sandbox_abi(s), 2);
    int dir = open(in_top("rename"), O_RDONLY | O_DIRECTORY);
    sandbox_allow_read(s, in_top("read"));
    sandbox_allow_read(s, in_top("nothing there"));
    sandbox_allow_read(s, in_top("one"));
    sandbox_allow_write(s, in_top("write"));
    sandbox_allow_rename(s, dir);
    ck_assert(sandbox_enter(s));
    sandbox_free(s);
    close(dir);
    return true;
}

/* Runs in a child, because what it does cannot be undone. */
static void in_child(void (*fn)(void))
{
    int status = 0;
    fflush(NULL);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        if (confine()) {
            fn();
        }
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "line %d", WEXITSTATUS(status));
}

#define MUST(cond) ((cond) ? (void)0 : _exit(__LINE__ & 0xff))

static void reads(void)
{
    MUST(try_open("read/file", O_RDONLY) == 0);
    MUST(try_open("one", O_RDONLY) == 0);
    MUST(try_open("secret", O_RDONLY) == EACCES);
    MUST(try_open("read/../secret", O_RDONLY) == EACCES);
    MUST(try_open(".", O_RDONLY | O_DIRECTORY) == EACCES);
    MUST(open("/etc/passwd", O_RDONLY) < 0 && errno == EACCES);
    MUST(symlink(in_top("secret"), in_top("write/link")) < 0);
}

static void writes(void)
{
    MUST(try_open("write/new", O_WRONLY | O_CREAT | O_EXCL) == 0);
    MUST(mkdir(in_top("write/dir"), 0700) == 0);
    MUST(rename(in_top("write/new"), in_top("write/dir/new")) == 0);
    MUST(unlink(in_top("write/dir/new")) == 0);
    MUST(try_open("read/file", O_WRONLY) == EACCES);
    MUST(try_open("one", O_WRONLY) == EACCES);
    MUST(try_open("new", O_WRONLY | O_CREAT) == EACCES);
    MUST(mkdir(in_top("dir"), 0700) < 0 && errno == EACCES);
    MUST(unlink(in_top("secret")) < 0 && errno == EACCES);
    MUST(rename(in_top("write/file"), in_top("out")) < 0);
    MUST(link(in_top("secret"), in_top("write/secret")) < 0);
    MUST(mkfifo(in_top("write/fifo"), 0600) < 0);
}

static void renames(void)
{
    MUST(rename(in_top("rename/file"), in_top("rename/other")) == 0);
    MUST(try_open("rename/other", O_RDONLY) == EACCES);
    MUST(try_open("rename/other", O_WRONLY) == EACCES);
    MUST(unlink(in_top("rename/other")) == 0);
}

static void runs(void)
{
    char *const argv[] = {(char[]){"true"}, NULL};
    execv("/bin/true", argv);
    MUST(errno == EACCES);
}

static void *open_secret(void *arg)
{
    *(int *)arg = try_open("secret", O_RDONLY);
    return NULL;
}

static void starts_threads(void)
{
    int seen = 0;
    pthread_t thread;
    MUST(pthread_create(&thread, NULL, open_secret, &seen) == 0);
    MUST(pthread_join(thread, NULL) == 0);
    MUST(seen == EACCES);
}

static void (*const tries[])(void) = {reads, writes, renames, runs, starts_threads};

START_TEST(sandbox_holds)
{
    in_child(tries[_i]);
}
END_TEST

Suite *cli_sandbox_suite(void);
Suite *cli_sandbox_suite(void)
{
    Suite *s = suite_create("cli_sandbox");
    TCase *t = tcase_create("sandbox");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_loop_test(t, sandbox_holds, 0, sizeof(tries) / sizeof(tries[0]));
    suite_add_tcase(s, t);
    return s;
}
