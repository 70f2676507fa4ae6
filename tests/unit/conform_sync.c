/* SPDX-License-Identifier: MIT */
/* Queue, semaphore, lock, event, condition (semantics 54 to 56). */
#include "aio/condition.h"
#include "aio/event.h"
#include "aio/lock.h"
#include "aio/queue.h"
#include "aio/sem.h"
#include "aio/timeout.h"
#include "support.h"

#include <stdlib.h>
#include <string.h>

static char a[] = "a", b[] = "b", c[] = "c", d[] = "d";

static void drop(struct future **f, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        future_unref(f[i]);
    }
}

/* -- queue ------------------------------------------------------------------------------------- */

static void got(struct future *f, const char *expected)
{
    ck_assert(future_done(f));
    ck_assert_str_eq(future_take(f), expected);
    future_unref(f);
}

static void put(struct queue *q, char *item)
{
    struct future *f = queue_put(q, item);
    ck_assert(future_done(f));
    err_is_none(future_error(f));
    future_unref(f);
}

START_TEST(conform_54_without_maxsize_unbounded)
{
    struct loop *l = loop_starts();
    struct queue *q = queue_new(l, 0, NULL);
    for (int i = 0; i < 1000; i++) {
        put(q, a);
        ck_assert(queue_put_nowait(q, b));
    }
    ck_assert(!queue_full(q));
    ck_assert_uint_eq(queue_size(q), 2000);
    for (int i = 0; i < 1000; i++) {
        got(queue_get(q), "a");
        ck_assert_ptr_eq(queue_get_nowait(q), b);
    }
    ck_assert_ptr_null(queue_get_nowait(q));
    queue_free(q);
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_54_getters_wake_in_order)
{
    struct loop *l = loop_starts();
    struct queue *q = queue_new(l, 0, NULL);
    struct future *g[3];
    for (int i = 0; i < 3; i++) {
        g[i] = queue_get(q);
    }
    ck_assert(queue_put_nowait(q, a));
    ck_assert(future_done(g[0]) && !future_done(g[1]));
    ck_assert(future_cancel(g[1]));
    put(q, b);
    got(g[0], "a");
    got(g[2], "b");
    future_unref(g[1]);
    queue_free(q);
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_54_putters_wake_in_order)
{
    struct loop *l = loop_starts();
    struct queue *q = queue_new(l, 1, NULL);
    put(q, a);
    ck_assert(queue_full(q));
    ck_assert(!queue_put_nowait(q, d));
    struct future *p[3] = {queue_put(q, b), queue_put(q, c), queue_put(q, d)};
    ck_assert(!future_done(p[0]));
    ck_assert(future_cancel(p[1]));
    got(queue_get(q), "a");
    ck_assert(future_done(p[0]) && !future_done(p[2]));
    ck_assert_ptr_eq(queue_get_nowait(q), b);
    ck_assert(future_done(p[2]));
    got(queue_get(q), "d");
    drop(p, 3);
    queue_free(q);
    loop_ends_empty(l);
}
END_TEST

struct taker_frame {
    struct co co;
    struct queue *q;    /* borrowed */
    struct future *get; /* owned */
    struct order *order;
};

static void taker_drop(void *frame)
{
    future_unref(((struct taker_frame *)frame)->get);
}

static enum co_state taker_step(void *frame, struct err *status)
{
    struct taker_frame *t = frame;
    CO_BEGIN(&t->co);
    t->get = queue_get(t->q);
    CO_AWAIT(&t->co, t->get);
    if (status) {
        return co_fail(&t->co, err_ref(status));
    }
    order_add(t->order, future_take(t->get));
    CO_END(&t->co);
}

static struct task *taker(struct loop *l, struct queue *q, struct order *order)
{
    struct task *t = task_new(l, taker_step, sizeof(struct taker_frame), taker_drop, NULL);
    ck_assert_ptr_nonnull(t);
    struct taker_frame *f = task_frame(t);
    f->q = q;
    f->order = order;
    return t;
}

