/* SPDX-License-Identifier: MIT */
/* src/net: transfers against a server that misbehaves. Every test ends with nothing alive. */
#include "net/transfer.h"

#include "base/buf.h"
#include "net_server.h"
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct world {
    struct server *server;
    struct loop *loop;
    struct net_options options;
    struct multi *multi;
    /* what the receiver saw */
    struct buf body;
    unsigned heads, resolved;
    int head_status;
    bool hold_at_head;
    struct err *refuse; /* given back by on_body */
};

static struct err *on_head(void *arg, const struct reply *r)
{
    struct world *w = arg;
    w->heads++;
    w->head_status = r->status;
    if (w->hold_at_head) {
        multi_hold(w->multi);
    }
    return NULL;
}

static struct err *on_body(void *arg, const void *bytes, size_t n)
{
    struct world *w = arg;
    buf_add(&w->body, bytes, n);
    struct err *e = w->refuse;
    w->refuse = NULL;
    return e;
}

static void on_resolved(void *arg)
{
    ((struct world *)arg)->resolved++;
}

static const struct receiver receiver = {on_head, on_body, on_resolved};

static void begin(struct world *w)
{
    err_is_none(net_init());
    w->server = server_start();
    w->loop = loop_starts();
    err_is_none(multi_new(w->loop, &w->options, &w->multi));
}

static void finish(struct world *w)
{
    err_is_none(multi_close(w->multi));
    multi_free(w->multi);
    buf_fini(&w->body);
    server_stop(w->server);
    loop_ends_empty(w->loop);
    net_fini();
}

static struct future *started(struct world *w, const struct request *rq)
{
    struct err *e = NULL;
    struct future *f = transfer_start(w->multi, rq, &receiver, w, &e);
    err_is_none(e);
    ck_assert_ptr_nonnull(f);
    return f;
}

/* Runs a request to its end; the future is the caller's. */
static struct future *ran(struct world *w, const struct request *rq)
{
    buf_clear(&w->body);
    struct future *f = started(w, rq);
    loop_completes(w->loop, f);
    return f;
}

static struct future *got(struct world *w, const char *path)
{
    struct url *u = server_url(w->server, path);
    struct request rq = {.url = u, .credentials = true};
    struct future *f = ran(w, &rq);
    url_free(u);
    return f;
}

static void fails(struct world *w, const char *path, enum err_kind kind, const char *code)
{
    struct future *f = got(w, path);
    struct err *e = future_error(f);
    ck_assert_msg(e != NULL, "%s succeeded", path);
    ck_assert_msg(err_is(e, kind), "%s: %s: %s (%s)", path, err_kind_name(err_kind(e)),
        err_message(e), err_code(e));
    ck_assert_msg(strcmp(err_code(e), code) == 0, "%s: %s", path, err_code(e));
    err_unref(e);
    future_unref(f);
}

/* The reply, borrowed from the future. */
static const struct reply *succeeds(struct future *f)
{
    void *reply = NULL;
    err_is_none(future_result(f, &reply));
    ck_assert_ptr_eq(reply, transfer_reply(f));
    return reply;
}

static void body_is(struct world *w, const char *expected)
{
    ck_assert_str_eq(w->body.data ? w->body.data : "", expected);
}

START_TEST(transfer_simple)
{
    struct world w = {0};
    begin(&w);
    struct future *f = got(&w, "/ok");
    const struct reply *r = succeeds(f);
    ck_assert_int_eq(r->status, 200);
    ck_assert_str_eq(r->version, "1.1");
    ck_assert_str_eq(r->content_type, "text/plain");
    ck_assert_str_eq(r->etag, "\"v1\"");
    ck_assert_int_eq(r->modified, 784111777);
    ck_assert(r->accept_ranges && r->length_known && r->connected);
    ck_assert_int_eq(r->content_length, 5);
    ck_assert_int_eq(r->received, 5);
    ck_assert_str_eq(r->remote_ip, "127.0.0.1");
    ck_assert_double_gt(r->timing.total, 0);
    ck_assert_double_lt(r->timing.tls, 0);
    ck_assert_uint_eq(w.heads, 1);
    ck_assert_uint_eq(w.resolved, 1);
    body_is(&w, "hello");
    struct reply *taken = future_take(f);
    future_unref(f);
    ck_assert_str_eq(taken->etag, "\"v1\"");
    reply_free(taken);
    finish(&w);
}
END_TEST

