/* SPDX-License-Identifier: MIT */
/* Tasks are cancelled as asyncio's: behaviours 24 to 30 (tasks.py). */
#include "actor.h"

#include <string.h>

START_TEST(conform_24_cancel_before_the_first_step)
{
    struct stage s = stage_on(loop_starts());
    struct task *t = actor_new(&s, await_one);
    ck_assert(task_cancel(t));
    ck_assert(!future_done(task_future(t)));
    loop_spin(s.loop, 1);
    ck_assert(future_cancelled(task_future(t)));
    ck_assert_str_eq(s.order.text, "");
    ck_assert_uint_eq(s.dropped, 1);
    ck_assert(!task_cancel(t));
    task_unref(t);
    stage_ends(&s);
}
END_TEST

START_TEST(conform_25_cancel_is_forwarded)
{
    struct stage s = stage_on(loop_starts());
    struct task *t = actor_new(&s, await_one);
    loop_spin(s.loop, 1);
    ck_assert(task_cancel(t));
    ck_assert(future_cancelled(s.awaited));
    ck_assert(!future_done(task_future(t)));
    loop_spin(s.loop, 1);
    ck_assert_int_eq((int)s.received[0], ERR_CANCELLED);
    ck_assert(future_cancelled(task_future(t)));
    task_unref(t);
    stage_ends(&s);
}
END_TEST

START_TEST(conform_25_through_a_chain_of_tasks)
{
    struct stage s = stage_on(loop_starts());
    struct task *inner = actor_new(&s, await_one);
    struct stage outer_stage = {.loop = s.loop, .awaited = task_future(inner)};
    struct task *outer = actor_new(&outer_stage, await_one);
    loop_spin(s.loop, 1);
    ck_assert(task_cancel(outer));
    ck_assert(future_cancelled(s.awaited));
    ck_assert_uint_eq(task_cancelling(inner), 1);
    loop_completes(s.loop, task_future(outer));
    ck_assert(future_cancelled(task_future(outer)) && future_cancelled(task_future(inner)));
    task_unref(outer);
    task_unref(inner);
    stage_ends(&s);
}
END_TEST

START_TEST(conform_26_else_the_next_step_receives_cancelled)
{
    struct stage s = stage_on(loop_starts());
    struct task *t = actor_new(&s, await_one);
    loop_spin(s.loop, 1);
    err_is_none(future_set_result(s.awaited, NULL, NULL));
    ck_assert(task_cancel(t)); /* its step is scheduled, so there is nothing to forward to */
    ck_assert(!future_cancelled(s.awaited));
    loop_spin(s.loop, 1);
    ck_assert_int_eq((int)s.received[0], ERR_CANCELLED);
    ck_assert(future_cancelled(task_future(t)));
    task_unref(t);
    stage_ends(&s);
}
END_TEST

START_TEST(conform_27_cancels_itself_and_awaits)
{
    struct stage s = stage_on(loop_starts());
    s.cancel_self = true;
    struct task *t = actor_new(&s, await_one);
    loop_spin(s.loop, 1);
    ck_assert(future_cancelled(s.awaited));
    loop_spin(s.loop, 1);
    ck_assert_int_eq((int)s.received[0], ERR_CANCELLED);
    ck_assert(future_cancelled(task_future(t)));
    task_unref(t);
    stage_ends(&s);
}
END_TEST

START_TEST(conform_27_cancels_itself_and_returns)
{
    struct stage s = stage_on(loop_starts());
    s.cancel_self = true;
    s.value = strdup("dropped");
    err_is_none(future_set_result(s.awaited, NULL, NULL)); /* so the await does not yield */
    struct task *t = actor_new(&s, await_one);
    loop_spin(s.loop, 1);
    ck_assert_int_eq((int)s.received[0], ERR_KINDS);
    ck_assert(future_cancelled(task_future(t)));
    task_unref(t);
    stage_ends(&s);
}
END_TEST

START_TEST(conform_28_cancel_is_no_promise)
{
    struct stage s = stage_on(loop_starts());
    s.swallow = true;
    struct task *t = actor_new(&s, await_one);
    loop_spin(s.loop, 1);
    ck_assert(task_cancel(t));
    loop_spin(s.loop, 1);
    ck_assert_int_eq((int)s.received[0], ERR_CANCELLED);
    ck_assert(future_done(task_future(t)) && !future_cancelled(task_future(t)));
    err_is_none(future_error(task_future(t)));
    ck_assert_uint_eq(task_cancelling(t), 1);
    task_unref(t);
    stage_ends(&s);
}
END_TEST

START_TEST(conform_29_cancelling_and_uncancel)
{
    struct stage s = stage_on(loop_starts());
    struct task *t = actor_new(&s, await_one);
    ck_assert_uint_eq(task_cancelling(t), 0);
    ck_assert(task_cancel(t) && task_cancel(t));
    ck_assert_uint_eq(task_cancelling(t), 2);
    ck_assert_uint_eq(task_uncancel(t), 1);
    ck_assert_uint_eq(task_uncancel(t), 0);
    ck_assert_uint_eq(task_uncancel(t), 0);
    loop_spin(s.loop, 1);
    ck_assert(future_cancelled(task_future(t))); /* 3.12: uncancel does not take the cancel back */
    ck_assert(!task_cancel(t));
    ck_assert_uint_eq(task_cancelling(t), 0);
    task_unref(t);
    stage_ends(&s);
}
END_TEST

START_TEST(conform_30_a_second_cancel_is_delivered)
{
    struct stage s = stage_on(loop_starts());
    s.second = future_new(s.loop);
    struct task *t = actor_new(&s, await_two);
    loop_spin(s.loop, 1);
    ck_assert(task_cancel(t));
    loop_spin(s.loop, 1);
    ck_assert_ptr_eq(task_awaits(t), s.second);
    ck_assert(task_cancel(t));
    loop_spin(s.loop, 1);
    ck_assert_uint_eq(s.nreceived, 2);
    ck_assert_int_eq((int)s.received[1], ERR_CANCELLED);
    ck_assert(future_cancelled(task_future(t)));
    ck_assert_uint_eq(task_cancelling(t), 2);
    task_unref(t);
    stage_ends(&s);
}
END_TEST

Suite *conform_cancel_suite(void);
Suite *conform_cancel_suite(void)
{
    Suite *s = suite_create("conform_cancel");
    TCase *tc = tcase_create("cancel");
    tcase_add_test(tc, conform_24_cancel_before_the_first_step);
    tcase_add_test(tc, conform_25_cancel_is_forwarded);
    tcase_add_test(tc, conform_25_through_a_chain_of_tasks);
    tcase_add_test(tc, conform_26_else_the_next_step_receives_cancelled);
    tcase_add_test(tc, conform_27_cancels_itself_and_awaits);
    tcase_add_test(tc, conform_27_cancels_itself_and_returns);
    tcase_add_test(tc, conform_28_cancel_is_no_promise);
    tcase_add_test(tc, conform_29_cancelling_and_uncancel);
    tcase_add_test(tc, conform_30_a_second_cancel_is_delivered);
    suite_add_tcase(s, tc);
    return s;
}
