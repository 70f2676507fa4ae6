/* SPDX-License-Identifier: MIT */
/* src/store/part.c, work.c: parts are kept, found, locked, and never somebody else's. */
#include "store_bed.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB (1024 * 1024)

/* A run that is ended after `size` bytes of version 1. */
static void leave_part(struct bed *b, int64_t size, int64_t total)
{
    struct sink *k = bed_sink(b, "file", IF_EXISTS_SKIP);
    bed_start(k, 0, 1, total);
    bed_feed(k, 1, 0, size);
    bed_close(b, k, true);
    bed_again(b);
}

/* What a crash leaves: the first bytes of version 1, and a claim. */
static void plant(struct bed *b, int64_t size, int64_t present)
{
    char text[512];
    leave_part(b, size, -1);
    (void)snprintf(text, sizeof(text),
        "{\"garner\":1,\"url\":\"u\",\"key\":\"0000000000000007\",\"etag\":\"\\\"v1\\\"\","
        "\"last_modified\":null,\"coding\":null,\"modified\":-1,\"date\":-1,\"total\":-1,"
        "\"present\":[[0,%lld]]}\n",
        (long long)present);
    bed_write(b, "file.part.json", text);
}

static const int64_t kept[] = {1, 1000, SINK_SMALL, SINK_SMALL + 1, 3 * MIB + 5};

START_TEST(part_is_resumed_by_another_run)
{
    struct bed b;
    const struct validators *v;
    int64_t total = 4 * MIB, size = kept[_i];
    bed_make(&b, 2, NULL);
    leave_part(&b, size, total);
    ck_assert(bed_is(&b, "file.part", 1, size));
    ck_assert(!bed_exists(&b, "file"));
    struct sink *k = bed_sink(&b, "file", IF_EXISTS_SKIP);
    err_is_none(bed_open(&b, k));
    ck_assert_int_eq(sink_have(k, &v), size);
    ck_assert_str_eq(v->etag, "\"v1\"");
    ck_assert_int_eq(v->total, total);
    ck_assert_str_eq(sink_part_url(k), "http://host/file");
    ck_assert_uint_eq(sink_part_key(k), 0x9f3a61c2);
    bed_start(k, size, 1, total);
    bed_feed(k, 1, size, total);
    err_is_none(bed_commit(&b, k, total, NULL));
    ck_assert(bed_is(&b, "file", 1, total));
    ck_assert_uint_eq(bed_count(&b), 1);
    bed_close(&b, k, true);
    bed_end(&b);
}
END_TEST

START_TEST(part_is_resumed_again_and_again)
{
    struct bed b;
    int64_t total = MIB, step = 70001;
    bed_make(&b, 2, NULL);
    for (int64_t at = 0; at < total; at += step) {
        struct sink *k = bed_sink(&b, "dir/file", IF_EXISTS_SKIP);
        err_is_none(bed_open(&b, k));
        ck_assert_int_eq(sink_have(k, NULL), at);
        int64_t end = at + step < total ? at + step : total;
        bed_start(k, at, 1, total);
        bed_feed(k, 1, at, end);
        if (end == total) {
            err_is_none(bed_commit(&b, k, total, NULL));
        }
        bed_close(&b, k, true);
        bed_again(&b);
    }
    ck_assert(bed_is(&b, "dir/file", 1, total));
    bed_is_clean(&b, "dir/file");
    bed_end(&b);
}
END_TEST

START_TEST(part_of_another_version_is_started_over)
{
    struct bed b;
    int64_t size = kept[_i];
    bed_make(&b, 2, NULL);
    for (int known = 0; known < 2; known++) {
        leave_part(&b, 2 * MIB, -1);
        struct sink *k = bed_sink(&b, "file", IF_EXISTS_OVERWRITE);
        err_is_none(bed_open(&b, k));
        ck_assert_int_eq(sink_have(k, NULL), 2 * MIB);
        bed_start(k, 0, known ? 2 : 0, size);
        bed_feed(k, known ? 2 : 0, 0, size);
        loop_spin(b.l, 50);
        err_is_none(bed_commit(&b, k, size, NULL));
        ck_assert(bed_is(&b, "file", known ? 2 : 0, size));
        bed_is_clean(&b, "file");
        bed_close(&b, k, true);
    }
    bed_end(&b);
}
END_TEST

