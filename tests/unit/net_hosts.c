/* SPDX-License-Identifier: MIT */
/* src/net/hosts: who may have a request under way. */
#include "net/hosts.h"

#include "support.h"

#include <stdio.h>
#include <string.h>

struct ask {
    struct slot slot;
    struct order *order;
    char c;
};

static struct err *on_grant(void *arg)
{
    struct ask *a = arg;
    order_add(a->order, (char[]){a->c, '\0'});
    return NULL;
}

static void ask_new(struct ask *a, struct order *order, char c)
{
    a->order = order;
    a->c = c;
    slot_init(&a->slot, on_grant, a);
}

static struct hosts_options options(unsigned jobs, unsigned per_host)
{
    return (struct hosts_options){jobs, jobs, per_host, 0, 0, 16, 60, 0, false};
}

static void request(struct hosts *h, struct ask *a, const char *origin)
{
    err_is_none(slot_request(h, &a->slot, origin, false, true));
}

static void spin_for(struct loop *l, double seconds)
{
    struct future *f = aio_sleep(l, seconds);
    loop_completes(l, f);
    future_unref(f);
    loop_spin(l, 3);
}

/* Until so many have their slots, which are these; loop_time() then. */
static double spin_until(struct loop *l, const struct order *order, const char *text)
{
    while (order->len < strlen(text)) {
        loop_spin(l, 1);
    }
    const double now = loop_time(l);
    loop_spin(l, 3);
    ck_assert_str_eq(order->text, text);
    return now;
}

/* Slots of letters 'a' on; nothing is asked for yet. */
static void make(struct ask *asks, size_t n, struct order *order)
{
    for (size_t i = 0; i < n; i++) {
        ask_new(&asks[i], order, (char)('a' + i));
    }
}

static void release(struct ask *asks, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        slot_release(&asks[i].slot);
        slot_release(&asks[i].slot); /* idempotent */
    }
}

START_TEST(hosts_limits)
{
    struct loop *l = loop_starts();
    struct hosts_options o = options(3, 2);
    struct hosts *h = hosts_new(l, &o);
    struct order order = {0};
    struct ask a[6];
    make(a, 6, &order);
    for (int i = 0; i < 3; i++) {
        request(h, &a[i], "http://one:80");
    }
    for (int i = 3; i < 6; i++) {
        request(h, &a[i], "http://two:80");
    }
    ck_assert_uint_eq(hosts_figures(h).waiting, 6);
    loop_spin(l, 3);
    ck_assert_str_eq(order.text, "adb"); /* in turn; three jobs */
    ck_assert_uint_eq(hosts_figures(h).running, 3);
    slot_release(&a[3].slot);
    loop_spin(l, 3);
    ck_assert_str_eq(order.text, "adbe"); /* one may have two only */
    slot_release(&a[0].slot);
    loop_spin(l, 3);
    release(a, 6);
    loop_spin(l, 3);
    ck_assert_uint_eq(hosts_figures(h).running + hosts_figures(h).waiting, 0);
    hosts_free(h);
    loop_ends_empty(l);
}
END_TEST

START_TEST(hosts_fair)
{
    struct loop *l = loop_starts();
    struct hosts_options o = options(1, 1);
    struct hosts *h = hosts_new(l, &o);
    struct order order = {0};
    struct ask a[6];
    make(a, 6, &order);
    for (int i = 0; i < 4; i++) {
        request(h, &a[i], "http://many:80");
    }
    request(h, &a[4], "http://few:80");
    request(h, &a[5], "http://other:80");
    for (int i = 0; i < 6; i++) {
        loop_spin(l, 2);
        size_t last = (size_t)(order.text[order.len - 1] - 'a');
        slot_release(&a[last].slot);
    }
    ck_assert_str_eq(order.text, "aefbcd");
    hosts_free(h);
    loop_ends_empty(l);
}
END_TEST

START_TEST(hosts_front)
{
    struct loop *l = loop_starts();
    struct hosts_options o = options(1, 1);
    struct hosts *h = hosts_new(l, &o);
    struct order order = {0};
    struct ask a[3];
    make(a, 3, &order);
    request(h, &a[0], "http://h:80");
    loop_spin(l, 2);
    request(h, &a[1], "http://h:80");
    err_is_none(slot_request(h, &a[2].slot, "http://h:80", true, true));
    slot_release(&a[0].slot);
    loop_spin(l, 2);
    ck_assert_str_eq(order.text, "ac");
    release(a, 3);
    hosts_free(h);
    loop_ends_empty(l);
}
END_TEST

