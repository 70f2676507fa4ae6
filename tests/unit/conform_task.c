/* SPDX-License-Identifier: MIT */
/* Tasks behave as asyncio's: behaviours 22 to 34 but the cancels (tasks.py). */
#include "actor.h"

#include <string.h>

START_TEST(conform_22_first_step_is_scheduled)
{
    struct stage s = stage_on(loop_starts());
    struct task *t = actor_new(&s, await_one);
    ck_assert_str_eq(s.order.text, "");
    ck_assert_str_eq(task_name(t), "Task-1");
    ck_assert(task_loop(t) == s.loop && task_of(task_future(t)) == t && !task_of(s.awaited));
    loop_spin(s.loop, 1);
    ck_assert_str_eq(s.order.text, "b");
    err_is_none(future_set_result(s.awaited, NULL, NULL));
    s.value = strdup("value");
    loop_completes(s.loop, task_future(t));
    void *value = NULL;
    err_is_none(future_result(task_future(t), &value));
    ck_assert_str_eq(value, "value");
    ck_assert_str_eq(s.order.text, "be");
    ck_assert_uint_eq(s.dropped, 1);
    task_unref(t);
    stage_ends(&s);
}
END_TEST

START_TEST(conform_23_a_step_or_one_awaited_future)
{
    struct stage s = stage_on(loop_starts());
    struct task *t = actor_new(&s, await_one);
    ck_assert_ptr_null(task_awaits(t));
    ck_assert_uint_eq(loop_live(s.loop).ready, 1);
    loop_spin(s.loop, 1);
    ck_assert_ptr_eq(task_awaits(t), s.awaited);
    ck_assert_uint_eq(loop_live(s.loop).ready, 0);
    err_is_none(future_set_error(s.awaited, err_new(ERR_IO, NULL, "broken")));
    ck_assert_ptr_null(task_awaits(t));
    ck_assert_uint_eq(loop_live(s.loop).ready, 1);
    loop_spin(s.loop, 1);
    ck_assert_int_eq((int)s.received[0], ERR_IO);
    err_is_kind(future_error(task_future(t)), ERR_IO);
    task_unref(t);
    stage_ends(&s);
}
END_TEST

START_TEST(conform_23_awaiting_a_done_future_does_not_yield)
{
    struct stage s = stage_on(loop_starts());
    struct task *t = actor_new(&s, await_one);
    err_is_none(future_set_error(s.awaited, err_new(ERR_IO, NULL, "broken")));
    loop_spin(s.loop, 1);
    ck_assert_str_eq(s.order.text, "be");
    err_is_kind(future_error(task_future(t)), ERR_IO);
    task_unref(t);
    stage_ends(&s);
}
END_TEST

static enum co_state await_oneself(void *frame, struct err *status)
{
    struct actor *f = frame;
    CO_BEGIN(&f->co);
    order_add(&f->stage->order, "b");
    CO_AWAIT(&f->co, task_future(f->co.task));
    order_add(&f->stage->order, "e");
    receive(f->stage, status);
    CO_END(&f->co);
}

START_TEST(conform_31_awaiting_oneself)
{
    struct stage s = stage_on(loop_starts());
    struct task *t = actor_new(&s, await_oneself);
    loop_spin(s.loop, 1);
    ck_assert_str_eq(s.order.text, "b");
    loop_spin(s.loop, 1);
    ck_assert_str_eq(s.order.text, "be");
    ck_assert_int_eq((int)s.received[0], ERR_RUNTIME);
    task_unref(t);
    stage_ends(&s);
}
END_TEST

START_TEST(conform_31_awaiting_another_loops_future)
{
    struct loop *other = loop_starts();
    struct stage s = {.loop = loop_starts(), .awaited = future_new(other)};
    struct task *t = actor_new(&s, await_one);
    loop_spin(s.loop, 1);
    ck_assert_str_eq(s.order.text, "b");
    loop_spin(s.loop, 1);
    ck_assert_int_eq((int)s.received[0], ERR_RUNTIME);
    err_is_kind(future_error(task_future(t)), ERR_RUNTIME);
    task_unref(t);
    stage_ends(&s);
    loop_ends_empty(other);
}
END_TEST

