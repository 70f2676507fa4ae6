/* SPDX-License-Identifier: MIT */
/* wait_for and timeout (semantics 48 to 53). */
#include "aio/timeout.h"
#include "awaiter.h"
#include "support.h"

#include <stdlib.h>
#include <string.h>

static const double soon = 0.001, never = 1000;

static char text[] = "text";

/* -- wait_for ---------------------------------------------------------------------------------- */

static void value_is(struct future *f, const char *expected)
{
    void *value = NULL;
    err_is_none(future_result(f, &value));
    ck_assert_str_eq(value, expected);
}

START_TEST(conform_48_without_timeout_a_plain_await)
{
    struct loop *l = loop_starts();
    struct future *f = future_new(l), *w = wait_for(f, -1);
    ck_assert_uint_eq(loop_live(l).timers, 0);
    loop_spin(l, 2);
    ck_assert(!future_done(w));
    err_is_none(future_set_result(f, strdup("value"), free));
    loop_completes(l, w);
    value_is(w, "value");
    future_unref(w);
    future_unref(f);
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_48_no_time_gives_the_result_if_done)
{
    struct loop *l = loop_starts();
    struct future *f = future_new(l);
    err_is_none(future_set_result(f, strdup("value"), free));
    struct future *w = wait_for(f, 0);
    ck_assert(future_done(w));
    char *value = future_take(w);
    ck_assert_str_eq(value, "value");
    free(value);
    future_unref(w);
    future_unref(f);
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_48_no_time_cancels_and_waits)
{
    struct loop *l = loop_starts();
    struct future *never_done = future_new(l), *gate = future_new(l);
    struct task *t = awaiter(l, never_done), *s = stubborn(l, never_done, gate);
    loop_spin(l, 1);
    struct future *w = wait_for(task_future(t), 0), *ws = wait_for(task_future(s), 0);
    ck_assert(!future_done(w));
    loop_completes(l, w);
    err_is_kind(future_error(w), ERR_TIMEOUT);
    ck_assert(future_cancelled(task_future(t)));
    loop_spin(l, 3);
    ck_assert(!future_done(ws)); /* still waiting for the operation */
    err_is_none(future_set_result(gate, NULL, NULL));
    loop_completes(l, ws);
    value_is(ws, "stubborn");
    future_unref(w);
    future_unref(ws);
    task_unref(t);
    task_unref(s);
    future_unref(never_done);
    future_unref(gate);
    loop_ends_empty(l);
}
END_TEST

/* An operation that, once cancelled, takes until `gate` and then ends as cancelled. */
struct slow_frame {
    struct co co;
    struct future *f, *gate; /* borrowed */
};

static enum co_state slow_step(void *frame, struct err *status)
{
    struct slow_frame *s = frame;
    CO_BEGIN(&s->co);
    CO_AWAIT(&s->co, s->f);
    ck_assert(err_is(status, ERR_CANCELLED));
    CO_AWAIT(&s->co, s->gate);
    return co_fail(&s->co, status ? err_ref(status) : err_plain(ERR_CANCELLED));
    CO_END(&s->co);
}

static struct task *slow(struct loop *l, struct future *f, struct future *gate)
{
    struct task *t = task_new(l, slow_step, sizeof(struct slow_frame), NULL, NULL);
    ck_assert_ptr_nonnull(t);
    struct slow_frame *s = task_frame(t);
    s->f = f;
    s->gate = gate;
    return t;
}

