/* SPDX-License-Identifier: MIT */
/* src/net: time limits, cancels, holds and the rate limit of transfers. */
#include "net_world.h"

#include <stdio.h>

static void times_out(struct world *w, const char *path, const char *option)
{
    struct future *f = world_get(w, path);
    struct err *e = future_error(f);
    ck_assert_msg(err_is(e, ERR_TIMEOUT), "%s", e ? err_message(e) : "no error");
    ck_assert_str_eq(err_code(e), "CURLE_OPERATION_TIMEDOUT");
    ck_assert_msg(strstr(err_message(e), option) != NULL, "%s", err_message(e));
    err_unref(e);
    future_unref(f);
}

START_TEST(transfer_first_byte_timeout)
{
    struct world w = {.options = {.first_byte_timeout = 0.15}};
    world_begin(&w);
    times_out(&w, "/silent", "--first-byte-timeout");
    world_end(&w);
}
END_TEST

START_TEST(transfer_stall_timeout)
{
    struct world w = {.options = {.stall_timeout = 0.25}};
    world_begin(&w);
    times_out(&w, "/stall", "--stall-timeout");
    world_body_is(&w, "abc");
    world_end(&w);
}
END_TEST

/* Slow, and in all longer than the limits, but never that long without a byte. */
START_TEST(transfer_slow_enough)
{
    struct world w = {.options = {.first_byte_timeout = 2, .stall_timeout = 2}};
    world_begin(&w);
    struct future *f = world_get(&w, "/drip/22");
    world_succeeds(f);
    future_unref(f);
    world_end(&w);
}
END_TEST

START_TEST(transfer_attempt_timeout)
{
    struct world w = {.options = {.attempt_timeout = 0.25}};
    world_begin(&w);
    times_out(&w, "/drip/100", "--attempt-timeout");
    world_end(&w);
}
END_TEST

START_TEST(transfer_too_slow)
{
    struct world w = {.options = {.speed_limit = 1000, .speed_time = 1}};
    world_begin(&w);
    times_out(&w, "/drip/100", "-y");
    world_end(&w);
}
END_TEST

START_TEST(transfer_connect_timeout)
{
    struct world w = {.options = {.connect_timeout = 0.2, .first_byte_timeout = 60}};
    struct url *u = NULL;
    world_begin(&w);
    char text[64];
    /* TLS against a server that says nothing: a connection, but none that can be used. */
    server_mute(w.server);
    snprintf(text, sizeof(text), "https://127.0.0.1:%u/", server_port(w.server));
    err_is_none(url_parse(text, &u));
    struct request rq = {.url = u};
    double then = loop_time(w.loop);
    struct future *f = world_run(&w, &rq);
    struct err *e = future_error(f);
    ck_assert_msg(err_is(e, ERR_TIMEOUT), "%s", e ? err_message(e) : "no error");
    ck_assert_ptr_nonnull(strstr(err_message(e), "--connect-timeout"));
    ck_assert_double_lt(loop_time(w.loop) - then, 30);
    err_unref(e);
    future_unref(f);
    url_free(u);
    world_end(&w);
}
END_TEST

START_TEST(transfer_cancel)
{
    struct world w = {0};
    world_begin(&w);
    struct url *u = server_url(w.server, "/silent");
    struct request rq = {.url = u};
    struct future *f = world_start(&w, &rq);
    ck_assert(future_cancel(f)); /* before anything happened */
    ck_assert(future_cancelled(f));
    ck_assert(!future_cancel(f));
    future_unref(f);
    f = world_start(&w, &rq);
    struct future *nap = aio_sleep(w.loop, 0.05);
    loop_completes(w.loop, nap);
    future_unref(nap);
    ck_assert(!future_done(f));
    ck_assert(future_cancel(f));
    ck_assert(future_cancelled(f));
    future_unref(f);
    url_free(u);
    f = world_get(&w, "/ok");
    world_succeeds(f);
    future_unref(f);
    world_end(&w);
}
END_TEST

/* Closing with a transfer under way cancels it. */
START_TEST(transfer_close_while_running)
{
    struct world w = {0};
    world_begin(&w);
    struct url *u = server_url(w.server, "/silent");
    struct request rq = {.url = u};
    struct seen seen = {0};
    loop_set_exception_handler(w.loop, seen_handler, &seen);
    struct future *f = world_start(&w, &rq);
    loop_set_debug(w.loop, true); /* says so */
    loop_spin(w.loop, 3);
    err_is_none(multi_close(w.multi));
    ck_assert(future_cancelled(f));
    ck_assert_uint_eq(seen.count, 1);
    ck_assert_str_eq(seen.message, "Transfer was never closed");
    ck_assert(strncmp(seen.what, "http://127.0.0.1:", 17) == 0 && strstr(seen.what, "/silent"));
    future_unref(f);
    url_free(u);
    world_end(&w);
}
END_TEST

