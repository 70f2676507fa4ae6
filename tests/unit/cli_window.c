/* SPDX-License-Identifier: MIT */
/* The reorder window: in any order in, in order out, in memory or spilled. */
#include "cli/window.h"
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put(struct window *w, uint64_t index)
{
    char text[40];
    /* each seventh is empty */
    int n = index % 7 ? snprintf(text, sizeof(text), "%llu,", (unsigned long long)index) : 0;
    err_is_none(window_put(w, index, text, (size_t)n));
}

static void take_all(struct window *w, bool skip_gaps, struct buf *b)
{
    bool more = true;
    while (more) {
        err_is_none(window_take(w, skip_gaps, b, &more));
    }
}

static void expect(struct buf *b, uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i <= to; i++) {
        if (i % 7) {
            buf_addf(b, "%llu,", (unsigned long long)i);
        }
    }
}

static void same(struct buf *got, struct buf *expected)
{
    ck_assert_uint_eq(got->len, expected->len);
    ck_assert_int_eq(memcmp(got->data, expected->data, got->len), 0);
    buf_fini(got);
    buf_fini(expected);
}

START_TEST(in_order)
{
    struct window *w = window_new(1 << 20);
    struct buf got = BUF_INIT;
    struct buf expected = BUF_INIT;
    for (uint64_t i = 1; i <= 5000; i++) {
        put(w, i);
        take_all(w, false, &got);
        ck_assert_uint_eq(window_held(w), 0);
    }
    expect(&expected, 1, 5000);
    same(&got, &expected);
    window_free(w);
}
END_TEST

/* the bound: nothing spills, or nearly everything does */
static const size_t bounds[] = {16 << 20, 1000};

START_TEST(backwards)
{
    struct window *w = window_new(bounds[_i]);
    struct buf got = BUF_INIT;
    struct buf expected = BUF_INIT;
    for (uint64_t i = 5000; i >= 1; i--) {
        take_all(w, false, &got);
        ck_assert_uint_eq(got.len, 0);
        put(w, i);
    }
    ck_assert_uint_eq(window_held(w), 5000);
    take_all(w, false, &got);
    ck_assert_uint_eq(window_held(w), 0);
    expect(&expected, 1, 5000);
    same(&got, &expected);
    window_free(w);
}
END_TEST

START_TEST(shuffled)
{
    enum { N = 20000 };
    struct window *w = window_new(bounds[_i]);
    struct buf got = BUF_INIT;
    struct buf expected = BUF_INIT;
    uint64_t *order = calloc(N, sizeof(*order));
    for (size_t i = 0; i < N; i++) {
        size_t other = (size_t)rand() % (i + 1);
        order[i] = order[other];
        order[other] = i + 1;
    }
    for (size_t i = 0; i < N; i++) {
        put(w, order[i]);
        if (i % 16 == 0) {
            take_all(w, false, &got);
        }
    }
    take_all(w, false, &got);
    ck_assert_uint_eq(window_held(w), 0);
    expect(&expected, 1, N);
    same(&got, &expected);
    free(order);
    window_free(w);
}
END_TEST

START_TEST(gaps_are_skipped_at_the_end)
{
    struct window *w = window_new(bounds[_i]);
    struct buf got = BUF_INIT;
    struct buf expected = BUF_INIT;
    for (uint64_t i = 1; i <= 10000; i++) {
        if (i != 5 && i != 1024 && (i < 3000 || i > 6000)) {
            put(w, i);
        }
    }
    take_all(w, false, &got);
    take_all(w, true, &got);
    ck_assert_uint_eq(window_held(w), 0);
    expect(&expected, 1, 4);
    expect(&expected, 6, 1023);
    expect(&expected, 1025, 2999);
    expect(&expected, 6001, 10000);
    same(&got, &expected);
    window_free(w);
}
END_TEST

START_TEST(freed_while_full)
{
    struct window *w = window_new(bounds[_i]);
    for (uint64_t i = 2; i <= 5000; i++) {
        put(w, i);
    }
    window_free(w);
    window_free(NULL);
}
END_TEST

/* What is folded is never much at once: not the texts of a page, which may be a gigabyte. */
START_TEST(pieces_are_small)
{
    enum { N = 3000 };
    static char text[100000];
    struct window *w = window_new(bounds[_i]);
    bool more = true;
    size_t all = 0;
    for (uint64_t i = N; i >= 1; i--) {
        size_t n = i % 1000 ? 1000 : sizeof(text);
        memset(text, 'a' + (int)(i % 26), n);
        err_is_none(window_put(w, i, text, n));
    }
    while (more) {
        struct buf got = BUF_INIT;
        err_is_none(window_take(w, false, &got, &more));
        ck_assert_uint_le(got.len, sizeof(text));
        all += got.len;
        buf_fini(&got);
    }
    ck_assert_uint_eq(all, (N - 3) * 1000 + 3 * sizeof(text));
    ck_assert_uint_eq(window_held(w), 0);
    window_free(w);
}
END_TEST

/* Pieces that were not all taken are dropped with it. */
START_TEST(freed_in_the_middle)
{
    static const char text[1000];
    struct window *w = window_new(bounds[_i]);
    struct buf got = BUF_INIT;
    bool more;
    for (uint64_t i = 3000; i >= 1; i--) {
        err_is_none(window_put(w, i, text, sizeof(text)));
    }
    while (window_held(w) > 3000 - 1024 - 300) {
        err_is_none(window_take(w, false, &got, &more));
    }
    ck_assert_uint_gt(window_held(w), 0);
    buf_fini(&got);
    window_free(w);
}
END_TEST

Suite *cli_window_suite(void)
{
    Suite *s = suite_create("cli_window");
    TCase *t = tcase_create("window");
    tcase_set_timeout(t, 30);
    tcase_add_test(t, in_order);
    tcase_add_loop_test(t, backwards, 0, 2);
    tcase_add_loop_test(t, shuffled, 0, 2);
    tcase_add_loop_test(t, gaps_are_skipped_at_the_end, 0, 2);
    tcase_add_loop_test(t, freed_while_full, 0, 2);
    tcase_add_loop_test(t, pieces_are_small, 0, 2);
    tcase_add_loop_test(t, freed_in_the_middle, 0, 2);
    suite_add_tcase(s, t);
    return s;
}