START_TEST(transfer_keeps_connections)
{
    struct world w = {0};
    begin(&w);
    for (int i = 0; i < 20; i++) {
        struct future *f = got(&w, "/ok");
        succeeds(f);
        body_is(&w, "hello");
        future_unref(f);
    }
    ck_assert_uint_eq(server_connections(w.server), 1);
    ck_assert_uint_eq(server_requests(w.server), 20);
    finish(&w);
}
END_TEST

/* Each kept connection is closed just as it is used again: nobody notices. */
START_TEST(transfer_dead_connections)
{
    struct world w = {0};
    begin(&w);
    for (int i = 0; i < 20; i++) {
        struct future *f = got(&w, "/last");
        succeeds(f);
        body_is(&w, "ok");
        future_unref(f);
    }
    ck_assert_uint_eq(server_connections(w.server), 20);
    finish(&w);
}
END_TEST

START_TEST(transfer_headers)
{
    struct world w = {0};
    begin(&w);
    struct future *f = got(&w, "/interim");
    const struct reply *r = succeeds(f);
    ck_assert_ptr_null(r->etag);
    ck_assert_double_lt(r->retry_after, 0);
    ck_assert_uint_eq(w.heads, 1);
    ck_assert_int_eq(w.head_status, 200);
    future_unref(f);

    f = got(&w, "/chunked");
    r = succeeds(f);
    ck_assert_int_eq(r->content_length, -1);
    ck_assert(r->length_known);
    ck_assert_ptr_null(r->etag);
    body_is(&w, "abcde");
    future_unref(f);

    f = got(&w, "/until-close");
    r = succeeds(f);
    ck_assert(!r->length_known);
    ck_assert_str_eq(r->version, "1.0");
    future_unref(f);

    f = got(&w, "/same-list");
    ck_assert_int_eq(succeeds(f)->content_length, 3);
    future_unref(f);

    f = got(&w, "/redirect");
    r = succeeds(f);
    ck_assert_int_eq(r->status, 302);
    ck_assert_str_eq(r->location, "/ok");
    future_unref(f);

    f = got(&w, "/busy");
    ck_assert_double_eq(succeeds(f)->retry_after, 7);
    future_unref(f);

    f = got(&w, "/busy-date");
    ck_assert_double_eq(succeeds(f)->retry_after, 20);
    future_unref(f);

    f = got(&w, "/no-content");
    ck_assert(succeeds(f)->length_known);
    future_unref(f);
    finish(&w);
}
END_TEST

START_TEST(transfer_broken_replies)
{
    struct world w = {0};
    begin(&w);
    fails(&w, "/cut", ERR_NETWORK, "CURLE_PARTIAL_FILE");
    fails(&w, "/reset", ERR_NETWORK, "CURLE_RECV_ERROR");
    fails(&w, "/hang-up", ERR_NETWORK, "CURLE_GOT_NOTHING");
    fails(&w, "/differ", ERR_NETWORK, "CURLE_WEIRD_SERVER_REPLY");
    fails(&w, "/differ-list", ERR_NETWORK, "CURLE_WEIRD_SERVER_REPLY");
    fails(&w, "/negative", ERR_NETWORK, "CURLE_WEIRD_SERVER_REPLY");
    fails(&w, "/huge", ERR_NETWORK, "CURLE_PARTIAL_FILE");
    fails(&w, "/huger", ERR_NETWORK, "CURLE_WEIRD_SERVER_REPLY");
    fails(&w, "/http09", ERR_NETWORK, "CURLE_UNSUPPORTED_PROTOCOL");
    fails(&w, "/badchunk", ERR_NETWORK, "CURLE_RECV_ERROR");
    fails(&w, "/endless-head", ERR_NETWORK, "CURLE_RECV_ERROR");
    struct future *f = got(&w, "/ok"); /* and never at the cost of another */
    succeeds(f);
    future_unref(f);
    finish(&w);
}
END_TEST

