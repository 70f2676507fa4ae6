/* SPDX-License-Identifier: MIT */
/* gather (semantics 35 to 41). */
#include "aio/gather.h"
#include "awaiter.h"
#include "support.h"

static char one[] = "one", two[] = "two", three[] = "three";

static void make(struct loop *l, struct future **f, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        f[i] = future_new(l);
        ck_assert_ptr_nonnull(f[i]);
    }
}

static void drop(struct future **f, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        future_unref(f[i]);
    }
}

static const struct gather_list *list_of(struct future *outer)
{
    void *list = NULL;
    err_is_none(future_result(outer, &list));
    ck_assert_ptr_nonnull(list);
    return list;
}

START_TEST(conform_35_empty_is_done)
{
    struct loop *l = loop_starts();
    struct future *outer = gather(l, NULL, 0, false);
    ck_assert(future_done(outer));
    ck_assert_uint_eq(list_of(outer)->n, 0);
    future_unref(outer);
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_36_argument_order_and_duplicates)
{
    struct loop *l = loop_starts();
    struct future *f[3];
    make(l, f, 3);
    struct future *args[] = {f[0], f[1], f[0], f[2], f[1]};
    struct future *outer = gather(l, args, 5, false);
    err_is_none(future_set_result(f[2], three, NULL));
    err_is_none(future_set_result(f[1], two, NULL));
    loop_spin(l, 1);
    ck_assert(!future_done(outer));
    err_is_none(future_set_result(f[0], one, NULL));
    loop_completes(l, outer);
    const struct gather_list *list = list_of(outer);
    ck_assert_uint_eq(list->n, 5);
    char *expected[] = {one, two, one, three, two};
    for (size_t i = 0; i < 5; i++) {
        ck_assert_ptr_eq(list->items[i].value, expected[i]);
        ck_assert_ptr_eq(list->children[i], args[i]);
        ck_assert_ptr_null(list->items[i].error);
    }
    future_unref(outer);
    drop(f, 3);
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_36_many_duplicates_share_one_child)
{
    struct loop *l = loop_starts();
    enum { N = 1000, DISTINCT = 100 };
    struct future *f[DISTINCT], *args[N];
    make(l, f, DISTINCT);
    for (size_t i = 0; i < N; i++) {
        args[i] = f[(i * 7) % DISTINCT];
    }
    struct future *outer = gather(l, args, N, false);
    for (size_t i = 0; i < DISTINCT; i++) {
        err_is_none(future_set_result(f[i], f[i], NULL));
    }
    ck_assert_uint_eq(loop_live(l).ready, DISTINCT);
    loop_completes(l, outer);
    for (size_t i = 0; i < N; i++) {
        ck_assert_ptr_eq(list_of(outer)->items[i].value, args[i]);
    }
    future_unref(outer);
    drop(f, DISTINCT);
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_36_children_done_before_complete_it_at_once)
{
    struct loop *l = loop_starts();
    struct future *f[2];
    make(l, f, 2);
    err_is_none(future_set_result(f[0], one, NULL));
    err_is_none(future_set_result(f[1], two, NULL));
    struct future *outer = gather(l, f, 2, false);
    ck_assert(future_done(outer));
    ck_assert_ptr_eq(list_of(outer)->items[1].value, two);
    future_unref(outer);
    drop(f, 2);
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_37_first_error_completes_outer)
{
    struct loop *l = loop_starts();
    struct seen seen = {0};
    loop_set_exception_handler(l, seen_handler, &seen);
    struct future *f[3];
    make(l, f, 3);
    struct future *outer = gather(l, f, 3, false);
    err_is_none(future_set_error(f[1], err_new(ERR_IO, NULL, "first")));
    loop_completes(l, outer);
    err_is_kind(future_error(outer), ERR_IO);
    ck_assert(!future_done(f[0]) && !future_done(f[2]));
    err_is_none(future_set_error(f[2], err_new(ERR_DNS, NULL, "later")));
    err_is_none(future_set_result(f[0], one, NULL));
    loop_spin(l, 1);
    err_is_kind(future_error(outer), ERR_IO);
    future_unref(outer);
    drop(f, 3);
    ck_assert_uint_eq(seen.count, 0);
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_37_later_errors_are_retrieved_without_outer)
{
    struct loop *l = loop_starts();
    struct seen seen = {0};
    loop_set_exception_handler(l, seen_handler, &seen);
    struct future *f[3];
    make(l, f, 3);
    struct future *outer = gather(l, f, 3, false);
    err_is_none(future_set_error(f[0], err_new(ERR_IO, NULL, "first")));
    loop_completes(l, outer);
    future_retrieved(outer);
    future_unref(outer);
    err_is_none(future_set_error(f[1], err_new(ERR_DNS, NULL, "later")));
    loop_spin(l, 1);
    drop(f, 3); /* the last one pending */
    ck_assert_uint_eq(seen.count, 0);
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_38_cancelled_child_is_an_error)
{
    struct loop *l = loop_starts();
    struct future *f[2];
    make(l, f, 2);
    struct future *outer = gather(l, f, 2, false);
    ck_assert(future_cancel(f[0]));
    loop_completes(l, outer);
    err_is_kind(future_error(outer), ERR_CANCELLED);
    ck_assert(!future_done(f[1]));
    future_unref(outer);
    drop(f, 2);
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_39_errors_become_values)
{
    struct loop *l = loop_starts();
    struct future *f[3];
    make(l, f, 3);
    struct future *outer = gather(l, f, 3, true);
    err_is_none(future_set_error(f[0], err_new(ERR_HTTP, "404", "not found")));
    ck_assert(future_cancel(f[1]));
    loop_spin(l, 1);
    ck_assert(!future_done(outer));
    err_is_none(future_set_result(f[2], three, NULL));
    loop_completes(l, outer);
    const struct gather_list *list = list_of(outer);
    ck_assert(err_is(list->items[0].error, ERR_HTTP));
    ck_assert(err_is(list->items[1].error, ERR_CANCELLED));
    ck_assert_ptr_null(list->items[2].error);
    ck_assert_ptr_eq(list->items[2].value, three);
    future_unref(outer);
    drop(f, 3);
    loop_ends_empty(l);
}
END_TEST

