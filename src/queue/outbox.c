/* SPDX-License-Identifier: MIT */
/*
 *   add -> waiting -> sent, up to WINDOW without an answer -> answered, the oldest first
 *            ^_______ all that were sent, when the connection is lost
 */
#include "queue/outbox.h"

#include "aio/task.h"
#include "base/alloc.h"
#include "queue/await_new.h"

#include <assert.h>
#include <stdlib.h>

enum { WINDOW = 256 };

struct letter {
    struct list node;       /* in waiting, or in sent */
    struct redis_args args; /* owned */
    struct future *reply;   /* owned; while it is in sent */
    unsigned times;         /* sent */
    outbox_fn fn;
    void *arg;
};

struct outbox {
    struct loop *loop; /* borrowed, as the link */
    struct link *link;
    struct list waiting, sent;
    size_t nsent, count;
    struct task *task;    /* owned; NULL: not started */
    struct future *wake;  /* borrowed from the task: something was added */
    struct future *lower; /* referenced: somebody waits for the count to go down... */
    size_t lower_most;    /* ...to this */
    struct err *error;    /* owned */
};

struct sending {
    struct co co;
    struct outbox *box;  /* borrowed */
    struct future *wait; /* owned */
};

struct outbox *outbox_new(struct loop *l, struct link *link)
{
    struct outbox *o = mem_new(sizeof(*o));
    if (o) {
        o->loop = l;
        o->link = link;
        list_init(&o->waiting);
        list_init(&o->sent);
    }
    return o;
}

static void letter_free(struct letter *m)
{
    redis_args_fini(&m->args);
    future_unref(m->reply);
    free(m);
}

static void free_all(struct list *letters)
{
    struct list *node;
    while ((node = list_pop(letters))) {
        letter_free(container_of(node, struct letter, node));
    }
}

void outbox_free(struct outbox *o)
{
    if (o) {
        free_all(&o->waiting);
        free_all(&o->sent);
        task_unref(o->task);
        future_unref(o->lower);
        err_unref(o->error);
        free(o);
    }
}

static void complete(struct future *f)
{
    if (f && !future_done(f)) {
        err_unref(future_set_result(f, NULL, NULL));
    }
}

static void check_lower(struct outbox *o)
{
    if (o->lower && (o->count <= o->lower_most || o->error)) {
        complete(o->lower);
        future_unref(o->lower);
        o->lower = NULL;
    }
}

struct err *outbox_add(struct outbox *o, struct redis_args *args, outbox_fn fn, void *arg)
{
    struct letter *m = args->failed ? NULL : mem_new(sizeof(*m));
    if (!m) {
        redis_args_fini(args);
        return err_plain(ERR_NOMEM);
    }
    m->args = *args;
    redis_args_init(args);
    m->fn = fn;
    m->arg = arg;
    list_push(&o->waiting, &m->node);
    o->count++;
    complete(o->wake);
    return NULL;
}

size_t outbox_count(const struct outbox *o)
{
    return o->count;
}

struct future *outbox_down_to(struct outbox *o, size_t most)
{
    if (o->lower && future_done(o->lower)) { /* who waited gave up */
        future_unref(o->lower);
        o->lower = NULL;
    }
    assert(!o->lower);
    struct future *f = future_new(o->loop);
    if (f) {
        o->lower = future_ref(f);
        o->lower_most = most;
        check_lower(o);
    }
    return f;
}

struct err *outbox_error(const struct outbox *o)
{
    return o->error;
}

/* -- sending ------------------------------------------------------------------------------- */

/* Everything without an answer is to be sent again, in its order. */
static void take_back(struct outbox *o)
{
    list_for_each (node, &o->sent) {
        struct letter *m = container_of(node, struct letter, node);
        future_unref(m->reply);
        m->reply = NULL;
    }
    list_splice_front(&o->waiting, &o->sent);
    o->nsent = 0;
}

/* False when memory ran out. */
static bool fill_window(struct outbox *o)
{
    struct redis *redis = link_redis(o->link);
    while (redis && o->nsent < WINDOW && !list_empty(&o->waiting)) {
        struct letter *m = container_of(o->waiting.next, struct letter, node);
        m->reply = redis_send(redis, &m->args);
        if (!m->reply) {
            return false;
        }
        m->times++;
        list_remove(&m->node);
        list_push(&o->sent, &m->node);
        o->nsent++;
    }
    return true;
}

static struct letter *oldest(struct outbox *o)
{
    return list_empty(&o->sent) ? NULL : container_of(o->sent.next, struct letter, node);
}

/* The oldest was answered, or its answer will not come. */
static void take_answer(struct outbox *o, struct err *status)
{
    struct letter *m = oldest(o);
    struct outbox_answer answer = {.error = status, .again = m->times > 1};
    if (status && link_mends(o->link, status)) {
        take_back(o);
        return;
    }
    void *reply = NULL;
    if (!status) {
        link_works(o->link);
        err_unref(future_result(m->reply, &reply));
    }
    answer.reply = reply;
    list_remove(&m->node);
    o->nsent--;
    o->count--;
    if (m->fn) {
        m->fn(m->arg, &answer);
    }
    letter_free(m);
    check_lower(o);
}

static void sending_drop(void *frame)
{
    struct sending *s = frame;
    s->box->wake = NULL;
    future_unref(s->wait);
}

static enum co_state fail(struct sending *s, struct err *error)
{
    s->box->error = err_ref(error);
    check_lower(s->box);
    return co_fail(&s->co, error);
}

static enum co_state sending_step(void *frame, struct err *status)
{
    struct sending *s = frame;
    struct outbox *o = s->box;

    CO_BEGIN(&s->co);
    for (;;) {
        if (list_empty(&o->waiting) && !oldest(o)) {
            AWAIT_NEW(s, o->wake = future_new(o->loop));
            o->wake = NULL;
            if (status) {
                return co_fail(&s->co, err_ref(status));
            }
        }
        if (!oldest(o)) {
            AWAIT_NEW(s, link_up(o->link));
            if (status) {
                return fail(s, err_ref(status));
            }
        }
        if (!fill_window(o)) {
            return fail(s, err_plain(ERR_NOMEM));
        }
        if (!oldest(o)) {
            continue; /* lost as soon as it was up */
        }
        AWAIT_NEW(s, future_ref(oldest(o)->reply));
        if (err_is(status, ERR_CANCELLED)) {
            return co_fail(&s->co, err_ref(status));
        }
        take_answer(o, status);
    }
    CO_END(&s->co);
}

struct err *outbox_start(struct outbox *o)
{
    o->task =
        task_new(o->loop, sending_step, sizeof(struct sending), sending_drop, "write to Redis");
    if (!o->task) {
        return err_plain(ERR_NOMEM);
    }
    ((struct sending *)task_frame(o->task))->box = o;
    return NULL;
}

struct future *outbox_stop(struct outbox *o)
{
    if (!o->task) {
        return NULL;
    }
    task_cancel(o->task);
    return future_ref(task_future(o->task));
}