START_TEST(conform_32_destroyed_while_pending)
{
    struct stage s = stage_on(loop_starts());
    struct seen seen = {0};
    loop_set_exception_handler(s.loop, seen_handler, &seen);
    struct task *waiting = actor_new(&s, await_one);
    loop_spin(s.loop, 1);
    struct task *fresh = actor_new(&s, await_one);
    struct future *done = future_new(s.loop);
    struct stage woken_stage = {.loop = s.loop, .awaited = done};
    struct task *woken = actor_new(&woken_stage, await_one);
    err_is_none(task_set_name(woken, "woken"));
    /* `waiting` awaits, `fresh` has its first step queued, `woken` gets its wake-up queued */
    task_unref(waiting);
    ck_assert_uint_eq(loop_count_tasks(s.loop), 3);
    loop_stop(s.loop);
    err_is_none(loop_run_forever(s.loop));
    err_is_none(future_set_result(done, NULL, NULL));
    future_unref(done);
    err_is_none(loop_close(s.loop));
    ck_assert_uint_eq(seen.count, 3);
    ck_assert_str_eq(seen.message, "Task was destroyed but it is pending!");
    ck_assert_str_eq(seen.what, "woken");
    ck_assert_uint_eq(s.dropped, 2);
    ck_assert_uint_eq(woken_stage.dropped, 1);
    ck_assert(!future_done(task_future(fresh)));
    task_unref(fresh);
    task_unref(woken);
    ck_assert_uint_eq(loop_live(s.loop).futures, 1);
    future_unref(s.awaited);
    ck_assert_ptr_null(task_new(s.loop, await_one, sizeof(struct actor), NULL, NULL));
    loop_is_empty(s.loop);
    loop_free(s.loop);
}
END_TEST

START_TEST(conform_32_the_end_of_one_wakes_another)
{
    struct stage s = stage_on(loop_starts());
    struct stage other = stage_on(s.loop);
    struct seen seen = {0};
    loop_set_exception_handler(s.loop, seen_handler, &seen);
    s.ends_when_dropped = other.awaited;
    task_unref(actor_new(&s, await_one));
    task_unref(actor_new(&other, await_one));
    loop_spin(s.loop, 1);
    err_is_none(loop_close(s.loop));
    ck_assert_uint_eq(seen.count, 2);
    ck_assert(future_done(other.awaited));
    future_unref(s.awaited);
    future_unref(other.awaited);
    loop_is_empty(s.loop);
    loop_free(s.loop);
}
END_TEST

static enum co_state sleep_zero(void *frame, struct err *status)
{
    struct actor *f = frame;
    CO_BEGIN(&f->co);
    order_add(&f->stage->order, "1");
    future_unref(f->fut);
    f->fut = aio_sleep(f->stage->loop, 0);
    CO_AWAIT(&f->co, f->fut);
    receive(f->stage, status);
    order_add(&f->stage->order, "2");
    CO_AWAIT(&f->co, NULL);
    receive(f->stage, status);
    order_add(&f->stage->order, "3");
    if (status) {
        return co_fail(&f->co, err_ref(status));
    }
    CO_END(&f->co);
}

START_TEST(conform_33_sleep_zero_takes_one_iteration)
{
    struct stage s = stage_on(loop_starts());
    struct letter a = {&s.order, 'a'};
    struct task *t = actor_new(&s, sleep_zero);
    loop_spin(s.loop, 1);
    ck_assert_uint_eq(loop_live(s.loop).timers, 0);
    ck_assert_str_eq(s.order.text, "1");
    err_is_none(loop_call_soon(s.loop, on_letter, &a, NULL));
    loop_spin(s.loop, 1);
    ck_assert_str_eq(s.order.text, "12a"); /* in the place where the bare yield would be */
    loop_spin(s.loop, 1);
    ck_assert_str_eq(s.order.text, "12a3");
    ck_assert(future_done(task_future(t)));
    task_unref(t);
    stage_ends(&s);
}
END_TEST