/* Those that run wait for it: neither limit counts, nor who was there before. */
START_TEST(hosts_hurry)
{
    struct loop *l = loop_starts();
    struct hosts_options o = options(2, 1);
    struct hosts *h = hosts_new(l, &o);
    struct order order = {0};
    struct ask a[5];
    make(a, 5, &order);
    request(h, &a[0], "http://x:80");
    request(h, &a[1], "http://y:80");
    request(h, &a[2], "http://x:80");
    request(h, &a[3], "http://x:80");
    loop_spin(l, 3);
    ck_assert_str_eq(order.text, "ab");
    slot_hurry(&a[3].slot);
    slot_hurry(&a[3].slot);
    slot_hurry(&a[0].slot); /* has one */
    loop_spin(l, 3);
    ck_assert_str_eq(order.text, "abd");
    slot_release(&a[3].slot);
    loop_spin(l, 3);
    ck_assert_str_eq(order.text, "abd"); /* the limits are what they were */
    slot_hold_host(&a[0].slot, 60);
    request(h, &a[4], "http://x:80");
    slot_hurry(&a[4].slot);
    loop_spin(l, 3);
    ck_assert_str_eq(order.text, "abd"); /* Retry-After is obeyed */
    release(a, 5);
    hosts_free(h);
    loop_ends_empty(l);
}
END_TEST

START_TEST(hosts_release_before_announcement)
{
    struct loop *l = loop_starts();
    struct hosts_options o = options(2, 2);
    struct hosts *h = hosts_new(l, &o);
    struct order order = {0};
    struct ask a[2];
    make(a, 2, &order);
    request(h, &a[0], "http://h:80");
    slot_release(&a[0].slot); /* while it waits */
    loop_spin(l, 3);
    request(h, &a[1], "http://h:80");
    loop_spin(l, 1);
    ck_assert_int_eq(a[1].slot.state, SLOT_GRANTED);
    slot_release(&a[1].slot); /* granted, not announced */
    loop_spin(l, 3);
    ck_assert_str_eq(order.text, "");
    hosts_free(h);
    loop_ends_empty(l);
}
END_TEST

START_TEST(hosts_lookups)
{
    struct loop *l = loop_starts();
    struct hosts_options o = options(9, 9);
    o.lookups = 2;
    struct hosts *h = hosts_new(l, &o);
    struct order order = {0};
    struct ask a[7];
    const char *origins[] = {"http://x:80", "http://x:80", "http://y:80", "http://z:80",
        "http://z:80", "http://127.0.0.1:80", "http://127.0.0.1:80"};
    make(a, 7, &order);
    for (int i = 0; i < 7; i++) {
        err_is_none(slot_request(h, &a[i].slot, origins[i], false, i >= 5));
    }
    loop_spin(l, 3);
    /* One look-up a host, two at once; an address waits for none. */
    ck_assert_uint_eq(order.len, 4);
    ck_assert_ptr_nonnull(strchr(order.text, 'a'));
    ck_assert_ptr_nonnull(strchr(order.text, 'c'));
    ck_assert_ptr_nonnull(strchr(order.text, 'f'));
    ck_assert_ptr_nonnull(strchr(order.text, 'g'));
    slot_resolved(&a[0].slot);
    loop_spin(l, 3);
    ck_assert_uint_eq(order.len, 6); /* x's other one, and z's look-up */
    slot_release(&a[3].slot);        /* failed: z's next one looks it up again */
    loop_spin(l, 3);
    ck_assert_str_eq(order.text + 6, "e");
    ck_assert(a[4].slot.lookup);
    release(a, 7);
    hosts_free(h);
    loop_ends_empty(l);
}
END_TEST

