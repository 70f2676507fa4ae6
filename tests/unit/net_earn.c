/* SPDX-License-Identifier: MIT */
/* src/net/earn: what a host may have beside others. Grants are counted. */
#include "crowd.h"
#include "support.h"

static struct crowd *begin(unsigned jobs, bool earn)
{
    const struct hosts_options o = {.jobs = jobs,
        .requests = jobs,
        .per_host = jobs,
        .lookups = 16,
        .resolved_for = 60,
        .earn = earn};
    return crowd_begin(&o);
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
        struct crowd *c = begin(jobs, true);
        crowd_ask(c, 0, EACH);
        ck_assert_uint_eq(crowd_granted(c, 0), jobs);
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
        struct crowd *c = begin(rows[r].jobs, true);
        crowd_ask(c, 1, 1);
        crowd_ask(c, 0, EACH);
        for (unsigned i = 0; i + 1 < EACH; i++) {
            crowd_ask(c, 1, 1);
            ck_assert_uint_gt(crowd_granted(c, 1), i);
            answer(c, 1, i, true);
            ck_assert_uint_le(crowd_granted(c, 0), rows[r].silent);
        }
        ck_assert_uint_eq(crowd_granted(c, 0), rows[r].silent);
        ck_assert_uint_eq(crowd_granted(c, 1), EACH);
        crowd_end(c);
    }
}
END_TEST

START_TEST(earn_users_word_is_kept)
{
    struct crowd *c = begin(16, false);
    crowd_ask(c, 1, 1);
    crowd_ask(c, 0, EACH);
    ck_assert_uint_eq(crowd_granted(c, 0), 15);
    crowd_end(c);
}
END_TEST

START_TEST(earn_by_answers)
{
    struct crowd *c = begin(32, true);
    crowd_ask(c, 1, 1);
    crowd_ask(c, 0, EACH);
    ck_assert_uint_eq(crowd_granted(c, 0), 8);
    answer(c, 0, 0, false);
    ck_assert_uint_eq(crowd_granted(c, 0), 10); /* 9 without an answer */
    answer(c, 0, 1, true);
    answer(c, 0, 2, true);
    ck_assert_uint_eq(crowd_granted(c, 0), 14); /* 11 */
    time_out(c, 0, 3);
    ck_assert_uint_eq(crowd_granted(c, 0), 14); /* 10, and 8 are allowed */
    time_out(c, 0, 4);
    time_out(c, 0, 5);
    ck_assert_uint_eq(crowd_granted(c, 0), 14);
    slot_release(&c->asks[0][6].slot); /* cancelled: 7 */
    ck_assert_uint_eq(crowd_granted(c, 0), 15);
    crowd_end(c);
}
END_TEST

/* It answers, and its bodies do not end. */
START_TEST(earn_last_part_is_for_others)
{
    struct crowd *c = begin(32, true);
    crowd_ask(c, 1, 1);
    crowd_ask(c, 0, EACH);
    for (unsigned i = 0; i < crowd_granted(c, 0); i++) {
        answer(c, 0, i, false);
    }
    ck_assert_uint_eq(crowd_granted(c, 0), 28);
    crowd_ask(c, 1, 5);
    ck_assert_uint_eq(crowd_granted(c, 1), 4);
    answer(c, 0, 0, true);
    ck_assert_uint_eq(crowd_granted(c, 0) + crowd_granted(c, 1), 33); /* one or the other has it */
    crowd_end(c);
}
END_TEST

START_TEST(earn_alone_again)
{
    struct crowd *c = begin(32, true);
    crowd_ask(c, 1, 1);
    crowd_ask(c, 0, EACH);
    ck_assert_uint_eq(crowd_granted(c, 0), 8);
    answer(c, 1, 0, true);
    ck_assert_uint_eq(crowd_granted(c, 0), 32); /* at once */
    crowd_ask(c, 1, 1);
    time_out(c, 0, 0);
    ck_assert_uint_eq(crowd_granted(c, 1), 2);
    time_out(c, 0, 1);
    ck_assert_uint_eq(crowd_granted(c, 0), 32);
    slot_release(&c->asks[1][1].slot);
    ck_assert_uint_eq(crowd_granted(c, 0), 34);
    crowd_end(c);
}
END_TEST

/* While the list is read others may come: it begins with half of the slots. */
START_TEST(earn_alone_so_far)
{
    for (unsigned jobs = 1; jobs <= 16; jobs++) {
        struct crowd *c = begin(jobs, true);
        const unsigned half = jobs > 1 ? jobs / 2 : 1;
        hosts_expect(c->hosts, true);
        crowd_ask(c, 0, EACH);
        ck_assert_uint_eq(crowd_granted(c, 0), half);
        answer(c, 0, 0, false);
        ck_assert_uint_eq(crowd_granted(c, 0), half + 2 < jobs ? half + 2 : jobs);
        hosts_expect(c->hosts, false);
        ck_assert_uint_eq(crowd_granted(c, 0), jobs); /* at once */
        crowd_end(c);
    }
}
END_TEST

/* One that waits and gives up leaves the other alone, too. */
START_TEST(earn_alone_when_others_give_up)
{
    struct crowd *c = begin(4, true);
    crowd_ask(c, 0, 4);
    ck_assert_uint_eq(crowd_granted(c, 0), 4);
    crowd_ask(c, 1, 1);
    crowd_ask(c, 0, 6);
    slot_release(&c->asks[0][0].slot);
    ck_assert_uint_eq(crowd_granted(c, 1), 1);
    slot_release(&c->asks[0][1].slot);
    ck_assert_uint_eq(crowd_granted(c, 0), 4);
    slot_release(&c->asks[1][0].slot);
    ck_assert_uint_eq(crowd_granted(c, 0), 6);
    crowd_end(c);
}
END_TEST

START_TEST(earn_many_silent)
{
    struct crowd *c = begin(64, true);
    unsigned sum = 0;
    crowd_ask(c, 11, 2);
    for (unsigned h = 0; h < 10; h++) {
        crowd_ask(c, h, EACH);
    }
    (void)crowd_granted(c, 11);
    for (unsigned h = 0; h < 10; h++) {
        ck_assert_uint_ge(crowd_granted(c, h), 2);
        ck_assert_uint_le(crowd_granted(c, h), 8);
        sum += crowd_granted(c, h);
    }
    ck_assert_uint_eq(sum + crowd_granted(c, 11), 32);
    crowd_ask(c, 10, 2);
    ck_assert_uint_eq(crowd_granted(c, 10), 1); /* the first, beyond the half */
    answer(c, 10, 0, true);
    ck_assert_uint_eq(crowd_granted(c, 10), 2); /* it has answered */
    answer(c, 11, 0, false);                    /* two less of those that did not */
    sum = 0;
    for (unsigned h = 0; h < 10; h++) {
        sum += crowd_granted(c, h);
    }
    ck_assert_uint_eq(sum, 32); /* it is heard at once, while its body comes */
    crowd_end(c);
}
END_TEST

/* Those that wait for a reply in order do so beyond all of it. */
START_TEST(earn_hurry)
{
    struct crowd *c = begin(8, true);
    crowd_ask(c, 1, 1);
    crowd_ask(c, 0, 6);
    ck_assert_uint_eq(crowd_granted(c, 0), 3);
    slot_hurry(&c->asks[0][5].slot);
    ck_assert_uint_eq(crowd_granted(c, 0), 4);
    ck_assert(c->asks[0][5].granted);
    crowd_end(c);
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
    suite_add_tcase(s, t);
    return s;
}
