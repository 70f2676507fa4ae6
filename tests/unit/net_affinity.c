/* SPDX-License-Identifier: MIT */
/* Which loop carries a request: net/affinity.h. */
#include "net/affinity.h"

#include "support.h"

#include <stdio.h>

enum { LOOPS = 3 };

/* One request, its connection kept. */
static unsigned carry(struct affinity *a, const char *origin)
{
    struct seat *seat = NULL;
    const unsigned loop = affinity_begin(a, origin, &seat);
    affinity_end(a, seat, loop, true);
    return loop;
}

START_TEST(one_after_the_other_stays_at_home)
{
    struct affinity *a = affinity_new(LOOPS);
    for (unsigned i = 0; i < 10; i++) {
        char origin[32];
        snprintf(origin, sizeof(origin), "http://%u.example:80", i / 2);
        ck_assert_uint_eq(carry(a, origin), 0);
    }
    affinity_free(a);
}
END_TEST

START_TEST(all_have_their_share)
{
    struct affinity *a = affinity_new(LOOPS);
    struct seat *seats[3 * LOOPS];
    unsigned loops[3 * LOOPS], carried[LOOPS] = {0};
    for (unsigned i = 0; i < 3 * LOOPS; i++) {
        loops[i] = affinity_begin(a, "http://a:80", &seats[i]);
        ck_assert_uint_lt(loops[i], LOOPS);
        carried[loops[i]]++;
    }
    for (unsigned i = 0; i < LOOPS; i++) {
        ck_assert_uint_eq(carried[i], 3);
    }
    for (unsigned i = 0; i < 3 * LOOPS; i++) {
        affinity_end(a, seats[i], loops[i], false);
    }
    affinity_free(a);
}
END_TEST

START_TEST(the_home_loop_comes_last)
{
    struct affinity *a = affinity_new(LOOPS);
    struct seat *seats[LOOPS + 1];
    unsigned loops[LOOPS + 1];
    for (unsigned i = 0; i < LOOPS + 1; i++) {
        loops[i] = affinity_begin(a, "http://a:80", &seats[i]);
    }
    ck_assert_uint_eq(loops[0], 0); /* it was alone */
    ck_assert_uint_ne(loops[LOOPS], 0);
    for (unsigned i = 0; i < LOOPS + 1; i++) {
        affinity_end(a, seats[i], loops[i], false);
    }
    affinity_free(a);
}
END_TEST

/* A connection that is kept goes before the load, and before the home loop. */
START_TEST(a_kept_connection_is_used)
{
    struct affinity *a = affinity_new(2);
    struct seat *other, *first, *second;
    const unsigned home = affinity_begin(a, "http://other:80", &other);
    const unsigned kept = carry(a, "http://a:80");
    ck_assert_uint_ne(kept, home);
    affinity_end(a, other, home, false);
    ck_assert_uint_eq(affinity_begin(a, "http://a:80", &first), kept);
    ck_assert_uint_eq(affinity_begin(a, "http://a:80", &second), home); /* there was one */
    affinity_end(a, first, kept, false);
    affinity_end(a, second, home, false);
    ck_assert_uint_eq(carry(a, "http://a:80"), home); /* neither was kept */
    affinity_free(a);
}
END_TEST

START_TEST(what_was_dropped_is_not_chosen)
{
    struct affinity *a = affinity_new(LOOPS);
    struct seat *seats[10];
    unsigned loops[10];
    affinity_drop(a, 1);
    for (unsigned i = 0; i < 10; i++) {
        loops[i] = affinity_begin(a, "http://a:80", &seats[i]);
        ck_assert_uint_ne(loops[i], 1);
    }
    for (unsigned i = 0; i < 10; i++) {
        affinity_end(a, seats[i], loops[i], true);
    }
    affinity_free(a);
}
END_TEST

/* More hosts than are remembered; one that is busy is. */
START_TEST(hosts_are_forgotten)
{
    struct affinity *a = affinity_new(2);
    struct seat *busy;
    const unsigned loop = affinity_begin(a, "http://busy:80", &busy);
    for (unsigned i = 0; i < 3000; i++) {
        char origin[32];
        snprintf(origin, sizeof(origin), "http://%u.example:80", i);
        ck_assert_uint_ne(carry(a, origin), loop);
    }
    affinity_end(a, busy, loop, true);
    ck_assert_uint_eq(carry(a, "http://busy:80"), loop);
    affinity_free(a);
}
END_TEST

Suite *net_affinity_suite(void)
{
    Suite *s = suite_create("net_affinity");
    TCase *t = tcase_create("affinity");
    tcase_add_test(t, one_after_the_other_stays_at_home);
    tcase_add_test(t, all_have_their_share);
    tcase_add_test(t, the_home_loop_comes_last);
    tcase_add_test(t, a_kept_connection_is_used);
    tcase_add_test(t, what_was_dropped_is_not_chosen);
    tcase_add_test(t, hosts_are_forgotten);
    suite_add_tcase(s, t);
    return s;
}