START_TEST(part_survives_a_new_version_that_never_came)
{
    struct bed b;
    bed_make(&b, 2, NULL);
    leave_part(&b, 2 * MIB, -1);
    struct sink *k = bed_sink(&b, "file", IF_EXISTS_SKIP);
    err_is_none(bed_open(&b, k));
    bed_start(k, 0, 2, -1);
    bed_close(&b, k, true);
    k = bed_sink(&b, "file", IF_EXISTS_SKIP);
    const struct validators *v;
    err_is_none(bed_open(&b, k));
    ck_assert_int_eq(sink_have(k, &v), 2 * MIB);
    ck_assert_str_eq(v->etag, "\"v1\"");
    bed_start(k, 0, 2, -1);
    bed_feed(k, 2, 0, 100);
    bed_close(&b, k, true);
    k = bed_sink(&b, "file", IF_EXISTS_SKIP);
    err_is_none(bed_open(&b, k));
    ck_assert_int_eq(sink_have(k, &v), 100);
    ck_assert_str_eq(v->etag, "\"v2\"");
    bed_close(&b, k, false);
    ck_assert_uint_eq(bed_count(&b), 0);
    bed_end(&b);
}
END_TEST

START_TEST(part_that_cannot_be_resumed_is_not_kept)
{
    struct bed b;
    struct store_options o = {.buffer = MIB, .resume = _i != 1};
    bed_make(&b, 2, &o);
    for (int large = 0; large < 2; large++) {
        struct sink *k = bed_sink(&b, "file", IF_EXISTS_SKIP);
        bed_start(k, 0, _i == 0 ? 0 : 1, -1);
        bed_feed(k, 1, 0, large ? 2 * MIB : 100);
        bed_close(&b, k, _i != 2);
        ck_assert_uint_eq(bed_count(&b), 0);
    }
    bed_end(&b);
}
END_TEST

static const struct {
    int64_t size, present, have;
} claims[] = {
    {MIB, MIB, MIB},
    {MIB, MIB / 2, MIB / 2}, /* bytes that nobody vouches for */
    {MIB, MIB + 1, 0},       /* a claim of bytes that are not there */
    {MIB, 0, 0},
    {100, 99, 99},
};

START_TEST(part_is_worth_what_its_sidecar_says)
{
    struct bed b;
    bed_make(&b, 2, NULL);
    plant(&b, claims[_i].size, claims[_i].present);
    struct sink *k = bed_sink(&b, "file", IF_EXISTS_SKIP);
    err_is_none(bed_open(&b, k));
    int64_t have = sink_have(k, NULL);
    ck_assert_int_eq(have, claims[_i].have);
    bed_start(k, have, have ? 1 : 2, MIB);
    bed_feed(k, have ? 1 : 2, have, MIB);
    err_is_none(bed_commit(&b, k, MIB, NULL));
    ck_assert(bed_is(&b, "file", have ? 1 : 2, MIB));
    ck_assert_uint_eq(bed_count(&b), 1);
    bed_close(&b, k, true);
    bed_end(&b);
}
END_TEST

START_TEST(part_without_a_sidecar_is_replaced)
{
    struct bed b;
    bed_make(&b, 2, NULL);
    for (int large = 0; large < 2; large++) {
        for (int opened = 0; opened < 2; opened++) {
            int64_t size = large ? MIB : 100;
            bed_write(&b, "file.part", "left by who knows whom");
            bed_write(&b, "file.part.json", "{\"garner\":");
            struct sink *k = bed_sink(&b, "file", IF_EXISTS_OVERWRITE);
            if (opened) {
                err_is_none(bed_open(&b, k));
                ck_assert_int_eq(sink_have(k, NULL), 0);
            }
            bed_start(k, 0, 1, size);
            bed_feed(k, 1, 0, size);
            err_is_none(bed_commit(&b, k, size, NULL));
            ck_assert(bed_is(&b, "file", 1, size));
            bed_is_clean(&b, "file");
            bed_close(&b, k, true);
        }
    }
    bed_end(&b);
}
END_TEST

