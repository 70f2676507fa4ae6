/* SPDX-License-Identifier: MIT */
/* src/store/dir.c: what is below the directory is reached, and nothing else. Every test runs with
 * openat2 and with the walk that stands in for it. */
#include "store/dir.h"

#include "failnth.h"
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))

enum { KERNEL, WALK, WAYS };

/* Whether it is the walk that finds the way: also where openat2 is missing (under valgrind). */
static bool walks(int way)
{
    struct open_how how = {.flags = O_PATH | O_CLOEXEC};
    long fd = syscall(SYS_openat2, AT_FDCWD, ".", &how, sizeof(how));
    if (fd >= 0) {
        close((int)fd);
    }
    return way == WALK || fd < 0;
}

/* A place for a test: base/out is the directory, base/secret what must not be reached. */
struct place {
    char base[64];
    struct dir *d;
    int at; /* of base/out */
};

static void make_file(int at, const char *name)
{
    int fd = openat(at, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    close(fd);
}

static struct place place_make(int way)
{
    struct place p = {.base = P_tmpdir "/garner-dir.XXXXXX"};
    char out[80];
    ck_assert_ptr_nonnull(mkdtemp(p.base));
    int base = open(p.base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_eq(mkdirat(base, "secret", 0700), 0);
    make_file(base, "secret/file");
    close(base);
    (void)snprintf(out, sizeof(out), "%s/out", p.base);
    err_is_none(way == WALK ? dir_new_walking(out, &p.d) : dir_new(out, &p.d));
    p.at = dir_fd(p.d);
    return p;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

static void place_end(struct place *p)
{
    struct stat st;
    char path[96];
    (void)snprintf(path, sizeof(path), "%s/secret/planted", p->base);
    ck_assert_int_eq(lstat(path, &st), -1);
    dir_free(p->d);
    ck_assert_int_eq(nftw(p->base, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* Enters path and makes a file there; 0 or an errno value. */
static int write_to(const struct place *p, const char *path)
{
    struct dir_place at;
    int failed = dir_enter(p->d, path, true, &at);
    if (failed) {
        ck_assert(at.fd == -1 && !at.owned);
        return failed;
    }
    int fd = dir_open(at.fd, at.name, O_WRONLY | O_CREAT | O_EXCL);
    if (fd >= 0) {
        ck_assert_int_eq(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
        close(fd);
    }
    dir_leave(&at);
    dir_leave(&at);
    return fd < 0 ? -fd : 0;
}

static bool is_there(const struct place *p, const char *path)
{
    struct stat st;
    return fstatat(p->at, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

START_TEST(dir_makes_parents)
{
    struct place p = place_make(_i);
    ck_assert_int_eq(write_to(&p, "a"), 0);
    ck_assert_int_eq(write_to(&p, "b/c/d/e"), 0);
    ck_assert_int_eq(write_to(&p, "b/c/x"), 0);
    ck_assert_int_eq(write_to(&p, "b/y/z/x"), 0);
    ck_assert_int_eq(write_to(&p, "..a/...b/..c.."), 0);
    ck_assert(is_there(&p, "a") && is_there(&p, "b/c/d/e") && is_there(&p, "b/y/z/x"));
    ck_assert_int_eq(write_to(&p, "a"), EEXIST);
    ck_assert_int_eq(write_to(&p, "a/b"), ENOTDIR);
    ck_assert_int_eq(write_to(&p, "a/b/c"), ENOTDIR);
    ck_assert_int_eq(write_to(&p, "b/c"), EEXIST);
    place_end(&p);
}
END_TEST

START_TEST(dir_makes_nothing_unasked)
{
    struct place p = place_make(_i);
    struct dir_place at;
    ck_assert_int_eq(dir_enter(p.d, "a/b", false, &at), ENOENT);
    ck_assert(!is_there(&p, "a"));
    /* a name alone costs nothing: the directory's own descriptor */
    ck_assert_int_eq(dir_enter(p.d, "b", false, &at), 0);
    ck_assert(at.fd == p.at && !at.owned);
    ck_assert_str_eq(at.name, "b");
    dir_leave(&at);
    ck_assert_int_eq(fcntl(p.at, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    place_end(&p);
}
END_TEST

static const struct {
    const char *path;
    int failure;
} bad_paths[] = {
    {"", EINVAL},
    {".", EINVAL},
    {"a/", EINVAL},
    {"a/.", EINVAL},
    {"./a", EINVAL},
    {"a//b", EINVAL},
    {"a/./b", EINVAL},
    {"/", EXDEV},
    {"/etc/planted", EXDEV},
    {"..", EXDEV},
    {"../secret/planted", EXDEV},
    {"a/..", EXDEV},
    {"a/../../secret/planted", EXDEV},
    {"a/b/../c", EXDEV},
};

START_TEST(dir_refuses_paths_that_go_astray)
{
    for (int i = 0; i < COUNT(bad_paths); i++) {
        struct place p = place_make(_i);
        ck_assert_int_eq(write_to(&p, bad_paths[i].path), bad_paths[i].failure);
        ck_assert(!is_there(&p, "a"));
        place_end(&p);
    }
}
END_TEST

START_TEST(dir_follows_no_link_out)
{
    struct place p = place_make(_i);
    char secret[96];
    (void)snprintf(secret, sizeof(secret), "%s/secret", p.base);
    ck_assert_int_eq(symlinkat("../secret", p.at, "up"), 0);
    ck_assert_int_eq(symlinkat(secret, p.at, "absolute"), 0);
    ck_assert_int_eq(symlinkat("..", p.at, "parent"), 0);
    ck_assert_int_eq(symlinkat("/", p.at, "root"), 0);
    ck_assert_int_eq(symlinkat("up", p.at, "twice"), 0);
    ck_assert_int_eq(mkdirat(p.at, "d", 0700), 0);
    ck_assert_int_eq(symlinkat("../../secret", p.at, "d/up"), 0);
    static const char *const paths[] = {"up/planted", "absolute/planted", "parent/secret/planted",
        "root/planted", "twice/planted", "d/up/planted", "up/new/planted", "d/up/new/planted",
        "parent/planted"};
    for (int i = 0; i < COUNT(paths); i++) {
        ck_assert_msg(write_to(&p, paths[i]) == EXDEV, "%s", paths[i]);
    }
    struct err *e = dir_error(EXDEV, "up/planted");
    ck_assert_ptr_nonnull(strstr(err_message(e), "up/planted"));
    err_is_kind(e, ERR_POLICY);
    err_is_kind(dir_error(ENOSPC, "x"), ERR_IO);
    place_end(&p);
}
END_TEST

START_TEST(dir_is_not_led_by_proc)
{
    struct place p = place_make(_i);
    char target[64];
    int base = open(p.base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    (void)snprintf(target, sizeof(target), "/proc/self/fd/%d", base);
    ck_assert_int_eq(symlinkat(target, p.at, "magic"), 0);
    int failed = write_to(&p, "magic/secret/planted");
    ck_assert_msg(failed == EXDEV || failed == ELOOP, "%d", failed);
    close(base);
    place_end(&p);
}
END_TEST

START_TEST(dir_and_links_inside)
{
    struct place p = place_make(_i);
    ck_assert_int_eq(mkdirat(p.at, "real", 0700), 0);
    ck_assert_int_eq(mkdirat(p.at, "d", 0700), 0);
    ck_assert_int_eq(symlinkat("real", p.at, "alias"), 0);
    ck_assert_int_eq(symlinkat("../real", p.at, "d/alias"), 0);
    bool walking = walks(_i);
    int expected = walking ? EXDEV : 0;
    ck_assert_int_eq(write_to(&p, "alias/a"), expected);
    ck_assert_int_eq(write_to(&p, "alias/new/a"), expected);
    ck_assert_int_eq(write_to(&p, "d/alias/new/b"), expected);
    ck_assert(is_there(&p, "real/new/b") == (expected == 0));
    /* to nowhere, and round and round */
    ck_assert_int_eq(symlinkat("nowhere", p.at, "dangling"), 0);
    ck_assert_int_eq(symlinkat("loop", p.at, "loop"), 0);
    ck_assert_int_eq(write_to(&p, "dangling/a"), walking ? EXDEV : ENOENT);
    ck_assert_int_eq(write_to(&p, "loop/a"), walking ? EXDEV : ELOOP);
    ck_assert(!is_there(&p, "nowhere"));
    place_end(&p);
}
END_TEST

START_TEST(dir_opens_no_link_as_a_file)
{
    struct place p = place_make(_i);
    ck_assert_int_eq(symlinkat("../secret/planted", p.at, "a"), 0);
    ck_assert_int_eq(symlinkat("../secret/file", p.at, "b"), 0);
    ck_assert_int_eq(write_to(&p, "a"), EEXIST);
    ck_assert_int_eq(dir_open(p.at, "a", O_WRONLY | O_CREAT), -ELOOP);
    ck_assert_int_eq(dir_open(p.at, "b", O_WRONLY), -ELOOP);
    ck_assert_int_eq(dir_open(p.at, "b", O_RDONLY), -ELOOP);
    place_end(&p);
}
END_TEST

START_TEST(dir_stays_the_one_that_was_entered)
{
    struct place p = place_make(_i);
    struct dir_place at;
    ck_assert_int_eq(dir_enter(p.d, "a/b/file", true, &at), 0);
    ck_assert_int_eq(renameat(p.at, "a", p.at, "moved"), 0);
    ck_assert_int_eq(symlinkat("../secret", p.at, "a"), 0);
    int fd = dir_open(at.fd, at.name, O_WRONLY | O_CREAT | O_EXCL);
    ck_assert_int_ge(fd, 0);
    close(fd);
    ck_assert_int_eq(fsync(at.fd), 0);
    dir_leave(&at);
    ck_assert(is_there(&p, "moved/b/file"));
    place_end(&p);
}
END_TEST

struct swapping {
    int at;
    bool stop;
};

static void *swap_on(void *arg)
{
    struct swapping *s = arg;
    while (!__atomic_load_n(&s->stop, __ATOMIC_RELAXED)) {
        (void)renameat2(s->at, "dir", s->at, "link", RENAME_EXCHANGE);
    }
    return NULL;
}

START_TEST(dir_wins_the_race_against_a_link)
{
    struct place p = place_make(_i);
    ck_assert_int_eq(mkdirat(p.at, "dir", 0700), 0);
    ck_assert_int_eq(symlinkat("../secret", p.at, "link"), 0);
    struct swapping swapping = {.at = p.at};
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, swap_on, &swapping), 0);
    for (int i = 0; i < 3000; i++) {
        int failed = write_to(&p, "dir/planted");
        if (failed == 0) {
            (void)unlinkat(p.at, "dir/planted", 0);
            (void)unlinkat(p.at, "link/planted", 0);
        }
        ck_assert_msg(
            failed == 0 || failed == EXDEV || failed == EEXIST || failed == ENOTDIR, "%d", failed);
        if (i % 100 == 0) {
            char path[96];
            struct stat st;
            (void)snprintf(path, sizeof(path), "%s/secret/planted", p.base);
            ck_assert_int_eq(lstat(path, &st), -1);
        }
    }
    __atomic_store_n(&swapping.stop, true, __ATOMIC_RELAXED);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    place_end(&p);
}
END_TEST

static void *make_deep(void *arg)
{
    const struct place *p = arg;
    struct dir_place at;
    intptr_t failures = 0;
    for (int i = 0; i < 200; i++) {
        char path[64];
        (void)snprintf(path, sizeof(path), "n%d/a/b/c/file", i);
        failures += dir_enter(p->d, path, true, &at) != 0;
        dir_leave(&at);
    }
    return (void *)failures;
}

START_TEST(dir_is_made_by_many_at_once)
{
    struct place p = place_make(_i);
    pthread_t threads[4];
    for (int i = 0; i < COUNT(threads); i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, make_deep, &p), 0);
    }
    for (int i = 0; i < COUNT(threads); i++) {
        void *failures;
        ck_assert_int_eq(pthread_join(threads[i], &failures), 0);
        ck_assert_ptr_null(failures);
    }
    place_end(&p);
}
END_TEST

START_TEST(dir_with_names_that_are_too_long)
{
    struct place p = place_make(_i);
    char name[400];
    memset(name, 'a', sizeof(name));
    memcpy(name + sizeof(name) - 3, "/b", 3);
    ck_assert_int_eq(write_to(&p, name), ENAMETOOLONG);
    place_end(&p);
}
END_TEST

static unsigned descriptors(void)
{
    unsigned n = 0;
    for (int fd = 0; fd < 256; fd++) {
        n += fcntl(fd, F_GETFD) >= 0;
    }
    return n;
}

START_TEST(dir_leaks_no_descriptor)
{
    unsigned before = descriptors();
    struct place p = place_make(_i);
    make_file(p.at, "file");
    ck_assert_int_eq(symlinkat("../secret", p.at, "up"), 0);
    static const char *const paths[] = {"a/b/c/d", "file/b/c", "up/x/y", "a/b/../c", "a/file/x"};
    for (int i = 0; i < COUNT(paths); i++) {
        (void)write_to(&p, paths[i]);
    }
    ck_assert_uint_eq(descriptors(), before + 1);
    place_end(&p);
    ck_assert_uint_eq(descriptors(), before);
}
END_TEST

/* -- the directory itself ------------------------------------------------------------------ */

START_TEST(dir_itself_is_made)
{
    struct place p = place_make(KERNEL);
    char path[PATH_MAX];
    struct dir *d;
    (void)snprintf(path, sizeof(path), "%s/x//y/./z/", p.base);
    err_is_none(dir_new(path, &d));
    dir_free(d);
    (void)snprintf(path, sizeof(path), "%s/secret/file", p.base);
    err_is_kind(dir_new(path, &d), ERR_IO);
    ck_assert_ptr_null(d);
    (void)snprintf(path, sizeof(path), "%s/secret/file/x/y", p.base);
    err_is_kind(dir_new(path, &d), ERR_IO);
    err_is_kind(dir_new("", &d), ERR_IO);
    err_is_none(dir_new(".", &d));
    dir_free(d);
    dir_free(NULL);
    /* the user's own links are the user's */
    ck_assert_int_eq(symlinkat("../secret", p.at, "up"), 0);
    (void)snprintf(path, sizeof(path), "%s/out/up", p.base);
    err_is_none(dir_new(path, &d));
    dir_free(d);
    place_end(&p);
}
END_TEST

START_TEST(dir_that_bounds_nothing)
{
    struct place p = place_make(KERNEL);
    char path[PATH_MAX];
    struct dir *d;
    struct dir_place at;
    err_is_none(dir_new_unbound(&d));
    (void)snprintf(path, sizeof(path), "%s/a/../b/c/file", p.base);
    ck_assert_int_eq(dir_enter(d, path, true, &at), 0);
    ck_assert_str_eq(at.name, "file");
    ck_assert(at.owned);
    dir_leave(&at);
    ck_assert_int_eq(dir_enter(d, "/file", true, &at), 0);
    dir_leave(&at);
    ck_assert_int_eq(dir_enter(d, "file", true, &at), 0);
    ck_assert(at.fd == AT_FDCWD && !at.owned);
    dir_leave(&at);
    ck_assert_int_eq(dir_enter(d, "/tmp/", true, &at), EINVAL);
    ck_assert_int_eq(symlinkat("../secret", p.at, "up"), 0);
    (void)snprintf(path, sizeof(path), "%s/out/up/file", p.base);
    ck_assert_int_eq(dir_enter(d, path, false, &at), 0);
    dir_leave(&at);
    dir_free(d);
    place_end(&p);
}
END_TEST

static void enter_some(void)
{
    struct dir *d;
    struct dir_place at;
    struct err *e = dir_new(P_tmpdir, &d);
    failnth_must((e == NULL) == !failnth_failed());
    if (!e) {
        int failed = dir_enter(d, "garner-dir-none/none", false, &at);
        failnth_must(failed == ENOENT || (failed == ENOMEM && failnth_failed()));
    }
    err_unref(e);
    dir_free(d);
}

START_TEST(dir_when_memory_runs_out)
{
    failnth_each(enter_some);
}
END_TEST

Suite *store_dir_suite(void)
{
    Suite *s = suite_create("store_dir");
    TCase *tc = tcase_create("below");
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, dir_makes_parents, 0, WAYS);
    tcase_add_loop_test(tc, dir_makes_nothing_unasked, 0, WAYS);
    tcase_add_loop_test(tc, dir_refuses_paths_that_go_astray, 0, WAYS);
    tcase_add_loop_test(tc, dir_follows_no_link_out, 0, WAYS);
    tcase_add_loop_test(tc, dir_is_not_led_by_proc, 0, WAYS);
    tcase_add_loop_test(tc, dir_and_links_inside, 0, WAYS);
    tcase_add_loop_test(tc, dir_opens_no_link_as_a_file, 0, WAYS);
    tcase_add_loop_test(tc, dir_stays_the_one_that_was_entered, 0, WAYS);
    tcase_add_loop_test(tc, dir_wins_the_race_against_a_link, 0, WAYS);
    tcase_add_loop_test(tc, dir_is_made_by_many_at_once, 0, WAYS);
    tcase_add_loop_test(tc, dir_with_names_that_are_too_long, 0, WAYS);
    tcase_add_loop_test(tc, dir_leaks_no_descriptor, 0, WAYS);
    suite_add_tcase(s, tc);
    tc = tcase_create("itself");
    tcase_add_test(tc, dir_itself_is_made);
    tcase_add_test(tc, dir_that_bounds_nothing);
    tcase_add_test(tc, dir_when_memory_runs_out);
    suite_add_tcase(s, tc);
    return s;
}
