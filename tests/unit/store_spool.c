/* SPDX-License-Identifier: MIT */
/* src/store/spool.c: blobs that wait come back whole, and leave nothing behind. */
#include "store/spool.h"

#include "failnth.h"
#include "support.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void fill(char *bytes, size_t n, unsigned seed)
{
    for (size_t i = 0; i < n; i++) {
        bytes[i] = (char)(seed * 31 + i * 7 + (i >> 8));
    }
}

static void put(struct spool *s, size_t n, unsigned seed, struct spool_blob *blob)
{
    char *bytes = malloc(n + 1);
    fill(bytes, n, seed);
    err_is_none(spool_put(s, bytes, n, blob));
    ck_assert_uint_eq(blob->len, n);
    free(bytes);
}

static void take(struct spool *s, size_t n, unsigned seed, struct spool_blob *blob)
{
    struct buf b = BUF_INIT;
    char *bytes = malloc(n + 1);
    fill(bytes, n, seed);
    buf_adds(&b, "kept");
    err_is_none(spool_take(s, blob, &b));
    ck_assert_uint_eq(b.len, n + 4);
    ck_assert(memcmp(b.data, "kept", 4) == 0 && memcmp(b.data + 4, bytes, n) == 0);
    ck_assert_int_eq(b.data[b.len], '\0');
    ck_assert_ptr_null(blob->bytes);
    ck_assert_uint_eq(blob->len, 0);
    free(bytes);
    buf_fini(&b);
}

START_TEST(spool_in_memory_up_to_its_bound)
{
    struct spool *s = spool_new(100);
    struct spool_blob a, b, c, none;
    put(s, 60, 1, &a);
    put(s, 40, 2, &b);
    ck_assert_uint_eq(spool_in_file(s), 0);
    put(s, 1, 3, &c);
    ck_assert_uint_eq(spool_in_file(s), 1);
    put(s, 0, 4, &none);
    take(s, 0, 4, &none);
    take(s, 60, 1, &a);
    put(s, 60, 5, &a); /* its place in memory was free again */
    ck_assert_uint_eq(spool_in_file(s), 1);
    take(s, 1, 3, &c);
    ck_assert_uint_eq(spool_in_file(s), 0);
    take(s, 60, 5, &a);
    take(s, 40, 2, &b);
    spool_drop(s, &b); /* twice is nothing */
    spool_free(s);
    spool_free(NULL);
}
END_TEST

START_TEST(spool_in_any_order)
{
    enum { BLOBS = 400 };
    struct spool *s = spool_new(20000);
    struct spool_blob blobs[BLOBS];
    for (unsigned i = 0; i < BLOBS; i++) {
        put(s, 37 * i % 9001, i, &blobs[i]);
    }
    ck_assert_uint_gt(spool_in_file(s), 100000);
    for (unsigned i = 0; i < BLOBS; i++) {
        unsigned at = i * 151 % BLOBS; /* each once */
        if (at % 5 == 0) {
            spool_drop(s, &blobs[at]);
        } else {
            take(s, 37 * at % 9001, at, &blobs[at]);
        }
    }
    ck_assert_uint_eq(spool_in_file(s), 0);
    put(s, 70000, 7, &blobs[0]);
    take(s, 70000, 7, &blobs[0]);
    spool_free(s);
}
END_TEST

/* The one descriptor that the process has in TMPDIR; -1 if there is none. */
static int spool_descriptor(const char *dir)
{
    for (int fd = 3; fd < 64; fd++) {
        char link[64], path[4096];
        (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        ssize_t n = readlink(link, path, sizeof(path) - 1);
        path[n > 0 ? n : 0] = '\0';
        if (n > 0 && strncmp(path, dir, strlen(dir)) == 0) {
            return fd;
        }
    }
    return -1;
}

START_TEST(spool_that_is_never_empty_stays_small)
{
    enum { WINDOW = 8, SIZE = 300000, ROUNDS = 200 };
    char dir[] = P_tmpdir "/spool.XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(dir));
    ck_assert_int_eq(setenv("TMPDIR", dir, 1), 0);
    struct spool *s = spool_new(0);
    struct spool_blob blobs[WINDOW];
    for (unsigned i = 0; i < ROUNDS; i++) {
        if (i >= WINDOW) {
            take(s, SIZE, i - WINDOW, &blobs[i % WINDOW]);
        }
        put(s, SIZE, i, &blobs[i % WINDOW]);
    }
    int fd = spool_descriptor(dir);
    ck_assert_int_ge(fd, 0);
    struct stat st;
    ck_assert_int_eq(fstat(fd, &st), 0);
    ck_assert_uint_eq(st.st_nlink, 0);
    ck_assert_int_lt(st.st_blocks * 512, 6 << 20);
    for (unsigned i = 0; i < WINDOW; i++) {
        spool_drop(s, &blobs[i]);
    }
    ck_assert_int_eq(fstat(fd, &st), 0);
    ck_assert_int_eq(st.st_size, 0);
    spool_free(s);
    ck_assert_int_eq(rmdir(dir), 0); /* nothing was left in it */
    ck_assert_int_eq(unsetenv("TMPDIR"), 0);
}
END_TEST

START_TEST(spool_without_a_place_for_its_file)
{
    ck_assert_int_eq(setenv("TMPDIR", "/nonexistent/garner", 1), 0);
    struct spool *s = spool_new(3);
    struct spool_blob a, b;
    put(s, 3, 1, &a);
    err_is_kind(spool_put(s, "x", 1, &b), ERR_IO);
    ck_assert(b.len == 0 && !b.bytes);
    spool_drop(s, &b);
    take(s, 3, 1, &a);
    spool_free(s);
    ck_assert_int_eq(unsetenv("TMPDIR"), 0);
}
END_TEST

static void put_and_take(void)
{
    struct spool *s = spool_new(4);
    if (!s) {
        failnth_must(failnth_failed());
        return;
    }
    struct spool_blob blobs[3];
    struct buf b = BUF_INIT;
    for (size_t i = 0; i < 3; i++) {
        struct err *e = spool_put(s, "abcdef", 3 + i, &blobs[i]);
        failnth_must(!e || failnth_failed());
        err_unref(e);
    }
    for (size_t i = 0; i < 3; i++) {
        struct err *e = spool_take(s, &blobs[i], &b);
        failnth_must(!e || failnth_failed());
        err_unref(e);
        spool_drop(s, &blobs[i]);
    }
    failnth_must(failnth_failed() || strcmp(b.data, "abcabcdabcde") == 0);
    failnth_must(spool_in_file(s) == 0);
    buf_fini(&b);
    spool_free(s);
}

START_TEST(spool_when_memory_runs_out)
{
    failnth_each(put_and_take);
}
END_TEST

Suite *store_spool_suite(void)
{
    Suite *s = suite_create("store_spool");
    TCase *tc = tcase_create("spool");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, spool_in_memory_up_to_its_bound);
    tcase_add_test(tc, spool_in_any_order);
    tcase_add_test(tc, spool_that_is_never_empty_stays_small);
    tcase_add_test(tc, spool_without_a_place_for_its_file);
    tcase_add_test(tc, spool_when_memory_runs_out);
    suite_add_tcase(s, tc);
    return s;
}