/* A world that holds at the head, and in it, for some seconds already, a body of 5 MB. rq->url is
 * the caller's. */
static struct future *start_held(
    struct world *w, struct request *rq, struct url **u, double seconds)
{
    world_begin(w);
    rq->url = *u = server_url(w->server, "/big/5000000");
    struct future *f = world_start(w, rq);
    while (!multi_held(w->multi)) {
        loop_spin(w->loop, 1);
    }
    struct future *nap = aio_sleep(w->loop, seconds);
    loop_completes(w->loop, nap);
    future_unref(nap);
    return f;
}

START_TEST(transfer_held)
{
    struct world w = {.options = {.stall_timeout = 0.2}, .hold_at_head = true};
    struct url *u;
    struct request rq = {0};
    struct future *f = start_held(&w, &rq, &u, 0.5);
    /* Held for longer than the stall limit: no time-out, and nothing but what one read brought. */
    ck_assert(!future_done(f));
    ck_assert(multi_held(w.multi));
    ck_assert_uint_le(w.body.len, 2 * 1024 * 1024);
    multi_hold(w.multi);
    multi_release(w.multi);
    ck_assert(multi_held(w.multi));
    w.options.stall_timeout = 30; /* the rest may come as slowly as it will */
    multi_release(w.multi);
    ck_assert(!multi_held(w.multi));
    loop_completes(w.loop, f);
    world_succeeds(f);
    ck_assert_uint_eq(w.body.len, 5000000);
    future_unref(f);
    url_free(u);
    world_end(&w);
}
END_TEST

/* However much of a body is there, the loop has its turn in between. */
START_TEST(transfer_takes_turns)
{
    struct world w = {.options = {.together = 256}, .hold_at_head = true};
    struct url *u;
    struct request rq = {0};
    struct future *f = start_held(&w, &rq, &u, 0.3); /* the sockets' buffers fill */
    size_t most = 0;
    multi_release(w.multi);
    while (!future_done(f)) {
        const size_t before = w.body.len;
        loop_spin(w.loop, 1);
        most = w.body.len - before > most ? w.body.len - before : most;
    }
    ck_assert_uint_le(most, 1024 * 1024 + 16 * 1024);
    world_succeeds(f);
    ck_assert_uint_eq(w.body.len, 5000000);
    future_unref(f);
    url_free(u);
    world_end(&w);
}
END_TEST

/* What libcurl had read before a hold is refused after it: that ends the transfer, at once. A first
 * hold lets enough come for libcurl to read more than it hands over in one piece. */
START_TEST(transfer_refused_after_hold)
{
    struct world w = {.hold_at_head = true};
    world_begin(&w);
    struct url *u = server_url(w.server, "/big/5000000");
    struct request rq = {.url = u};
    multi_hold(w.multi);
    struct future *f = world_start(&w, &rq);
    struct future *nap = aio_sleep(w.loop, 0.3);
    loop_completes(w.loop, nap);
    future_unref(nap);
    multi_release(w.multi);
    while (w.body.len == 0) {
        loop_spin(w.loop, 1);
    }
    w.refuse = err_new(ERR_IO, "ENOSPC", "the disk is full");
    multi_release(w.multi);
    loop_completes(w.loop, f);
    struct err *e = future_error(f);
    ck_assert_msg(err_is(e, ERR_IO) && strcmp(err_code(e), "ENOSPC") == 0, "%s", err_message(e));
    err_unref(e);
    future_unref(f);
    url_free(u);
    world_end(&w);
}
END_TEST

/* While reading is held, requests may start, connect and be sent, and end after the release. */
START_TEST(transfer_start_held)
{
    struct world w = {0};
    world_begin(&w);
    struct url *u = server_url(w.server, "/ok");
    struct request rq = {.url = u};
    multi_hold(w.multi);
    struct future *f = world_start(&w, &rq);
    while (server_requests(w.server) == 0) {
        loop_spin(w.loop, 1);
    }
    struct future *nap = aio_sleep(w.loop, 0.3);
    loop_completes(w.loop, nap);
    future_unref(nap);
    ck_assert(!future_done(f));
    multi_release(w.multi);
    loop_completes(w.loop, f);
    world_succeeds(f);
    future_unref(f);
    url_free(u);
    world_end(&w);
}
END_TEST