START_TEST(conform_33_cancelled_sleeps)
{
    struct stage s = stage_on(loop_starts());
    future_unref(s.awaited);
    double start = loop_time(s.loop);
    s.awaited = aio_sleep(s.loop, 1000);
    ck_assert_uint_eq(loop_live(s.loop).timers, 1);
    struct task *t = actor_new(&s, await_one);
    loop_spin(s.loop, 1);
    ck_assert(task_cancel(t));
    ck_assert_uint_eq(loop_live(s.loop).timers, 0);
    loop_completes(s.loop, task_future(t));
    ck_assert(future_cancelled(task_future(t)));
    task_unref(t);

    struct stage zero = stage_on(s.loop);
    t = actor_new(&zero, sleep_zero);
    loop_spin(s.loop, 1);
    ck_assert(task_cancel(t));
    loop_completes(s.loop, task_future(t));
    ck_assert_int_eq((int)zero.received[0], ERR_CANCELLED);
    task_unref(t);
    future_unref(zero.awaited);

    struct future *nap = aio_sleep(s.loop, 0.03), *forgotten = aio_sleep(s.loop, 1000);
    future_unref(forgotten); /* nobody can await it any more: its timer goes too */
    ck_assert_uint_eq(loop_live(s.loop).timers, 1);
    loop_completes(s.loop, nap);
    future_unref(nap);
    ck_assert_double_ge(loop_time(s.loop) - start, 0.03);
    ck_assert_double_lt(loop_time(s.loop) - start, 10);
    stage_ends(&s);
}
END_TEST

static enum co_state look_at_current(void *frame, struct err *status)
{
    struct actor *f = frame;
    CO_BEGIN(&f->co);
    ck_assert_ptr_eq(loop_current_task(f->stage->loop), f->co.task);
    CO_AWAIT(&f->co, f->fut);
    ck_assert_ptr_eq(loop_current_task(f->stage->loop), f->co.task);
    CO_END(&f->co);
}

static struct err *on_no_current(void *arg)
{
    ck_assert_ptr_null(loop_current_task(arg));
    return NULL;
}

static void add_name(struct task *t, void *arg)
{
    order_add(arg, task_name(t));
}

START_TEST(conform_34_current_task_and_all_tasks)
{
    struct stage s = stage_on(loop_starts());
    struct task *a = actor_new(&s, look_at_current);
    struct task *b = actor_new(&s, look_at_current);
    err_is_none(task_set_name(a, "A"));
    err_is_none(task_set_name(b, "B"));
    ck_assert_ptr_null(loop_current_task(s.loop));
    err_is_none(loop_call_soon(s.loop, on_no_current, s.loop, NULL));
    loop_spin(s.loop, 1);
    loop_each_task(s.loop, add_name, &s.order);
    ck_assert_str_eq(s.order.text, "AB");
    ck_assert(task_cancel(a));
    loop_spin(s.loop, 1);
    ck_assert(future_done(task_future(b))); /* the cancelled future was awaited by both */
    ck_assert_uint_eq(loop_count_tasks(s.loop), 0);
    loop_each_task(s.loop, add_name, &s.order);
    ck_assert_str_eq(s.order.text, "AB");
    task_unref(a);
    task_unref(b);
    stage_ends(&s);
}
END_TEST

START_TEST(task_error_never_retrieved)
{
    struct stage s = stage_on(loop_starts());
    struct seen seen = {0};
    loop_set_exception_handler(s.loop, seen_handler, &seen);
    err_is_none(future_set_error(s.awaited, err_new(ERR_IO, NULL, "broken")));
    task_unref(actor_new(&s, await_one));
    loop_spin(s.loop, 1);
    ck_assert_uint_eq(seen.count, 1);
    ck_assert_str_eq(seen.message, "Task exception was never retrieved");
    ck_assert_str_eq(seen.what, "Task-1");
    stage_ends(&s);
}
END_TEST

Suite *conform_task_suite(void);
Suite *conform_task_suite(void)
{
    Suite *s = suite_create("conform_task");
    TCase *tc = tcase_create("task");
    tcase_add_test(tc, conform_22_first_step_is_scheduled);
    tcase_add_test(tc, conform_23_a_step_or_one_awaited_future);
    tcase_add_test(tc, conform_23_awaiting_a_done_future_does_not_yield);
    tcase_add_test(tc, conform_31_awaiting_oneself);
    tcase_add_test(tc, conform_31_awaiting_another_loops_future);
    tcase_add_test(tc, conform_32_destroyed_while_pending);
    tcase_add_test(tc, conform_32_the_end_of_one_wakes_another);
    tcase_add_test(tc, conform_33_sleep_zero_takes_one_iteration);
    tcase_add_test(tc, conform_33_cancelled_sleeps);
    tcase_add_test(tc, conform_34_current_task_and_all_tasks);
    tcase_add_test(tc, task_error_never_retrieved);
    suite_add_tcase(s, tc);
    return s;
}
