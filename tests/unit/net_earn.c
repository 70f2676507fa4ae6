/* SPDX-License-Identifier: MIT */
/* src/net/earn: what a host may have beside others. Grants are counted. */
#include "net/hosts.h"

#include "support.h"

#include <stdio.h>

enum { HOSTS = 12, EACH = 40 };

struct crowd;

struct ask {
    struct slot slot;
    struct crowd *crowd;
    unsigned host;
    bool granted;
};

/* Hosts 0, 1, ... with so many requests each; asks[host][n]. */
struct crowd {
    struct loop *loop;
    struct hosts *hosts;
    struct ask asks[HOSTS][EACH];
    unsigned asked[HOSTS], granted[HOSTS]; /* in all */
};

static struct err *on_grant(void *arg)
{
    struct ask *a = arg;
    ck_assert(!a->granted);
    a->granted = true;
    a->crowd->granted[a->host]++;
    return NULL;
}

static struct crowd *crowd_begin(unsigned jobs, bool earn)
{
    static struct crowd crowd;
    struct hosts_options o = {
        .jobs = jobs, .per_host = jobs, .lookups = 16, .resolved_for = 60, .earn = earn};
    crowd = (struct crowd){.loop = loop_starts()};
    crowd.hosts = hosts_new(crowd.loop, &o);
    for (unsigned h = 0; h < HOSTS; h++) {
        for (unsigned i = 0; i < EACH; i++) {
            struct ask *a = &crowd.asks[h][i];
            a->crowd = &crowd;
            a->host = h;
            slot_init(&a->slot, on_grant, a);
        }
    }
    return &crowd;
}

static void crowd_end(struct crowd *c)
{
    for (unsigned h = 0; h < HOSTS; h++) {
        for (unsigned i = 0; i < EACH; i++) {
            slot_release(&c->asks[h][i].slot);
        }
    }
    ck_assert_uint_eq(hosts_figures(c->hosts).running + hosts_figures(c->hosts).waiting, 0);
    hosts_free(c->hosts);
    loop_ends_empty(c->loop);
}

static void ask(struct crowd *c, unsigned host, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        char origin[32];
        snprintf(origin, sizeof(origin), "http://h%u:80", host);
        struct ask *a = &c->asks[host][c->asked[host]++];
        err_is_none(slot_request(c->hosts, &a->slot, origin, false, true));
    }
}

static unsigned granted(struct crowd *c, unsigned host)
{
    loop_spin(c->loop, 4);
    return c->granted[host];
}

/* The n-th request of the host has a reply, and with `ends` it is through. */
static void answer(struct crowd *c, unsigned host, unsigned n, bool ends)
{
    ck_assert(c->asks[host][n].granted);
    slot_heard(&c->asks[host][n].slot);
    slot_heard(&c->asks[host][n].slot); /* once is enough */
    if (ends) {
        slot_release(&c->asks[host][n].slot);
    }
}

static void time_out(struct crowd *c, unsigned host, unsigned n)
{
    slot_unheard(&c->asks[host][n].slot);
    slot_release(&c->asks[host][n].slot);
}

START_TEST(earn_alone_has_all)
{
    for (unsigned jobs = 1; jobs <= 32; jobs++) {
        struct crowd *c = crowd_begin(jobs, true);
        ask(c, 0, EACH);
        ck_assert_uint_eq(granted(c, 0), jobs);
        crowd_end(c);
    }
}
END_TEST

/* However long the others go on. */
START_TEST(earn_silent_beside_another)
{
    static const struct {
        unsigned jobs, silent;
    } rows[] = {{2, 1}, {3, 1}, {4, 2}, {8, 4}, {15, 7}, {16, 8}, {32, 8}};
    for (size_t r = 0; r < sizeof(rows) / sizeof(*rows); r++) {
        struct crowd *c = crowd_begin(rows[r].jobs, true);
        ask(c, 1, 1);
        ask(c, 0, EACH);
        for (unsigned i = 0; i + 1 < EACH; i++) {
            ask(c, 1, 1);
            ck_assert_uint_gt(granted(c, 1), i);
            answer(c, 1, i, true);
            ck_assert_uint_le(granted(c, 0), rows[r].silent);
        }
        ck_assert_uint_eq(granted(c, 0), rows[r].silent);
        ck_assert_uint_eq(granted(c, 1), EACH);
        crowd_end(c);
    }
}
END_TEST

