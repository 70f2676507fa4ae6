/* SPDX-License-Identifier: MIT */
/* wait, as_completed, shield (semantics 42 to 47). */
#include "aio/as_completed.h"
#include "aio/shield.h"
#include "aio/wait.h"
#include "awaiter.h"
#include "support.h"

static char text[] = "text";

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

static struct future *waits(
    struct loop *l, struct future *const *f, size_t n, enum wait_when when, double seconds)
{
    struct err *e = NULL;
    struct future *w = wait_futures(l, f, n, when, seconds, &e);
    err_is_none(e);
    ck_assert_ptr_nonnull(w);
    return w;
}

static const struct wait_sets *sets_of(struct future *w)
{
    void *sets = NULL;
    err_is_none(future_result(w, &sets));
    ck_assert_ptr_nonnull(sets);
    return sets;
}

static void breaks(struct future *f)
{
    err_is_none(future_set_error(f, err_new(ERR_IO, NULL, "failed")));
    future_retrieved(f);
}

START_TEST(conform_42_empty_set_is_an_error)
{
    struct loop *l = loop_starts();
    struct err *e = NULL;
    ck_assert_ptr_null(wait_futures(l, NULL, 0, WAIT_ALL_COMPLETED, -1, &e));
    err_is_kind(e, ERR_VALUE);
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_42_duplicates_count_once)
{
    struct loop *l = loop_starts();
    struct future *f[2];
    make(l, f, 2);
    struct future *args[] = {f[0], f[1], f[0], f[1], f[1]};
    struct future *w = waits(l, args, 5, WAIT_FIRST_COMPLETED, -1);
    err_is_none(future_set_result(f[1], text, NULL));
    loop_completes(l, w);
    const struct wait_sets *sets = sets_of(w);
    ck_assert_uint_eq(sets->ndone, 1);
    ck_assert_ptr_eq(sets->done[0], f[1]);
    ck_assert_uint_eq(sets->npending, 1);
    ck_assert_ptr_eq(sets->pending[0], f[0]);
    future_unref(w);
    drop(f, 2);
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_43_a_timeout_is_not_an_error)
{
    struct loop *l = loop_starts();
    struct future *f[3];
    make(l, f, 3);
    breaks(f[1]);
    struct future *w = waits(l, f, 3, WAIT_ALL_COMPLETED, 0.001);
    loop_completes(l, w);
    const struct wait_sets *sets = sets_of(w);
    ck_assert_uint_eq(sets->ndone, 1);
    ck_assert_uint_eq(sets->npending, 2);
    ck_assert(!future_done(f[0]) && !future_done(f[2]));
    future_unref(w);
    drop(f, 3);
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_43_all_completed_raises_nothing)
{
    struct loop *l = loop_starts();
    struct future *f[3];
    make(l, f, 3);
    struct future *w = waits(l, f, 3, WAIT_ALL_COMPLETED, -1);
    breaks(f[0]);
    ck_assert(future_cancel(f[1]));
    loop_spin(l, 1);
    ck_assert(!future_done(w));
    err_is_none(future_set_result(f[2], text, NULL));
    loop_completes(l, w);
    ck_assert_uint_eq(sets_of(w)->ndone, 3);
    ck_assert_uint_eq(sets_of(w)->npending, 0);
    future_unref(w);
    drop(f, 3);
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_44_first_exception_ignores_cancelled)
{
    struct loop *l = loop_starts();
    struct future *f[4];
    make(l, f, 4);
    struct future *w = waits(l, f, 4, WAIT_FIRST_EXCEPTION, -1);
    ck_assert(future_cancel(f[0]));
    err_is_none(future_set_result(f[1], text, NULL));
    loop_spin(l, 1);
    ck_assert(!future_done(w));
    err_is_none(future_set_error(f[2], err_new(ERR_IO, NULL, "failed")));
    loop_completes(l, w);
    ck_assert_uint_eq(sets_of(w)->ndone, 3);
    ck_assert_ptr_eq(sets_of(w)->pending[0], f[3]);
    future_unref(w);
    drop(f, 4);
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_45_callbacks_and_timer_are_gone_at_the_end)
{
    struct loop *l = loop_starts();
    struct future *f[3];
    make(l, f, 3);
    struct future *w = waits(l, f, 3, WAIT_FIRST_COMPLETED, 1000);
    ck_assert_uint_eq(loop_live(l).timers, 1);
    err_is_none(future_set_result(f[0], text, NULL));
    loop_completes(l, w);
    ck_assert_uint_eq(loop_live(l).timers, 0);
    err_is_none(future_set_result(f[1], text, NULL));
    ck_assert_uint_eq(loop_live(l).ready, 0);
    future_unref(w);
    drop(f, 3);
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_45_also_when_it_is_cancelled)
{
    struct loop *l = loop_starts();
    struct future *f[2];
    make(l, f, 2);
    struct future *w = waits(l, f, 2, WAIT_ALL_COMPLETED, 1000);
    struct task *t = awaiter(l, w);
    loop_spin(l, 1);
    err_is_none(future_set_result(f[0], text, NULL)); /* its callback is queued */
    ck_assert(task_cancel(t));
    ck_assert(future_cancelled(w));
    ck_assert_uint_eq(loop_live(l).timers, 0);
    ck_assert(!future_done(f[1]));
    loop_completes(l, task_future(t));
    ck_assert(future_cancelled(task_future(t)));
    err_is_none(future_set_result(f[1], text, NULL));
    ck_assert_uint_eq(loop_live(l).ready, 0);
    task_unref(t);
    future_unref(w);
    drop(f, 2);
    loop_ends_empty(l);
}
END_TEST