START_TEST(transfer_no_connection)
{
    struct world w = {0};
    struct url *u = NULL;
    begin(&w);
    err_is_none(url_parse("http://127.0.0.1:1/", &u));
    struct request rq = {.url = u};
    struct future *f = ran(&w, &rq);
    struct err *e = future_error(f);
    ck_assert(err_is(e, ERR_CONNECT));
    ck_assert_str_eq(err_code(e), "CURLE_COULDNT_CONNECT");
    ck_assert(!transfer_reply(f)->connected);
    ck_assert_int_eq(transfer_reply(f)->status, 0);
    err_unref(e);
    future_unref(f);
    url_free(u);

    err_is_none(url_parse("https://127.0.0.1:1/", &u));
    char text[64];
    url_free(u);
    snprintf(text, sizeof(text), "https://127.0.0.1:%u/ok", server_port(w.server));
    err_is_none(url_parse(text, &u));
    rq.url = u;
    f = ran(&w, &rq);
    err_is_kind(future_error(f), ERR_TLS);
    future_unref(f);
    url_free(u);
    finish(&w);
}
END_TEST

START_TEST(transfer_dns)
{
    struct world w = {0};
    struct url *u = NULL;
    begin(&w);
    err_is_none(url_parse("http://no-such-host.invalid/", &u));
    struct request rq = {.url = u};
    struct future *f = ran(&w, &rq);
    err_is_kind(future_error(f), ERR_DNS);
    future_unref(f);
    url_free(u);
    finish(&w);
}
END_TEST

START_TEST(transfer_resolve_option)
{
    struct server *probe = server_start();
    char entry[64], text[64];
    char *entries[] = {entry, NULL};
    snprintf(entry, sizeof(entry), "some.test:%u:127.0.0.1", server_port(probe));
    snprintf(text, sizeof(text), "http://some.test:%u/ok", server_port(probe));
    struct world w = {.options = {.resolve = entries}};
    struct url *u = NULL;
    begin(&w);
    err_is_none(url_parse(text, &u));
    struct request rq = {.url = u};
    struct future *f = ran(&w, &rq);
    succeeds(f);
    body_is(&w, "hello");
    future_unref(f);
    url_free(u);
    finish(&w);
    server_stop(probe);
}
END_TEST

START_TEST(transfer_sizes)
{
    struct world w = {.options = {.max_filesize = 1000}};
    begin(&w);
    fails(&w, "/big/1001", ERR_POLICY, "CURLE_FILESIZE_EXCEEDED");
    ck_assert_uint_eq(w.body.len, 0);
    struct future *f = got(&w, "/big/1000");
    succeeds(f);
    ck_assert_uint_eq(w.body.len, 1000);
    future_unref(f);
    finish(&w);
}
END_TEST

START_TEST(transfer_receiver_refuses)
{
    struct world w = {0};
    begin(&w);
    w.refuse = err_new(ERR_IO, "ENOSPC", "full");
    fails(&w, "/ok", ERR_IO, "ENOSPC");
    finish(&w);
}
END_TEST

static void times_out(struct world *w, const char *path, const char *option)
{
    struct future *f = got(w, path);
    struct err *e = future_error(f);
    ck_assert_msg(err_is(e, ERR_TIMEOUT), "%s", e ? err_message(e) : "no error");
    ck_assert_str_eq(err_code(e), "CURLE_OPERATION_TIMEDOUT");
    ck_assert_msg(strstr(err_message(e), option) != NULL, "%s", err_message(e));
    err_unref(e);
    future_unref(f);
}

