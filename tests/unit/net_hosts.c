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

enum { ASKS = 60 };

/* Hosts, and slots of letters 'a' on for which nothing is asked yet. */
struct bed {
    struct loop *l;
    struct hosts *h;
    struct order order;
    struct ask a[ASKS];
};

static void bed_begin(struct bed *b, struct hosts_options o)
{
    *b = (struct bed){.l = loop_starts()};
    b->h = hosts_new(b->l, &o);
    for (size_t i = 0; i < ASKS; i++) {
        ask_new(&b->a[i], &b->order, (char)('a' + i));
    }
}

static void bed_release(struct bed *b)
{
    for (size_t i = 0; i < ASKS; i++) {
        slot_release(&b->a[i].slot);
        slot_release(&b->a[i].slot); /* idempotent */
    }
}

static void bed_end(struct bed *b)
{
    bed_release(b);
    hosts_free(b->h);
    loop_ends_empty(b->l);
}

START_TEST(hosts_limits)
{
    struct bed b;
    bed_begin(&b, options(3, 2));
    for (int i = 0; i < 3; i++) {
        request(b.h, &b.a[i], "http://one:80");
    }
    for (int i = 3; i < 6; i++) {
        request(b.h, &b.a[i], "http://two:80");
    }
    ck_assert_uint_eq(hosts_figures(b.h).waiting, 6);
    loop_spin(b.l, 3);
    ck_assert_str_eq(b.order.text, "adb"); /* in turn; three jobs */
    ck_assert_uint_eq(hosts_figures(b.h).running, 3);
    slot_release(&b.a[3].slot);
    loop_spin(b.l, 3);
    ck_assert_str_eq(b.order.text, "adbe"); /* one may have two only */
    slot_release(&b.a[0].slot);
    loop_spin(b.l, 3);
    bed_release(&b);
    loop_spin(b.l, 3);
    ck_assert_uint_eq(hosts_figures(b.h).running + hosts_figures(b.h).waiting, 0);
    bed_end(&b);
}
END_TEST

START_TEST(hosts_fair)
{
    struct bed b;
    bed_begin(&b, options(1, 1));
    for (int i = 0; i < 4; i++) {
        request(b.h, &b.a[i], "http://many:80");
    }
    request(b.h, &b.a[4], "http://few:80");
    request(b.h, &b.a[5], "http://other:80");
    for (int i = 0; i < 6; i++) {
        loop_spin(b.l, 2);
        size_t last = (size_t)(b.order.text[b.order.len - 1] - 'a');
        slot_release(&b.a[last].slot);
    }
    ck_assert_str_eq(b.order.text, "aefbcd");
    bed_end(&b);
}
END_TEST

START_TEST(hosts_front)
{
    struct bed b;
    bed_begin(&b, options(1, 1));
    request(b.h, &b.a[0], "http://h:80");
    loop_spin(b.l, 2);
    request(b.h, &b.a[1], "http://h:80");
    err_is_none(slot_request(b.h, &b.a[2].slot, "http://h:80", true, true));
    slot_release(&b.a[0].slot);
    loop_spin(b.l, 2);
    ck_assert_str_eq(b.order.text, "ac");
    bed_end(&b);
}
END_TEST

/* Those that run wait for it: neither limit counts, nor who was there before. */
START_TEST(hosts_hurry)
{
    struct bed b;
    bed_begin(&b, options(2, 1));
    request(b.h, &b.a[0], "http://x:80");
    request(b.h, &b.a[1], "http://y:80");
    request(b.h, &b.a[2], "http://x:80");
    request(b.h, &b.a[3], "http://x:80");
    loop_spin(b.l, 3);
    ck_assert_str_eq(b.order.text, "ab");
    slot_hurry(&b.a[3].slot);
    slot_hurry(&b.a[3].slot);
    slot_hurry(&b.a[0].slot); /* has one */
    loop_spin(b.l, 3);
    ck_assert_str_eq(b.order.text, "abd");
    slot_release(&b.a[3].slot);
    loop_spin(b.l, 3);
    ck_assert_str_eq(b.order.text, "abd"); /* the limits are what they were */
    slot_hold_host(&b.a[0].slot, 60);
    request(b.h, &b.a[4], "http://x:80");
    slot_hurry(&b.a[4].slot);
    loop_spin(b.l, 3);
    ck_assert_str_eq(b.order.text, "abd"); /* Retry-After is obeyed */
    bed_end(&b);
}
END_TEST