START_TEST(wait_first_success_ignores_failures)
{
    struct loop *l = loop_starts();
    struct future *f[4];
    make(l, f, 4);
    struct future *w = waits(l, f, 4, WAIT_FIRST_SUCCESS, -1);
    breaks(f[0]);
    ck_assert(future_cancel(f[1]));
    loop_spin(l, 1);
    ck_assert(!future_done(w));
    err_is_none(future_set_result(f[2], text, NULL));
    loop_completes(l, w);
    ck_assert_uint_eq(sets_of(w)->ndone, 3);
    ck_assert_uint_eq(sets_of(w)->npending, 1);
    future_unref(w);
    drop(f, 4);
    loop_ends_empty(l);
}
END_TEST

START_TEST(wait_first_success_ends_when_all_failed)
{
    struct loop *l = loop_starts();
    struct future *f[2];
    make(l, f, 2);
    struct future *w = waits(l, f, 2, WAIT_FIRST_SUCCESS, -1);
    breaks(f[0]);
    breaks(f[1]);
    loop_completes(l, w);
    ck_assert_uint_eq(sets_of(w)->ndone, 2);
    future_unref(w);
    drop(f, 2);
    loop_ends_empty(l);
}
END_TEST

/* -- as_completed ------------------------------------------------------------------------------ */

/* The next item must be f, or end with that error. */
static void next_is(struct loop *l, struct async_iter *it, struct future *f)
{
    struct future *next = async_iter_next(it);
    ck_assert_ptr_nonnull(next);
    loop_completes(l, next);
    void *item = NULL;
    err_is_none(future_result(next, &item));
    ck_assert_ptr_eq(item, f);
    future_unref(next);
}

static void next_raises(struct loop *l, struct async_iter *it, enum err_kind kind)
{
    struct future *next = async_iter_next(it);
    ck_assert_ptr_nonnull(next);
    loop_completes(l, next);
    err_is_kind(future_error(next), kind);
    future_unref(next);
}

START_TEST(conform_46_completion_order_and_duplicates)
{
    struct loop *l = loop_starts();
    struct future *f[3];
    make(l, f, 3);
    struct future *args[] = {f[0], f[1], f[2], f[1], f[0]};
    struct async_iter *it = as_completed(l, args, 5, -1);
    err_is_none(future_set_result(f[2], text, NULL));
    breaks(f[0]);
    next_is(l, it, f[2]);
    next_is(l, it, f[0]);
    struct future *next = async_iter_next(it);
    loop_spin(l, 2);
    ck_assert(!future_done(next));
    ck_assert(future_cancel(f[1]));
    loop_completes(l, next);
    future_unref(next);
    next_raises(l, it, ERR_STOP_ITERATION);
    next_raises(l, it, ERR_STOP_ITERATION);
    async_iter_close(it);
    drop(f, 3);
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_46_one_deadline_for_all)
{
    struct loop *l = loop_starts();
    struct future *f[3];
    make(l, f, 3);
    err_is_none(future_set_result(f[1], text, NULL));
    struct async_iter *it = as_completed(l, f, 3, 0.001);
    next_is(l, it, f[1]);
    next_raises(l, it, ERR_TIMEOUT);
    next_raises(l, it, ERR_TIMEOUT);
    next_raises(l, it, ERR_STOP_ITERATION);
    ck_assert(!future_done(f[0]) && !future_done(f[2])); /* not cancelled */
    async_iter_close(it);
    drop(f, 3);
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_46_a_cancelled_next_loses_no_item)
{
    struct loop *l = loop_starts();
    struct future *f[1];
    make(l, f, 1);
    struct async_iter *it = as_completed(l, f, 1, 1000);
    struct future *next = async_iter_next(it);
    ck_assert(future_cancel(next));
    future_unref(next);
    err_is_none(future_set_result(f[0], text, NULL));
    loop_spin(l, 1);
    ck_assert_uint_eq(loop_live(l).timers, 0);
    next_is(l, it, f[0]);
    async_iter_close(it);
    drop(f, 1);
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_46_closing_early_leaves_nothing)
{
    struct loop *l = loop_starts();
    struct future *f[3];
    make(l, f, 3);
    struct async_iter *it = as_completed(l, f, 3, 1000);
    err_is_none(future_set_result(f[0], text, NULL));
    loop_spin(l, 1);
    err_is_none(future_set_result(f[1], text, NULL));
    async_iter_close(it);
    ck_assert_uint_eq(loop_live(l).ready, 0);
    ck_assert_uint_eq(loop_live(l).timers, 0);
    drop(f, 3);
    it = as_completed(l, NULL, 0, 1);
    next_raises(l, it, ERR_STOP_ITERATION);
    async_iter_close(it);
    loop_ends_empty(l);
}
END_TEST

