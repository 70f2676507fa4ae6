/* SPDX-License-Identifier: MIT */
/* The base, the loop, futures and tasks with the n-th allocation failing, for every n. */
#include "aio/loop.h"
#include "aio/task.h"
#include "base/alloc.h"
#include "base/buf.h"
#include "failnth.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* An error in a scenario is right only if it is the lack of memory that was arranged. */
static bool clean(struct err *e)
{
    bool ok = !e;
    if (e) {
        failnth_must(failnth_failed());
        failnth_must(err_is(e, ERR_NOMEM));
    }
    err_unref(e);
    return ok;
}

static struct err *on_count(void *arg)
{
    ++*(unsigned *)arg;
    return NULL;
}

static struct err *on_future(struct future *f, void *arg)
{
    (void)f;
    return on_count(arg);
}

static struct err *on_report(void *arg, const char *message, struct err *e, const char *what)
{
    (void)message;
    (void)e;
    (void)what;
    return on_count(arg);
}

static struct err *on_error(void *arg)
{
    (void)arg;
    return err_new(ERR_IO, "EIO", "%d", 5);
}

static void turns(struct loop *l, unsigned n)
{
    while (n--) {
        loop_stop(l);
        failnth_must(!loop_run_forever(l));
    }
}

static void base_scenario(void)
{
    struct buf b = BUF_INIT;
    for (int i = 0; i < 100; i++) {
        buf_addf(&b, "%d-%s;", i, "some text");
    }
    failnth_must(!buf_failed(&b) || failnth_failed());
    bool failed = buf_failed(&b);
    char *text = buf_take(&b);
    failnth_must(failed ? !text : text && strlen(text) > 1000);
    free(text);

    struct err *e = err_errno(ERR_IO, 2, "opening %s", "x");
    failnth_must(err_is(e, ERR_IO) || (failnth_failed() && err_is(e, ERR_NOMEM)));
    err_unref(e);
    free(mem_dup("text"));
}

static void loop_scenario(void)
{
    unsigned ran = 0, expected = 0;
    struct loop *l = loop_new(LOOP_PLAIN, NULL);
    if (!l) {
        failnth_must(failnth_failed());
        return;
    }
    loop_set_exception_handler(l, on_report, &ran);
    struct handle *h = NULL;
    expected += clean(loop_call_soon(l, on_count, &ran, NULL));
    expected += clean(loop_call_soon(l, on_error, NULL, NULL));
    expected += clean(loop_call_soon_threadsafe(l, on_count, &ran));
    if (clean(loop_call_soon(l, on_count, &ran, &h))) {
        handle_cancel(h);
    }
    struct timer *t = NULL, embedded;
    timer_init(&embedded, on_count, &ran);
    expected += clean(loop_call_later(l, -1, on_count, &ran, NULL));
    expected += clean(timer_start_after(l, &embedded, -1));
    for (int i = 0; i < 40; i++) {
        if (clean(loop_call_later(l, 100, on_count, &ran, &t))) {
            timer_cancel(t);
        }
    }
    struct watch *w = watch_new(l, 0, 0, on_count, &ran);
    failnth_must(w || failnth_failed());
    turns(l, 2);
    watch_free(w);
    failnth_must(ran == expected);
    (void)clean(loop_call_soon(l, on_count, &ran, NULL));
    loop_free(l);
    failnth_must(ran == expected);
}

static void future_scenario(void)
{
    unsigned ran = 0, expected = 0, reports = 0;
    struct loop *l = loop_new(LOOP_PLAIN, NULL);
    struct future *f = l ? future_new(l) : NULL;
    struct future *g = l ? future_new(l) : NULL;
    struct future *s = l ? aio_sleep(l, 0.001) : NULL;
    if (!f || !g || !s) {
        failnth_must(failnth_failed());
        goto out;
    }
    loop_set_exception_handler(l, on_report, &reports);
    struct future_cb cb;
    future_watch(f, &cb, on_future, &ran);
    expected += 1u + clean(future_add_done_callback(f, on_future, &ran));
    expected += clean(future_add_done_callback(f, on_future, &ran));
    (void)clean(future_add_done_callback(g, on_future, &ran));
    (void)future_remove_done_callback(g, on_future, &ran);
    failnth_must(!future_set_result(f, mem_dup("value"), free));
    failnth_must(!future_set_error(g, err_new(ERR_IO, NULL, "lost")));
    failnth_must(!loop_run_until_complete(l, s));
    failnth_must(ran == expected);
    future_unref(g);
    g = NULL;
    failnth_must(reports == 1);
out:
    future_unref(f);
    future_unref(g);
    future_unref(s);
    loop_free(l);
}