START_TEST(transfer_timeouts)
{
    struct world w = {.options = {.first_byte_timeout = 0.15, .stall_timeout = 0.25}};
    begin(&w);
    times_out(&w, "/silent", "--first-byte-timeout");
    times_out(&w, "/stall", "--stall-timeout");
    body_is(&w, "abc");
    struct future *f = got(&w, "/drip/4"); /* slow, but never that long */
    succeeds(f);
    future_unref(f);
    finish(&w);
}
END_TEST

START_TEST(transfer_attempt_timeout)
{
    struct world w = {.options = {.attempt_timeout = 0.25}};
    begin(&w);
    times_out(&w, "/drip/100", "--attempt-timeout");
    finish(&w);
}
END_TEST

START_TEST(transfer_too_slow)
{
    struct world w = {.options = {.speed_limit = 1000, .speed_time = 1}};
    begin(&w);
    times_out(&w, "/drip/100", "-y");
    finish(&w);
}
END_TEST

START_TEST(transfer_connect_timeout)
{
    struct world w = {.options = {.connect_timeout = 0.2, .first_byte_timeout = 60}};
    struct url *u = NULL;
    begin(&w);
    char text[64];
    /* TLS against a server that says nothing: a connection, but none that can be used. */
    server_mute(w.server);
    snprintf(text, sizeof(text), "https://127.0.0.1:%u/", server_port(w.server));
    err_is_none(url_parse(text, &u));
    struct request rq = {.url = u};
    double then = loop_time(w.loop);
    struct future *f = ran(&w, &rq);
    struct err *e = future_error(f);
    ck_assert_msg(err_is(e, ERR_TIMEOUT), "%s", e ? err_message(e) : "no error");
    ck_assert_ptr_nonnull(strstr(err_message(e), "--connect-timeout"));
    ck_assert_double_lt(loop_time(w.loop) - then, 1.0);
    err_unref(e);
    future_unref(f);
    url_free(u);
    finish(&w);
}
END_TEST

START_TEST(transfer_cancel)
{
    struct world w = {0};
    begin(&w);
    struct url *u = server_url(w.server, "/silent");
    struct request rq = {.url = u};
    struct future *f = started(&w, &rq);
    ck_assert(future_cancel(f)); /* before anything happened */
    ck_assert(future_cancelled(f));
    ck_assert(!future_cancel(f));
    future_unref(f);
    f = started(&w, &rq);
    struct future *nap = aio_sleep(w.loop, 0.05);
    loop_completes(w.loop, nap);
    future_unref(nap);
    ck_assert(!future_done(f));
    ck_assert(future_cancel(f));
    ck_assert(future_cancelled(f));
    future_unref(f);
    url_free(u);
    f = got(&w, "/ok");
    succeeds(f);
    future_unref(f);
    finish(&w);
}
END_TEST

/* Closing with a transfer under way cancels it. */
START_TEST(transfer_close_while_running)
{
    struct world w = {0};
    begin(&w);
    struct url *u = server_url(w.server, "/silent");
    struct request rq = {.url = u};
    struct future *f = started(&w, &rq);
    loop_spin(w.loop, 3);
    err_is_none(multi_close(w.multi));
    ck_assert(future_cancelled(f));
    future_unref(f);
    url_free(u);
    finish(&w);
}
END_TEST

