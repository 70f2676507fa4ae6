/* SPDX-License-Identifier: MIT */
/* src/fetch/spans.c, lanes.c: what a download did when, and where it is drawn. */
#include "fetch/spans.h"

#include "failnth.h"

#include "base/alloc.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

/* "dns 1.5 connect 2 ..." */
static const char *legs_of(const struct span *s)
{
    static const char *const names[LEGS] = {"dns", "connect", "tls", "wait", "body"};
    static char text[128];
    struct leg legs[LEGS];
    size_t n = span_legs(s, legs), at = 0;
    for (size_t i = 0; i < n; i++) {
        at += (size_t)snprintf(
            text + at, sizeof text - at, "%s%s %g", i ? " " : "", names[legs[i].kind], legs[i].end);
    }
    return text;
}

static const struct {
    struct reply_timing timing;
    bool kept, tls;
    const char *legs;
} requests[] = {
    {{1, 2, 3, 4, 5}, false, true, "dns 11 connect 12 tls 13 wait 14 body 16"},
    {{1, 2, -1, 4, 5}, false, false, "dns 11 connect 12 wait 14 body 16"},
    {{1, 2, -1, 4, 5}, true, true, "wait 14 body 16"}, /* a kept connection has no handshake */
    {{-1, -1, -1, -1, 5}, false, true, "dns 16"},
    {{1, -1, -1, -1, 5}, false, true, "dns 11 connect 16"},
    {{1, 2, -1, -1, 5}, false, true, "dns 11 connect 12 tls 16"},
    {{1, 2, 3, -1, 5}, false, true, "dns 11 connect 12 tls 13 wait 16"},
    {{-1, -1, -1, -1, 5}, true, true, "wait 16"},
    {{3, 2, 1, 99, 5}, false, true, "dns 13 connect 13 tls 13 wait 16 body 16"}, /* never back */
};

START_TEST(legs_follow_each_other)
{
    const struct span s = {.begin = 10,
        .end = 16,
        .timing = requests[_i].timing,
        .kept = requests[_i].kept,
        .tls = requests[_i].tls};
    ck_assert_str_eq(legs_of(&s), requests[_i].legs);
}
END_TEST

START_TEST(waits_of_a_kind_are_one)
{
    struct spans *s = mem_new(sizeof *s);
    ck_assert_ptr_nonnull(s);
    spans_add(s, &(struct span){.kind = SPAN_QUEUE, .begin = 1, .end = 2});
    spans_add(s, &(struct span){.kind = SPAN_QUEUE, .begin = 2, .end = 4});
    spans_add(s, &(struct span){.kind = SPAN_BACKOFF, .begin = 4, .end = 5});
    spans_add(s, &(struct span){.kind = SPAN_BACKOFF, .begin = 6, .end = 7});
    ck_assert_uint_eq(s->n, 3);
    ck_assert_double_eq(s->at[0].end, 4);
    spans_free(s);
    spans_add(NULL, &(struct span){.kind = SPAN_QUEUE});
}
END_TEST

START_TEST(spans_are_bounded)
{
    struct spans *s = mem_new(sizeof *s);
    ck_assert_ptr_nonnull(s);
    for (int i = 0; i < SPANS_MOST + 10; i++) {
        spans_add(s, &(struct span){.kind = SPAN_QUEUE, .begin = i, .end = i + 0.5});
    }
    ck_assert_uint_eq(s->n, SPANS_MOST);
    ck_assert_uint_eq(s->left_out, 10);
    spans_free(s);
}
END_TEST

START_TEST(lanes_are_as_few_as_can_be)
{
    struct lanes *l = lanes_new();
    struct lane *a = lanes_take(l, "http://a:80"), *b = lanes_take(l, "http://a:80");
    struct lane *other = lanes_take(l, "http://b:80"), *file = lanes_take_file(l);
    ck_assert_uint_eq(a->number, 1);
    ck_assert_uint_eq(b->number, 2);
    ck_assert_uint_eq(other->number, 1);
    ck_assert(a->row != b->row && b->row != other->row && other->row != file->row);
    ck_assert_uint_eq(a->host, b->host);
    ck_assert_uint_ne(a->host, other->host);
    ck_assert_str_eq(file->origin, "files");
    ck_assert_uint_eq(lanes_peak(l), 3);
    lanes_give(l, b);
    lanes_give(l, a);
    ck_assert_ptr_eq(lanes_take(l, "http://a:80"), a); /* the first that is free */
    ck_assert_uint_eq(lanes_peak(l), 3);
    lanes_give(l, a);
    lanes_give(l, other);
    lanes_give(l, file);
    lanes_give(l, NULL);
    lanes_free(l);
}
END_TEST

START_TEST(hosts_without_end_share_lanes)
{
    struct lanes *l = lanes_new();
    char origin[32];
    unsigned most = 0;
    for (int i = 0; i < 5000; i++) {
        (void)snprintf(origin, sizeof origin, "http://h%d:80", i);
        struct lane *lane = lanes_take(l, origin);
        most = lane->row > most ? lane->row : most;
        lanes_give(l, lane);
    }
    ck_assert_uint_eq(most, 4097);
    struct lane *lane = lanes_take(l, "http://new:80");
    ck_assert_str_eq(lane->origin, "other hosts");
    lanes_give(l, lane);
    lanes_free(l);
}
END_TEST

static void without_memory(void)
{
    struct lanes *l = lanes_new();
    struct lane *one = l ? lanes_take(l, "http://a:80") : NULL;
    struct lane *two = l ? lanes_take(l, "http://b:80") : NULL;
    if (one) {
        lanes_give(l, one);
    }
    if (two) {
        lanes_give(l, two);
    }
    failnth_must((one && two) || failnth_failed());
    lanes_free(l);
}

START_TEST(lanes_when_memory_runs_out)
{
    failnth_each(without_memory);
}
END_TEST

Suite *fetch_spans_suite(void);
Suite *fetch_spans_suite(void)
{
    Suite *s = suite_create("fetch_spans");
    TCase *t = tcase_create("spans");
    tcase_add_loop_test(t, legs_follow_each_other, 0, sizeof requests / sizeof *requests);
    tcase_add_test(t, waits_of_a_kind_are_one);
    tcase_add_test(t, spans_are_bounded);
    tcase_add_test(t, lanes_are_as_few_as_can_be);
    tcase_add_test(t, hosts_without_end_share_lanes);
    tcase_add_test(t, lanes_when_memory_runs_out);
    suite_add_tcase(s, t);
    return s;
}
