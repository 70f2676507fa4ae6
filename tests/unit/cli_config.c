/* SPDX-License-Identifier: MIT */
/* Configuration files. */
#include "cli_options.h"
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define URL " http://h/x"

START_TEST(test_lines)
{
    file_write("c", "\xef\xbb\xbf# a comment\r\n"
                    "\n"
                    "   # another\n"
                    "jobs 32\r\n"
                    "per-host=5\n"
                    "--retry = 7\n"
                    "\tcompressed\n"
                    "user-agent   me and # you  \n"
                    "referer = \"http://r/\\\"\\\\ \\t\"\n"
                    "header 'X: \\y'\n"
                    "proxy = \"\"\n"
                    "header = \"Y: = z\"\n"
                    "noproxy = = \n"
                    "cookie a=b\n"
                    "--rate=6/m");
    struct options *o = options_are_good("-K c" URL);
    ck_assert_uint_eq(o->hosts.jobs, 32);
    ck_assert_uint_eq(o->hosts.per_host, 5);
    ck_assert_int_eq(o->session.retry.retries, 7);
    ck_assert(o->net.compressed);
    ck_assert_str_eq(o->net.user_agent, "me and # you");
    ck_assert_str_eq(o->session.request.referer, "http://r/\"\\ \t");
    ck_assert_str_eq(o->session.request.headers[0], "X: \\y");
    ck_assert_str_eq(o->session.request.headers[1], "Y: = z");
    ck_assert_str_eq(o->net.proxy, "");
    ck_assert_str_eq(o->net.noproxy, "=");
    ck_assert_str_eq(o->session.request.cookie, "a=b");
    ck_assert_double_eq_tol(o->hosts.rate, 0.1, 1e-9);
    options_free(o);
}
END_TEST

static const struct {
    const char *text, *why;
} bad[] = {
    {"jobs 1\nnonsense 1\n", "c:2: unknown option nonsense"},
    {"job 1\n", "c:1: unknown option job; did you mean jobs?"},
    {"-j 1\n", "c:1: only long options"},
    {"\n\njobs x\n", "c:3: --jobs: 'x' is not a number"},
    {"jobs\n", "c:1: --jobs: a value is missing (N)"},
    {"quiet = true\n", "c:1: --quiet: takes no value"},
    {"header = \"X: y\n", "c:1: a quote"},
    {"header = \"X: y\" z\n", "c:1: a quote"},
    {"config other\n", "c:1: --config: is for the command line only"},
    {"help\n", "c:1: --help: is for the command line only"},
    {"no-config\n", "c:1: --no-config: is for the command line only"},
    {"output a\noutput b\n", "c:2: --output: given twice"},
    {"http://h/x\n", "c:1: unknown option"},
    {"header @missing\n", "c:1: --header: missing: No such file"},
};

START_TEST(test_bad)
{
    file_write("c", bad[_i].text);
    options_are_bad("-K c" URL, bad[_i].why);
    ck_assert_int_eq(mkdir("garner", 0755), 0);
    ck_assert_int_eq(rename("c", "garner/config"), 0);
    options_are_bad("http://h/x", bad[_i].why + 1);
    options_free(options_are_good("--no-config" URL));
    options_free(options_are_good("--help"));
}
END_TEST

START_TEST(test_binary)
{
    char *name = (char[]){"c"};
    file_write(name, "jobs 1\n");
    ck_assert_int_eq(truncate(name, 100), 0);
    options_are_bad("-K c" URL, "c:2: a NUL");
    options_are_bad("-K ." URL, ".: Is a directory");
    options_are_bad("-K - -K -" URL, "--config: standard input is read already");
    options_are_bad("--data @- -K -" URL, "--config: standard input is read already");
}
END_TEST

/* The user's file, then the command line: later words count, lists grow. */
START_TEST(test_order)
{
    ck_assert_int_eq(mkdir("garner", 0755), 0);
    file_write("garner/config", "jobs 3\noutput {index}\nheader A: 1\ndata x\nreturn-when "
                                "first-completed\nno-location\n");
    file_write("c", "jobs 5\nheader C: 3\n");
    struct options *o = options_are_good("-H B:~2 -K c -o {name} --data y --gather" URL);
    ck_assert_uint_eq(o->hosts.jobs, 5);
    ck_assert_str_eq(o->session.output, "{name}");
    ck_assert_str_eq(o->session.request.headers[0], "A: 1");
    ck_assert_str_eq(o->session.request.headers[1], "B: 2");
    ck_assert_str_eq(o->session.request.headers[2], "C: 3");
    ck_assert_str_eq(o->session.request.body, "y");
    ck_assert(o->output.gather);
    ck_assert(!o->session.request.location);
    options_free(o);
    o = options_are_good("-K c --jobs 7" URL);
    ck_assert_uint_eq(o->hosts.jobs, 7);
    options_free(o);
    o = options_are_good(&URL[1]);
    ck_assert_uint_eq(o->hosts.jobs, 3);
    options_free(o);
    o = options_are_good("--no-config -K c" URL);
    ck_assert_ptr_null(o->session.output);
    options_free(o);
}
END_TEST

START_TEST(test_home)
{
    char here[256];
    ck_assert_ptr_nonnull(getcwd(here, sizeof here));
    setenv("HOME", here, 1);
    setenv("XDG_CONFIG_HOME", "relative", 1);
    ck_assert_int_eq(mkdir(".config", 0755), 0);
    ck_assert_int_eq(mkdir(".config/garner", 0755), 0);
    file_write(".config/garner/config", "jobs 9");
    struct options *o = options_are_good(&URL[1]);
    ck_assert_uint_eq(o->hosts.jobs, 9);
    options_free(o);
    unsetenv("HOME");
    unsetenv("XDG_CONFIG_HOME");
    o = options_are_good(&URL[1]);
    ck_assert_uint_eq(o->hosts.jobs, 64);
    options_free(o);
}
END_TEST

Suite *cli_config_suite(void);
Suite *cli_config_suite(void)
{
    Suite *s = suite_create("cli_config");
    TCase *t = tcase_create("config");
    tcase_add_checked_fixture(t, options_setup, options_teardown);
    tcase_add_test(t, test_lines);
    tcase_add_loop_test(t, test_bad, 0, sizeof bad / sizeof *bad);
    tcase_add_test(t, test_binary);
    tcase_add_test(t, test_order);
    tcase_add_test(t, test_home);
    suite_add_tcase(s, t);
    return s;
}
