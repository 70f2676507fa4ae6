/* SPDX-License-Identifier: MIT */
/* Futures behave as asyncio's: behaviours 14 to 21 (futures.py). */
#include "support.h"

#include <stdlib.h>
#include <string.h>

static struct err *on_future(struct future *f, void *arg)
{
    ck_assert(future_done(f));
    return on_letter(arg);
}

static char *text(void)
{
    char *copy = strdup("value");
    ck_assert_ptr_nonnull(copy);
    return copy;
}

START_TEST(conform_14_result_while_pending)
{
    struct loop *l = loop_starts();
    struct future *f = future_new(l);
    void *value = l;
    ck_assert(!future_done(f) && !future_cancelled(f));
    ck_assert_str_eq(future_state_name(f), "pending");
    err_is_kind(future_result(f, &value), ERR_INVALID_STATE);
    err_is_kind(future_error(f), ERR_INVALID_STATE);
    ck_assert_ptr_eq(value, l);
    future_unref(f);
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_15_set_when_done)
{
    struct loop *l = loop_starts();
    struct future *done = future_new(l), *failed = future_new(l), *cancelled = future_new(l);
    void *value = NULL;
    err_is_none(future_set_result(done, text(), free));
    err_is_none(future_set_error(failed, err_new(ERR_IO, NULL, "broken")));
    ck_assert(future_cancel(cancelled));
    struct future *all[] = {done, failed, cancelled};
    for (int i = 0; i < 3; i++) {
        err_is_kind(future_set_result(all[i], text(), free), ERR_INVALID_STATE);
        err_is_kind(
            future_set_error(all[i], err_new(ERR_IO, NULL, "late %d", i)), ERR_INVALID_STATE);
        future_set_cancelled(all[i]);
    }
    err_is_none(future_result(done, &value));
    ck_assert_str_eq(value, "value");
    err_is_kind(future_result(failed, NULL), ERR_IO);
    ck_assert(future_cancelled(cancelled) && !future_cancelled(done));
    value = future_take(done);
    ck_assert_str_eq(value, "value");
    free(value);
    for (int i = 0; i < 3; i++) {
        future_unref(all[i]);
    }
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_16_cancel_when_done)
{
    struct loop *l = loop_starts();
    struct future *f = future_new(l);
    void *value = NULL;
    err_is_none(future_set_result(f, text(), free));
    ck_assert(!future_cancel(f));
    ck_assert(!future_cancelled(f));
    err_is_none(future_result(f, &value));
    ck_assert_str_eq(value, "value");
    future_unref(f);
    f = future_new(l);
    ck_assert(future_cancel(f));
    ck_assert(!future_cancel(f));
    future_unref(f);
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_17_cancelled_gives_cancelled)
{
    struct loop *l = loop_starts();
    struct future *f = future_new(l), *g = future_new(l);
    ck_assert(future_cancel(f));
    err_is_kind(future_result(f, NULL), ERR_CANCELLED);
    err_is_kind(future_error(f), ERR_CANCELLED);
    ck_assert_str_eq(future_state_name(f), "cancelled");
    err_is_none(future_set_error(g, err_plain(ERR_CANCELLED)));
    ck_assert(future_cancelled(g));
    future_unref(f);
    future_unref(g);
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_18_done_callbacks_in_order)
{
    struct loop *l = loop_starts();
    struct order o = {0};
    struct letter a = {&o, 'a'}, b = {&o, 'b'}, c = {&o, 'c'}, r = {&o, 'r'};
    struct future *f = future_new(l);
    struct future_cb embedded;
    err_is_none(future_add_done_callback(f, on_future, &a));
    future_watch(f, &embedded, on_future, &b);
    err_is_none(future_add_done_callback(f, on_future, &c));
    err_is_none(loop_call_soon(l, on_letter, &r, NULL));
    err_is_none(future_set_result(f, NULL, NULL));
    future_unref(f); /* its scheduled callbacks keep it */
    ck_assert_str_eq(o.text, "");
    loop_spin(l, 1);
    ck_assert_str_eq(o.text, "rabc");
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_19_callback_on_a_done_future)
{
    struct loop *l = loop_starts();
    struct order o = {0};
    struct letter a = {&o, 'a'}, b = {&o, 'b'}, r = {&o, 'r'};
    struct future *f = future_new(l);
    struct future_cb embedded;
    ck_assert(future_cancel(f));
    err_is_none(future_add_done_callback(f, on_future, &a));
    err_is_none(loop_call_soon(l, on_letter, &r, NULL));
    future_watch(f, &embedded, on_future, &b);
    ck_assert_str_eq(o.text, "");
    loop_spin(l, 1);
    ck_assert_str_eq(o.text, "arb");
    future_unref(f);
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_20_remove_done_callback)
{
    struct loop *l = loop_starts();
    struct order o = {0};
    struct letter a = {&o, 'a'}, b = {&o, 'b'};
    struct future *f = future_new(l);
    err_is_none(future_add_done_callback(f, on_future, &a));
    err_is_none(future_add_done_callback(f, on_future, &b));
    err_is_none(future_add_done_callback(f, on_future, &a));
    ck_assert_uint_eq(future_remove_done_callback(f, on_future, &a), 2);
    ck_assert_uint_eq(future_remove_done_callback(f, on_future, &a), 0);
    err_is_none(future_set_result(f, NULL, NULL));
    ck_assert_uint_eq(future_remove_done_callback(f, on_future, &b), 0);
    loop_spin(l, 1);
    ck_assert_str_eq(o.text, "b");
    future_unref(f);
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_20_unwatch_drops_at_any_time)
{
    struct loop *l = loop_starts();
    struct order o = {0};
    struct letter a = {&o, 'a'};
    struct future *f = future_new(l);
    struct future_cb cb = {0};
    future_unwatch(&cb); /* never registered */
    future_watch(f, &cb, on_future, &a);
    future_unwatch(&cb);
    future_unwatch(&cb);
    future_watch(f, &cb, on_future, &a);
    err_is_none(future_set_result(f, NULL, NULL));
    future_unwatch(&cb); /* scheduled already */
    loop_spin(l, 1);
    ck_assert_str_eq(o.text, "");
    future_watch(f, &cb, on_future, &a);
    loop_spin(l, 1);
    ck_assert_str_eq(o.text, "a");
    future_unwatch(&cb); /* ran */
    future_unref(f);
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_21_error_never_retrieved)
{
    struct loop *l = loop_starts();
    struct seen seen = {0};
    loop_set_exception_handler(l, seen_handler, &seen);
    struct future *f = future_new(l);
    err_is_none(future_set_error(f, err_new(ERR_IO, NULL, "broken")));
    ck_assert_uint_eq(seen.count, 0);
    future_unref(f);
    ck_assert_uint_eq(seen.count, 1);
    ck_assert_int_eq((int)seen.kind, ERR_IO);
    ck_assert_str_eq(seen.message, "Future exception was never retrieved");
    for (int i = 0; i < 4; i++) {
        f = future_new(l);
        err_is_none(future_set_error(f, err_new(ERR_IO, NULL, "broken")));
        switch (i) {
        case 0:
            err_is_kind(future_error(f), ERR_IO);
            break;
        case 1:
            err_is_kind(future_result(f, NULL), ERR_IO);
            break;
        case 2:
            future_retrieved(f);
            break;
        default: /* as asyncio's Future.cancel */
            ck_assert(!future_cancel(f));
            break;
        }
        future_unref(f);
    }
    ck_assert_uint_eq(seen.count, 1);
    loop_ends_empty(l);
}
END_TEST

