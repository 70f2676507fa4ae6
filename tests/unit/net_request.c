/* SPDX-License-Identifier: MIT */
/* src/net: what is sent for each option of a request and of the run. */
#include "net_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

START_TEST(transfer_resolve_option)
{
    struct server *probe = server_start();
    char entry[64], text[64];
    char *entries[] = {entry, NULL};
    snprintf(entry, sizeof(entry), "some.test:%u:127.0.0.1", server_port(probe));
    snprintf(text, sizeof(text), "http://some.test:%u/ok", server_port(probe));
    struct world w = {.options = {.resolve = entries}};
    struct url *u = NULL;
    world_begin(&w);
    err_is_none(url_parse(text, &u));
    struct request rq = {.url = u};
    struct future *f = world_run(&w, &rq);
    world_succeeds(f);
    world_body_is(&w, "hello");
    future_unref(f);
    url_free(u);
    world_end(&w);
    server_stop(probe);
}
END_TEST

START_TEST(transfer_request_options)
{
    struct world w = {.options = {.user_agent = "tester"}};
    world_begin(&w);
    struct url *u = server_url(w.server, "/echo");
    char *headers[] = {"X-One: 1", "X-Two: 2", NULL};
    struct request rq = {.url = u,
        .headers = headers,
        .referer = "http://r/",
        .cookie = "a=b",
        .userpwd = "user:pass",
        .range = "3-",
        .identity = true,
        .credentials = true,
        .if_modified_since = 784111777};
    struct future *f = world_run(&w, &rq);
    world_succeeds(f);
    const char *expected[] = {"GET /echo HTTP/1.1\r\n", "X-One: 1\r\n", "X-Two: 2\r\n",
        "Referer: http://r/\r\n", "Cookie: a=b\r\n", "Authorization: Basic dXNlcjpwYXNz\r\n",
        "Range: bytes=3-\r\n", "Accept-Encoding: identity\r\n", "User-Agent: tester\r\n",
        "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n"};
    for (size_t i = 0; i < sizeof(expected) / sizeof(*expected); i++) {
        ck_assert_msg(
            strstr(w.body.data, expected[i]) != NULL, "%s is not in\n%s", expected[i], w.body.data);
    }
    future_unref(f);

    /* The next request on the same handle has nothing left of it. */
    struct request plain = {.url = u};
    f = world_run(&w, &plain);
    world_succeeds(f);
    for (size_t i = 1; i < sizeof(expected) / sizeof(*expected); i++) {
        ck_assert_msg(i == 8 || !strstr(w.body.data, expected[i]), "%s is left in\n%s", expected[i],
            w.body.data);
    }
    future_unref(f);

    url_free(u);
    world_end(&w);
}
END_TEST

/* One URL after the other on the same handle: each request asks for its own, of its own host. */
START_TEST(transfer_urls_in_turn)
{
    static const struct {
        const char *host, *path;
    } asked[] = {{"h:80", "/echo/a?x=1"}, {"h:80", "/echo/b"}, {"h:80", "/echo/b?"},
        {"h:80", "/echo/c?%2Fd%bB"}, {"h:80", "/echo/%aA%2Fc"}, {"h:80", "/echo/x/../d"},
        {"h:8", "/echo?e/f"}, {"h:80", "/echo/g"}, {"i:80", "/echo/g"}, {"i:80", "/echo"}};
    char text[128], line[128], there[64];
    char *connect_to[] = {there, NULL};
    struct world w = {.options = {.connect_to = connect_to}};
    struct server *server = server_start();
    snprintf(there, sizeof(there), "::127.0.0.1:%u", server_port(server));
    world_begin(&w);
    for (size_t i = 0; i < sizeof(asked) / sizeof(*asked); i++) {
        struct url *u = NULL;
        snprintf(text, sizeof(text), "http://%s%s", asked[i].host, asked[i].path);
        err_is_none(url_parse(text, &u));
        struct request rq = {.url = u};
        struct future *f = world_run(&w, &rq);
        world_succeeds(f);
        snprintf(line, sizeof(line), "GET %s%s%s HTTP/1.1\r\nHost: %c%s\r\n", url_path(u),
            url_query(u) ? "?" : "", url_query(u) ? url_query(u) : "", asked[i].host[0],
            strcmp(asked[i].host, "h:8") == 0 ? ":8" : "");
        ck_assert_msg(
            strncmp(w.body.data, line, strlen(line)) == 0, "%s, not\n%s", w.body.data, line);
        future_unref(f);
        url_free(u);
    }
    world_end(&w);
    server_stop(server);
}
END_TEST