START_TEST(hosts_release_before_announcement)
{
    struct bed b;
    bed_begin(&b, options(2, 2));
    request(b.h, &b.a[0], "http://h:80");
    slot_release(&b.a[0].slot); /* while it waits */
    loop_spin(b.l, 3);
    request(b.h, &b.a[1], "http://h:80");
    loop_spin(b.l, 1);
    ck_assert_int_eq(b.a[1].slot.state, SLOT_GRANTED);
    slot_release(&b.a[1].slot); /* granted, not announced */
    loop_spin(b.l, 3);
    ck_assert_str_eq(b.order.text, "");
    bed_end(&b);
}
END_TEST

START_TEST(hosts_lookups)
{
    struct bed b;
    struct hosts_options o = options(9, 9);
    o.lookups = 2;
    const char *origins[] = {"http://x:80", "http://x:80", "http://y:80", "http://z:80",
        "http://z:80", "http://127.0.0.1:80", "http://127.0.0.1:80"};
    bed_begin(&b, o);
    for (int i = 0; i < 7; i++) {
        err_is_none(slot_request(b.h, &b.a[i].slot, origins[i], false, i >= 5));
    }
    loop_spin(b.l, 3);
    /* One look-up a host, two at once; an address waits for none. */
    ck_assert_uint_eq(b.order.len, 4);
    ck_assert_ptr_nonnull(strchr(b.order.text, 'a'));
    ck_assert_ptr_nonnull(strchr(b.order.text, 'c'));
    ck_assert_ptr_nonnull(strchr(b.order.text, 'f'));
    ck_assert_ptr_nonnull(strchr(b.order.text, 'g'));
    slot_resolved(&b.a[0].slot);
    loop_spin(b.l, 3);
    ck_assert_uint_eq(b.order.len, 6); /* x's other one, and z's look-up */
    slot_release(&b.a[3].slot);        /* failed: z's next one looks it up again */
    loop_spin(b.l, 3);
    ck_assert_str_eq(b.order.text + 6, "e");
    ck_assert(b.a[4].slot.lookup);
    bed_end(&b);
}
END_TEST

START_TEST(hosts_lookup_expires)
{
    struct bed b;
    struct hosts_options o = options(9, 9);
    o.resolved_for = 0.05;
    bed_begin(&b, o);
    err_is_none(slot_request(b.h, &b.a[0].slot, "http://x:80", false, false));
    loop_spin(b.l, 3);
    slot_resolved(&b.a[0].slot);
    slot_release(&b.a[0].slot);
    spin_for(b.l, 0.08);
    err_is_none(slot_request(b.h, &b.a[1].slot, "http://x:80", false, false));
    err_is_none(slot_request(b.h, &b.a[2].slot, "http://x:80", false, false));
    loop_spin(b.l, 3);
    ck_assert_str_eq(b.order.text, "ab");
    bed_end(&b);
}
END_TEST

START_TEST(hosts_hold)
{
    struct bed b;
    bed_begin(&b, options(9, 3));
    request(b.h, &b.a[0], "http://h:80");
    loop_spin(b.l, 2);
    const double then = loop_time(b.l);
    slot_hold_host(&b.a[0].slot, 0.1);
    slot_hold_host(&b.a[0].slot, 0.01); /* never less than before */
    slot_release(&b.a[0].slot);
    for (int i = 1; i < 5; i++) {
        request(b.h, &b.a[i], "http://h:80");
    }
    ck_assert_uint_eq(hosts_figures(b.h).held, 1);
    ck_assert_double_ge(spin_until(b.l, &b.order, "ab"), then + 0.0999); /* one probe */
    ck_assert_uint_eq(hosts_figures(b.h).held, 0);
    slot_answered(&b.a[1].slot);
    loop_spin(b.l, 3);
    ck_assert_str_eq(b.order.text, "abcd");
    bed_end(&b);
}
END_TEST

