/* SPDX-License-Identifier: MIT */
/* src/store/ranges.c: against a row of flags, which is the same set written plainly. */
#include "store/ranges.h"
#include "support.h"

#include <stdlib.h>
#include <string.h>

enum { SPAN = 40 };

static void same(const struct ranges *r, const bool *flags)
{
    int64_t sum = 0, prefix = 0;
    size_t n = 0;

    for (int i = 0; i < SPAN; i++) {
        sum += flags[i];
        prefix += flags[i] && prefix == i;
        if (flags[i] && (i == 0 || !flags[i - 1])) {
            ck_assert_uint_lt(n, r->n);
            ck_assert_int_eq(r->at[n].from, i);
        }
        if (flags[i] && (i == SPAN - 1 || !flags[i + 1])) {
            ck_assert_int_eq(r->at[n++].to, i + 1);
        }
    }
    ck_assert_uint_eq(r->n, n);
    ck_assert_int_eq(ranges_sum(r), sum);
    ck_assert_int_eq(ranges_prefix(r), prefix);
    for (int at = 0; at < SPAN; at++) {
        int next = at;
        while (next < SPAN && !flags[next]) {
            next++;
        }
        ck_assert_int_eq(ranges_next(r, at, SPAN), next);
    }
}

START_TEST(ranges_are_a_set)
{
    struct ranges r = {0}, copy = {0};
    bool flags[SPAN] = {false};
    unsigned seed = (unsigned)_i;

    for (int step = 0; step < 300; step++) {
        const int from = rand_r(&seed) % SPAN, to = from + rand_r(&seed) % (SPAN + 1 - from);
        const bool add = rand_r(&seed) % 2;
        ck_assert(add ? ranges_add(&r, from, to) : ranges_cut(&r, from, to));
        memset(flags + from, add, (size_t)(to - from));
        same(&r, flags);
        ck_assert(ranges_copy(&copy, &r));
        ck_assert(ranges_same(&copy, &r));
    }
    ranges_fini(&r);
    ranges_fini(&copy);
    ck_assert(ranges_same(&r, &copy));
}
END_TEST

START_TEST(ranges_of_large_files)
{
    struct ranges r = {0};

    ck_assert(ranges_add(&r, 0, 1) && ranges_add(&r, 1LL << 62, INT64_MAX));
    ck_assert_int_eq(ranges_next(&r, 1, INT64_MAX), 1LL << 62);
    ck_assert(ranges_add(&r, 1, 1LL << 62));
    ck_assert_uint_eq(r.n, 1);
    ck_assert_int_eq(ranges_prefix(&r), INT64_MAX);
    ck_assert(ranges_cut(&r, 5, 5) && ranges_add(&r, 9, 3) && r.n == 1);
    ranges_fini(&r);
}
END_TEST

Suite *store_ranges_suite(void);

Suite *store_ranges_suite(void)
{
    Suite *s = suite_create("store_ranges");
    TCase *c = tcase_create("ranges");
    tcase_add_loop_test(c, ranges_are_a_set, 0, 20);
    tcase_add_test(c, ranges_of_large_files);
    suite_add_tcase(s, c);
    return s;
}