START_TEST(conform_54_a_woken_and_cancelled_getter_passes_it_on)
{
    struct loop *l = loop_starts();
    struct queue *q = queue_new(l, 0, NULL);
    struct order order = {"", 0};
    struct task *first = taker(l, q, &order), *second = taker(l, q, &order);
    loop_spin(l, 1);
    ck_assert(queue_put_nowait(q, a));
    ck_assert(task_cancel(first)); /* woken, and now cancelled */
    loop_completes(l, task_future(second));
    ck_assert(future_cancelled(task_future(first)));
    ck_assert_str_eq(order.text, "a");
    task_unref(first);
    task_unref(second);
    queue_free(q);
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_54_without_another_getter_the_item_goes_back_in_front)
{
    struct loop *l = loop_starts();
    struct queue *q = queue_new(l, 0, NULL);
    struct order order = {"", 0};
    struct task *first = taker(l, q, &order);
    loop_spin(l, 1);
    ck_assert(queue_put_nowait(q, a));
    ck_assert(queue_put_nowait(q, b));
    ck_assert(task_cancel(first));
    loop_completes(l, task_future(first));
    ck_assert_uint_eq(queue_size(q), 2);
    got(queue_get(q), "a");
    got(queue_get(q), "b");
    task_unref(first);
    queue_free(q);
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_54_a_timed_get_loses_nothing)
{
    struct loop *l = loop_starts();
    struct queue *q = queue_new(l, 0, NULL);
    struct future *g = queue_get(q), *w = wait_for(g, 1000);
    ck_assert(queue_put_nowait(q, a));
    loop_completes(l, w);
    future_unref(w); /* not taken */
    future_unref(g);
    ck_assert_uint_eq(queue_size(q), 1);
    g = queue_get(q);
    w = wait_for(g, 0);
    got(w, "a");
    future_unref(g);
    queue_free(q);
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_54_freeing_drops_what_is_left)
{
    struct loop *l = loop_starts();
    struct queue *q = queue_new(l, 2, free);
    struct future *early = queue_get(q);
    put(q, strdup("handed"));
    put(q, strdup("first"));
    put(q, strdup("second"));
    struct future *p = queue_put(q, strdup("waiting"));
    struct future *cancelled = queue_put(q, strdup("cancelled"));
    ck_assert(future_cancel(cancelled));
    struct future *join = queue_join(q);
    queue_free(q);
    ck_assert(future_cancelled(p) && future_cancelled(join));
    ck_assert(future_done(early));
    drop((struct future *[]){early, p, cancelled, join}, 4);
    q = queue_new(l, 0, free);
    struct future *waiting = queue_get(q);
    queue_free(q);
    ck_assert(future_cancelled(waiting));
    future_unref(waiting);
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_54_the_ring_keeps_its_order)
{
    struct loop *l = loop_starts();
    struct queue *q = queue_new(l, 37, NULL);
    char items[256];
    size_t in = 0, out = 0;
    struct future *p[200];
    size_t np = 0;
    for (unsigned round = 0; round < 200; round++) {
        if (np < 200) {
            p[np++] = queue_put(q, &items[in++ % 256]);
        }
        if (round % 3 != 0) {
            ck_assert_ptr_eq(queue_get_nowait(q), &items[out++ % 256]);
        }
    }
    while (out < in) {
        ck_assert_ptr_eq(queue_get_nowait(q), &items[out++ % 256]);
    }
    drop(p, np);
    queue_free(q);
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_55_task_done_and_join)
{
    struct loop *l = loop_starts();
    struct queue *q = queue_new(l, 1, NULL);
    err_is_kind(queue_task_done(q), ERR_VALUE);
    struct future *at_once = queue_join(q);
    ck_assert(future_done(at_once));
    future_unref(at_once);
    put(q, a);
    struct future *p = queue_put(q, b), *join = queue_join(q);
    got(queue_get(q), "a"); /* b enters, so two are unfinished */
    err_is_none(queue_task_done(q));
    loop_spin(l, 1);
    ck_assert(!future_done(join));
    got(queue_get(q), "b");
    ck_assert(!future_done(join));
    err_is_none(queue_task_done(q));
    loop_completes(l, join);
    err_is_kind(queue_task_done(q), ERR_VALUE);
    future_unref(join);
    future_unref(p);
    queue_free(q);
    loop_ends_empty(l);
}
END_TEST

/* -- semaphore --------------------------------------------------------------------------------- */

START_TEST(conform_56_no_barging)
{
    struct loop *l = loop_starts();
    struct sem *s = sem_new(l, 1, false);
    struct future *f[3];
    f[0] = sem_acquire(s);
    ck_assert(future_done(f[0]) && sem_locked(s));
    f[1] = sem_acquire(s);
    f[2] = sem_acquire(s);
    err_is_none(sem_release(s));
    ck_assert(future_done(f[1]) && !future_done(f[2]));
    ck_assert(!sem_try_acquire(s));
    err_is_none(sem_release(s));
    ck_assert(future_done(f[2]));
    ck_assert(!sem_try_acquire(s));
    err_is_none(sem_release(s));
    ck_assert(sem_try_acquire(s));
    drop(f, 3);
    sem_free(s);
    loop_ends_empty(l);
}
END_TEST