START_TEST(hosts_hold_is_one_host_s)
{
    struct bed b;
    bed_begin(&b, options(9, 3));
    request(b.h, &b.a[0], "http://h:80");
    loop_spin(b.l, 2);
    slot_hold_host(&b.a[0].slot, 3600);
    slot_release(&b.a[0].slot);
    request(b.h, &b.a[1], "http://h:80");
    request(b.h, &b.a[2], "http://other:80");
    spin_for(b.l, 0.05);
    ck_assert_str_eq(b.order.text, "ac");
    ck_assert_uint_eq(hosts_figures(b.h).held, 1);
    bed_end(&b);
}
END_TEST

START_TEST(hosts_probe_held_again)
{
    struct bed b;
    bed_begin(&b, options(9, 3));
    request(b.h, &b.a[0], "http://h:80");
    loop_spin(b.l, 2);
    slot_hold_host(&b.a[0].slot, 0.02);
    slot_release(&b.a[0].slot);
    for (int i = 1; i < 4; i++) {
        request(b.h, &b.a[i], "http://h:80");
    }
    spin_until(b.l, &b.order, "ab");
    const double then = loop_time(b.l);
    slot_hold_host(&b.a[1].slot, 0.05);
    slot_release(&b.a[1].slot);
    ck_assert_double_ge(spin_until(b.l, &b.order, "abc"), then + 0.0499);
    slot_release(&b.a[2].slot); /* ended without a new hold */
    loop_spin(b.l, 3);
    ck_assert_str_eq(b.order.text, "abcd");
    bed_end(&b);
}
END_TEST

START_TEST(hosts_given_up)
{
    struct bed b;
    struct hosts_options o = options(9, 1);
    o.failures = 2;
    bed_begin(&b, o);
    static const bool connected[] = {false, true, false, false};
    for (int i = 0; i < 7; i++) {
        request(b.h, &b.a[i], i == 6 ? "http://other:80" : "http://h:80");
    }
    loop_spin(b.l, 3);
    for (int i = 0; i < 4; i++) {
        ck_assert(!slot_refused(&b.a[i].slot));
        slot_connected(&b.a[i].slot, connected[i]);
        slot_release(&b.a[i].slot);
        loop_spin(b.l, 3);
    }
    ck_assert_str_eq(b.order.text, "agbcdef"); /* who waited is told at once */
    ck_assert(slot_refused(&b.a[4].slot) && slot_refused(&b.a[5].slot));
    ck_assert(!slot_refused(&b.a[6].slot));
    ck_assert_uint_eq(hosts_figures(b.h).running, 1);
    ck_assert_uint_eq(hosts_figures(b.h).waiting, 0);
    request(b.h, &b.a[7], "http://h:80");
    ck_assert(slot_refused(&b.a[7].slot));
    slot_release(&b.a[7].slot); /* before it was told */
    loop_spin(b.l, 3);
    ck_assert_str_eq(b.order.text, "agbcdef");
    bed_end(&b);
}
END_TEST

START_TEST(hosts_fail_for_ever)
{
    struct bed b;
    bed_begin(&b, options(1, 1));
    for (int i = 0; i < 6; i++) {
        request(b.h, &b.a[i], "http://h:80");
    }
    for (int i = 0; i < 6; i++) {
        loop_spin(b.l, 3);
        ck_assert(!slot_refused(&b.a[i].slot));
        slot_connected(&b.a[i].slot, false);
        slot_release(&b.a[i].slot);
    }
    bed_end(&b);
}
END_TEST

/* Seconds until 20 of all have their slots. */
static double granted_after(double rate, double per_host_rate)
{
    struct bed b;
    struct hosts_options o = options(99, 99);
    o.rate = rate;
    o.per_host_rate = per_host_rate;
    bed_begin(&b, o);
    const double then = loop_time(b.l);
    for (int i = 0; i < ASKS; i++) {
        request(b.h, &b.a[i], i % 2 ? "http://x:80" : "http://y:80");
    }
    while (b.order.len < 20) {
        loop_spin(b.l, 1);
    }
    const double took = loop_time(b.l) - then;
    bed_end(&b);
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
    struct bed b;
    bed_begin(&b, options(4, 4));
    for (unsigned i = 0; i < 5000; i++) {
        char origin[40];
        snprintf(origin, sizeof(origin), "http://h%u:80", i);
        request(b.h, &b.a[0], origin);
        b.order.len = 0;
        loop_spin(b.l, 2);
        slot_release(&b.a[0].slot);
    }
    ck_assert_uint_le(hosts_figures(b.h).hosts, 1025);
    bed_end(&b);
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
