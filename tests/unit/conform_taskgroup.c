/* SPDX-License-Identifier: MIT */
/* Task groups (semantics 61 and 62). */
#include "aio/taskgroup.h"
#include "awaiter.h"
#include "support.h"

/*
 * A parent with children that await the futures of a script: it enters a group, starts them, awaits
 * `body`, leaves with what that raised, and ends as the group does.
 */
struct script {
    struct future *body;     /* NULL: the body is empty */
    struct future *child[2]; /* what each child awaits, borrowed */
    struct future *gate;     /* where a cancelled child lingers; NULL: it ends as cancelled */
    bool child_ended[2];
    struct err *late; /* owned: from create_task after the end */
    unsigned cancelling;
    size_t nerrors;
};

struct child_frame {
    struct co co;
    struct script *s;
    int i;
};

static void child_drop(void *frame)
{
    struct child_frame *c = frame;
    c->s->child_ended[c->i] = true;
}

static enum co_state child_step(void *frame, struct err *status)
{
    struct child_frame *c = frame;
    CO_BEGIN(&c->co);
    CO_AWAIT(&c->co, c->s->child[c->i]);
    if (err_is(status, ERR_CANCELLED) && c->s->gate) {
        CO_AWAIT(&c->co, c->s->gate);
        return co_fail(&c->co, status ? err_ref(status) : err_plain(ERR_CANCELLED));
    }
    return status ? co_fail(&c->co, err_ref(status)) : co_return(&c->co, NULL, NULL);
    CO_END(&c->co);
}

struct parent_frame {
    struct co co;
    struct script *s;
    struct taskgroup *group; /* owned */
    struct future *leaving;  /* owned */
};

static void parent_drop(void *frame)
{
    struct parent_frame *p = frame;
    future_unref(p->leaving);
    taskgroup_free(p->group);
}

static struct err *add_child(struct parent_frame *p, int i)
{
    struct task *t = NULL;
    struct err *e = taskgroup_create_task(
        p->group, child_step, sizeof(struct child_frame), child_drop, NULL, &t);
    if (!e) {
        struct child_frame *c = task_frame(t);
        c->s = p->s;
        c->i = i;
        task_unref(t);
    }
    return e;
}

static enum co_state parent_step(void *frame, struct err *status)
{
    struct parent_frame *p = frame;
    struct err *const *errors;
    CO_BEGIN(&p->co);
    err_is_none(taskgroup_enter(task_loop(p->co.task), &p->group));
    for (int i = 0; i < 2; i++) {
        if (p->s->child[i]) {
            err_is_none(add_child(p, i));
        }
    }
    if (p->s->body) {
        CO_AWAIT(&p->co, p->s->body);
        if (status && taskgroup_errors(p->group, &errors) > 0) {
            p->s->late = add_child(p, 0); /* aborting */
        }
    }
    p->leaving = taskgroup_exit(p->group, err_ref(status));
    CO_AWAIT(&p->co, p->leaving);
    p->s->nerrors = taskgroup_errors(p->group, &errors);
    p->s->cancelling = task_cancelling(p->co.task);
    if (!p->s->late) {
        p->s->late = add_child(p, 0); /* finished */
    }
    return status ? co_fail(&p->co, err_ref(status)) : co_return(&p->co, NULL, NULL);
    CO_END(&p->co);
}

static struct task *parent(struct loop *l, struct script *s)
{
    struct task *t = task_new(l, parent_step, sizeof(struct parent_frame), parent_drop, NULL);
    ck_assert_ptr_nonnull(t);
    ((struct parent_frame *)task_frame(t))->s = s;
    loop_spin(l, 2); /* the children await */
    return t;
}

static void fails(struct future *f, enum err_kind kind)
{
    err_is_none(future_set_error(f, err_new(kind, NULL, "failed")));
}

struct fixture {
    struct loop *l;
    struct future *a, *b, *body, *gate;
};

static struct fixture fixture(void)
{
    struct loop *l = loop_starts();
    return (struct fixture){l, future_new(l), future_new(l), future_new(l), future_new(l)};
}

