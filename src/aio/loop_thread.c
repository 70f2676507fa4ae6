/* SPDX-License-Identifier: MIT */
/*
 * A loop in a thread of its own, and futures here for work there.
 *
 * A work is touched by one side at a time: by here until `starting` is posted, by there from then
 * on until it posts `ended`, its last touch; then by here again. Both sides use only `stopping` and
 * `over`, and the posting of `cancelling`, which are under the lock: it is posted only while the
 * work is not over, and being over takes it out of there's queue.
 *
 * home is the only poster, and posts to there come in order: when `stop` runs there, every work
 * that will ever be is in under_way.
 */
#include "aio/loop_thread.h"

#include "base/alloc.h"
#include "base/trace.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

struct loop_thread {
    struct loop *home;  /* borrowed */
    struct loop *there; /* owned */
    pthread_t id;
    bool running, stopped;
    struct list here;      /* of struct elsewhere.node_here: not completed; home's thread only */
    struct list under_way; /* of struct elsewhere.node_there; the thread's only */
    struct handle stop;    /* posted to there */
    bool ending;           /* the thread's: it ends when nothing is under way */
    pthread_mutex_t lock;
};

/* -- there --------------------------------------------------------------------------------- */

static void leave(struct elsewhere *w)
{
    struct loop_thread *t = w->thread;

    if (w->ops->leaving) {
        w->ops->leaving(w);
    }
    list_remove(&w->node_there);
    const bool last = t->ending && list_empty(&t->under_way);
    pthread_mutex_lock(&t->lock);
    handle_cancel(&w->cancelling);
    w->over = true;
    pthread_mutex_unlock(&t->lock);
    loop_post_threadsafe(t->home, &w->ended);
    if (last) {
        loop_stop(t->there);
    }
}

static struct err *on_inner_done(struct future *f, void *arg)
{
    struct elsewhere *w = arg;
    struct err *e = future_error(f);

    if (e) { /* others may hold it: references are counted on one thread only */
        w->error = err_copy(e);
        err_unref(e);
    } else {
        w->drop_value = f->drop_value;
        w->value = future_take(f);
    }
    future_unref(w->inner);
    w->inner = NULL;
    leave(w);
    return NULL;
}

static struct err *on_starting(void *arg)
{
    struct elsewhere *w = arg;
    struct loop_thread *t = w->thread;

    pthread_mutex_lock(&t->lock);
    const bool stopping = w->stopping;
    pthread_mutex_unlock(&t->lock);
    list_push(&t->under_way, &w->node_there);
    if (stopping) {
        w->error = err_plain(ERR_CANCELLED);
    } else {
        w->inner = w->ops->start(t->there, w, &w->error);
    }
    if (w->inner) {
        future_watch(w->inner, &w->inner_done, on_inner_done, w);
    } else {
        leave(w);
    }
    return NULL;
}

static struct err *on_cancelling(void *arg)
{
    struct elsewhere *w = arg;

    if (w->inner) {
        future_cancel(w->inner);
    }
    return NULL;
}

static struct err *on_stop(void *arg)
{
    struct loop_thread *t = arg;

    t->ending = true;
    list_for_each_safe (node, &t->under_way) {
        struct elsewhere *w = container_of(node, struct elsewhere, node_there);
        future_cancel(w->inner);
    }
    if (list_empty(&t->under_way)) {
        loop_stop(t->there);
    }
    return NULL;
}

static void *thread_main(void *arg)
{
    struct loop_thread *t = arg;

    (void)pthread_setname_np(pthread_self(), "loop"); /* for top -H and the like */
    err_unref(loop_run_forever(t->there));
    return NULL;
}

/* -- here ---------------------------------------------------------------------------------- */

static void drop_outcome(struct elsewhere *w)
{
    if (w->value && w->drop_value) {
        w->drop_value(w->value);
    }
    w->value = NULL;
    err_unref(w->error);
    w->error = NULL;
}

static struct err *on_ended(void *arg)
{
    struct elsewhere *w = arg;
    struct err *instead = w->ops->arriving ? w->ops->arriving(w) : NULL;

    list_remove(&w->node_here);
    if (instead || w->cancelled) {
        drop_outcome(w);
    }
    if (w->cancelled) {
        err_unref(instead);
        future_set_cancelled(&w->future);
    } else if (instead || w->error) {
        struct err *e = instead ? instead : w->error;
        w->error = NULL;
        err_unref(future_set_error(&w->future, e));
    } else {
        void *value = w->value;
        w->value = NULL;
        err_unref(future_set_result(&w->future, value, w->drop_value));
    }
    future_unref(&w->future);
    return NULL;
}