START_TEST(transfer_hold)
{
    struct world w = {.options = {.stall_timeout = 0.2}, .hold_at_head = true};
    begin(&w);
    struct url *u = server_url(w.server, "/big/5000000");
    struct request rq = {.url = u};
    struct future *f = started(&w, &rq);
    struct future *nap = aio_sleep(w.loop, 0.5);
    loop_completes(w.loop, nap);
    future_unref(nap);
    /* Held for longer than the stall limit: no time-out, and nothing but what one read brought. */
    ck_assert(!future_done(f));
    ck_assert(multi_held(w.multi));
    ck_assert_uint_le(w.body.len, 2 * 1024 * 1024);
    multi_hold(w.multi);
    multi_release(w.multi);
    ck_assert(multi_held(w.multi));
    multi_release(w.multi);
    ck_assert(!multi_held(w.multi));
    loop_completes(w.loop, f);
    succeeds(f);
    ck_assert_uint_eq(w.body.len, 5000000);
    future_unref(f);
    url_free(u);
    finish(&w);
}
END_TEST

/* While reading is held, requests may start, connect and be sent, and end after the release. */
START_TEST(transfer_start_held)
{
    struct world w = {0};
    begin(&w);
    struct url *u = server_url(w.server, "/ok");
    struct request rq = {.url = u};
    multi_hold(w.multi);
    struct future *f = started(&w, &rq);
    struct future *nap = aio_sleep(w.loop, 0.3);
    loop_completes(w.loop, nap);
    future_unref(nap);
    ck_assert_uint_eq(server_requests(w.server), 1);
    multi_release(w.multi);
    loop_completes(w.loop, f);
    succeeds(f);
    future_unref(f);
    url_free(u);
    finish(&w);
}
END_TEST

START_TEST(transfer_limit_rate)
{
    struct world w = {.options = {.limit_rate = 1000000, .stall_timeout = 0.5}};
    begin(&w);
    struct url *u = server_url(w.server, "/big/400000");
    struct request rq = {.url = u};
    double then = loop_time(w.loop);
    struct future *f[3];
    for (int i = 0; i < 3; i++) {
        f[i] = started(&w, &rq);
    }
    for (int i = 0; i < 3; i++) {
        loop_completes(w.loop, f[i]);
        succeeds(f[i]);
        future_unref(f[i]);
    }
    double took = loop_time(w.loop) - then;
    ck_assert_double_gt(took, 1.0);
    ck_assert_double_lt(took, 1.5);
    url_free(u);
    finish(&w);
}
END_TEST

START_TEST(transfer_request_options)
{
    struct world w = {.options = {.user_agent = "tester"}};
    begin(&w);
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
    struct future *f = ran(&w, &rq);
    succeeds(f);
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
    f = ran(&w, &plain);
    succeeds(f);
    for (size_t i = 1; i < sizeof(expected) / sizeof(*expected); i++) {
        ck_assert_msg(i == 8 || !strstr(w.body.data, expected[i]), "%s is left in\n%s", expected[i],
            w.body.data);
    }
    future_unref(f);

    struct request post = {
        .url = u, .body = "data", .body_len = 4, .user_agent = "other", .bearer = "token"};
    f = ran(&w, &post);
    succeeds(f);
    ck_assert_ptr_nonnull(strstr(w.body.data, "POST /echo"));
    ck_assert_ptr_nonnull(strstr(w.body.data, "Content-Length: 4\r\n"));
    ck_assert_ptr_nonnull(strstr(w.body.data, "User-Agent: other\r\n"));
    ck_assert_ptr_nonnull(strstr(w.body.data, "Authorization: Bearer token\r\n"));
    future_unref(f);

    struct request put = {.url = u, .method = "DELETE"};
    f = ran(&w, &put);
    succeeds(f);
    ck_assert_ptr_nonnull(strstr(w.body.data, "DELETE /echo"));
    ck_assert_ptr_nonnull(strstr(w.body.data, "User-Agent: tester\r\n"));
    ck_assert_ptr_null(strstr(w.body.data, "Authorization"));
    ck_assert_ptr_null(strstr(w.body.data, "Content-Length"));
    future_unref(f);
    url_free(u);

    u = server_url(w.server, "/no-content");
    struct request head = {.url = u, .method = "HEAD"};
    f = ran(&w, &head);
    ck_assert(succeeds(f)->length_known);
    future_unref(f);
    url_free(u);
    finish(&w);
}
END_TEST