START_TEST(earn_users_word_is_kept)
{
    struct crowd *c = crowd_begin(16, false);
    ask(c, 1, 1);
    ask(c, 0, EACH);
    ck_assert_uint_eq(granted(c, 0), 15);
    crowd_end(c);
}
END_TEST

START_TEST(earn_by_answers)
{
    struct crowd *c = crowd_begin(32, true);
    ask(c, 1, 1);
    ask(c, 0, EACH);
    ck_assert_uint_eq(granted(c, 0), 8);
    answer(c, 0, 0, false);
    ck_assert_uint_eq(granted(c, 0), 10); /* 9 without an answer */
    answer(c, 0, 1, true);
    answer(c, 0, 2, true);
    ck_assert_uint_eq(granted(c, 0), 14); /* 11 */
    time_out(c, 0, 3);
    ck_assert_uint_eq(granted(c, 0), 14); /* 10, and 8 are allowed */
    time_out(c, 0, 4);
    time_out(c, 0, 5);
    ck_assert_uint_eq(granted(c, 0), 14);
    slot_release(&c->asks[0][6].slot); /* cancelled: 7 */
    ck_assert_uint_eq(granted(c, 0), 15);
    crowd_end(c);
}
END_TEST

/* It answers, and its bodies do not end. */
START_TEST(earn_last_part_is_for_others)
{
    struct crowd *c = crowd_begin(32, true);
    ask(c, 1, 1);
    ask(c, 0, EACH);
    for (unsigned i = 0; i < granted(c, 0); i++) {
        answer(c, 0, i, false);
    }
    ck_assert_uint_eq(granted(c, 0), 28);
    ask(c, 1, 5);
    ck_assert_uint_eq(granted(c, 1), 4);
    answer(c, 0, 0, true);
    ck_assert_uint_eq(granted(c, 0) + granted(c, 1), 33); /* one or the other has it */
    crowd_end(c);
}
END_TEST

START_TEST(earn_alone_again)
{
    struct crowd *c = crowd_begin(32, true);
    ask(c, 1, 1);
    ask(c, 0, EACH);
    ck_assert_uint_eq(granted(c, 0), 8);
    answer(c, 1, 0, true);
    ck_assert_uint_eq(granted(c, 0), 32); /* at once */
    ask(c, 1, 1);
    time_out(c, 0, 0);
    ck_assert_uint_eq(granted(c, 1), 2);
    time_out(c, 0, 1);
    ck_assert_uint_eq(granted(c, 0), 32);
    slot_release(&c->asks[1][1].slot);
    ck_assert_uint_eq(granted(c, 0), 34);
    crowd_end(c);
}
END_TEST

/* While the list is read others may come: it begins with half of the slots. */
START_TEST(earn_alone_so_far)
{
    for (unsigned jobs = 1; jobs <= 16; jobs++) {
        struct crowd *c = crowd_begin(jobs, true);
        const unsigned half = jobs > 1 ? jobs / 2 : 1;
        hosts_expect(c->hosts, true);
        ask(c, 0, EACH);
        ck_assert_uint_eq(granted(c, 0), half);
        answer(c, 0, 0, false);
        ck_assert_uint_eq(granted(c, 0), half + 2 < jobs ? half + 2 : jobs);
        hosts_expect(c->hosts, false);
        ck_assert_uint_eq(granted(c, 0), jobs); /* at once */
        crowd_end(c);
    }
}
END_TEST

/* One that waits and gives up leaves the other alone, too. */
START_TEST(earn_alone_when_others_give_up)
{
    struct crowd *c = crowd_begin(4, true);
    ask(c, 0, 4);
    ck_assert_uint_eq(granted(c, 0), 4);
    ask(c, 1, 1);
    ask(c, 0, 6);
    slot_release(&c->asks[0][0].slot);
    ck_assert_uint_eq(granted(c, 1), 1);
    slot_release(&c->asks[0][1].slot);
    ck_assert_uint_eq(granted(c, 0), 4);
    slot_release(&c->asks[1][0].slot);
    ck_assert_uint_eq(granted(c, 0), 6);
    crowd_end(c);
}
END_TEST

