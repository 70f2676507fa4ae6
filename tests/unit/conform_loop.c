/* SPDX-License-Identifier: MIT */
/* The loop behaves as asyncio's: behaviours 1 to 13 but 10 (base_events.py, events.py). */
#include "support.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct loop *soon(struct loop *l, struct letter *letter)
{
    err_is_none(loop_call_soon(l, on_letter, letter, NULL));
    return l;
}

START_TEST(conform_01_call_soon_is_fifo)
{
    struct loop *l = loop_starts();
    struct order o = {0};
    struct letter a = {&o, 'a'}, b = {&o, 'b'}, c = {&o, 'c'};
    soon(soon(soon(l, &a), &b), &c);
    ck_assert_str_eq(o.text, "");
    loop_spin(l, 1);
    ck_assert_str_eq(o.text, "abc");
    loop_spin(l, 2);
    ck_assert_str_eq(o.text, "abc");
    loop_ends_empty(l);
}
END_TEST

struct scheduler {
    struct loop *loop;
    struct letter now, later;
};

static struct err *on_schedule(void *arg)
{
    struct scheduler *s = arg;
    (void)on_letter(&s->now);
    return loop_call_soon(s->loop, on_letter, &s->later, NULL);
}

START_TEST(conform_02_scheduled_while_running_waits)
{
    struct loop *l = loop_starts();
    struct order o = {0};
    struct scheduler s = {l, {&o, 'a'}, {&o, 'c'}};
    struct letter b = {&o, 'b'};
    err_is_none(loop_call_soon(l, on_schedule, &s, NULL));
    soon(l, &b);
    loop_spin(l, 1);
    ck_assert_str_eq(o.text, "ab");
    loop_spin(l, 1);
    ck_assert_str_eq(o.text, "abc");
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_03_io_before_timers_after_ready)
{
    struct loop *l = loop_starts();
    struct order o = {0};
    struct letter ready = {&o, 'r'}, io = {&o, 'i'}, timer = {&o, 't'};
    int fds[2];
    ck_assert_int_eq(pipe(fds), 0);
    struct watch *w = watch_new(l, fds[1], WATCH_WRITE, on_letter, &io);
    ck_assert_ptr_nonnull(w);
    err_is_none(loop_call_at(l, loop_time(l) - 1, on_letter, &timer, NULL));
    soon(l, &ready);
    loop_spin(l, 1);
    ck_assert_str_eq(o.text, "rit");
    loop_spin(l, 1);
    ck_assert_str_eq(o.text, "riti"); /* level triggered: once an iteration */
    watch_set(w, 0);
    loop_spin(l, 1);
    ck_assert_str_eq(o.text, "riti");
    watch_set(w, WATCH_READ | WATCH_WRITE);
    loop_spin(l, 1);
    ck_assert_str_eq(o.text, "ritii");
    watch_free(w);
    loop_spin(l, 1);
    ck_assert_str_eq(o.text, "ritii");
    close(fds[0]);
    close(fds[1]);
    loop_ends_empty(l);
}
END_TEST

static struct err *on_stop(void *arg)
{
    loop_stop(arg);
    return NULL;
}

START_TEST(conform_04_poll_blocks_only_to_the_earliest_timer)
{
    struct loop *l = loop_starts();
    struct order o = {0};
    struct letter a = {&o, 'a'}, z = {&o, 'z'};
    struct timer *never = NULL;
    double start = loop_time(l);
    err_is_none(loop_call_later(l, 1000, on_letter, &z, &never));
    soon(l, &a);
    loop_spin(l, 1); /* ready, and stopping: does not block */
    loop_spin(l, 1); /* stopping */
    ck_assert_double_lt(loop_time(l) - start, 100);
    ck_assert_str_eq(o.text, "a");

    start = loop_time(l);
    err_is_none(loop_call_later(l, 0.05, on_stop, l, NULL));
    err_is_none(loop_run_forever(l));
    ck_assert_double_ge(loop_time(l) - start, 0.05);
    ck_assert_double_lt(loop_time(l) - start, 100);
    timer_cancel(never);
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_05_timers_in_order)
{
    struct loop *l = loop_starts();
    struct order o = {0};
    struct letter a = {&o, 'a'}, b = {&o, 'b'}, c = {&o, 'c'}, d = {&o, 'd'};
    struct timer moved;
    double now = loop_time(l);
    timer_init(&moved, on_letter, &d);
    err_is_none(timer_start(l, &moved, now - 9));
    err_is_none(loop_call_at(l, now - 1, on_letter, &b, NULL));
    err_is_none(loop_call_at(l, now - 1, on_letter, &c, NULL));
    err_is_none(loop_call_at(l, now - 2, on_letter, &a, NULL));
    err_is_none(timer_start(l, &moved, now - 1)); /* restarting moves it behind its equals */
    ck_assert(timer_active(&moved));
    loop_spin(l, 1);
    ck_assert_str_eq(o.text, "abcd");
    ck_assert(!timer_active(&moved));
    loop_ends_empty(l);
}
END_TEST