struct holder_frame {
    struct co co;
    struct sem *s;          /* borrowed */
    struct future *acquire; /* owned */
    struct order *order;
    char letter[2];
};

static void holder_drop(void *frame)
{
    struct holder_frame *h = frame;
    sem_abandon(h->s, h->acquire);
}

static enum co_state holder_step(void *frame, struct err *status)
{
    struct holder_frame *h = frame;
    CO_BEGIN(&h->co);
    h->acquire = sem_acquire(h->s);
    CO_AWAIT(&h->co, h->acquire);
    if (status) {
        return co_fail(&h->co, err_ref(status));
    }
    order_add(h->order, h->letter);
    CO_END(&h->co);
}

static struct task *holder(struct loop *l, struct sem *s, struct order *order, char letter)
{
    struct task *t = task_new(l, holder_step, sizeof(struct holder_frame), holder_drop, NULL);
    ck_assert_ptr_nonnull(t);
    struct holder_frame *h = task_frame(t);
    h->s = s;
    h->order = order;
    h->letter[0] = letter;
    return t;
}

START_TEST(conform_56_a_cancelled_waiters_permit_goes_on)
{
    struct loop *l = loop_starts();
    struct sem *s = sem_new(l, 1, true);
    struct order order = {"", 0};
    ck_assert(sem_try_acquire(s));
    struct task *first = holder(l, s, &order, 'a'), *second = holder(l, s, &order, 'b');
    struct task *third = holder(l, s, &order, 'c');
    loop_spin(l, 1);
    err_is_none(sem_release(s));
    ck_assert(task_cancel(first));  /* it has the permit already */
    ck_assert(task_cancel(second)); /* this one is just waiting */
    loop_completes(l, task_future(third));
    ck_assert(future_cancelled(task_future(first)));
    ck_assert(future_cancelled(task_future(second)));
    ck_assert_str_eq(order.text, "c");
    ck_assert(!sem_locked(s)); /* the third gave it back */
    err_is_kind(sem_release(s), ERR_VALUE);
    task_unref(first);
    task_unref(second);
    task_unref(third);
    sem_free(s);
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_56_over_release)
{
    struct loop *l = loop_starts();
    struct sem *bounded = sem_new(l, 2, true), *plain = sem_new(l, 0, false);
    err_is_kind(sem_release(bounded), ERR_VALUE);
    ck_assert(sem_try_acquire(bounded));
    err_is_none(sem_release(bounded));
    err_is_kind(sem_release(bounded), ERR_VALUE);
    ck_assert(!sem_try_acquire(plain));
    err_is_none(sem_release(plain));
    ck_assert(sem_try_acquire(plain));
    struct future *w = sem_acquire(plain);
    sem_free(plain);
    ck_assert(future_cancelled(w));
    future_unref(w);
    sem_free(bounded);
    loop_ends_empty(l);
}
END_TEST

/* -- lock, event, condition -------------------------------------------------------------------- */

START_TEST(lock_is_handed_over_in_order)
{
    struct loop *l = loop_starts();
    struct lock *k = lock_new(l);
    err_is_kind(lock_release(k), ERR_RUNTIME);
    struct future *f[4];
    for (int i = 0; i < 4; i++) {
        f[i] = lock_acquire(k);
    }
    ck_assert(future_done(f[0]) && lock_locked(k));
    ck_assert(future_cancel(f[1]));
    err_is_none(lock_release(k));
    ck_assert(future_done(f[2]) && !future_done(f[3]));
    lock_abandon(k, f[2]); /* was handed the lock, does not want it */
    ck_assert(future_done(f[3]) && lock_locked(k));
    err_is_none(lock_release(k));
    ck_assert(!lock_locked(k));
    future_unref(f[0]);
    future_unref(f[1]);
    future_unref(f[3]);
    lock_free(k);
    loop_ends_empty(l);
}
END_TEST