START_TEST(transfer_url_credentials)
{
    struct world w = {0};
    char text[80];
    struct url *u = NULL;
    begin(&w);
    snprintf(text, sizeof(text), "http://user:p%%40ss@127.0.0.1:%u/echo", server_port(w.server));
    err_is_none(url_parse(text, &u));
    struct request rq = {.url = u, .credentials = true};
    struct future *f = ran(&w, &rq);
    succeeds(f);
    ck_assert_ptr_nonnull(strstr(w.body.data, "Authorization: Basic dXNlcjpwQHNz\r\n"));
    future_unref(f);
    rq.credentials = false;
    f = ran(&w, &rq);
    succeeds(f);
    ck_assert_ptr_null(strstr(w.body.data, "Authorization"));
    future_unref(f);
    url_free(u);
    finish(&w);
}
END_TEST

START_TEST(transfer_options_refused)
{
    struct net_options bad[] = {{.proto = "=ftp"}, {.http_version = HTTP_VERSION_3}};
    err_is_none(net_init());
    for (size_t i = 0; i < 2; i++) {
        struct loop *l = loop_starts();
        struct multi *m = NULL;
        if (i == 0 || !net_has_http3()) {
            err_is_kind(multi_new(l, &bad[i], &m), ERR_USAGE);
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
    begin(&w);
    fails(&w, "/ok", ERR_POLICY, "CURLE_UNSUPPORTED_PROTOCOL");
    finish(&w);
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
    begin(&w);
    struct future *f = got(&w, "/echo");
    succeeds(f);
    ck_assert_ptr_nonnull(strstr(w.body.data, "Cookie: name=value\r\n"));
    future_unref(f);
    finish(&w);
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
    begin(&w);
    fails(&w, "/gzip-bad", ERR_NETWORK, "CURLE_BAD_CONTENT_ENCODING");
    finish(&w);
    struct world plain = {0};
    begin(&plain);
    struct future *f = got(&plain, "/gzip-bad"); /* not asked to decode: bytes as they are */
    ck_assert_str_eq(succeeds(f)->content_encoding, "gzip");
    body_is(&plain, "abc");
    future_unref(f);
    finish(&plain);
}
END_TEST

Suite *net_transfer_suite(void)
{
    Suite *s = suite_create("net_transfer");
    TCase *t = tcase_create("transfer");
    tcase_set_timeout(t, 30);
    tcase_add_test(t, transfer_simple);
    tcase_add_test(t, transfer_keeps_connections);
    tcase_add_test(t, transfer_dead_connections);
    tcase_add_test(t, transfer_headers);
    tcase_add_test(t, transfer_broken_replies);
    tcase_add_test(t, transfer_no_connection);
    tcase_add_test(t, transfer_dns);
    tcase_add_test(t, transfer_resolve_option);
    tcase_add_test(t, transfer_sizes);
    tcase_add_test(t, transfer_receiver_refuses);
    tcase_add_test(t, transfer_timeouts);
    tcase_add_test(t, transfer_attempt_timeout);
    tcase_add_test(t, transfer_too_slow);
    tcase_add_test(t, transfer_connect_timeout);
    tcase_add_test(t, transfer_cancel);
    tcase_add_test(t, transfer_close_while_running);
    tcase_add_test(t, transfer_hold);
    tcase_add_test(t, transfer_start_held);
    tcase_add_test(t, transfer_limit_rate);
    tcase_add_test(t, transfer_request_options);
    tcase_add_test(t, transfer_url_credentials);
    tcase_add_test(t, transfer_options_refused);
    tcase_add_test(t, transfer_proto);
    tcase_add_test(t, transfer_cookie_jar);
    tcase_add_test(t, transfer_compressed);
    suite_add_tcase(s, t);
    return s;
}
