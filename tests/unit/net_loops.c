/* SPDX-License-Identifier: MIT */
/* Transfers on several loops: net/loops.h. */
#include "net/loops.h"

#include "awaiter.h"
#include "net_server.h"
#include "support.h"

#include <pthread.h>
#include <string.h>

enum { LOOPS = 3, MANY = 30, BIG = 300000 };

struct scene {
    struct server *server;
    struct loop *loop;
    struct net_options options;
    struct loops *loops;
    pthread_t home;
};

/* What a receiver saw. */
struct sight {
    struct scene *scene;
    struct url *url;
    struct request rq;
    struct future *future;
    unsigned resolved, heads;
    int64_t bytes;
    bool hold; /* at the head */
    int64_t refuse_at;
};

static void check_thread(const struct sight *s)
{
    ck_assert(pthread_equal(pthread_self(), s->scene->home));
}

static void on_resolved(void *arg)
{
    struct sight *s = arg;
    check_thread(s);
    s->resolved++;
}

static struct err *on_head(void *arg, const struct reply *r)
{
    struct sight *s = arg;
    check_thread(s);
    ck_assert_int_eq(s->bytes, 0);
    ck_assert_int_eq(r->status, 200);
    s->heads++;
    if (s->hold) {
        loops_hold(s->scene->loops, true);
    }
    return NULL;
}

static struct err *on_body(void *arg, const void *bytes, size_t n)
{
    struct sight *s = arg;
    (void)bytes;
    check_thread(s);
    ck_assert_uint_eq(s->heads, 1);
    s->bytes += (int64_t)n;
    return s->refuse_at && s->bytes >= s->refuse_at ? err_new(ERR_IO, "ENOSPC", "no more") : NULL;
}

static const struct receiver receiver = {on_head, on_body, on_resolved};

static void scene_begin(struct scene *s)
{
    err_is_none(net_init());
    s->server = server_start();
    s->loop = loop_starts();
    s->home = pthread_self();
    s->options.loops = LOOPS;
    err_is_none(loops_new(s->loop, &s->options, &s->loops));
}

static void scene_end(struct scene *s)
{
    err_is_none(loops_close(s->loops));
    loops_free(s->loops);
    server_stop(s->server);
    loop_ends_empty(s->loop);
    net_fini();
}

static void start(struct scene *s, struct sight *seen, const char *path)
{
    struct err *e = NULL;
    seen->scene = s;
    seen->url = server_url(s->server, path);
    seen->rq = (struct request){.url = seen->url, .credentials = true};
    seen->future = loops_transfer(s->loops, &seen->rq, &receiver, seen, &e);
    err_is_none(e);
    ck_assert_ptr_nonnull(seen->future);
}

static void end(struct sight *seen)
{
    future_unref(seen->future);
    url_free(seen->url);
}

START_TEST(all_bytes_come_here_in_order)
{
    struct scene s = {.options = {.connect_timeout = 5}};
    static struct sight seen[MANY];
    scene_begin(&s);
    memset(seen, 0, sizeof(seen));
    for (unsigned i = 0; i < MANY; i++) {
        start(&s, &seen[i], "/big/300000");
    }
    for (unsigned i = 0; i < MANY; i++) {
        void *reply = NULL;
        loop_completes(s.loop, seen[i].future);
        err_is_none(future_result(seen[i].future, &reply));
        ck_assert_ptr_eq(reply, transfer_reply(seen[i].future));
        ck_assert_int_eq(seen[i].bytes, BIG);
        ck_assert_int_eq(transfer_reply(seen[i].future)->received, BIG);
        ck_assert(transfer_reply(seen[i].future)->timing.total > 0);
        ck_assert_uint_eq(seen[i].heads, 1);
        ck_assert_uint_eq(seen[i].resolved, 1);
        end(&seen[i]);
    }
    ck_assert_uint_le(server_connections(s.server), MANY);
    scene_end(&s);
}
END_TEST

START_TEST(a_kept_connection_is_used_where_it_is)
{
    struct scene s = {.options = {.connect_timeout = 5}};
    scene_begin(&s);
    for (unsigned i = 0; i < 12; i++) {
        struct sight a = {0}, b = {0};
        start(&s, &a, "/ok");
        start(&s, &b, "/ok");
        loop_completes(s.loop, a.future);
        loop_completes(s.loop, b.future);
        loop_spin(s.loop, 1); /* the account of it */
        end(&a);
        end(&b);
    }
    ck_assert_uint_eq(server_requests(s.server), 24);
    ck_assert_uint_eq(server_connections(s.server), 2);
    scene_end(&s);
}
END_TEST

START_TEST(what_the_receiver_refuses_ends_it)
{
    struct scene s = {.options = {.connect_timeout = 5}};
    scene_begin(&s);
    struct sight a[LOOPS] = {{0}};
    for (unsigned i = 0; i < LOOPS; i++) {
        a[i].refuse_at = 1;
        start(&s, &a[i], "/big/20000000");
    }
    for (unsigned i = 0; i < LOOPS; i++) {
        loop_completes(s.loop, a[i].future);
        struct err *e = future_error(a[i].future);
        ck_assert(err_is(e, ERR_IO));
        ck_assert_str_eq(err_code(e), "ENOSPC");
        err_unref(e);
        ck_assert_int_eq(transfer_reply(a[i].future)->received, a[i].bytes);
        ck_assert_int_lt(a[i].bytes, 1000000);
        end(&a[i]);
    }
    scene_end(&s);
}
END_TEST