/* One of several transfers, each read of which begins a hold. */
struct turn {
    struct multi *multi;
    unsigned *all;
    unsigned own;
};

static struct err *on_turn_head(void *arg, const struct reply *r)
{
    (void)arg;
    (void)r;
    return NULL;
}

static struct err *on_turn(void *arg, const void *bytes, size_t n)
{
    struct turn *t = arg;
    (void)bytes;
    (void)n;
    t->own++;
    ++*t->all;
    if (!multi_held(t->multi)) {
        multi_hold(t->multi);
    }
    return NULL;
}

static void next_turn(struct world *w, const unsigned *all)
{
    const unsigned before = *all;
    multi_release(w->multi);
    while (*all == before) {
        loop_spin(w->loop, 1);
    }
}

/* A limit lets one at a time go on: all have their turns. Each has more in its socket than is read
 * here, and a buffer of the smallest size, which is what one callback brings. */
START_TEST(transfer_turns)
{
    enum { N = 8, TURNS = 2 };
    static const struct receiver receiver = {on_turn_head, on_turn, NULL};
    struct world w = {.options = {.limit_rate = (int64_t)1 << 50, .together = 1000}};
    struct turn turns[N];
    struct future *f[N];
    struct err *e = NULL;
    unsigned all = 0, begun = 0;
    world_begin(&w);
    struct url *u = server_url(w.server, "/big/1000000000");
    struct request rq = {.url = u};
    for (int i = 0; i < N; i++) {
        turns[i] = (struct turn){w.multi, &all, 0};
        f[i] = transfer_start(w.multi, &rq, &receiver, &turns[i], &e);
        err_is_none(e);
    }
    while (all == 0) {
        loop_spin(w.loop, 1);
    }
    while (begun < N) {
        next_turn(&w, &all);
        begun = 0;
        for (int i = 0; i < N; i++) {
            begun += turns[i].own > 0;
        }
    }
    struct future *nap = aio_sleep(w.loop, 0.3); /* the server fills the sockets */
    loop_completes(w.loop, nap);
    future_unref(nap);
    for (int i = 0; i < N; i++) {
        turns[i].own = 0;
    }
    for (int i = 0; i < N * TURNS; i++) {
        next_turn(&w, &all);
    }
    for (int i = 0; i < N; i++) {
        ck_assert_msg(turns[i].own + 1 >= TURNS && turns[i].own <= TURNS + 1, "%d: %u of %u", i,
            turns[i].own, all);
    }
    for (int i = 0; i < N; i++) {
        future_cancel(f[i]);
        future_unref(f[i]);
    }
    url_free(u);
    world_end(&w);
}
END_TEST

START_TEST(transfer_limit_rate)
{
    struct world w = {.options = {.limit_rate = 1000000, .stall_timeout = 0.5}};
    world_begin(&w);
    struct url *u = server_url(w.server, "/big/400000");
    struct request rq = {.url = u};
    double then = loop_time(w.loop);
    struct future *f[3];
    for (int i = 0; i < 3; i++) {
        f[i] = world_start(&w, &rq);
    }
    for (int i = 0; i < 3; i++) {
        loop_completes(w.loop, f[i]);
        world_succeeds(f[i]);
        future_unref(f[i]);
    }
    double took = loop_time(w.loop) - then;
    ck_assert_double_gt(took, 1.0);
    ck_assert_double_lt(took, 2.4);
    url_free(u);
    world_end(&w);
}
END_TEST

Suite *net_pace_suite(void)
{
    Suite *s = suite_create("net_pace");
    TCase *t = tcase_create("pace");
    tcase_set_timeout(t, 30);
    tcase_add_test(t, transfer_first_byte_timeout);
    tcase_add_test(t, transfer_stall_timeout);
    tcase_add_test(t, transfer_slow_enough);
    tcase_add_test(t, transfer_attempt_timeout);
    tcase_add_test(t, transfer_too_slow);
    tcase_add_test(t, transfer_connect_timeout);
    tcase_add_test(t, transfer_cancel);
    tcase_add_test(t, transfer_close_while_running);
    tcase_add_test(t, transfer_held);
    tcase_add_test(t, transfer_takes_turns);
    tcase_add_test(t, transfer_refused_after_hold);
    tcase_add_test(t, transfer_start_held);
    tcase_add_test(t, transfer_turns);
    tcase_add_test(t, transfer_limit_rate);
    suite_add_tcase(s, t);
    return s;
}