START_TEST(hosts_lookup_expires)
{
    struct loop *l = loop_starts();
    struct hosts_options o = options(9, 9);
    o.resolved_for = 0.05;
    struct hosts *h = hosts_new(l, &o);
    struct order order = {0};
    struct ask a[3];
    make(a, 3, &order);
    err_is_none(slot_request(h, &a[0].slot, "http://x:80", false, false));
    loop_spin(l, 3);
    slot_resolved(&a[0].slot);
    slot_release(&a[0].slot);
    spin_for(l, 0.08);
    err_is_none(slot_request(h, &a[1].slot, "http://x:80", false, false));
    err_is_none(slot_request(h, &a[2].slot, "http://x:80", false, false));
    loop_spin(l, 3);
    ck_assert_str_eq(order.text, "ab");
    release(a, 3);
    hosts_free(h);
    loop_ends_empty(l);
}
END_TEST

START_TEST(hosts_hold)
{
    struct loop *l = loop_starts();
    struct hosts_options o = options(9, 3);
    struct hosts *h = hosts_new(l, &o);
    struct order order = {0};
    struct ask a[5];
    make(a, 5, &order);
    request(h, &a[0], "http://h:80");
    loop_spin(l, 2);
    const double then = loop_time(l);
    slot_hold_host(&a[0].slot, 0.1);
    slot_hold_host(&a[0].slot, 0.01); /* never less than before */
    slot_release(&a[0].slot);
    for (int i = 1; i < 5; i++) {
        request(h, &a[i], "http://h:80");
    }
    ck_assert_uint_eq(hosts_figures(h).held, 1);
    ck_assert_double_ge(spin_until(l, &order, "ab"), then + 0.0999); /* one probe */
    ck_assert_uint_eq(hosts_figures(h).held, 0);
    slot_answered(&a[1].slot);
    loop_spin(l, 3);
    ck_assert_str_eq(order.text, "abcd");
    release(a, 5);
    hosts_free(h);
    loop_ends_empty(l);
}
END_TEST

START_TEST(hosts_hold_is_one_host_s)
{
    struct loop *l = loop_starts();
    struct hosts_options o = options(9, 3);
    struct hosts *h = hosts_new(l, &o);
    struct order order = {0};
    struct ask a[3];
    make(a, 3, &order);
    request(h, &a[0], "http://h:80");
    loop_spin(l, 2);
    slot_hold_host(&a[0].slot, 3600);
    slot_release(&a[0].slot);
    request(h, &a[1], "http://h:80");
    request(h, &a[2], "http://other:80");
    spin_for(l, 0.05);
    ck_assert_str_eq(order.text, "ac");
    ck_assert_uint_eq(hosts_figures(h).held, 1);
    release(a, 3);
    hosts_free(h);
    loop_ends_empty(l);
}
END_TEST

START_TEST(hosts_probe_held_again)
{
    struct loop *l = loop_starts();
    struct hosts_options o = options(9, 3);
    struct hosts *h = hosts_new(l, &o);
    struct order order = {0};
    struct ask a[4];
    make(a, 4, &order);
    request(h, &a[0], "http://h:80");
    loop_spin(l, 2);
    slot_hold_host(&a[0].slot, 0.02);
    slot_release(&a[0].slot);
    for (int i = 1; i < 4; i++) {
        request(h, &a[i], "http://h:80");
    }
    spin_until(l, &order, "ab");
    const double then = loop_time(l);
    slot_hold_host(&a[1].slot, 0.05);
    slot_release(&a[1].slot);
    ck_assert_double_ge(spin_until(l, &order, "abc"), then + 0.0499);
    slot_release(&a[2].slot); /* ended without a new hold */
    loop_spin(l, 3);
    ck_assert_str_eq(order.text, "abcd");
    release(a, 4);
    hosts_free(h);
    loop_ends_empty(l);
}
END_TEST

