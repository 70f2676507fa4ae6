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
    struct url *d = url_ref(u);
    url_free(u); /* one reference is left */
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

static void same(const char *one, const char *other)
{
    ck_assert(!one == !other);
    if (one) {
        ck_assert_str_eq(one, other);
    }
}

/* Next to a URL of the same host or of another, a text gives what it gives by itself. */
static void near_is_same(const char *near, const char *text)
{
    struct url *n = parsed(near), *u = NULL, *alone = NULL;
    struct err *e = url_parse(text, &alone);
    if (e) {
        err_is_kind(url_parse_near(n, text, &u), err_kind(e));
        err_unref(e);
        url_free(n);
        return;
    }
    err_is_none(url_parse_near(n, text, &u));
    same(url_text(u), url_text(alone));
    same(url_public(u), url_public(alone));
    same(url_scheme(u), url_scheme(alone));
    same(url_host(u), url_host(alone));
    same(url_path(u), url_path(alone));
    same(url_query(u), url_query(alone));
    same(url_user(u), url_user(alone));
    same(url_origin(u), url_origin(alone));
    ck_assert_uint_eq(url_port(u), url_port(alone));
    char *bare = url_without_credentials(u), *bare_alone = url_without_credentials(alone);
    same(bare, bare_alone);
    free(bare);
    free(bare_alone);
    url_free(n);
    url_free(alone);
    url_free(u);
}

START_TEST(url_neighbours)
{
    static const char *const nears[] = {"http://h/a/b", "http://H:80/", "http://h?q",
        "http://h:8/x?y", "https://u:p@h:8/x?y", "http://127.0.0.1:8/x",
        "http://[fe80::1%25eth0]:8/x"};
    static const char *const texts[] = {"http://h/", "http://h", "http://h/c/d.e",
        "http://h/c?d/../e?f", "http://h/?", "http://h?x", "http://h/a/../b", "http://h/./b",
        "http://h/.b", "http://h/c#d", "http://h/c%2Fd%aa", "http://h/c d", "http://h/\xc3\xa4",
        "http://h/[c]\\^{d}|", "http://h:8/c", "http://h:80/c", "http://h:008/c", "http://h@b/c",
        "http://h\t/c", "http://hh/c", "http://u:p@h/c", "https://h:8/c?d#e",
        "http://127.0.0.1:8/c?d", "http://127.1:8/c", "http://[fe80::1%25eth0]:8/c?d"};
    for (size_t i = 0; i < sizeof(nears) / sizeof(*nears); i++) {
        for (size_t k = 0; k < sizeof(texts) / sizeof(*texts); k++) {
            near_is_same(nears[i], texts[k]);
        }
    }
    struct url *u = NULL;
    err_is_kind(url_parse_near(NULL, "http://", &u), ERR_INPUT);
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
    tcase_add_test(t, url_neighbours);
    tcase_add_test(t, url_redirects);
    tcase_add_test(t, url_origins);
    tcase_add_test(t, url_redaction);
    suite_add_tcase(s, t);
    return s;
}
