/* SPDX-License-Identifier: MIT */
/* src/net/hosts: requests that take no job, and jobs without a request. Grants are counted. */
#include "crowd.h"
#include "support.h"

static struct crowd *begin(unsigned jobs, unsigned per_host, unsigned requests)
{
    const struct hosts_options o = {
        .jobs = jobs, .requests = requests, .per_host = per_host, .lookups = 2, .resolved_for = 60};
    return crowd_begin(&o);
}

START_TEST(further_takes_no_job)
{
    struct crowd *c = begin(1, 16, 64);
    crowd_ask(c, 0, 1);
    crowd_ask(c, 1, 1);
    crowd_help(c, 0, 20);
    crowd_ask(c, 0, 1);
    ck_assert_uint_eq(crowd_granted(c, 0), 1);
    ck_assert_uint_eq(crowd_granted(c, 1), 0);
    ck_assert_uint_eq(crowd_helped(c, 0), 15);
    slot_release(&c->helps[0][0].slot);
    ck_assert_uint_eq(crowd_helped(c, 0), 16);
    ck_assert_uint_eq(crowd_granted(c, 0) + crowd_granted(c, 1), 1);
    slot_release(&c->asks[0][0].slot);
    ck_assert_uint_eq(crowd_granted(c, 0) + crowd_granted(c, 1), 2);
    crowd_end(c);
}
END_TEST

/* Who has a job to get goes first, at his host, and is never kept from one. */
START_TEST(further_is_behind)
{
    struct crowd *c = begin(3, 2, 64);
    crowd_ask(c, 0, 1);
    crowd_help(c, 0, 4);
    ck_assert_uint_eq(crowd_granted(c, 0), 1);
    ck_assert_uint_eq(crowd_helped(c, 0), 1);
    crowd_ask(c, 0, 1);
    ck_assert_uint_eq(crowd_granted(c, 0), 1); /* the host has two */
    slot_release(&c->helps[0][0].slot);
    ck_assert_uint_eq(crowd_granted(c, 0), 2);
    ck_assert_uint_eq(crowd_helped(c, 0), 1);
    crowd_ask(c, 1, 2);
    ck_assert_uint_eq(crowd_granted(c, 1), 1); /* the third job */
    slot_release(&c->asks[0][0].slot);
    ck_assert_uint_eq(crowd_granted(c, 1), 2);
    ck_assert_uint_eq(crowd_helped(c, 0), 2);
    crowd_end(c);
}
END_TEST

/* Requests are bounded in all: both kinds have theirs in the end. */
START_TEST(further_keeps_to_requests)
{
    struct crowd *c = begin(2, 16, 3);
    crowd_ask(c, 0, 1);
    crowd_help(c, 0, 5);
    ck_assert_uint_eq(crowd_helped(c, 0), 2);
    crowd_ask(c, 1, 1);
    ck_assert_uint_eq(crowd_granted(c, 1), 0);
    for (unsigned i = 0; i < 2; i++) {
        slot_release(&c->helps[0][i].slot);
        (void)crowd_helped(c, 0);
    }
    ck_assert_uint_eq(crowd_granted(c, 1), 1);
    ck_assert_uint_eq(hosts_figures(c->hosts).running, 3);
    crowd_end(c);
}
END_TEST

/* The request that a parked one leaves is anybody's. */
START_TEST(further_parked_leaves_a_request)
{
    struct crowd *c = begin(2, 2, 1);
    crowd_ask(c, 0, 1);
    crowd_ask(c, 1, 1);
    ck_assert_uint_eq(crowd_granted(c, 0) + crowd_granted(c, 1), 1);
    slot_park(&c->asks[0][0].slot);
    ck_assert_uint_eq(crowd_granted(c, 1), 1);
    crowd_end(c);
}
END_TEST

