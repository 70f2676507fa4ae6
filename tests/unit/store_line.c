/* SPDX-License-Identifier: MIT */
/* src/store/line.c, body.c: whose turn it is, who is held, what is torn; tar.c is tried end to end.
 */
#include "store/line.h"
#include "store/tar.h"
#include "store_bed.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct held {
    int now;
    unsigned changes;
};

static void on_hold(void *arg, bool hold)
{
    struct held *h = arg;
    h->now = hold;
    h->changes++;
}

/* A line into a pipe, from which reads() takes. */
struct piped {
    struct bed bed;
    int fds[2];
    struct line *l;
};

static void piped_make(struct piped *p, bool ordered, int64_t most)
{
    const struct line_events events = {NULL, NULL, NULL};
    bed_make(&p->bed, 2, NULL);
    ck_assert_int_eq(pipe2(p->fds, O_CLOEXEC), 0);
    const struct line_options o = {
        .fd = p->fds[1], .name = "the pipe", .ordered = ordered, .in_memory = 1000, .most = most};
    err_is_none(line_new(p->bed.s, &o, &events, &p->l));
}

static void piped_end(struct piped *p)
{
    line_free(p->l);
    loop_spin(p->bed.l, 20);
    ck_assert_int_eq(fcntl(p->fds[0], F_SETFL, O_NONBLOCK), 0);
    char byte;
    ck_assert_int_le(read(p->fds[0], &byte, 1), 0); /* nothing else came out */
    close(p->fds[0]);
    close(p->fds[1]);
    bed_end(&p->bed);
}

static struct body *body_of(struct line *l, uint64_t order, const char *text)
{
    struct body *b = NULL;
    err_is_none(body_new(l, order, false, &b));
    err_is_none(body_start(b, 0, -1));
    err_is_none(body_write(b, text, strlen(text)));
    return b;
}

static void goes_out(struct piped *p, struct body *body)
{
    struct future *f = body_emit(body, NULL, -1);
    loop_completes(p->bed.l, f);
    future_unref(f);
    body_free(body);
}

static void reads(const struct piped *p, const char *want)
{
    char got[256] = "";
    ssize_t n = read(p->fds[0], got, sizeof(got) - 1);
    ck_assert_int_eq(n, (ssize_t)strlen(want));
    ck_assert_str_eq(got, want);
}

START_TEST(line_in_order)
{
    struct piped p;
    piped_make(&p, true, 1 << 20);
    struct line *l = p.l;
    struct body *second = body_of(l, 2, "second");
    struct future *waits = body_emit(second, NULL, -1);
    struct body *first = body_of(l, 1, "fir");
    loop_spin(p.bed.l, 20);
    ck_assert(!future_done(waits));
    err_is_none(body_write(first, "st", 2));
    goes_out(&p, first);
    reads(&p, "first");
    ck_assert(!future_done(waits)); /* it is told whose turn it is */
    line_set_head(l, 2);
    loop_completes(p.bed.l, waits);
    future_unref(waits);
    body_free(second);
    reads(&p, "second");
    ck_assert_int_eq(line_waiting(l), 0);
    piped_end(&p);
}
END_TEST

START_TEST(line_holds_all_but_the_head)
{
    struct piped p;
    struct held second = {0, 0}, first = {0, 0};
    piped_make(&p, true, 10);
    struct line *l = p.l;
    struct body *k = body_of(l, 2, "less");
    body_on_hold(k, on_hold, &second);
    ck_assert_ptr_null(line_gate(l, 3));
    ck_assert(!line_favours(l, 1));
    err_is_none(body_write(k, "more than ten", 13));
    ck_assert(second.now);
    ck_assert(line_favours(l, 1) && !line_favours(l, 2));
    struct future *gate = line_gate(l, 3);
    ck_assert_ptr_nonnull(gate);
    ck_assert_ptr_null(line_gate(l, 1));
    struct body *head = body_of(l, 1, "the head, and more than ten");
    body_on_hold(head, on_hold, &first);
    struct body *late = body_of(l, 4, "late");
    struct held held = {0, 0};
    body_on_hold(late, on_hold, &held);
    ck_assert(held.now && !first.now);
    goes_out(&p, head);
    ck_assert(second.now);
    line_set_head(l, 2);
    ck_assert(!second.now && future_done(gate)); /* to ask again */
    future_unref(gate);
    body_free(late);
    goes_out(&p, k);
    reads(&p, "the head, and more than tenlessmore than ten");
    piped_end(&p);
}
END_TEST