START_TEST(hosts_given_up)
{
    struct loop *l = loop_starts();
    struct hosts_options o = options(9, 1);
    o.failures = 2;
    struct hosts *h = hosts_new(l, &o);
    struct order order = {0};
    struct ask a[8];
    make(a, 8, &order);
    static const bool connected[] = {false, true, false, false};
    for (int i = 0; i < 7; i++) {
        request(h, &a[i], i == 6 ? "http://other:80" : "http://h:80");
    }
    loop_spin(l, 3);
    for (int i = 0; i < 4; i++) {
        ck_assert(!slot_refused(&a[i].slot));
        slot_connected(&a[i].slot, connected[i]);
        slot_release(&a[i].slot);
        loop_spin(l, 3);
    }
    ck_assert_str_eq(order.text, "agbcdef"); /* who waited is told at once */
    ck_assert(slot_refused(&a[4].slot) && slot_refused(&a[5].slot));
    ck_assert(!slot_refused(&a[6].slot));
    ck_assert_uint_eq(hosts_figures(h).running, 1);
    ck_assert_uint_eq(hosts_figures(h).waiting, 0);
    request(h, &a[7], "http://h:80");
    ck_assert(slot_refused(&a[7].slot));
    slot_release(&a[7].slot); /* before it was told */
    loop_spin(l, 3);
    ck_assert_str_eq(order.text, "agbcdef");
    release(a, 8);
    hosts_free(h);
    loop_ends_empty(l);
}
END_TEST

START_TEST(hosts_fail_for_ever)
{
    struct loop *l = loop_starts();
    struct hosts_options o = options(1, 1);
    struct hosts *h = hosts_new(l, &o);
    struct order order = {0};
    struct ask a[6];
    make(a, 6, &order);
    for (int i = 0; i < 6; i++) {
        request(h, &a[i], "http://h:80");
    }
    for (int i = 0; i < 6; i++) {
        loop_spin(l, 3);
        ck_assert(!slot_refused(&a[i].slot));
        slot_connected(&a[i].slot, false);
        slot_release(&a[i].slot);
    }
    hosts_free(h);
    loop_ends_empty(l);
}
END_TEST

/* Seconds until 20 of 60 have their slots. */
static double granted_after(double rate, double per_host_rate)
{
    struct loop *l = loop_starts();
    struct hosts_options o = options(99, 99);
    o.rate = rate;
    o.per_host_rate = per_host_rate;
    struct hosts *h = hosts_new(l, &o);
    struct order order = {0};
    struct ask a[60];
    const double then = loop_time(l);
    make(a, 60, &order);
    for (int i = 0; i < 60; i++) {
        request(h, &a[i], i % 2 ? "http://x:80" : "http://y:80");
    }
    while (order.len < 20) {
        loop_spin(l, 1);
    }
    const double took = loop_time(l) - then;
    release(a, 60);
    hosts_free(h);
    loop_ends_empty(l);
    return took;
}

START_TEST(hosts_rates)
{
    double took = granted_after(50, 0);
    ck_assert_double_ge(took, 0.32);
    ck_assert_double_le(took, 2);
    took = granted_after(0, 25); /* of each of two */
    ck_assert_double_ge(took, 0.32);
    ck_assert_double_le(took, 2);
}
END_TEST

START_TEST(hosts_bounded)
{
    struct loop *l = loop_starts();
    struct hosts_options o = options(4, 4);
    struct hosts *h = hosts_new(l, &o);
    struct order order = {0};
    struct ask a;
    make(&a, 1, &order);
    for (unsigned i = 0; i < 5000; i++) {
        char origin[40];
        snprintf(origin, sizeof(origin), "http://h%u:80", i);
        request(h, &a, origin);
        order.len = 0;
        loop_spin(l, 2);
        slot_release(&a.slot);
    }
    ck_assert_uint_le(hosts_figures(h).hosts, 1025);
    hosts_free(h);
    loop_ends_empty(l);
}
END_TEST

Suite *net_hosts_suite(void)
{
    Suite *s = suite_create("net_hosts");
    TCase *t = tcase_create("hosts");
    tcase_add_test(t, hosts_limits);
    tcase_add_test(t, hosts_fair);
    tcase_add_test(t, hosts_front);
    tcase_add_test(t, hosts_hurry);
    tcase_add_test(t, hosts_release_before_announcement);
    tcase_add_test(t, hosts_lookups);
    tcase_add_test(t, hosts_lookup_expires);
    tcase_add_test(t, hosts_hold);
    tcase_add_test(t, hosts_hold_is_one_host_s);
    tcase_add_test(t, hosts_probe_held_again);
    tcase_add_test(t, hosts_given_up);
    tcase_add_test(t, hosts_fail_for_ever);
    tcase_add_test(t, hosts_rates);
    tcase_add_test(t, hosts_bounded);
    suite_add_tcase(s, t);
    return s;
}
