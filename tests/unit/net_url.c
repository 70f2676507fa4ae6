/* SPDX-License-Identifier: MIT */
/* src/net/url: taking URLs apart, resolving redirects, hiding secrets. */
#include "net/url.h"

#include "support.h"

#include <stdlib.h>

static struct url *parsed(const char *text)
{
    struct url *u = NULL;
    err_is_none(url_parse(text, &u));
    ck_assert_ptr_nonnull(u);
    return u;
}

static void fails(const char *text, enum err_kind kind)
{
    struct url *u = NULL;
    struct err *e = url_parse(text, &u);
    ck_assert_ptr_null(u);
    err_is_kind(e, kind);
}

START_TEST(url_parts)
{
    struct url *u = parsed("HTTPS://us%40er:p%3Ass@Example.COM:8443/a%20b/c.txt?x=1&y#frag");
    ck_assert_str_eq(url_scheme(u), "https");
    ck_assert_str_eq(url_host(u), "example.com");
    ck_assert_uint_eq(url_port(u), 8443);
    ck_assert_str_eq(url_path(u), "/a%20b/c.txt");
    ck_assert_str_eq(url_query(u), "x=1&y");
    ck_assert_str_eq(url_user(u), "us@er");
    ck_assert(url_has_credentials(u));
    ck_assert_str_eq(url_origin(u), "https://example.com:8443");
    ck_assert_str_eq(url_text(u), "https://us%40er:p%3Ass@Example.COM:8443/a%20b/c.txt?x=1&y");
    ck_assert_str_eq(url_public(u), "https://Example.COM:8443/a%20b/c.txt");
    char *bare = url_without_credentials(u);
    ck_assert_str_eq(bare, "https://Example.COM:8443/a%20b/c.txt?x=1&y");
    free(bare);
    struct url *d = url_dup(u);
    url_free(u);
    ck_assert_str_eq(url_query(d), "x=1&y");
    ck_assert_str_eq(url_user(d), "us@er");
    ck_assert_str_eq(url_origin(d), "https://example.com:8443");
    url_free(d);
}
END_TEST

START_TEST(url_plain)
{
    struct url *u = parsed("http://h");
    ck_assert_str_eq(url_path(u), "/");
    ck_assert_ptr_null(url_query(u));
    ck_assert_ptr_null(url_user(u));
    ck_assert(!url_has_credentials(u));
    ck_assert_uint_eq(url_port(u), 80);
    ck_assert_str_eq(url_origin(u), "http://h:80");
    ck_assert_str_eq(url_text(u), "http://h/");
    url_free(u);
    u = parsed("http://[::1]:81/x?");
    ck_assert_str_eq(url_host(u), "::1");
    ck_assert_uint_eq(url_port(u), 81);
    ck_assert_str_eq(url_text(u), "http://[::1]:81/x?");
    ck_assert_str_eq(url_query(u), "");
    url_free(u);
    u = parsed("http://h/a b");
    ck_assert_str_eq(url_path(u), "/a%20b");
    url_free(u);
    u = parsed("http://only-user@h/x");
    ck_assert_str_eq(url_user(u), "only-user");
    ck_assert_str_eq(url_text(u), "http://only-user@h/x");
    url_free(u);
}
END_TEST

START_TEST(url_bad)
{
    fails("", ERR_INPUT);
    fails("www.example.com/x", ERR_INPUT);
    fails("http://", ERR_INPUT);
    fails("http://h:99999/", ERR_INPUT);
    fails("http://h:port/", ERR_INPUT);
    fails("ftp://h/x", ERR_POLICY);
    fails("file:///etc/passwd", ERR_POLICY);
    fails("\x01\x02", ERR_INPUT);
}
END_TEST

static void resolves(const char *from, const char *location, const char *expected)
{
    struct url *base = parsed(from), *u = NULL;
    err_is_none(url_resolve(base, location, &u));
    ck_assert_str_eq(url_text(u), expected);
    url_free(u);
    url_free(base);
}

START_TEST(url_redirects)
{
    resolves("http://h/a/b?q", "c", "http://h/a/c");
    resolves("http://h/a/b", "/c?d", "http://h/c?d");
    resolves("http://h/a/b", "../c", "http://h/c");
    resolves("http://h/a/b", "?x", "http://h/a/b?x");
    resolves("http://u:p@h/a", "b", "http://u:p@h/b");
    resolves("http://u:p@h/a", "//other/b", "http://other/b");
    resolves("http://u:p@h/a", "https://other:4/b#f", "https://other:4/b");
    resolves("http://h/a", "with space", "http://h/with%20space");
    struct url *base = parsed("http://h/"), *u = NULL;
    err_is_kind(url_resolve(base, "file:///etc/passwd", &u), ERR_POLICY);
    ck_assert_ptr_null(u);
    url_free(base);
}
END_TEST

START_TEST(url_origins)
{
    struct url *a = parsed("http://H/x"), *b = parsed("http://h:80/y"), *c = parsed("https://h/x");
    ck_assert(url_same_origin(a, b));
    ck_assert(!url_same_origin(a, c));
    url_free(a);
    url_free(b);
    url_free(c);
}
END_TEST

static void redacts(const char *text, const char *expected)
{
    char *s = url_redact(text);
    ck_assert_str_eq(s, expected);
    free(s);
}

START_TEST(url_redaction)
{
    redacts("http://u:p@h/x", "http://u:***@h/x");
    redacts("no http://u:p@w@h/x and ftp://a:b@c.", "no http://u:***@h/x and ftp://a:***@c.");
    redacts("http://h/u:p@x", "http://h/u:p@x");
    redacts("http://user@h", "http://user@h");
    redacts("plain", "plain");
    redacts("", "");
}
END_TEST

Suite *net_url_suite(void)
{
    Suite *s = suite_create("net_url");
    TCase *t = tcase_create("url");
    tcase_add_test(t, url_parts);
    tcase_add_test(t, url_plain);
    tcase_add_test(t, url_bad);
    tcase_add_test(t, url_redirects);
    tcase_add_test(t, url_origins);
    tcase_add_test(t, url_redaction);
    suite_add_tcase(s, t);
    return s;
}