START_TEST(line_torn_by_what_does_not_continue)
{
    struct piped p;
    piped_make(&p, true, 1 << 20);
    struct line *l = p.l;
    struct body *k = body_of(l, 2, "not out");
    err_is_none(body_start(k, 0, -1)); /* may start over */
    err_is_none(body_write(k, "again", 5));
    body_end(k);
    body_free(k);
    ck_assert(!line_torn(l));
    k = body_of(l, 1, "out");
    while (line_waiting(l) > 0) {
        loop_spin(p.bed.l, 1);
    }
    err_is_none(body_start(k, 3, -1)); /* may go on */
    struct err *e = body_start(k, 0, -1);
    ck_assert(err_is(e, ERR_NETWORK));
    err_unref(e);
    ck_assert(body_broken(k));
    body_free(k);
    ck_assert(line_torn(l));
    reads(&p, "out");
    line_set_head(l, 3);
    k = body_of(l, 3, "nothing follows");
    struct future *never = body_emit(k, NULL, -1);
    loop_spin(p.bed.l, 20);
    ck_assert(!future_done(never));
    ck_assert(future_cancel(never));
    ck_assert(future_cancelled(never));
    future_unref(never);
    body_free(k);
    piped_end(&p);
}
END_TEST

START_TEST(line_starts_over_while_a_job_runs)
{
    struct piped p;
    piped_make(&p, true, 1 << 20);
    struct line *l = p.l;
    struct body *first = body_of(l, 1, "first"); /* a job has it from now on */
    struct body *k = body_of(l, 2, "what the first reply brought");
    err_is_none(body_start(k, 0, -1));
    err_is_none(body_write(k, "again", 5));
    struct future *second = body_emit(k, NULL, -1);
    goes_out(&p, first);
    reads(&p, "first");
    line_set_head(l, 2);
    loop_completes(p.bed.l, second);
    future_unref(second);
    body_free(k);
    reads(&p, "again");
    ck_assert_int_eq(line_waiting(l), 0);
    piped_end(&p);
}
END_TEST

START_TEST(line_in_the_order_of_ends)
{
    struct piped p;
    struct held held = {0, 0};
    piped_make(&p, false, 10);
    struct line *l = p.l;
    struct body *first = body_of(l, 1, "one"), *second = body_of(l, 2, "two");
    goes_out(&p, second);
    reads(&p, "two");
    body_on_hold(first, on_hold, &held);
    struct body *third = body_of(l, 3, "more than ten bytes");
    loop_spin(p.bed.l, 20);
    ck_assert(line_favours(l, 1) || !held.now); /* nothing whole waits: the oldest streams */
    goes_out(&p, first);
    goes_out(&p, third);
    reads(&p, "onemore than ten bytes");
    piped_end(&p);
}
END_TEST

/* The one that goes out is to come to its end, the others are not; but nobody reads. */
START_TEST(line_of_an_archive_is_not_waited_for_without_end)
{
    struct bed b;
    int fds[2];
    bed_make(&b, 2, NULL);
    ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
    ck_assert_int_eq(fcntl(fds[1], F_SETPIPE_SZ, 4096), 4096);
    const struct line_options o = {.fd = fds[1],
        .name = "the pipe",
        .ordered = true,
        .tar = true,
        .in_memory = 1000,
        .most = 1 << 20};
    const struct line_events events = {NULL, NULL, NULL};
    struct line *l = NULL;
    struct err *e = line_new(b.s, &o, &events, &l);
    if (tar_version()) {
        err_is_none(e);
        char text[8192];
        memset(text, 'x', sizeof(text) - 1);
        text[sizeof(text) - 1] = '\0';
        struct body *first = body_of(l, 1, text), *second = body_of(l, 2, text);
        struct future *goes = body_emit(first, "first", -1);
        struct future *waits = body_emit(second, "second", -1);
        loop_spin(b.l, 20);
        ck_assert(future_cancel(goes) && !future_done(goes));
        ck_assert(future_cancel(waits) && future_done(waits));
        err_unref(loop_run_until_complete(b.l, goes));
        ck_assert(future_cancelled(goes));
        future_unref(goes);
        future_unref(waits);
        body_free(second);
        body_free(first);
        ck_assert(line_torn(l));
    }
    err_unref(e);
    line_free(l);
    loop_spin(b.l, 20);
    close(fds[0]);
    close(fds[1]);
    bed_end(&b);
}
END_TEST

Suite *store_line_suite(void)
{
    Suite *s = suite_create("store_line");
    TCase *t = tcase_create("line");
    tcase_add_test(t, line_in_order);
    tcase_add_test(t, line_holds_all_but_the_head);
    tcase_add_test(t, line_torn_by_what_does_not_continue);
    tcase_add_test(t, line_starts_over_while_a_job_runs);
    tcase_add_test(t, line_in_the_order_of_ends);
    tcase_add_test(t, line_of_an_archive_is_not_waited_for_without_end);
    suite_add_tcase(s, t);
    return s;
}