START_TEST(further_parked)
{
    struct crowd *c = begin(1, 1, 2);
    crowd_ask(c, 0, 2);
    crowd_help(c, 0, 2);
    ck_assert_uint_eq(crowd_granted(c, 0), 1);
    ck_assert_uint_eq(crowd_helped(c, 0), 0);
    slot_park(&c->asks[0][0].slot);
    slot_park(&c->asks[0][0].slot);
    ck_assert_uint_eq(crowd_helped(c, 0), 1); /* in its place */
    slot_release(&c->helps[0][0].slot);
    ck_assert_uint_eq(crowd_helped(c, 0), 2);
    ck_assert_uint_eq(crowd_granted(c, 0), 1); /* its job is not free */
    slot_release(&c->helps[0][1].slot);
    ck_assert_uint_eq(crowd_granted(c, 0), 1);
    slot_release(&c->asks[0][0].slot);
    ck_assert_uint_eq(crowd_granted(c, 0), 2);
    crowd_end(c);
}
END_TEST

START_TEST(further_obeys_the_rate)
{
    const struct hosts_options o = {
        .jobs = 9, .requests = 9, .per_host = 9, .rate = 0.001, .lookups = 2, .resolved_for = 60};
    struct crowd *c = crowd_begin(&o);
    crowd_help(c, 0, 5);
    crowd_ask(c, 1, 5);
    ck_assert_uint_eq(crowd_helped(c, 0) + crowd_granted(c, 1), 1);
    crowd_end(c);
}
END_TEST

/* It looks a name up beside others that wait for a job to do so. */
START_TEST(further_looks_up)
{
    struct crowd *c = begin(1, 4, 64);
    c->named = true;
    crowd_ask(c, 0, 1);
    for (unsigned h = 1; h < 5; h++) {
        crowd_ask(c, h, 1);
    }
    ck_assert_uint_eq(crowd_granted(c, 0), 1);
    crowd_help(c, 9, 3);
    crowd_help(c, 8, 1);
    ck_assert_uint_eq(crowd_helped(c, 8) + crowd_helped(c, 9), 1); /* two look-ups at once */
    slot_resolved(&c->asks[0][0].slot);
    ck_assert_uint_eq(crowd_helped(c, 8) + crowd_helped(c, 9), 2);
    slot_resolved(&c->helps[9][0].slot);
    ck_assert_uint_eq(crowd_helped(c, 9), 3);
    ck_assert_uint_eq(hosts_figures(c->hosts).waiting, 4);
    crowd_end(c);
}
END_TEST

/* One that went ahead and gave up is not in the way of the next. */
START_TEST(further_looks_up_past_others)
{
    struct crowd *c = begin(1, 4, 64);
    c->named = true;
    crowd_ask(c, 0, 1);
    ck_assert_uint_eq(crowd_granted(c, 0), 1);
    crowd_help(c, 1, 1);
    ck_assert_uint_eq(crowd_helped(c, 1), 1);
    crowd_help(c, 3, 1);
    crowd_ask(c, 2, 1);
    crowd_help(c, 2, 1);
    (void)crowd_helped(c, 3); /* both look-ups are taken */
    slot_release(&c->helps[2][0].slot);
    slot_resolved(&c->asks[0][0].slot);
    ck_assert_uint_eq(crowd_helped(c, 3), 1);
    ck_assert_uint_eq(crowd_granted(c, 2) + crowd_helped(c, 2), 0);
    crowd_end(c);
}
END_TEST

START_TEST(further_refused)
{
    const struct hosts_options o = {
        .jobs = 2, .requests = 9, .per_host = 1, .lookups = 2, .resolved_for = 60, .failures = 1};
    struct crowd *c = crowd_begin(&o);
    crowd_ask(c, 0, 3);
    crowd_help(c, 0, 3);
    ck_assert_uint_eq(crowd_granted(c, 0), 1);
    slot_connected(&c->asks[0][0].slot, false);
    ck_assert_uint_eq(crowd_helped(c, 0), 3); /* told so */
    for (unsigned i = 0; i < 3; i++) {
        ck_assert(slot_refused(&c->helps[0][i].slot));
    }
    crowd_end(c);
}
END_TEST