void elsewhere_stop(struct elsewhere *w)
{
    struct loop_thread *t = w->thread;

    pthread_mutex_lock(&t->lock);
    if (!w->over && !w->stopping) {
        w->stopping = true;
        loop_post_threadsafe(t->there, &w->cancelling);
    }
    pthread_mutex_unlock(&t->lock);
}

bool elsewhere_cancel(struct future *f)
{
    struct elsewhere *w = (struct elsewhere *)f;

    w->cancelled = true;
    elsewhere_stop(w);
    return true;
}

struct err *elsewhere_start(struct loop_thread *t, struct elsewhere *w,
    const struct elsewhere_ops *ops, struct future **out)
{
    *out = NULL;
    struct err *e = loop_thread_start(t);
    if (e) {
        return e;
    }
    future_init(&w->future, t->home, &ops->future);
    w->ops = ops;
    w->thread = t;
    list_init(&w->node_there);
    handle_init(&w->starting, on_starting, w);
    handle_init(&w->cancelling, on_cancelling, w);
    handle_init(&w->ended, on_ended, w);
    list_push(&t->here, &w->node_here);
    *out = future_ref(&w->future);
    loop_post_threadsafe(t->there, &w->starting);
    return NULL;
}

/* -- the plain form ------------------------------------------------------------------------ */

struct plain {
    struct elsewhere work; /* first */
    struct future *(*start)(struct loop *there, void *arg);
    void *arg;
};

static struct future *plain_start(struct loop *there, struct elsewhere *w, struct err **error)
{
    const struct plain *p = (struct plain *)w;
    struct future *f = p->start(there, p->arg);

    *error = f ? NULL : err_plain(ERR_NOMEM);
    return f;
}

struct future *run_elsewhere(struct loop_thread *t,
    struct future *(*start)(struct loop *there, void *arg), void *arg, struct err **error)
{
    static const struct elsewhere_ops ops = {
        .future = {.kind = "elsewhere", .cancel = elsewhere_cancel}, .start = plain_start};
    struct plain *p = mem_new(sizeof *p);
    struct future *f = NULL;

    if (!p) {
        *error = err_plain(ERR_NOMEM);
        return NULL;
    }
    p->start = start;
    p->arg = arg;
    *error = elsewhere_start(t, &p->work, &ops, &f);
    if (*error) {
        free(p);
    }
    return f;
}

/* -- life ---------------------------------------------------------------------------------- */

struct loop_thread *loop_thread_new(struct loop *home, const struct trace *trace)
{
    struct loop_thread *t = mem_new(sizeof *t);

    if (!t) {
        return NULL;
    }
    t->there = loop_new(LOOP_PLAIN, trace);
    if (!t->there) {
        free(t);
        return NULL;
    }
    t->home = home;
    loop_set_debug(t->there, loop_debug(home));
    list_init(&t->here);
    list_init(&t->under_way);
    handle_init(&t->stop, on_stop, t);
    pthread_mutex_init(&t->lock, NULL);
    return t;
}

struct loop *loop_thread_loop(struct loop_thread *t)
{
    return t->there;
}

struct err *loop_thread_start(struct loop_thread *t)
{
    sigset_t all, old;

    if (t->stopped) {
        return err_new(ERR_RUNTIME, NULL, "the loop's thread has ended");
    }
    if (t->running) {
        return NULL;
    }
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int rc = pthread_create(&t->id, NULL, thread_main, t);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (rc) {
        return err_errno(ERR_RUNTIME, rc, "cannot start a thread for a loop");
    }
    t->running = true;
    trace_put(loop_trace(t->home), TRACE_LOOP, "a loop in its own thread");
    return NULL;
}

void loop_thread_stop(struct loop_thread *t)
{
    t->stopped = true;
    if (!t->running) {
        return;
    }
    loop_post_threadsafe(t->there, &t->stop);
    pthread_join(t->id, NULL);
    t->running = false;
    while (!list_empty(&t->here)) {
        struct elsewhere *w = container_of(t->here.next, struct elsewhere, node_here);
        handle_cancel(&w->ended);
        err_unref(on_ended(w));
    }
}

void loop_thread_free(struct loop_thread *t)
{
    if (!t) {
        return;
    }
    loop_thread_stop(t);
    loop_free(t->there);
    pthread_mutex_destroy(&t->lock);
    free(t);
}