START_TEST(earn_many_silent)
{
    struct crowd *c = crowd_begin(64, true);
    unsigned sum = 0;
    ask(c, 11, 2);
    for (unsigned h = 0; h < 10; h++) {
        ask(c, h, EACH);
    }
    (void)granted(c, 11);
    for (unsigned h = 0; h < 10; h++) {
        ck_assert_uint_ge(granted(c, h), 2);
        ck_assert_uint_le(granted(c, h), 8);
        sum += granted(c, h);
    }
    ck_assert_uint_eq(sum + granted(c, 11), 32);
    ask(c, 10, 2);
    ck_assert_uint_eq(granted(c, 10), 1); /* the first, beyond the half */
    answer(c, 10, 0, true);
    ck_assert_uint_eq(granted(c, 10), 2); /* it has answered */
    answer(c, 11, 0, false);              /* two less of those that did not */
    sum = 0;
    for (unsigned h = 0; h < 10; h++) {
        sum += granted(c, h);
    }
    ck_assert_uint_eq(sum, 32); /* it is heard at once, while its body comes */
    crowd_end(c);
}
END_TEST

/* Those that wait for a reply in order do so beyond all of it. */
START_TEST(earn_hurry)
{
    struct crowd *c = crowd_begin(8, true);
    ask(c, 1, 1);
    ask(c, 0, 6);
    ck_assert_uint_eq(granted(c, 0), 3);
    slot_hurry(&c->asks[0][5].slot);
    ck_assert_uint_eq(granted(c, 0), 4);
    ck_assert(c->asks[0][5].granted);
    crowd_end(c);
}
END_TEST

static unsigned draw(unsigned *seed, unsigned below)
{
    *seed = *seed * 1103515245 + 12345;
    return (*seed >> 16) % below;
}

/* What may happen to a request that has a slot, or waits. Returns whether it was still there. */
static bool happen(struct ask *a, unsigned what)
{
    if (slot_idle(&a->slot)) {
        return false;
    }
    if (what == 0) {
        slot_hurry(&a->slot);
    } else if (a->granted && what < 4) {
        slot_heard(&a->slot);
    } else if (a->granted) {
        if (what == 4) {
            slot_unheard(&a->slot);
        }
        slot_release(&a->slot);
    }
    return true;
}

/* Whatever happens: who waits is served in the end, and never more than there are jobs. */
START_TEST(earn_all_are_served)
{
    for (unsigned round = 0; round < 60; round++) {
        unsigned seed = round, jobs = 1 + draw(&seed, 24), hurries = 0;
        struct crowd *c = crowd_begin(jobs, true);
        bool any = true;
        while (any) {
            any = false;
            for (unsigned i = 0; i < 40; i++) {
                const unsigned h = draw(&seed, 1 + round % HOSTS);
                if (c->asked[h] < EACH) {
                    ask(c, h, 1 + draw(&seed, EACH - c->asked[h]));
                    any = true;
                }
                struct ask *a = &c->asks[h][draw(&seed, EACH)];
                const unsigned what = draw(&seed, 40) ? 1 + draw(&seed, 8) : 0;
                hurries += what == 0;
                any |= happen(a, what);
            }
            loop_spin(c->loop, 4);
            ck_assert_uint_le(hosts_figures(c->hosts).running, jobs + hurries);
            for (unsigned h = 0; h < HOSTS && !any; h++) {
                any = c->granted[h] < c->asked[h];
            }
            /* something runs while something waits */
            ck_assert(hosts_figures(c->hosts).running || !hosts_figures(c->hosts).waiting);
        }
        crowd_end(c);
    }
}
END_TEST

Suite *net_earn_suite(void)
{
    Suite *s = suite_create("net_earn");
    TCase *t = tcase_create("earn");
    tcase_add_test(t, earn_alone_has_all);
    tcase_add_test(t, earn_silent_beside_another);
    tcase_add_test(t, earn_users_word_is_kept);
    tcase_add_test(t, earn_by_answers);
    tcase_add_test(t, earn_last_part_is_for_others);
    tcase_add_test(t, earn_alone_again);
    tcase_add_test(t, earn_alone_so_far);
    tcase_add_test(t, earn_alone_when_others_give_up);
    tcase_add_test(t, earn_many_silent);
    tcase_add_test(t, earn_hurry);
    tcase_add_test(t, earn_all_are_served);
    suite_add_tcase(s, t);
    return s;
}
