/* SPDX-License-Identifier: MIT */
/* src/fetch/retry.c and credentials.c. */
#include "fetch/credentials.h"
#include "fetch/retry.h"

#include "support.h"

#include <check.h>
#include <stdlib.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))

static const int codes[] = {429, 503, 0};
static const struct retry_options options = {
    .retries = 2, .delay = 1, .max_delay = 3, .codes = codes};

static const struct {
    int status;
    enum err_kind kind; /* ERR_KINDS: a reply came */
    const char *code;
    bool worthwhile;
} failures[] = {
    {429, ERR_KINDS, NULL, true},
    {503, ERR_KINDS, NULL, true},
    {500, ERR_KINDS, NULL, false},
    {404, ERR_KINDS, NULL, false},
    {0, ERR_CONNECT, "CURLE_COULDNT_CONNECT", true},
    {0, ERR_NETWORK, "CURLE_PARTIAL_FILE", true},
    {0, ERR_TIMEOUT, NULL, true},
    {0, ERR_TLS, "CURLE_SSL_CONNECT_ERROR", true},
    {0, ERR_TLS, "CURLE_PEER_FAILED_VERIFICATION", false},
    {0, ERR_DNS, "CURLE_COULDNT_RESOLVE_HOST", false},
    {0, ERR_POLICY, NULL, false},
    {0, ERR_IO, "ENOSPC", false},
    {0, ERR_CANCELLED, NULL, false},
};

START_TEST(worthwhile)
{
    struct err *e = failures[_i].kind == ERR_KINDS
                        ? NULL
                        : err_new(failures[_i].kind, failures[_i].code, "it broke");

    ck_assert_int_eq(retry_worthwhile(&options, failures[_i].status, e), failures[_i].worthwhile);
    err_unref(e);
}
END_TEST

START_TEST(counts_failures_without_progress)
{
    struct retry r;

    retry_init(&r, &options, 0);
    ck_assert(retry_again(&r, 0, 100, 0));
    ck_assert(retry_again(&r, 99, 100, 0));
    ck_assert(!retry_again(&r, 0, 100, 0));
    ck_assert(retry_again(&r, 1024 * 1024, 1 << 30, 0)); /* a MiB starts the count anew */
    ck_assert(retry_again(&r, 0, 100, 0));
    ck_assert(!retry_again(&r, 0, 100, 0));
    ck_assert(retry_again(&r, 100, 100, 0)); /* and so does all of the rest */
}
END_TEST

START_TEST(ends_by_time)
{
    struct retry_options timed = options;
    struct retry r;

    timed.retries = -1;
    timed.max_time = 10;
    retry_init(&r, &timed, 100);
    ck_assert(retry_again(&r, 0, -1, 109));
    ck_assert(!retry_again(&r, 0, -1, 110));
}
END_TEST

START_TEST(backoff_is_bounded)
{
    struct retry r;

    retry_init(&r, &options, 0);
    for (unsigned failed = 1; failed < 200; failed++) {
        const double most = failed == 1 ? 1 : failed == 2 ? 2 : 3;
        r.failures = failed;
        const double wait = retry_backoff(&r);
        ck_assert(wait >= 0 && wait <= most);
    }
}
END_TEST

/* -- credentials --------------------------------------------------------------------------- */

static char *const only_a[] = {(char *)(size_t) "a.test", (char *)(size_t) "c.test:81",
    (char *)(size_t) "::1", (char *)(size_t) "[::2]:81", NULL};

static const struct {
    const char *from, *to;
    bool trusted, named, allowed;
} hops[] = {
    {"http://a.test/x", "http://a.test/y", false, false, true},
    {"http://a.test/x", "http://a.test:80/y", false, false, true},
    {"http://a.test/x", "http://a.test:81/y", false, false, false},
    {"http://a.test/x", "https://a.test/y", false, false, false},
    {"https://a.test/x", "http://a.test/y", false, false, false},
    {"http://a.test/x", "http://b.test/y", false, false, false},
    {"http://a.test/x", "http://b.test/y", true, false, true},
    {"http://a.test/x", "http://A.test/y", false, true, true},
    {"http://b.test/x", "http://b.test/y", false, true, false},
    {"http://a.test/x", "http://b.test/y", true, true, false},
    {"http://a.test:9/x", "http://a.test:9/y", false, true, true},
    {"http://c.test:81/x", "http://c.test:81/y", false, true, true},
    {"http://c.test:80/x", "http://c.test:80/y", false, true, false},
    {"http://c.test.x:81/x", "http://c.test.x:81/y", false, true, false},
    {"http://[::1]:9/x", "http://[::1]:9/y", false, true, true},
    {"http://[::2]:81/x", "http://[::2]:81/y", false, true, true},
    {"http://[::2]/x", "http://[::2]/y", false, true, false},
};

START_TEST(credentials)
{
    const struct request_options o = {
        .location_trusted = hops[_i].trusted, .auth_hosts = hops[_i].named ? only_a : NULL};
    struct url *from, *to;

    err_is_none(url_parse(hops[_i].from, &from));
    err_is_none(url_parse(hops[_i].to, &to));
    ck_assert_int_eq(credentials_allowed(&o, from, to), hops[_i].allowed);
    url_free(from);
    url_free(to);
}
END_TEST

START_TEST(referer_without_credentials)
{
    char *text = credentials_referer("http://user:secret@a.test/x?y");

    ck_assert_str_eq(text, "http://a.test/x?y");
    free(text);
    text = credentials_referer("not a url");
    ck_assert_str_eq(text, "not a url");
    free(text);
}
END_TEST

Suite *fetch_retry_suite(void)
{
    Suite *s = suite_create("fetch_retry");
    TCase *tc = tcase_create("rules");

    tcase_add_loop_test(tc, worthwhile, 0, COUNT(failures));
    tcase_add_test(tc, counts_failures_without_progress);
    tcase_add_test(tc, ends_by_time);
    tcase_add_test(tc, backoff_is_bounded);
    tcase_add_loop_test(tc, credentials, 0, COUNT(hops));
    tcase_add_test(tc, referer_without_credentials);
    suite_add_tcase(s, tc);
    return s;
}