static void cancel_outer(bool return_exceptions)
{
    struct loop *l = loop_starts();
    struct future *f[3];
    make(l, f, 3);
    err_is_none(future_set_result(f[0], one, NULL));
    struct future *outer = gather(l, f, 3, return_exceptions);
    ck_assert(future_cancel(outer));
    ck_assert(future_cancelled(f[1]) && future_cancelled(f[2]));
    loop_completes(l, outer);
    ck_assert(future_cancelled(outer));
    future_unref(outer);
    drop(f, 3);
    loop_ends_empty(l);
}

START_TEST(conform_40_cancelling_outer_cancels_children)
{
    cancel_outer(false);
    cancel_outer(true);
}
END_TEST

START_TEST(conform_40_outer_waits_for_children_that_resist)
{
    struct loop *l = loop_starts();
    struct future *never = future_new(l), *gate = future_new(l);
    struct task *t = stubborn(l, never, gate);
    struct future *arg = task_future(t);
    struct future *outer = gather(l, &arg, 1, true);
    loop_spin(l, 1);
    ck_assert(future_cancel(outer));
    loop_spin(l, 3);
    ck_assert(!future_done(outer));
    err_is_none(future_set_result(gate, NULL, NULL));
    loop_completes(l, outer);
    ck_assert(future_cancelled(outer)); /* though no child was */
    ck_assert(!future_cancelled(arg));
    future_unref(outer);
    task_unref(t);
    future_unref(never);
    future_unref(gate);
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_41_cancelling_done_outer_is_false)
{
    struct loop *l = loop_starts();
    struct future *f[2];
    make(l, f, 2);
    struct future *outer = gather(l, f, 2, false);
    err_is_none(future_set_error(f[0], err_new(ERR_IO, NULL, "first")));
    loop_completes(l, outer);
    ck_assert(!future_cancel(outer));
    ck_assert(!future_done(f[1]));
    err_is_kind(future_error(outer), ERR_IO);
    future_unref(outer);
    drop(f, 2);
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_41_gathers_nest)
{
    struct loop *l = loop_starts();
    struct future *f[4], *inner[2];
    make(l, f, 4);
    inner[0] = gather(l, f, 2, false);
    inner[1] = gather(l, f + 2, 2, false);
    struct future *outer = gather(l, inner, 2, false);
    for (size_t i = 0; i < 4; i++) {
        err_is_none(future_set_result(f[i], f[i], NULL));
    }
    loop_completes(l, outer);
    const struct gather_list *second = list_of(outer)->items[1].value;
    ck_assert_ptr_eq(second->items[1].value, f[3]);
    future_unref(outer);
    drop(inner, 2);
    drop(f, 4);
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_41_a_cancel_goes_through_nested_gathers)
{
    struct loop *l = loop_starts();
    struct future *f[2];
    make(l, f, 2);
    struct future *inner = gather(l, f, 2, false);
    struct future *outer = gather(l, &inner, 1, true);
    struct task *t = awaiter(l, outer);
    loop_spin(l, 1);
    ck_assert(task_cancel(t));
    loop_completes(l, task_future(t));
    ck_assert(future_cancelled(f[0]) && future_cancelled(f[1]));
    ck_assert(future_cancelled(inner) && future_cancelled(outer));
    ck_assert(future_cancelled(task_future(t)));
    task_unref(t);
    future_unref(outer);
    future_unref(inner);
    drop(f, 2);
    loop_ends_empty(l);
}
END_TEST