START_TEST(errors_are_those_of_a_transfer)
{
    struct scene s = {.options = {.connect_timeout = 5}};
    scene_begin(&s);
    struct sight a[LOOPS] = {{0}};
    for (unsigned i = 0; i < LOOPS; i++) {
        start(&s, &a[i], "/cut");
    }
    for (unsigned i = 0; i < LOOPS; i++) {
        loop_completes(s.loop, a[i].future);
        struct err *e = future_error(a[i].future);
        ck_assert(err_is(e, ERR_NETWORK));
        ck_assert_str_eq(err_code(e), "CURLE_PARTIAL_FILE");
        err_unref(e);
        ck_assert_int_eq(a[i].bytes, 3); /* all that came, before the end is told */
        end(&a[i]);
    }
    scene_end(&s);
}
END_TEST

START_TEST(a_cancel_is_awaited)
{
    struct scene s = {.options = {.connect_timeout = 5}};
    scene_begin(&s);
    struct sight a[LOOPS] = {{0}};
    struct task *tasks[LOOPS];
    for (unsigned i = 0; i < LOOPS; i++) {
        start(&s, &a[i], "/stall");
        tasks[i] = awaiter(s.loop, a[i].future);
    }
    while (server_requests(s.server) < LOOPS) {
        loop_spin(s.loop, 1);
    }
    for (unsigned i = 0; i < LOOPS; i++) {
        ck_assert(task_cancel(tasks[i]));
    }
    for (unsigned i = 0; i < LOOPS; i++) {
        loop_completes(s.loop, task_future(tasks[i]));
        ck_assert(future_cancelled(a[i].future));
        (void)transfer_reply(a[i].future)->status;
        task_unref(tasks[i]);
        end(&a[i]);
    }
    scene_end(&s);
}
END_TEST

START_TEST(a_hold_leaves_what_is_on_its_way)
{
    struct scene s = {.options = {.connect_timeout = 5}};
    scene_begin(&s);
    struct sight first = {0}, a = {.hold = true};
    start(&s, &first, "/stall");
    start(&s, &a, "/big/60000000"); /* the first is on this loop, so this is on another */
    while (!a.heads) {
        loop_spin(s.loop, 1);
    }
    struct future *nap = aio_sleep(s.loop, 0.3);
    loop_completes(s.loop, nap);
    future_unref(nap);
    ck_assert(!future_done(a.future));
    ck_assert_int_eq(a.bytes, 0);
    loops_hold(s.loops, false);
    loop_completes(s.loop, a.future);
    ck_assert_int_eq(a.bytes, 60000000);
    end(&a);
    err_is_none(loops_close(s.loops));
    end(&first);
    scene_end(&s);
}
END_TEST

START_TEST(what_lies_between_is_a_part_of_the_buffer)
{
    const size_t mib = 1 << 20;
    ck_assert_uint_eq(loops_between(0, 64 * mib), 0);
    ck_assert_uint_eq(loops_between(1, 64 * mib), 0);
    ck_assert_uint_eq(loops_between(2, 64 * mib), 4 * mib);
    ck_assert_uint_eq(loops_between(64, 1024 * mib), 8 * mib);
    ck_assert_uint_eq(loops_between(2, 16 * mib), 2 * mib);
    ck_assert_uint_eq(loops_between(64, 65536), 8192);
}
END_TEST

START_TEST(closing_ends_what_is_under_way)
{
    struct scene s = {.options = {.connect_timeout = 5}};
    scene_begin(&s);
    struct sight a[LOOPS] = {{0}};
    for (unsigned i = 0; i < LOOPS; i++) {
        start(&s, &a[i], i == 0 ? "/big/60000000" : "/stall");
    }
    while (server_requests(s.server) < LOOPS) {
        loop_spin(s.loop, 1);
    }
    err_is_none(loops_close(s.loops));
    for (unsigned i = 0; i < LOOPS; i++) {
        ck_assert(future_done(a[i].future));
        end(&a[i]);
    }
    scene_end(&s);
}
END_TEST

Suite *net_loops_suite(void)
{
    Suite *s = suite_create("net_loops");
    TCase *t = tcase_create("loops");
    tcase_set_timeout(t, 30);
    tcase_add_test(t, all_bytes_come_here_in_order);
    tcase_add_test(t, a_kept_connection_is_used_where_it_is);
    tcase_add_test(t, what_the_receiver_refuses_ends_it);
    tcase_add_test(t, errors_are_those_of_a_transfer);
    tcase_add_test(t, a_cancel_is_awaited);
    tcase_add_test(t, a_hold_leaves_what_is_on_its_way);
    tcase_add_test(t, what_lies_between_is_a_part_of_the_buffer);
    tcase_add_test(t, closing_ends_what_is_under_way);
    suite_add_tcase(s, t);
    return s;
}