START_TEST(conform_49_expiry_waits_for_the_end)
{
    struct loop *l = loop_starts();
    struct future *f = future_new(l), *gate = future_new(l);
    struct task *t = slow(l, f, gate);
    struct future *w = wait_for(task_future(t), soon);
    loop_completes(l, f); /* cancelled by the expiry */
    loop_spin(l, 3);
    ck_assert_uint_eq(loop_live(l).timers, 0);
    ck_assert(!future_done(w));
    err_is_none(future_set_result(gate, NULL, NULL));
    loop_completes(l, w);
    ck_assert(future_done(task_future(t)));
    err_is_kind(future_error(w), ERR_TIMEOUT);
    future_unref(w);
    task_unref(t);
    future_unref(f);
    future_unref(gate);
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_50_a_swallowed_cancel_gives_the_value)
{
    struct loop *l = loop_starts();
    struct future *f = future_new(l);
    struct task *t = stubborn(l, f, NULL);
    struct future *w = wait_for(task_future(t), soon);
    loop_completes(l, w);
    ck_assert(future_cancelled(f));
    value_is(w, "stubborn");
    future_unref(w);
    task_unref(t);
    future_unref(f);
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_50_another_error_propagates)
{
    struct loop *l = loop_starts();
    struct future *f = future_new(l), *gate = future_new(l);
    struct task *t = slow(l, f, gate);
    struct future *w = wait_for(task_future(t), soon);
    loop_completes(l, f);
    err_is_none(future_set_error(gate, err_new(ERR_IO, NULL, "while it ended")));
    loop_completes(l, w);
    err_is_kind(future_error(w), ERR_IO);
    future_unref(w);
    task_unref(t);
    future_unref(f);
    future_unref(gate);
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_51_an_outside_cancel_is_awaited)
{
    struct loop *l = loop_starts();
    struct future *f = future_new(l), *gate = future_new(l);
    struct task *t = slow(l, f, gate);
    struct future *w = wait_for(task_future(t), never);
    struct task *outside = awaiter(l, w);
    loop_spin(l, 1);
    ck_assert(task_cancel(outside));
    loop_spin(l, 3);
    ck_assert(future_cancelled(f));
    ck_assert(!future_done(w) && !future_done(task_future(outside)));
    err_is_none(future_set_result(gate, NULL, NULL));
    loop_completes(l, task_future(outside));
    ck_assert(future_cancelled(w) && future_cancelled(task_future(outside)));
    ck_assert_uint_eq(loop_live(l).timers, 0);
    task_unref(outside);
    future_unref(w);
    task_unref(t);
    future_unref(f);
    future_unref(gate);
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_51_an_outside_cancel_goes_before_an_expiry)
{
    struct loop *l = loop_starts();
    struct future *f = future_new(l), *gate = future_new(l);
    struct task *t = slow(l, f, gate);
    struct future *w = wait_for(task_future(t), soon);
    loop_completes(l, f); /* expired */
    loop_spin(l, 1);
    struct future *second = future_ref(w);
    ck_assert(future_cancel(w)); /* cancels the wait for gate */
    loop_completes(l, second);
    ck_assert(future_cancelled(w));
    future_unref(second);
    future_unref(w);
    task_unref(t);
    future_unref(f);
    future_unref(gate);
    loop_ends_empty(l);
}
END_TEST

START_TEST(wait_for_dropped_leaves_the_operation)
{
    struct loop *l = loop_starts();
    struct future *f = future_new(l), *w = wait_for(f, never);
    future_unref(w);
    ck_assert_uint_eq(loop_live(l).timers, 0);
    ck_assert(!future_done(f));
    w = wait_for(f, never);
    err_is_none(future_set_result(f, strdup("not taken"), free));
    loop_completes(l, w);
    future_unref(w);
    future_unref(f);
    loop_ends_empty(l);
}
END_TEST

/* -- timeout ----------------------------------------------------------------------------------- */

enum { NO_ERROR = ERR_KINDS };

struct nested_outcome {
    unsigned inner, outer; /* enum err_kind, or NO_ERROR */
    unsigned cancelling;
    bool inner_expired, outer_expired;
};

struct nested_frame {
    struct co co;
    struct timeout inner, outer;
    double inner_when, outer_when;
    struct future *f;           /* borrowed */
    struct nested_outcome *out; /* borrowed */
};

static unsigned kind_of(const struct err *e)
{
    return e ? (unsigned)err_kind(e) : NO_ERROR;
}

static enum co_state nested_step(void *frame, struct err *status)
{
    struct nested_frame *n = frame;
    CO_BEGIN(&n->co);
    err_is_none(timeout_enter(&n->outer, n->co.task, n->outer_when));
    err_is_none(timeout_enter(&n->inner, n->co.task, n->inner_when));
    CO_AWAIT(&n->co, n->f);
    struct err *e = timeout_exit(&n->inner, err_ref(status));
    n->out->inner = kind_of(e);
    e = timeout_exit(&n->outer, e);
    n->out->outer = kind_of(e);
    n->out->cancelling = task_cancelling(n->co.task);
    n->out->inner_expired = timeout_expired(&n->inner);
    n->out->outer_expired = timeout_expired(&n->outer);
    return e ? co_fail(&n->co, e) : co_return(&n->co, NULL, NULL);
    CO_END(&n->co);
}