/* -- shield ------------------------------------------------------------------------------------ */

START_TEST(conform_47_cancelling_outer_leaves_inner)
{
    struct loop *l = loop_starts();
    struct future *inner = future_new(l), *outer = shield(inner);
    struct task *t = awaiter(l, outer);
    loop_spin(l, 1);
    ck_assert(task_cancel(t));
    loop_completes(l, task_future(t));
    ck_assert(future_cancelled(outer) && future_cancelled(task_future(t)));
    ck_assert(!future_done(inner));
    err_is_none(future_set_result(inner, text, NULL));
    loop_spin(l, 1);
    task_unref(t);
    future_unref(outer);
    future_unref(inner);
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_47_inner_cancel_cancels_outer)
{
    struct loop *l = loop_starts();
    struct future *inner = future_new(l), *outer = shield(inner);
    ck_assert(future_cancel(inner));
    loop_completes(l, outer);
    ck_assert(future_cancelled(outer));
    future_unref(outer);
    future_unref(inner);
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_47_outer_ends_as_inner)
{
    struct loop *l = loop_starts();
    struct future *inner = future_new(l), *outer = shield(inner), *failing = future_new(l);
    err_is_none(future_set_result(inner, text, NULL));
    loop_completes(l, outer);
    ck_assert_ptr_eq(future_take(outer), text);
    future_unref(outer);
    outer = shield(inner); /* done already */
    ck_assert(future_done(outer));
    ck_assert_ptr_eq(future_take(outer), text);
    future_unref(outer);
    future_unref(inner);
    outer = shield(failing);
    err_is_none(future_set_error(failing, err_new(ERR_IO, NULL, "failed")));
    loop_completes(l, outer);
    err_is_kind(future_error(outer), ERR_IO);
    future_unref(outer);
    future_unref(failing);
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_47_a_late_error_reaches_the_handler)
{
    struct loop *l = loop_starts();
    struct seen seen = {0};
    loop_set_exception_handler(l, seen_handler, &seen);
    struct future *inner = future_new(l), *outer = shield(inner);
    ck_assert(future_cancel(outer));
    err_is_none(future_set_error(inner, err_new(ERR_IO, NULL, "late")));
    loop_spin(l, 1);
    future_unref(outer);
    future_unref(inner);
    ck_assert_uint_eq(seen.count, 1);
    ck_assert_int_eq(seen.kind, ERR_IO);
    loop_ends_empty(l);
}
END_TEST

Suite *conform_wait_suite(void);
Suite *conform_wait_suite(void)
{
    Suite *s = suite_create("conform_wait");
    TCase *tc = tcase_create("wait");
    tcase_add_test(tc, conform_42_empty_set_is_an_error);
    tcase_add_test(tc, conform_42_duplicates_count_once);
    tcase_add_test(tc, conform_43_a_timeout_is_not_an_error);
    tcase_add_test(tc, conform_43_all_completed_raises_nothing);
    tcase_add_test(tc, conform_44_first_exception_ignores_cancelled);
    tcase_add_test(tc, conform_45_callbacks_and_timer_are_gone_at_the_end);
    tcase_add_test(tc, conform_45_also_when_it_is_cancelled);
    tcase_add_test(tc, wait_first_success_ignores_failures);
    tcase_add_test(tc, wait_first_success_ends_when_all_failed);
    suite_add_tcase(s, tc);
    tc = tcase_create("as_completed");
    tcase_add_test(tc, conform_46_completion_order_and_duplicates);
    tcase_add_test(tc, conform_46_one_deadline_for_all);
    tcase_add_test(tc, conform_46_a_cancelled_next_loses_no_item);
    tcase_add_test(tc, conform_46_closing_early_leaves_nothing);
    suite_add_tcase(s, tc);
    tc = tcase_create("shield");
    tcase_add_test(tc, conform_47_cancelling_outer_leaves_inner);
    tcase_add_test(tc, conform_47_inner_cancel_cancels_outer);
    tcase_add_test(tc, conform_47_outer_ends_as_inner);
    tcase_add_test(tc, conform_47_a_late_error_reaches_the_handler);
    suite_add_tcase(s, tc);
    return s;
}