START_TEST(transfer_methods)
{
    struct world w = {.options = {.user_agent = "tester"}};
    world_begin(&w);
    struct url *u = server_url(w.server, "/echo");
    struct request post = {
        .url = u, .body = "data", .body_len = 4, .user_agent = "other", .bearer = "token"};
    struct future *f = world_run(&w, &post);
    world_succeeds(f);
    ck_assert_ptr_nonnull(strstr(w.body.data, "POST /echo"));
    ck_assert_ptr_nonnull(strstr(w.body.data, "Content-Length: 4\r\n"));
    ck_assert_ptr_nonnull(strstr(w.body.data, "User-Agent: other\r\n"));
    ck_assert_ptr_nonnull(strstr(w.body.data, "Authorization: Bearer token\r\n"));
    future_unref(f);

    struct request put = {.url = u, .method = "DELETE"};
    f = world_run(&w, &put);
    world_succeeds(f);
    ck_assert_ptr_nonnull(strstr(w.body.data, "DELETE /echo"));
    ck_assert_ptr_nonnull(strstr(w.body.data, "User-Agent: tester\r\n"));
    ck_assert_ptr_null(strstr(w.body.data, "Authorization"));
    ck_assert_ptr_null(strstr(w.body.data, "Content-Length"));
    future_unref(f);
    url_free(u);

    u = server_url(w.server, "/no-content");
    struct request head = {.url = u, .method = "HEAD"};
    f = world_run(&w, &head);
    ck_assert(world_succeeds(f)->length_known);
    future_unref(f);
    url_free(u);
    world_end(&w);
}
END_TEST

START_TEST(transfer_url_credentials)
{
    struct world w = {0};
    char text[80];
    struct url *u = NULL;
    world_begin(&w);
    snprintf(text, sizeof(text), "http://user:p%%40ss@127.0.0.1:%u/echo", server_port(w.server));
    err_is_none(url_parse(text, &u));
    struct request rq = {.url = u, .credentials = true};
    struct future *f = world_run(&w, &rq);
    world_succeeds(f);
    ck_assert_ptr_nonnull(strstr(w.body.data, "Authorization: Basic dXNlcjpwQHNz\r\n"));
    future_unref(f);
    rq.credentials = false;
    f = world_run(&w, &rq);
    world_succeeds(f);
    ck_assert_ptr_null(strstr(w.body.data, "Authorization"));
    future_unref(f);
    url_free(u);
    world_end(&w);
}
END_TEST

START_TEST(transfer_options_refused)
{
    struct net_options bad[] = {
        {.proto = "=ftp"}, {.proto = "=https,htpp"}, {.http_version = HTTP_VERSION_3}};
    err_is_none(net_init());
    for (size_t i = 0; i < 3; i++) {
        struct loop *l = loop_starts();
        struct multi *m = NULL;
        if (i < 2 || !net_has_http3()) {
            err_is_kind(multi_new(l, &bad[i], NULL, &m), ERR_USAGE);
            ck_assert_ptr_null(m);
        }
        loop_ends_empty(l);
    }
    net_fini();
}
END_TEST

START_TEST(transfer_proto)
{
    struct world w = {.options = {.proto = "=https"}};
    world_begin(&w);
    world_fails(&w, "/ok", ERR_POLICY, "CURLE_UNSUPPORTED_PROTOCOL");
    world_end(&w);
}
END_TEST

START_TEST(transfer_cookie_jar)
{
    char jar[] = "/tmp/garner-jar-XXXXXX";
    int fd = mkstemp(jar);
    ck_assert_int_ge(fd, 0);
    FILE *in = fdopen(fd, "w");
    fputs("127.0.0.1\tFALSE\t/\tFALSE\t0\tname\tvalue\n", in);
    fclose(in);
    struct world w = {.options = {.cookie_file = jar, .cookie_jar = jar}};
    world_begin(&w);
    struct future *f = world_get(&w, "/echo");
    world_succeeds(f);
    ck_assert_ptr_nonnull(strstr(w.body.data, "Cookie: name=value\r\n"));
    future_unref(f);
    world_end(&w);
    char text[512] = "";
    FILE *out = fopen(jar, "r");
    ck_assert_uint_gt(fread(text, 1, sizeof(text) - 1, out), 0);
    fclose(out);
    unlink(jar);
    ck_assert_ptr_nonnull(strstr(text, "\tname\tvalue\n"));
}
END_TEST

START_TEST(transfer_compressed)
{
    struct world w = {.options = {.compressed = true}};
    world_begin(&w);
    world_fails(&w, "/gzip-bad", ERR_NETWORK, "CURLE_BAD_CONTENT_ENCODING");
    world_end(&w);
    struct world plain = {0};
    world_begin(&plain);
    struct future *f = world_get(&plain, "/gzip-bad"); /* not asked to decode: bytes as they are */
    ck_assert_str_eq(world_succeeds(f)->content_encoding, "gzip");
    world_body_is(&plain, "abc");
    future_unref(f);
    world_end(&plain);
}
END_TEST

Suite *net_request_suite(void)
{
    Suite *s = suite_create("net_request");
    TCase *t = tcase_create("request");
    tcase_set_timeout(t, 30);
    tcase_add_test(t, transfer_resolve_option);
    tcase_add_test(t, transfer_request_options);
    tcase_add_test(t, transfer_urls_in_turn);
    tcase_add_test(t, transfer_methods);
    tcase_add_test(t, transfer_url_credentials);
    tcase_add_test(t, transfer_options_refused);
    tcase_add_test(t, transfer_proto);
    tcase_add_test(t, transfer_cookie_jar);
    tcase_add_test(t, transfer_compressed);
    suite_add_tcase(s, t);
    return s;
}
