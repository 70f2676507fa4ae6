/* SPDX-License-Identifier: MIT */
/* src/net with the n-th allocation failing, for every n: a clean error, no leak, no hang. */
#include "failnth.h"
#include "net/hosts.h"
#include "net/loops.h"
#include "net/transfer.h"

#include <check.h>
#include <stdlib.h>

static bool clean(struct err *e)
{
    bool ok = !e;
    failnth_must(ok || failnth_failed());
    err_unref(e);
    return ok;
}

static void url_scenario(void)
{
    struct url *u = NULL, *next = NULL;
    if (clean(url_parse("http://u:p@h:1/a/b?c", &u)) && clean(url_resolve(u, "../d", &next))) {
        struct url *near = NULL;
        (void)clean(url_parse_near(next, "http://h:1/b?d", &near));
        url_free(near);
        char *text = url_redact("see http://u:p@h/");
        failnth_must(text || failnth_failed());
        free(text);
    }
    url_free(next);
    url_free(u);
}

static struct err *on_grant(void *arg)
{
    (void)arg;
    return NULL;
}

static void hosts_scenario(void)
{
    struct loop *l = loop_new(LOOP_PLAIN, NULL);
    struct hosts_options o = {2, 2, 1, 100, 100, 1, 60, 0, true};
    struct hosts *h = l ? hosts_new(l, &o) : NULL;
    failnth_must(h || failnth_failed());
    struct slot a, b;
    slot_init(&a, on_grant, NULL);
    slot_init(&b, on_grant, NULL);
    if (h && clean(slot_request(h, &a, "http://a:80", false, false)) &&
        clean(slot_request(h, &b, "http://a:80", true, false))) {
        loop_stop(l);
        err_unref(loop_run_forever(l));
        slot_hold_host(&b, 0.001);
        slot_release(&b);
    }
    slot_release(&a);
    slot_release(&b);
    hosts_free(h);
    loop_free(l);
}

static struct err *on_body(void *arg, const void *bytes, size_t n)
{
    (void)arg;
    (void)bytes;
    (void)n;
    return NULL;
}

/* Nobody listens there: refused at once. */
static void refused(struct loop *l, struct future *f, struct err *e)
{
    if (!f) {
        clean(e);
        return;
    }
    clean(loop_run_until_complete(l, f));
    e = future_error(f);
    failnth_must(e && (err_is(e, ERR_CONNECT) || failnth_failed()));
    err_unref(e);
    future_unref(f);
}

static const struct receiver *receive(void)
{
    static const struct receiver receiver = {NULL, on_body, NULL};
    return &receiver;
}

static void ask(struct loop *l, struct multi *m, const struct url *u)
{
    struct request rq = {.url = u, .referer = "x"};
    struct err *e = NULL;
    struct future *f = transfer_start(m, &rq, receive(), NULL, &e);
    refused(l, f, e);
}

static void ask_loops(struct loop *l, struct loops *s, const struct url *u)
{
    struct request rq = {.url = u, .referer = "x"};
    struct err *e = NULL;
    struct future *f = loops_transfer(s, &rq, receive(), NULL, &e);
    refused(l, f, e);
}

static struct err *on_report(void *arg, const char *message, struct err *e, const char *what)
{
    (void)arg;
    (void)message;
    (void)e;
    (void)what;
    return NULL;
}

static void transfer_scenario(void)
{
    struct net_options o = {.stall_timeout = 30, .connect_timeout = 5};
    struct url *u = NULL;
    struct multi *m = NULL;
    struct loop *l = loop_new(LOOP_PLAIN, NULL);
    failnth_must(l || failnth_failed());
    if (l) {
        loop_set_exception_handler(l, on_report, NULL);
    }
    if (l && clean(url_parse("http://127.0.0.1:1/", &u)) && clean(multi_new(l, &o, NULL, &m))) {
        ask(l, m, u);
        ask(l, m, u);
    }
    multi_free(m);
    url_free(u);
    loop_free(l);
}

/* The first request goes to another thread, the second as well, or to none if there is no memory
 * for it. Allocations of both threads count, so which one is the n-th is not always the same. */
static void lanes_scenario(void)
{
    struct net_options o = {.stall_timeout = 30, .connect_timeout = 5, .loops = 2};
    struct url *u = NULL;
    struct loops *s = NULL;
    struct loop *l = loop_new(LOOP_PLAIN, NULL);
    failnth_must(l || failnth_failed());
    if (l) {
        loop_set_exception_handler(l, on_report, NULL);
    }
    if (l && clean(url_parse("http://127.0.0.1:1/", &u)) && clean(loops_new(l, &o, &s))) {
        ask_loops(l, s, u);
        ask_loops(l, s, u);
        clean(loops_close(s));
    }
    loops_free(s);
    url_free(u);
    loop_free(l);
}

START_TEST(failnth_url)
{
    failnth_each(url_scenario);
}
END_TEST

START_TEST(failnth_hosts)
{
    failnth_each(hosts_scenario);
}
END_TEST

START_TEST(failnth_transfer)
{
    struct err *e = net_init();
    ck_assert_ptr_null(e);
    failnth_each(transfer_scenario);
    net_fini();
}
END_TEST

START_TEST(failnth_lanes)
{
    struct err *e = net_init();
    ck_assert_ptr_null(e);
    failnth_each(lanes_scenario);
    net_fini();
}
END_TEST

Suite *net_failnth_suite(void)
{
    Suite *s = suite_create("net_failnth");
    TCase *t = tcase_create("failnth");
    tcase_set_timeout(t, 30);
    tcase_add_test(t, failnth_url);
    tcase_add_test(t, failnth_hosts);
    tcase_add_test(t, failnth_transfer);
    tcase_add_test(t, failnth_lanes);
    suite_add_tcase(s, t);
    return s;
}
