/* SPDX-License-Identifier: MIT */
/* src/net/rate: the token bucket. */
#include "net/rate.h"

#include "support.h"

START_TEST(rate_unlimited)
{
    struct rate r;
    rate_init(&r, 0, 1, 10);
    rate_take(&r, 10, 1e9);
    ck_assert_double_eq(rate_delay(&r, 10, 1), 0);
}
END_TEST

START_TEST(rate_debt)
{
    struct rate r;
    rate_init(&r, 100, 0.1, 0);
    ck_assert_double_eq(rate_delay(&r, 0, 1), 0);
    rate_take(&r, 0, 60); /* ten were there */
    ck_assert_double_eq_tol(rate_delay(&r, 0, 1), 0.51, 1e-9);
    ck_assert_double_eq_tol(rate_delay(&r, 0.5, 1), 0.01, 1e-9);
    ck_assert_double_eq(rate_delay(&r, 0.51, 1), 0);
    /* No more than a burst is saved. */
    ck_assert_double_eq(rate_delay(&r, 100, 10), 0);
    rate_take(&r, 100, 10);
    ck_assert_double_gt(rate_delay(&r, 100, 1), 0);
}
END_TEST

START_TEST(rate_long_run)
{
    struct rate r;
    double now = 0, taken = 0;
    rate_init(&r, 1000, 0.05, 0);
    while (now < 10) {
        double delay = rate_delay(&r, now, 1);
        if (delay > 0) {
            now += delay + 0.0007; /* timers are late */
        } else {
            rate_take(&r, now, 16);
            taken += 16;
        }
    }
    ck_assert_double_eq_tol(taken / 10, 1000, 10);
}
END_TEST

START_TEST(rate_slow)
{
    struct rate r;
    rate_init(&r, 1.0 / 3600, 0.05, 0); /* one an hour: one is there at once */
    ck_assert_double_eq(rate_delay(&r, 0, 1), 0);
    rate_take(&r, 0, 1);
    ck_assert_double_eq_tol(rate_delay(&r, 0, 1), 3600, 0.01);
}
END_TEST

Suite *net_rate_suite(void)
{
    Suite *s = suite_create("net_rate");
    TCase *t = tcase_create("rate");
    tcase_add_test(t, rate_unlimited);
    tcase_add_test(t, rate_debt);
    tcase_add_test(t, rate_long_run);
    tcase_add_test(t, rate_slow);
    suite_add_tcase(s, t);
    return s;
}