struct canceller {
    struct handle *handle;
    struct timer *timer;
};

static struct err *on_cancel(void *arg)
{
    struct canceller *c = arg;
    handle_cancel(c->handle);
    handle_cancel(c->handle);
    timer_stop(c->timer);
    timer_stop(c->timer);
    return NULL;
}

START_TEST(conform_06_cancelling_a_handle)
{
    struct loop *l = loop_starts();
    struct order o = {0};
    struct letter a = {&o, 'a'}, b = {&o, 'b'}, c = {&o, 'c'};
    struct handle *heap = NULL, embedded;
    struct timer timer;
    handle_init(&embedded, on_letter, &a);
    timer_init(&timer, on_letter, &b);
    handle_cancel(&embedded); /* never posted */
    timer_stop(&timer);
    /* queued already, all three in one iteration, when the first callback cancels the rest */
    struct canceller canceller = {&embedded, &timer};
    err_is_none(loop_call_soon(l, on_cancel, &canceller, NULL));
    err_is_none(loop_call_soon(l, on_letter, &c, &heap));
    loop_post(l, &embedded);
    loop_post(l, &embedded); /* ignored */
    err_is_none(timer_start(l, &timer, loop_time(l) - 1));
    handle_cancel(heap);
    handle_cancel(heap);
    loop_spin(l, 1);
    ck_assert_str_eq(o.text, "");
    ck_assert(!embedded.queued);
    loop_post(l, &embedded);
    loop_spin(l, 1);
    ck_assert_str_eq(o.text, "a");
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_07_cancelled_timers_do_not_accumulate)
{
    struct loop *l = loop_starts();
    struct order o = {0};
    struct letter a = {&o, 'a'};
    struct timer *t = NULL, *kept = NULL;
    err_is_none(loop_call_later(l, 500, on_letter, &a, &kept));
    for (int i = 0; i < 100000; i++) {
        err_is_none(loop_call_later(l, 1000 + i, on_letter, &a, &t));
        timer_cancel(t);
        timer_cancel(t);
        if (i % 100 == 99) {
            loop_spin(l, 1);
        }
    }
    ck_assert_uint_eq(loop_live(l).timers, 1);
    ck_assert_double_eq_tol(kept->when - loop_time(l), 500, 60);
    timer_cancel(kept);
    loop_ends_empty(l);
}
END_TEST

static struct err *on_failure(void *arg)
{
    (void)arg;
    return err_new(ERR_IO, NULL, "broken");
}

START_TEST(conform_08_failing_callback)
{
    struct loop *l = loop_starts();
    struct order o = {0};
    struct letter a = {&o, 'a'};
    struct seen seen = {0};
    loop_set_exception_handler(l, seen_handler, &seen);
    err_is_none(loop_call_soon(l, on_failure, NULL, NULL));
    soon(l, &a);
    err_is_none(loop_call_at(l, 0, on_failure, NULL, NULL));
    loop_spin(l, 1);
    ck_assert_str_eq(o.text, "a");
    ck_assert_uint_eq(seen.count, 2);
    ck_assert_int_eq((int)seen.kind, ERR_IO);
    loop_ends_empty(l);
}
END_TEST

static struct err *failing_handler(void *arg, const char *message, struct err *e, const char *what)
{
    (void)message;
    (void)e;
    (void)what;
    ++*(unsigned *)arg;
    return err_new(ERR_RUNTIME, NULL, "the handler broke");
}