START_TEST(part_and_a_sidecar_without_one)
{
    struct bed b;
    bed_make(&b, 2, NULL);
    leave_part(&b, MIB, -1);
    ck_assert_int_eq(unlinkat(b.at, "file.part", 0), 0);
    struct sink *k = bed_sink(&b, "file", IF_EXISTS_SKIP);
    err_is_none(bed_open(&b, k));
    ck_assert_int_eq(sink_have(k, NULL), 0);
    /* a version that cannot be resumed must not be taken for the old one */
    bed_start(k, 0, 0, 2 * MIB);
    bed_feed(k, 0, 0, 2 * MIB - 1);
    while (bed_size(&b, "file.part") < MIB) {
        struct future *f = aio_sleep(b.l, 0.001);
        err_is_none(bed_done(&b, f, NULL));
    }
    ck_assert(!bed_exists(&b, "file.part.json"));
    bed_close(&b, k, true);
    ck_assert_uint_eq(bed_count(&b), 0);
    bed_end(&b);
}
END_TEST

/* -- somebody else's --------------------------------------------------------------------------- */

static pid_t lock_elsewhere(const struct bed *b, const char *name)
{
    int ready[2];
    char c;
    ck_assert_int_eq(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        int fd = openat(b->at, name, O_RDWR | O_CREAT, 0666);
        if (fd < 0 || flock(fd, LOCK_EX) < 0 || write(ready[1], "x", 1) != 1) {
            _exit(1);
        }
        pause();
        _exit(0);
    }
    ck_assert_int_gt(pid, 0);
    ck_assert_int_eq(read(ready[0], &c, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return pid;
}

static void is_busy(struct err *e)
{
    ck_assert_ptr_nonnull(e);
    ck_assert(err_is(e, ERR_IO));
    ck_assert_str_eq(err_code(e), "EBUSY");
    ck_assert_ptr_nonnull(strstr(err_message(e), "another garner"));
    err_unref(e);
}

START_TEST(part_that_another_process_has)
{
    struct bed b;
    bed_make(&b, 2, NULL);
    pid_t pid = lock_elsewhere(&b, "file.part");
    struct sink *k = bed_sink(&b, "file", IF_EXISTS_SKIP);
    is_busy(bed_open(&b, k));
    bed_close(&b, k, false);
    for (int large = 0; large < 2; large++) {
        k = bed_sink(&b, "file", IF_EXISTS_SKIP);
        bed_start(k, 0, 1, -1);
        bed_feed(k, 1, 0, large ? MIB : 100);
        is_busy(bed_commit(&b, k, -1, NULL));
        bed_close(&b, k, false);
    }
    ck_assert(bed_exists(&b, "file.part"));
    ck_assert_int_eq(kill(pid, SIGKILL), 0);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
    err_is_none(bed_put(&b, "file", MIB, IF_EXISTS_SKIP));
    ck_assert(bed_is(&b, "file", 1, MIB));
    bed_end(&b);
}
END_TEST

START_TEST(part_for_one_of_two)
{
    struct bed b;
    bed_make(&b, 2, NULL);
    struct sink *one = bed_sink(&b, "file", IF_EXISTS_OVERWRITE);
    bed_start(one, 0, 1, -1);
    bed_feed(one, 1, 0, MIB);
    while (!bed_exists(&b, "file.part.json")) {
        struct future *f = aio_sleep(b.l, 0.001);
        err_is_none(bed_done(&b, f, NULL));
    }
    struct sink *two = bed_sink(&b, "file", IF_EXISTS_OVERWRITE);
    is_busy(bed_open(&b, two));
    bed_start(two, 0, 2, -1);
    bed_feed(two, 2, 0, 500);
    is_busy(bed_commit(&b, two, 500, NULL));
    bed_close(&b, two, true);
    err_is_none(bed_commit(&b, one, MIB, NULL));
    bed_close(&b, one, true);
    ck_assert(bed_is(&b, "file", 1, MIB));
    ck_assert_uint_eq(bed_count(&b), 1);
    bed_end(&b);
}
END_TEST

static void spoil(const struct bed *b, int how)
{
    switch (how) {
    case 0:
        bed_write(b, "target", "precious");
        ck_assert_int_eq(symlinkat("target", b->at, "file.part"), 0);
        break;
    case 1:
        bed_write(b, "target", "precious");
        ck_assert_int_eq(linkat(b->at, "target", b->at, "file.part", 0), 0);
        break;
    case 2:
        bed_write(b, "target", "precious");
        ck_assert_int_eq(mkfifoat(b->at, "file.part", 0600), 0);
        break;
    case 3:
        bed_write(b, "target", "precious");
        ck_assert_int_eq(mkdirat(b->at, "file.part", 0700), 0);
        break;
    default:
        bed_write(b, "target", "precious");
        ck_assert_int_eq(symlinkat("/nowhere/at/all", b->at, "file.part"), 0);
        break;
    }
}

START_TEST(part_that_is_no_file_of_ours)
{
    struct bed b;
    bed_make(&b, 2, NULL);
    spoil(&b, _i);
    for (int large = 0; large < 2; large++) {
        struct sink *k = bed_sink(&b, "file", IF_EXISTS_OVERWRITE);
        err_is_kind(bed_open(&b, k), ERR_IO);
        bed_start(k, 0, 1, -1);
        bed_feed(k, 1, 0, large ? MIB : 100);
        err_is_kind(bed_commit(&b, k, -1, NULL), ERR_IO);
        bed_close(&b, k, true);
    }
    ck_assert_int_eq(bed_size(&b, "target"), 8);
    ck_assert(bed_exists(&b, "file.part"));
    ck_assert(!bed_exists(&b, "file"));
    bed_end(&b);
}
END_TEST

/* -- two processes on one target, again and again -------------------------------------------------
 */

/* In a process of its own: puts a version under one name, over and over. */
static void contend(const char *dir, int version, int rounds)
{
    struct loop *l = loop_new(LOOP_PLAIN, NULL);
    struct executor *ex = executor_new(l, 2);
    struct store_options o = {.dir = dir, .buffer = MIB, .resume = true};
    struct bed b = {.l = l, .ex = ex};
    if (store_new(l, ex, &o, &b.s)) {
        _exit(2);
    }
    for (int i = 0; i < rounds; i++) {
        int64_t size = i % 2 ? 5000 : 400000;
        struct sink *k = bed_sink(&b, "file", IF_EXISTS_OVERWRITE);
        struct err *e = i % 3 ? NULL : bed_open(&b, k);
        bed_start(k, 0, version, size);
        bed_feed(k, version, 0, size);
        if (!e) {
            e = bed_commit(&b, k, size, NULL);
        }
        if (e && strcmp(err_code(e), "EBUSY") != 0) {
            (void)fprintf(stderr, "%s\n", err_message(e));
            _exit(3);
        }
        err_unref(e);
        bed_close(&b, k, i % 5 == 0);
    }
    store_free(b.s);
    executor_free(ex);
    loop_free(l);
    _exit(0);
}

/* What is under the name, if anything, is all of one version. */
static bool is_whole(const struct bed *b)
{
    char is[400000];
    char should[1];
    int fd = openat(b->at, "file", O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return true;
    }
    ssize_t n = read(fd, is, sizeof(is));
    close(fd);
    bool same = false;
    for (int v = 1; !same && v < 5; v++) {
        same = n == 5000 || n == 400000;
        for (ssize_t i = 0; same && i < n; i += 997) {
            bed_body(v, i, should, 1);
            same = is[i] == should[0];
        }
    }
    return same;
}

START_TEST(part_of_many_who_want_it)
{
    struct bed b;
    pid_t pids[4];
    bed_make_dir(&b);
    for (int i = 0; i < 4; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            contend(b.dir, i + 1, 300);
        }
    }
    int left = 4;
    while (left > 0) {
        int status;
        pid_t pid = waitpid(-1, &status, WNOHANG);
        if (pid > 0) {
            ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%d", status);
            left--;
        }
        ck_assert(is_whole(&b));
    }
    bed_end_dir(&b);
}
END_TEST

/* -- killed --------------------------------------------------------------------------------------
 */

#define LONG (6 * MIB + 1234)

/* In a process of its own: goes on with the file from where the last one was killed. */
static void carry_on(const char *dir)
{
    struct bed b = {.l = loop_new(LOOP_PLAIN, NULL)};
    b.ex = executor_new(b.l, 2);
    struct store_options o = {.dir = dir, .buffer = MIB, .resume = true};
    if (store_new(b.l, b.ex, &o, &b.s)) {
        _exit(2);
    }
    struct sink *k = bed_sink(&b, "d/file", IF_EXISTS_FAIL);
    struct err *e = bed_open(&b, k);
    int64_t have = e ? -1 : sink_have(k, NULL);
    if (have < 0 || have > LONG) {
        _exit(3);
    }
    bed_start(k, have, 1, LONG);
    while (have < LONG) {
        int64_t end = have + 70000 < LONG ? have + 70000 : LONG;
        bed_feed(k, 1, have, end);
        (void)bed_done(&b, aio_sleep(b.l, 0.0002), NULL);
        have = end;
    }
    e = bed_commit(&b, k, LONG, NULL);
    _exit(e ? 4 : 0);
}

START_TEST(part_of_the_killed)
{
    struct bed b;
    int kills = 0;
    bed_make_dir(&b);
    for (int round = 0; !bed_exists(&b, "d/file"); round++) {
        int status;
        ck_assert_int_lt(round, 200);
        pid_t pid = fork();
        if (pid == 0) {
            carry_on(b.dir);
        }
        usleep((3000u + (unsigned)round * 1700 % 9000) << round / 20); /* more on a slow machine */
        ck_assert_int_eq(kill(pid, SIGKILL), 0);
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert_msg(WIFSIGNALED(status) || WEXITSTATUS(status) == 0, "%d", status);
        kills += WIFSIGNALED(status);
    }
    ck_assert_int_gt(kills, 0);
    ck_assert(bed_is(&b, "d/file", 1, LONG));
    bed_is_clean(&b, "d/file");
    bed_end_dir(&b);
}
END_TEST

Suite *store_part_suite(void);

Suite *store_part_suite(void)
{
    Suite *s = suite_create("store_part");
    TCase *c = tcase_create("part");
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, part_is_resumed_by_another_run, 0, 5);
    tcase_add_test(c, part_is_resumed_again_and_again);
    tcase_add_loop_test(c, part_of_another_version_is_started_over, 0, 5);
    tcase_add_test(c, part_survives_a_new_version_that_never_came);
    tcase_add_loop_test(c, part_that_cannot_be_resumed_is_not_kept, 0, 3);
    tcase_add_loop_test(c, part_is_worth_what_its_sidecar_says, 0, 5);
    tcase_add_test(c, part_without_a_sidecar_is_replaced);
    tcase_add_test(c, part_and_a_sidecar_without_one);
    tcase_add_test(c, part_that_another_process_has);
    tcase_add_test(c, part_for_one_of_two);
    tcase_add_loop_test(c, part_that_is_no_file_of_ours, 0, 5);
    tcase_add_test(c, part_of_many_who_want_it);
    tcase_add_loop_test(c, part_of_the_killed, 0, 3);
    suite_add_tcase(s, c);
    return s;
}