static void ends(struct fixture *f, struct task *t, struct script *s)
{
    err_is_kind(s->late, ERR_RUNTIME);
    task_unref(t);
    future_unref(f->a);
    future_unref(f->b);
    future_unref(f->body);
    future_unref(f->gate);
    loop_ends_empty(f->l);
}

START_TEST(conform_61_leaving_waits_for_all)
{
    struct fixture f = fixture();
    struct script s = {.child = {f.a, f.b}};
    struct task *t = parent(f.l, &s);
    loop_spin(f.l, 2);
    ck_assert(!future_done(task_future(t)));
    err_is_none(future_set_result(f.a, NULL, NULL));
    loop_spin(f.l, 4);
    ck_assert(s.child_ended[0] && !future_done(task_future(t)));
    err_is_none(future_set_result(f.b, NULL, NULL));
    loop_completes(f.l, task_future(t));
    err_is_none(future_error(task_future(t)));
    ends(&f, t, &s);
}
END_TEST

START_TEST(conform_61_first_failure_cancels_siblings_and_body)
{
    struct fixture f = fixture();
    struct script s = {.body = f.body, .child = {f.a, f.b}};
    struct task *t = parent(f.l, &s);
    fails(f.a, ERR_IO);
    loop_completes(f.l, task_future(t));
    ck_assert(future_cancelled(f.b) && future_cancelled(f.body));
    ck_assert(s.child_ended[0] && s.child_ended[1]);
    err_is_kind(future_error(task_future(t)), ERR_IO);
    ck_assert_uint_eq(s.cancelling, 0); /* our own cancel of the parent was taken back */
    ck_assert_uint_eq(s.nerrors, 1);
    ends(&f, t, &s);
}
END_TEST

START_TEST(conform_61_failure_while_leaving)
{
    struct fixture f = fixture();
    struct script s = {.child = {f.a, f.b}};
    struct task *t = parent(f.l, &s);
    fails(f.b, ERR_DNS);
    loop_completes(f.l, task_future(t));
    ck_assert(future_cancelled(f.a));
    err_is_kind(future_error(task_future(t)), ERR_DNS);
    ck_assert_uint_eq(s.cancelling, 0);
    ends(&f, t, &s);
}
END_TEST

START_TEST(conform_61_waits_despite_repeated_cancels)
{
    struct fixture f = fixture();
    struct script s = {.child = {f.a, NULL}, .gate = f.gate};
    struct task *t = parent(f.l, &s);
    for (int i = 0; i < 3; i++) {
        ck_assert(task_cancel(t));
        loop_spin(f.l, 3);
        ck_assert(!future_done(task_future(t)));
    }
    ck_assert(future_cancelled(f.a));
    err_is_none(future_set_result(f.gate, NULL, NULL));
    loop_completes(f.l, task_future(t));
    ck_assert(s.child_ended[0]);
    ck_assert(future_cancelled(task_future(t)));
    ck_assert_uint_eq(s.cancelling, 3);
    ends(&f, t, &s);
}
END_TEST

START_TEST(conform_61_errors_outrank_cancellation)
{
    struct fixture f = fixture();
    struct script s = {.child = {f.a, NULL}, .gate = f.gate};
    struct task *t = parent(f.l, &s);
    ck_assert(task_cancel(t));
    loop_spin(f.l, 3);
    fails(f.gate, ERR_IO);
    loop_completes(f.l, task_future(t));
    err_is_kind(future_error(task_future(t)), ERR_IO);
    ends(&f, t, &s);
}
END_TEST

START_TEST(conform_61_a_failing_body_cancels_the_children)
{
    struct fixture f = fixture();
    struct script s = {.body = f.body, .child = {f.a, f.b}};
    struct task *t = parent(f.l, &s);
    fails(f.body, ERR_HTTP);
    loop_completes(f.l, task_future(t));
    ck_assert(future_cancelled(f.a) && future_cancelled(f.b));
    err_is_kind(future_error(task_future(t)), ERR_HTTP);
    ends(&f, t, &s);
}
END_TEST