static unsigned draw(unsigned *seed, unsigned below)
{
    *seed = *seed * 1103515245 + 12345;
    return (*seed >> 16) % below;
}

/* What may happen to a request that has a slot, or waits. Whether it was still there. */
static bool happen(struct ask *a, unsigned what)
{
    if (slot_idle(&a->slot)) {
        return false;
    }
    if (what == 0) {
        slot_hurry(&a->slot);
    } else if (a->granted && what < 3) {
        slot_resolved(&a->slot);
    } else if (a->granted && what < 5) {
        slot_heard(&a->slot);
    } else if (a->granted && what == 5 && !a->slot.further) {
        slot_park(&a->slot);
    } else if (a->granted) {
        if (what == 6) {
            slot_unheard(&a->slot);
        }
        slot_release(&a->slot);
    } else if (what == 8) { /* gives up */
        a->granted = true;
        (a->slot.further ? a->crowd->helped : a->crowd->granted)[a->host]++;
        slot_release(&a->slot);
    }
    return true;
}

static bool all_served(const struct crowd *c)
{
    for (unsigned h = 0; h < HOSTS; h++) {
        if (c->granted[h] < c->asked[h] || c->helped[h] < c->wanted[h]) {
            return false;
        }
    }
    return true;
}

static unsigned missing(const unsigned *asked, unsigned host, unsigned *seed)
{
    return asked[host] < EACH ? 1 + draw(seed, EACH - asked[host]) : 0;
}

/* Things happen until all asked and all are through. */
static void run(struct crowd *c, const struct hosts_options *o, unsigned seed, unsigned hosts)
{
    unsigned hurries = 0;
    bool any = true;
    for (unsigned turn = 0; any || !all_served(c); turn++) {
        ck_assert_msg(turn < 200000, "some are never served");
        any = false;
        for (unsigned i = 0; i < 20; i++) {
            const unsigned h = draw(&seed, hosts);
            crowd_ask(c, h, missing(c->asked, h, &seed));
            crowd_help(c, h, missing(c->wanted, h, &seed));
            hosts_expect(c->hosts, draw(&seed, 2));
            const unsigned what = draw(&seed, 40) ? 1 + draw(&seed, 9) : 0;
            hurries += what == 0;
            any |= happen(&c->asks[h][draw(&seed, EACH)], what);
            any |= happen(&c->helps[h][draw(&seed, EACH)], 1 + draw(&seed, 9));
        }
        loop_spin(c->loop, 4);
        ck_assert_uint_le(hosts_figures(c->hosts).running, o->requests + o->jobs + hurries);
    }
}

/* Whatever happens: who waits is served in the end. */
START_TEST(further_all_are_served)
{
    for (unsigned round = 0; round < 120; round++) {
        unsigned seed = round * 7919;
        struct hosts_options o = {.lookups = 1 + draw(&seed, 3), .resolved_for = 1e-5};
        o.earn = round % 2;
        o.jobs = 1 + draw(&seed, 24);
        o.requests = o.jobs + draw(&seed, 24);
        o.per_host = 1 + draw(&seed, o.requests);
        struct crowd *c = crowd_begin(&o);
        c->named = round % 3 == 0;
        run(c, &o, seed, 1 + round % HOSTS);
        crowd_end(c);
    }
}
END_TEST

Suite *net_further_suite(void)
{
    Suite *s = suite_create("net_further");
    TCase *t = tcase_create("further");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, further_takes_no_job);
    tcase_add_test(t, further_is_behind);
    tcase_add_test(t, further_keeps_to_requests);
    tcase_add_test(t, further_parked);
    tcase_add_test(t, further_parked_leaves_a_request);
    tcase_add_test(t, further_obeys_the_rate);
    tcase_add_test(t, further_looks_up);
    tcase_add_test(t, further_looks_up_past_others);
    tcase_add_test(t, further_refused);
    tcase_add_test(t, further_all_are_served);
    suite_add_tcase(s, t);
    return s;
}