START_TEST(event_wakes_all)
{
    struct loop *l = loop_starts();
    struct event *e = event_new(l);
    struct future *f[3] = {event_wait(e), event_wait(e), event_wait(e)};
    ck_assert(future_cancel(f[1]));
    event_set(e);
    ck_assert(event_is_set(e));
    ck_assert(future_done(f[0]) && future_done(f[2]) && future_cancelled(f[1]));
    drop(f, 3);
    f[0] = event_wait(e);
    ck_assert(future_done(f[0]));
    event_clear(e);
    f[1] = event_wait(e);
    ck_assert(!future_done(f[1]));
    event_free(e);
    ck_assert(future_cancelled(f[1]));
    drop(f, 2);
    loop_ends_empty(l);
}
END_TEST

static void take(struct lock *k)
{
    struct future *f = lock_acquire(k);
    ck_assert(future_done(f));
    future_unref(f);
}

START_TEST(condition_wait_ends_with_the_lock_held)
{
    struct loop *l = loop_starts();
    struct lock *k = lock_new(l);
    struct condition *cond = condition_new(l, k);
    struct future *w = condition_wait(cond);
    err_is_kind(future_error(w), ERR_RUNTIME);
    future_unref(w);
    err_is_kind(condition_notify(cond, 1), ERR_RUNTIME);
    struct future *f[3];
    for (int i = 0; i < 3; i++) {
        take(k);
        f[i] = condition_wait(cond);
        ck_assert(!lock_locked(k));
    }
    take(k);
    err_is_none(condition_notify(cond, 2));
    loop_spin(l, 2);
    ck_assert(!future_done(f[0]));
    err_is_none(lock_release(k));
    loop_completes(l, f[0]);
    ck_assert(lock_locked(k) && !future_done(f[1]));
    err_is_none(condition_notify_all(cond));
    err_is_none(lock_release(k));
    loop_completes(l, f[1]);
    err_is_none(lock_release(k));
    loop_completes(l, f[2]);
    ck_assert(lock_locked(k));
    drop(f, 3);
    condition_free(cond);
    lock_free(k);
    loop_ends_empty(l);
}
END_TEST

START_TEST(condition_wait_cancelled_reacquires)
{
    struct loop *l = loop_starts();
    struct lock *k = lock_new(l);
    struct condition *cond = condition_new(l, k);
    struct future *f[2];
    for (int i = 0; i < 2; i++) {
        take(k);
        f[i] = condition_wait(cond);
    }
    ck_assert(future_cancel(f[0]));
    ck_assert(future_cancelled(f[0]) && lock_locked(k)); /* the lock was free */
    ck_assert(future_cancel(f[1]));
    ck_assert(future_cancel(f[1]));
    loop_spin(l, 2);
    ck_assert(!future_done(f[1])); /* waits for the lock */
    err_is_none(lock_release(k));
    loop_completes(l, f[1]);
    ck_assert(future_cancelled(f[1]) && lock_locked(k));
    drop(f, 2);
    struct future *w = condition_wait(cond);
    ck_assert(!lock_locked(k));
    take(k);
    err_is_none(condition_notify(cond, 1));
    future_unref(w); /* dropped in the lock's line */
    err_is_none(lock_release(k));
    ck_assert(!lock_locked(k));
    condition_free(cond);
    lock_free(k);
    loop_ends_empty(l);
}
END_TEST

Suite *conform_sync_suite(void);
Suite *conform_sync_suite(void)
{
    Suite *s = suite_create("conform_sync");
    TCase *tc = tcase_create("queue");
    tcase_add_test(tc, conform_54_without_maxsize_unbounded);
    tcase_add_test(tc, conform_54_getters_wake_in_order);
    tcase_add_test(tc, conform_54_putters_wake_in_order);
    tcase_add_test(tc, conform_54_a_woken_and_cancelled_getter_passes_it_on);
    tcase_add_test(tc, conform_54_without_another_getter_the_item_goes_back_in_front);
    tcase_add_test(tc, conform_54_a_timed_get_loses_nothing);
    tcase_add_test(tc, conform_54_freeing_drops_what_is_left);
    tcase_add_test(tc, conform_54_the_ring_keeps_its_order);
    tcase_add_test(tc, conform_55_task_done_and_join);
    suite_add_tcase(s, tc);
    tc = tcase_create("locks");
    tcase_add_test(tc, conform_56_no_barging);
    tcase_add_test(tc, conform_56_a_cancelled_waiters_permit_goes_on);
    tcase_add_test(tc, conform_56_over_release);
    tcase_add_test(tc, lock_is_handed_over_in_order);
    tcase_add_test(tc, event_wakes_all);
    tcase_add_test(tc, condition_wait_ends_with_the_lock_held);
    tcase_add_test(tc, condition_wait_cancelled_reacquires);
    suite_add_tcase(s, tc);
    return s;
}
