/* SPDX-License-Identifier: MIT */
/* src/net: transfers against a server that misbehaves. Every test ends with nothing alive. */
#include "net_world.h"

#include <stdio.h>

START_TEST(transfer_simple)
{
    struct world w = {0};
    world_begin(&w);
    struct future *f = world_get(&w, "/ok");
    const struct reply *r = world_succeeds(f);
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
    world_body_is(&w, "hello");
    struct reply *taken = future_take(f);
    future_unref(f);
    ck_assert_str_eq(taken->etag, "\"v1\"");
    reply_free(taken);
    world_end(&w);
}
END_TEST

START_TEST(transfer_keeps_connections)
{
    struct world w = {0};
    world_begin(&w);
    for (int i = 0; i < 20; i++) {
        struct future *f = world_get(&w, "/ok");
        world_succeeds(f);
        world_body_is(&w, "hello");
        future_unref(f);
    }
    ck_assert_uint_eq(server_connections(w.server), 1);
    ck_assert_uint_eq(server_requests(w.server), 20);
    world_end(&w);
}
END_TEST

/* Each kept connection is closed just as it is used again: nobody notices. */
START_TEST(transfer_dead_connections)
{
    struct world w = {0};
    world_begin(&w);
    for (int i = 0; i < 20; i++) {
        struct future *f = world_get(&w, "/last");
        world_succeeds(f);
        world_body_is(&w, "ok");
        future_unref(f);
    }
    ck_assert_uint_eq(server_connections(w.server), 20);
    world_end(&w);
}
END_TEST

START_TEST(transfer_headers)
{
    struct world w = {0};
    world_begin(&w);
    struct future *f = world_get(&w, "/interim");
    const struct reply *r = world_succeeds(f);
    ck_assert_ptr_null(r->etag);
    ck_assert_double_lt(r->retry_after, 0);
    ck_assert_uint_eq(w.heads, 1);
    ck_assert_int_eq(w.head_status, 200);
    future_unref(f);

    f = world_get(&w, "/chunked");
    r = world_succeeds(f);
    ck_assert_int_eq(r->content_length, -1);
    ck_assert(r->length_known);
    ck_assert_ptr_null(r->etag);
    world_body_is(&w, "abcde");
    future_unref(f);

    f = world_get(&w, "/until-close");
    r = world_succeeds(f);
    ck_assert(!r->length_known);
    ck_assert_str_eq(r->version, "1.0");
    future_unref(f);

    f = world_get(&w, "/same-list");
    ck_assert_int_eq(world_succeeds(f)->content_length, 3);
    future_unref(f);

    f = world_get(&w, "/redirect");
    r = world_succeeds(f);
    ck_assert_int_eq(r->status, 302);
    ck_assert_str_eq(r->location, "/ok");
    future_unref(f);

    f = world_get(&w, "/busy");
    ck_assert_double_eq(world_succeeds(f)->retry_after, 7);
    future_unref(f);

    f = world_get(&w, "/busy-date");
    ck_assert_double_eq(world_succeeds(f)->retry_after, 20);
    future_unref(f);

    f = world_get(&w, "/no-content");
    ck_assert(world_succeeds(f)->length_known);
    future_unref(f);
    world_end(&w);
}
END_TEST

START_TEST(transfer_broken_replies)
{
    struct world w = {0};
    world_begin(&w);
    world_fails(&w, "/cut", ERR_NETWORK, "CURLE_PARTIAL_FILE");
    world_fails(&w, "/reset", ERR_NETWORK, "CURLE_RECV_ERROR");
    world_fails(&w, "/hang-up", ERR_NETWORK, "CURLE_GOT_NOTHING");
    world_fails(&w, "/differ", ERR_NETWORK, "CURLE_WEIRD_SERVER_REPLY");
    world_fails(&w, "/differ-list", ERR_NETWORK, "CURLE_WEIRD_SERVER_REPLY");
    world_fails(&w, "/negative", ERR_NETWORK, "CURLE_WEIRD_SERVER_REPLY");
    world_fails(&w, "/huge", ERR_NETWORK, "CURLE_PARTIAL_FILE");
    world_fails(&w, "/huger", ERR_NETWORK, "CURLE_WEIRD_SERVER_REPLY");
    world_fails(&w, "/http09", ERR_NETWORK, "CURLE_UNSUPPORTED_PROTOCOL");
    world_fails(&w, "/badchunk", ERR_NETWORK, "CURLE_RECV_ERROR");
    world_fails(&w, "/endless-head", ERR_NETWORK, "CURLE_RECV_ERROR");
    struct future *f = world_get(&w, "/ok"); /* and never at the cost of another */
    world_succeeds(f);
    future_unref(f);
    world_end(&w);
}
END_TEST

START_TEST(transfer_no_connection)
{
    struct world w = {0};
    struct url *u = NULL;
    world_begin(&w);
    err_is_none(url_parse("http://127.0.0.1:1/", &u));
    struct request rq = {.url = u};
    struct future *f = world_run(&w, &rq);
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
    f = world_run(&w, &rq);
    err_is_kind(future_error(f), ERR_TLS);
    future_unref(f);
    url_free(u);
    world_end(&w);
}
END_TEST

START_TEST(transfer_dns)
{
    struct world w = {0};
    struct url *u = NULL;
    world_begin(&w);
    err_is_none(url_parse("http://no-such-host.invalid/", &u));
    struct request rq = {.url = u};
    struct future *f = world_run(&w, &rq);
    err_is_kind(future_error(f), ERR_DNS);
    future_unref(f);
    url_free(u);
    world_end(&w);
}
END_TEST

START_TEST(transfer_sizes)
{
    struct world w = {.options = {.max_filesize = 1000}};
    world_begin(&w);
    world_fails(&w, "/big/1001", ERR_POLICY, "CURLE_FILESIZE_EXCEEDED");
    ck_assert_uint_eq(w.body.len, 0);
    struct future *f = world_get(&w, "/big/1000");
    world_succeeds(f);
    ck_assert_uint_eq(w.body.len, 1000);
    future_unref(f);
    world_end(&w);
}
END_TEST

START_TEST(transfer_receiver_refuses)
{
    struct world w = {0};
    world_begin(&w);
    w.refuse = err_new(ERR_IO, "ENOSPC", "full");
    world_fails(&w, "/ok", ERR_IO, "ENOSPC");
    world_end(&w);
}
END_TEST

static struct err *cancels(void *arg, const void *bytes, size_t n)
{
    (void)bytes;
    (void)n;
    ck_assert(future_cancel(*(struct future **)arg));
    return NULL;
}

/* The last bytes are here, and the end is noticed before the cancel has its turn. */
START_TEST(transfer_cancelled_by_its_receiver)
{
    static const struct receiver receiver = {.on_body = cancels};
    struct world w = {0};
    world_begin(&w);
    struct url *u = server_url(w.server, "/ok");
    struct request rq = {.url = u};
    struct err *e = NULL;
    struct future *f = NULL;
    f = transfer_start(w.multi, &rq, &receiver, &f, &e);
    err_is_none(e);
    loop_completes(w.loop, f);
    ck_assert(future_cancelled(f));
    ck_assert_int_eq(transfer_reply(f)->status, 200);
    future_unref(f);
    url_free(u);
    world_end(&w);
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
    tcase_add_test(t, transfer_sizes);
    tcase_add_test(t, transfer_receiver_refuses);
    tcase_add_test(t, transfer_cancelled_by_its_receiver);
    suite_add_tcase(s, t);
    return s;
}