START_TEST(conform_09_failing_exception_handler)
{
    struct loop *l = loop_starts();
    struct order o = {0};
    struct letter a = {&o, 'a'};
    unsigned calls = 0;
    char text[400] = "";
    int fds[2], saved = dup(STDERR_FILENO);
    ck_assert_int_eq(pipe(fds), 0);
    loop_set_exception_handler(l, failing_handler, &calls);
    err_is_none(loop_call_soon(l, on_failure, NULL, NULL));
    soon(l, &a);
    fflush(stderr);
    dup2(fds[1], STDERR_FILENO);
    loop_spin(l, 1);
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    ck_assert_int_gt(read(fds[0], text, sizeof(text) - 1), 0);
    ck_assert_ptr_nonnull(strstr(text, "broken"));
    ck_assert_uint_eq(calls, 1);
    ck_assert_str_eq(o.text, "a");
    close(fds[0]);
    close(fds[1]);
    close(saved);
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_11_stop_finishes_the_iteration)
{
    struct loop *l = loop_starts();
    struct order o = {0};
    struct letter a = {&o, 'a'}, b = {&o, 'b'};
    struct scheduler s = {l, {&o, 'x'}, {&o, 'y'}};
    soon(l, &a);
    err_is_none(loop_call_soon(l, on_stop, l, NULL));
    err_is_none(loop_call_soon(l, on_schedule, &s, NULL));
    soon(l, &b);
    err_is_none(loop_run_forever(l));
    ck_assert_str_eq(o.text, "axb");
    ck_assert(!loop_running(l));
    loop_spin(l, 1);
    ck_assert_str_eq(o.text, "axby");
    loop_ends_empty(l);
}
END_TEST

static struct err *on_misuse(void *arg)
{
    struct loop *l = arg;
    ck_assert(loop_running(l));
    err_is_kind(loop_run_forever(l), ERR_RUNTIME);
    err_is_kind(loop_close(l), ERR_RUNTIME);
    struct future *f = future_new(l);
    err_is_kind(loop_run_until_complete(l, f), ERR_RUNTIME);
    future_unref(f);
    return NULL;
}

START_TEST(conform_12_misuse_of_running_and_closed_loops)
{
    struct loop *l = loop_starts();
    struct order o = {0};
    struct letter a = {&o, 'a'};
    struct timer timer;
    struct handle handle;
    err_is_none(loop_call_soon(l, on_misuse, l, NULL));
    loop_spin(l, 1);
    soon(l, &a); /* dropped by the closing */
    err_is_none(loop_call_later(l, 100, on_letter, &a, NULL));
    err_is_none(loop_call_soon_threadsafe(l, on_letter, &a));
    err_is_none(loop_close(l));
    err_is_none(loop_close(l));
    ck_assert(loop_closed(l));
    err_is_kind(loop_call_soon(l, on_letter, &a, NULL), ERR_RUNTIME);
    err_is_kind(loop_call_soon_threadsafe(l, on_letter, &a), ERR_RUNTIME);
    err_is_kind(loop_call_later(l, 0, on_letter, &a, NULL), ERR_RUNTIME);
    timer_init(&timer, on_letter, &a);
    err_is_kind(timer_start_after(l, &timer, 0), ERR_RUNTIME);
    handle_init(&handle, on_letter, &a);
    loop_post(l, &handle);
    loop_post_threadsafe(l, &handle);
    ck_assert(!handle.queued);
    err_is_kind(loop_run_forever(l), ERR_RUNTIME);
    ck_assert_ptr_null(future_new(l));
    ck_assert_ptr_null(aio_sleep(l, 0));
    loop_is_empty(l);
    loop_free(l);
    ck_assert_str_eq(o.text, "");
}
END_TEST

START_TEST(conform_13_stopped_before_complete)
{
    struct loop *l = loop_starts();
    struct future *f = future_new(l);
    err_is_none(loop_call_soon(l, on_stop, l, NULL));
    err_is_kind(loop_run_until_complete(l, f), ERR_RUNTIME);
    err_is_none(future_set_result(f, NULL, NULL));
    err_is_none(loop_run_until_complete(l, f));
    future_unref(f);
    loop_ends_empty(l);
}
END_TEST