static struct task *nested(
    struct loop *l, struct future *f, double inner, double outer, struct nested_outcome *out)
{
    struct task *t = task_new(l, nested_step, sizeof(struct nested_frame), NULL, NULL);
    ck_assert_ptr_nonnull(t);
    struct nested_frame *n = task_frame(t);
    double now = loop_time(l);
    n->f = f;
    n->inner_when = now + inner;
    n->outer_when = now + outer;
    n->out = out;
    return t;
}

static struct nested_outcome nested_runs(double inner, double outer)
{
    struct nested_outcome out = {0};
    struct loop *l = loop_starts();
    struct future *f = future_new(l);
    struct task *t = nested(l, f, inner, outer, &out);
    loop_completes(l, task_future(t));
    future_retrieved(task_future(t));
    task_unref(t);
    future_unref(f);
    loop_ends_empty(l);
    return out;
}

START_TEST(conform_52_only_the_expired_one_converts)
{
    struct nested_outcome o = nested_runs(soon, never);
    ck_assert_uint_eq(o.inner, ERR_TIMEOUT);
    ck_assert_uint_eq(o.outer, ERR_TIMEOUT); /* passed through */
    ck_assert(o.inner_expired && !o.outer_expired);
    ck_assert_uint_eq(o.cancelling, 0);

    o = nested_runs(never, soon);
    ck_assert_uint_eq(o.inner, ERR_CANCELLED);
    ck_assert_uint_eq(o.outer, ERR_TIMEOUT);
    ck_assert(!o.inner_expired && o.outer_expired);
    ck_assert_uint_eq(o.cancelling, 0);
}
END_TEST

START_TEST(conform_52_both_expired_the_outer_converts)
{
    struct nested_outcome o = nested_runs(-1e-9, -1e-9);
    ck_assert_uint_eq(o.inner, ERR_CANCELLED);
    ck_assert_uint_eq(o.outer, ERR_TIMEOUT);
    ck_assert(o.inner_expired && o.outer_expired);
    ck_assert_uint_eq(o.cancelling, 0);
}
END_TEST

START_TEST(conform_52_an_outside_cancel_is_not_converted)
{
    struct nested_outcome o = {0};
    struct loop *l = loop_starts();
    struct future *f = future_new(l);
    struct task *t = nested(l, f, never, never, &o);
    loop_spin(l, 1);
    ck_assert(task_cancel(t));
    loop_completes(l, task_future(t));
    ck_assert(future_cancelled(task_future(t)));
    ck_assert_uint_eq(o.outer, ERR_CANCELLED);
    ck_assert_uint_eq(o.cancelling, 1);
    task_unref(t);
    future_unref(f);
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_52_an_expiry_and_an_outside_cancel)
{
    struct nested_outcome o = {0};
    struct loop *l = loop_starts();
    struct future *f = future_new(l);
    struct task *t = nested(l, f, -1e-9, never, &o);
    loop_spin(l, 1); /* entered: expires in the next iteration */
    ck_assert(task_cancel(t));
    loop_completes(l, task_future(t));
    ck_assert(future_cancelled(task_future(t)));
    ck_assert_uint_eq(o.inner, ERR_CANCELLED);
    ck_assert(o.inner_expired);
    ck_assert_uint_eq(o.cancelling, 1);
    task_unref(t);
    future_unref(f);
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_52_no_expiry_no_trace)
{
    struct nested_outcome o = {0};
    struct loop *l = loop_starts();
    struct future *f = future_new(l);
    struct task *t = nested(l, f, never, never, &o);
    loop_spin(l, 1);
    ck_assert_uint_eq(loop_live(l).timers, 2);
    err_is_none(future_set_result(f, text, NULL));
    loop_completes(l, task_future(t));
    ck_assert_uint_eq(o.outer, NO_ERROR);
    ck_assert(!o.inner_expired && !o.outer_expired);
    ck_assert_uint_eq(loop_live(l).timers, 0);
    task_unref(t);
    future_unref(f);
    loop_ends_empty(l);
}
END_TEST