static struct err *on_failing(struct future *f, void *arg)
{
    (void)f;
    (void)arg;
    return err_new(ERR_IO, NULL, "callback");
}

START_TEST(future_destroyed_with_callbacks)
{
    struct loop *l = loop_starts();
    struct order o = {0};
    struct letter a = {&o, 'a'};
    struct seen seen = {0};
    struct future_cb cb;
    loop_set_exception_handler(l, seen_handler, &seen);
    struct future *f = future_new(l);
    err_is_none(future_add_done_callback(f, on_future, &a));
    future_watch(f, &cb, on_future, &a);
    future_unref(f);
    future_unwatch(&cb);
    f = future_new(l);
    err_is_none(future_add_done_callback(f, on_failing, NULL));
    err_is_none(future_set_result(f, text(), free));
    loop_spin(l, 1);
    ck_assert_uint_eq(seen.count, 1);
    err_is_none(future_add_done_callback(f, on_future, &a));
    future_unref(f); /* the queued callback holds the last reference; closing drops it */
    err_is_none(loop_close(l));
    loop_is_empty(l);
    loop_free(l);
    ck_assert_str_eq(o.text, "");
}
END_TEST

struct embedder {
    struct future future;
    bool finished;
};

static void embedder_fini(struct future *f)
{
    container_of(f, struct embedder, future)->finished = true;
}

static bool embedder_cancel(struct future *f)
{
    (void)f;
    return true; /* later */
}

static const struct future_ops embedder_ops = {"embedder", embedder_cancel, embedder_fini};

START_TEST(future_embedded_in_another)
{
    struct loop *l = loop_starts();
    struct embedder e = {.finished = false};
    future_init(&e.future, l, &embedder_ops);
    e.future.embedded = true;
    ck_assert(future_cancel(&e.future));
    ck_assert(!future_done(&e.future));
    future_set_cancelled(&e.future);
    ck_assert(future_cancelled(&e.future));
    ck_assert_ptr_eq(future_ref(&e.future), &e.future);
    future_unref(&e.future);
    ck_assert(!e.finished);
    future_unref(&e.future);
    ck_assert(e.finished);
    loop_ends_empty(l);
}
END_TEST

Suite *conform_future_suite(void);
Suite *conform_future_suite(void)
{
    Suite *s = suite_create("conform_future");
    TCase *tc = tcase_create("future");
    tcase_add_test(tc, conform_14_result_while_pending);
    tcase_add_test(tc, conform_15_set_when_done);
    tcase_add_test(tc, conform_16_cancel_when_done);
    tcase_add_test(tc, conform_17_cancelled_gives_cancelled);
    tcase_add_test(tc, conform_18_done_callbacks_in_order);
    tcase_add_test(tc, conform_19_callback_on_a_done_future);
    tcase_add_test(tc, conform_20_remove_done_callback);
    tcase_add_test(tc, conform_20_unwatch_drops_at_any_time);
    tcase_add_test(tc, conform_21_error_never_retrieved);
    tcase_add_test(tc, future_destroyed_with_callbacks);
    tcase_add_test(tc, future_embedded_in_another);
    suite_add_tcase(s, tc);
    return s;
}