struct sleeper {
    struct co co;
    struct future *nap; /* owned */
    struct task *child; /* owned */
    char *text;         /* owned */
};

static void sleeper_drop(void *frame)
{
    struct sleeper *f = frame;
    future_unref(f->nap);
    task_unref(f->child);
    free(f->text);
}

static enum co_state child_step(void *frame, struct err *status)
{
    struct sleeper *f = frame;
    CO_BEGIN(&f->co);
    f->nap = aio_sleep(task_loop(f->co.task), 0);
    if (!f->nap) {
        return co_fail(&f->co, err_plain(ERR_NOMEM));
    }
    CO_AWAIT(&f->co, f->nap);
    if (status) {
        return co_fail(&f->co, err_ref(status));
    }
    f->text = mem_dup("done");
    if (!f->text) {
        return co_fail(&f->co, err_plain(ERR_NOMEM));
    }
    char *text = f->text;
    f->text = NULL;
    return co_return(&f->co, text, free);
    CO_END(&f->co);
}

static enum co_state parent_step(void *frame, struct err *status)
{
    struct sleeper *f = frame;
    CO_BEGIN(&f->co);
    f->child =
        task_new(task_loop(f->co.task), child_step, sizeof(struct sleeper), sleeper_drop, "child");
    if (!f->child) {
        return co_fail(&f->co, err_plain(ERR_NOMEM));
    }
    CO_AWAIT(&f->co, task_future(f->child));
    if (status) {
        return co_fail(&f->co, err_ref(status));
    }
    CO_AWAIT(&f->co, task_future(f->co.task));
    failnth_must(status && (err_is(status, ERR_RUNTIME) || failnth_failed()));
    return co_return(&f->co, future_take(task_future(f->child)), free);
    CO_END(&f->co);
}

static void task_scenario(void)
{
    struct loop *l = loop_new(LOOP_PLAIN, NULL);
    struct task *t =
        l ? task_new(l, parent_step, sizeof(struct sleeper), sleeper_drop, NULL) : NULL;
    struct task *c =
        l ? task_new(l, parent_step, sizeof(struct sleeper), sleeper_drop, NULL) : NULL;
    struct task *p = l ? task_new(l, parent_step, sizeof(struct sleeper), sleeper_drop, "p") : NULL;
    unsigned reports = 0;
    if (!t || !c || !p) {
        failnth_must(failnth_failed());
    }
    if (t && c) {
        loop_set_exception_handler(l, on_report, &reports);
        failnth_must(task_cancel(c));
        failnth_must(!loop_run_until_complete(l, task_future(t)));
        (void)clean(future_error(task_future(t)));
        failnth_must(future_cancelled(task_future(c)));
        failnth_must(task_name(c) != NULL);
        (void)clean(task_set_name(c, "another"));
    }
    if (l) {
        loop_set_exception_handler(l, on_report, &reports);
    }
    task_unref(t);
    task_unref(c);
    task_unref(p);
    loop_free(l);
}

START_TEST(failnth_base)
{
    failnth_each(base_scenario);
}
END_TEST

START_TEST(failnth_loop)
{
    failnth_each(loop_scenario);
}
END_TEST

START_TEST(failnth_future)
{
    failnth_each(future_scenario);
}
END_TEST

START_TEST(failnth_task)
{
    failnth_each(task_scenario);
}
END_TEST

Suite *failnth_core_suite(void);
Suite *failnth_core_suite(void)
{
    Suite *s = suite_create("failnth_core");
    TCase *tc = tcase_create("core");
    tcase_add_test(tc, failnth_base);
    tcase_add_test(tc, failnth_loop);
    tcase_add_test(tc, failnth_future);
    tcase_add_test(tc, failnth_task);
    suite_add_tcase(s, tc);
    return s;
}