struct resched_frame {
    struct co co;
    struct timeout t;
    struct future *f; /* borrowed */
};

static enum co_state resched_step(void *frame, struct err *status)
{
    struct resched_frame *r = frame;
    struct loop *l = task_loop(r->co.task);
    CO_BEGIN(&r->co);
    err_is_kind(timeout_reschedule(&r->t, 1), ERR_RUNTIME); /* not entered */
    err_is_none(timeout_enter(&r->t, r->co.task, -1));
    err_is_kind(timeout_enter(&r->t, r->co.task, -1), ERR_RUNTIME);
    ck_assert_uint_eq(loop_live(l).timers, 0);
    err_is_none(timeout_reschedule(&r->t, loop_time(l) + never));
    ck_assert_uint_eq(loop_live(l).timers, 1);
    err_is_none(timeout_reschedule(&r->t, 0)); /* due long ago */
    ck_assert_uint_eq(loop_live(l).timers, 0);
    err_is_none(timeout_reschedule(&r->t, -1));
    CO_AWAIT(&r->co, NULL);
    CO_AWAIT(&r->co, NULL);
    ck_assert(!status && !timeout_expired(&r->t));
    err_is_none(timeout_reschedule(&r->t, loop_time(l) + soon));
    CO_AWAIT(&r->co, r->f);
    err_is_kind(timeout_reschedule(&r->t, -1), ERR_RUNTIME); /* expiring */
    err_is_kind(timeout_exit(&r->t, err_ref(status)), ERR_TIMEOUT);
    err_is_kind(timeout_reschedule(&r->t, -1), ERR_RUNTIME); /* expired */
    err_is_none(timeout_enter(&r->t, r->co.task, -1));       /* the next round */
    err_is_none(timeout_exit(&r->t, NULL));
    err_is_kind(timeout_reschedule(&r->t, -1), ERR_RUNTIME); /* finished */
    CO_END(&r->co);
}

START_TEST(conform_53_rescheduling)
{
    struct loop *l = loop_starts();
    struct future *f = future_new(l);
    struct task *t = task_new(l, resched_step, sizeof(struct resched_frame), NULL, NULL);
    ck_assert_ptr_nonnull(t);
    ((struct resched_frame *)task_frame(t))->f = f;
    loop_completes(l, task_future(t));
    err_is_none(future_error(task_future(t)));
    ck_assert_uint_eq(task_cancelling(t), 0);
    task_unref(t);
    future_unref(f);
    loop_ends_empty(l);
}
END_TEST

Suite *conform_timeout_suite(void);
Suite *conform_timeout_suite(void)
{
    Suite *s = suite_create("conform_timeout");
    TCase *tc = tcase_create("wait_for");
    tcase_add_test(tc, conform_48_without_timeout_a_plain_await);
    tcase_add_test(tc, conform_48_no_time_gives_the_result_if_done);
    tcase_add_test(tc, conform_48_no_time_cancels_and_waits);
    tcase_add_test(tc, conform_49_expiry_waits_for_the_end);
    tcase_add_test(tc, conform_50_a_swallowed_cancel_gives_the_value);
    tcase_add_test(tc, conform_50_another_error_propagates);
    tcase_add_test(tc, conform_51_an_outside_cancel_is_awaited);
    tcase_add_test(tc, conform_51_an_outside_cancel_goes_before_an_expiry);
    tcase_add_test(tc, wait_for_dropped_leaves_the_operation);
    suite_add_tcase(s, tc);
    tc = tcase_create("timeout");
    tcase_add_test(tc, conform_52_only_the_expired_one_converts);
    tcase_add_test(tc, conform_52_both_expired_the_outer_converts);
    tcase_add_test(tc, conform_52_an_outside_cancel_is_not_converted);
    tcase_add_test(tc, conform_52_an_expiry_and_an_outside_cancel);
    tcase_add_test(tc, conform_52_no_expiry_no_trace);
    tcase_add_test(tc, conform_53_rescheduling);
    suite_add_tcase(s, tc);
    return s;
}