START_TEST(conform_61_a_childs_error_goes_before_the_bodys)
{
    struct fixture f = fixture();
    struct script s = {.body = f.body, .child = {f.a, NULL}, .gate = f.gate};
    struct task *t = parent(f.l, &s);
    fails(f.body, ERR_HTTP);
    loop_spin(f.l, 3);
    fails(f.gate, ERR_IO);
    loop_completes(f.l, task_future(t));
    err_is_kind(future_error(task_future(t)), ERR_IO);
    ck_assert_uint_eq(s.nerrors, 2);
    ends(&f, t, &s);
}
END_TEST

START_TEST(conform_61_a_cancelled_body_and_child)
{
    struct fixture f = fixture();
    struct script s = {.body = f.body, .child = {f.a, f.b}};
    struct task *t = parent(f.l, &s);
    ck_assert(future_cancel(f.a)); /* a child's own cancellation is nobody's failure */
    loop_spin(f.l, 3);
    ck_assert(s.child_ended[0] && !future_done(f.b));
    ck_assert(task_cancel(t));
    loop_completes(f.l, task_future(t));
    ck_assert(future_cancelled(task_future(t)) && future_cancelled(f.b));
    ck_assert_uint_eq(s.cancelling, 1);
    ends(&f, t, &s);
}
END_TEST

START_TEST(conform_62_no_new_task_when_aborting_or_finished)
{
    struct fixture f = fixture();
    struct script s = {.child = {NULL, NULL}}; /* finished: asked after the end */
    struct task *t = parent(f.l, &s);
    loop_completes(f.l, task_future(t));
    err_is_none(future_error(task_future(t)));
    ck_assert_str_eq(err_message(s.late), "the task group is finished");
    ends(&f, t, &s);

    f = fixture();
    s = (struct script){.body = f.body, .child = {f.a, NULL}};
    t = parent(f.l, &s);
    fails(f.a, ERR_IO);
    loop_completes(f.l, task_future(t));
    ck_assert_str_eq(err_message(s.late), "the task group is shutting down");
    err_is_kind(future_error(task_future(t)), ERR_IO);
    ends(&f, t, &s);
}
END_TEST

START_TEST(conform_62_entering_needs_a_task)
{
    struct loop *l = loop_starts();
    struct taskgroup *g = NULL;
    err_is_kind(taskgroup_enter(l, &g), ERR_RUNTIME);
    loop_ends_empty(l);
}
END_TEST

START_TEST(taskgroup_of_a_destroyed_parent)
{
    struct loop *l = loop_starts();
    struct seen seen = {0};
    loop_set_exception_handler(l, seen_handler, &seen);
    struct future *f = future_new(l);
    struct script s = {.child = {f, f}};
    struct task *t = parent(l, &s);
    task_unref(t);
    err_is_none(loop_close(l));
    ck_assert_uint_eq(seen.count, 3); /* the parent and both children, pending */
    future_unref(f);
    loop_free(l);
}
END_TEST

Suite *conform_taskgroup_suite(void);
Suite *conform_taskgroup_suite(void)
{
    Suite *s = suite_create("conform_taskgroup");
    TCase *tc = tcase_create("taskgroup");
    tcase_add_test(tc, conform_61_leaving_waits_for_all);
    tcase_add_test(tc, conform_61_first_failure_cancels_siblings_and_body);
    tcase_add_test(tc, conform_61_failure_while_leaving);
    tcase_add_test(tc, conform_61_waits_despite_repeated_cancels);
    tcase_add_test(tc, conform_61_errors_outrank_cancellation);
    tcase_add_test(tc, conform_61_a_failing_body_cancels_the_children);
    tcase_add_test(tc, conform_61_a_childs_error_goes_before_the_bodys);
    tcase_add_test(tc, conform_61_a_cancelled_body_and_child);
    tcase_add_test(tc, conform_62_no_new_task_when_aborting_or_finished);
    tcase_add_test(tc, conform_62_entering_needs_a_task);
    tcase_add_test(tc, taskgroup_of_a_destroyed_parent);
    suite_add_tcase(s, tc);
    return s;
}