START_TEST(main_loop_is_one_at_a_time)
{
    for (int i = 0; i < 2; i++) {
        struct loop *l = loop_new(LOOP_MAIN, NULL);
        ck_assert_ptr_nonnull(l);
        ck_assert_ptr_null(loop_new(LOOP_MAIN, NULL));
        loop_ends_empty(l);
    }
}
END_TEST

START_TEST(signals_reach_the_main_loop)
{
    struct loop *l = loop_new(LOOP_MAIN, NULL);
    struct order o = {0};
    struct letter a = {&o, 'a'};
    err_is_none(loop_add_signal(l, SIGUSR1, on_letter, &a));
    err_is_kind(loop_add_signal(l, SIGUSR1, on_letter, &a), ERR_RUNTIME);
    err_is_kind(loop_add_signal(l, -1, on_letter, &a), ERR_VALUE);
    raise(SIGUSR1);
    loop_spin(l, 2);
    ck_assert_str_eq(o.text, "a");
    loop_remove_signal(l, SIGUSR1);
    loop_remove_signal(l, SIGUSR1);
    err_is_none(loop_add_signal(l, SIGUSR2, on_letter, &a));
    loop_ends_empty(l);
    struct loop *plain = loop_starts();
    err_is_kind(loop_add_signal(plain, SIGUSR1, on_letter, &a), ERR_RUNTIME);
    loop_ends_empty(plain);
}
END_TEST

static struct err *on_slow(void *arg)
{
    (void)arg;
    usleep(120000);
    return NULL;
}

static enum co_state slow_step(void *frame, struct err *status)
{
    struct co *co = frame;
    CO_BEGIN(co);
    usleep(120000);
    CO_END(co);
}

START_TEST(debug_mode_reports_slow_callbacks)
{
    struct loop *l = loop_starts();
    char text[400] = "";
    int fds[2], saved = dup(STDERR_FILENO);
    ck_assert_int_eq(pipe(fds), 0);
    loop_set_debug(l, true);
    ck_assert(loop_debug(l));
    err_is_none(loop_call_soon(l, on_slow, NULL, NULL));
    struct task *t = task_new(l, slow_step, sizeof(struct co), NULL, "sluggard");
    fflush(stderr);
    dup2(fds[1], STDERR_FILENO);
    loop_spin(l, 1);
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    ck_assert_int_gt(read(fds[0], text, sizeof(text) - 1), 0);
    ck_assert_ptr_nonnull(strstr(text, "Executing a callback took 0.1"));
    ck_assert_ptr_nonnull(strstr(text, " seconds (sluggard)\n")); /* a task's step has its name */
    task_unref(t);
    close(fds[0]);
    close(fds[1]);
    close(saved);
    loop_ends_empty(l);
}
END_TEST

Suite *conform_loop_suite(void);
Suite *conform_loop_suite(void)
{
    Suite *s = suite_create("conform_loop");
    TCase *tc = tcase_create("loop");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, conform_01_call_soon_is_fifo);
    tcase_add_test(tc, conform_02_scheduled_while_running_waits);
    tcase_add_test(tc, conform_03_io_before_timers_after_ready);
    tcase_add_test(tc, conform_04_poll_blocks_only_to_the_earliest_timer);
    tcase_add_test(tc, conform_05_timers_in_order);
    tcase_add_test(tc, conform_06_cancelling_a_handle);
    tcase_add_test(tc, conform_07_cancelled_timers_do_not_accumulate);
    tcase_add_test(tc, conform_08_failing_callback);
    tcase_add_test(tc, conform_09_failing_exception_handler);
    tcase_add_test(tc, conform_11_stop_finishes_the_iteration);
    tcase_add_test(tc, conform_12_misuse_of_running_and_closed_loops);
    tcase_add_test(tc, conform_13_stopped_before_complete);
    tcase_add_test(tc, main_loop_is_one_at_a_time);
    tcase_add_test(tc, signals_reach_the_main_loop);
    tcase_add_test(tc, debug_mode_reports_slow_callbacks);
    suite_add_tcase(s, tc);
    return s;
}