START_TEST(gather_may_hold_the_last_of_its_children)
{
    struct loop *l = loop_starts();
    struct future *f[2] = {future_new(l), future_new(l)};
    struct future *outer = gather(l, f, 2, false);
    err_is_none(future_set_result(f[0], NULL, NULL));
    err_is_none(future_set_result(f[1], NULL, NULL));
    loop_completes(l, outer);
    future_unref(f[0]);
    future_unref(f[1]);
    future_unref(outer);
    loop_ends_empty(l);
}
END_TEST

START_TEST(gather_dropped_while_pending_leaves_no_callbacks)
{
    struct loop *l = loop_starts();
    struct future *f[3];
    make(l, f, 3);
    struct future *outer = gather(l, f, 3, false);
    err_is_none(future_set_result(f[0], one, NULL));
    future_unref(outer);
    ck_assert_uint_eq(loop_live(l).ready, 0);
    err_is_none(future_set_result(f[1], two, NULL));
    ck_assert_uint_eq(loop_live(l).ready, 0);
    drop(f, 3);
    loop_ends_empty(l);
}
END_TEST

Suite *conform_gather_suite(void);
Suite *conform_gather_suite(void)
{
    Suite *s = suite_create("conform_gather");
    TCase *tc = tcase_create("gather");
    tcase_add_test(tc, conform_35_empty_is_done);
    tcase_add_test(tc, conform_36_argument_order_and_duplicates);
    tcase_add_test(tc, conform_36_many_duplicates_share_one_child);
    tcase_add_test(tc, conform_36_children_done_before_complete_it_at_once);
    tcase_add_test(tc, conform_37_first_error_completes_outer);
    tcase_add_test(tc, conform_37_later_errors_are_retrieved_without_outer);
    tcase_add_test(tc, conform_38_cancelled_child_is_an_error);
    tcase_add_test(tc, conform_39_errors_become_values);
    tcase_add_test(tc, conform_40_cancelling_outer_cancels_children);
    tcase_add_test(tc, conform_40_outer_waits_for_children_that_resist);
    tcase_add_test(tc, conform_41_cancelling_done_outer_is_false);
    tcase_add_test(tc, conform_41_gathers_nest);
    tcase_add_test(tc, conform_41_a_cancel_goes_through_nested_gathers);
    tcase_add_test(tc, gather_may_hold_the_last_of_its_children);
    tcase_add_test(tc, gather_dropped_while_pending_leaves_no_callbacks);
    suite_add_tcase(s, tc);
    return s;
}
