/* SPDX-License-Identifier: MIT */
/* Durations, sizes and rates as people type them. */
#include "cli/options.h"
#include "support.h"

static const struct {
    const char *text;
    double value; /* below zero: refused */
} durations[] =
    {
        {"30", 30},
        {"0", 0},
        {"1.5s", 1.5},
        {".5", 0.5},
        {"500ms", 0.5},
        {"2m", 120},
        {"1h", 3600},
        {"1.5h", 5400},
        {"", -1},
        {"s", -1},
        {".", -1},
        {"-1", -1},
        {"+1", -1},
        {" 1", -1},
        {"1 ", -1},
        {"1d", -1},
        {"1S", -1},
        {"1mm", -1},
        {"1e3", -1},
        {"0x10", -1},
        {"inf", -1},
        {"nan", -1},
        {"1,5", -1},
        {"1.2.3", -1},
        {"99999999999h", -1},
},
  rates[] = {
      {"10/s", 10},
      {"0.5/s", 0.5},
      {"60/m", 1},
      {"7200/h", 2},
      {"10", -1},
      {"0/s", -1},
      {"/s", -1},
      {"10/", -1},
      {"10/d", -1},
      {"10/ss", -1},
      {"-1/s", -1},
      {"", -1},
      {"99999999999/s", -1},
};

static const struct {
    const char *text;
    int64_t value; /* -1: refused */
} sizes[] = {
    {"0", 0},
    {"1", 1},
    {"500k", 500 * 1024},
    {"500K", 500 * 1024},
    {"10M", 10 << 20},
    {"1.5m", 3 << 19},
    {"2G", INT64_C(2) << 30},
    {"3T", INT64_C(3) << 40},
    {"1P", INT64_C(1) << 50},
    {"", -1},
    {"k", -1},
    {"1kb", -1},
    {"1b", -1},
    {"-1", -1},
    {"1 k", -1},
    {"1x", -1},
    {"99999999999999999999", -1},
    {"10000P", -1},
};

START_TEST(test_durations)
{
    double value = 0;
    struct err *e = units_duration(durations[_i].text, &value);
    if (durations[_i].value < 0) {
        err_is_kind(e, ERR_USAGE);
    } else {
        err_is_none(e);
        ck_assert_double_eq_tol(value, durations[_i].value, 1e-9);
    }
}
END_TEST

START_TEST(test_rates)
{
    double value = 0;
    struct err *e = units_rate(rates[_i].text, &value);
    if (rates[_i].value < 0) {
        err_is_kind(e, ERR_USAGE);
    } else {
        err_is_none(e);
        ck_assert_double_eq_tol(value, rates[_i].value, 1e-9);
    }
}
END_TEST

START_TEST(test_sizes)
{
    int64_t value = 0;
    struct err *e = units_size(sizes[_i].text, &value);
    if (sizes[_i].value < 0) {
        err_is_kind(e, ERR_USAGE);
    } else {
        err_is_none(e);
        ck_assert_int_eq(value, sizes[_i].value);
    }
}
END_TEST

Suite *cli_units_suite(void);
Suite *cli_units_suite(void)
{
    Suite *s = suite_create("cli_units");
    TCase *t = tcase_create("units");
    tcase_add_loop_test(t, test_durations, 0, sizeof durations / sizeof *durations);
    tcase_add_loop_test(t, test_rates, 0, sizeof rates / sizeof *rates);
    tcase_add_loop_test(t, test_sizes, 0, sizeof sizes / sizeof *sizes);
    suite_add_tcase(s, t);
    return s;
}
