/* SPDX-License-Identifier: MIT */
/*
 * run_coroutine_threadsafe.
 *
 * Two sides own a remote: the caller's thread, until remote_free, and the loop's, from the call
 * until the future is done. Who leaves last frees it. A loop that is closed without having run
 * drops its callbacks unseen; then nobody answers, as in asyncio.
 */
#include "aio/threadsafe.h"

#include "base/alloc.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct remote {
    struct loop *loop; /* borrowed */
    remote_start_fn start;
    void *arg;
    struct handle cancelling; /* posted from the caller's thread */
    struct future *fut;       /* a reference; the loop's thread only */
    struct future_cb cb;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* under the lock */
    unsigned owners;
    bool done;
    void *value; /* owned through drop_value */
    void (*drop_value)(void *);
    struct err *error; /* owned */
};

/* Called with the lock held, which is released. */
static void remote_leave(struct remote *r)
{
    bool last = --r->owners == 0;
    pthread_mutex_unlock(&r->lock);
    if (!last) {
        return;
    }
    if (r->value && r->drop_value) {
        r->drop_value(r->value);
    }
    err_unref(r->error);
    pthread_cond_destroy(&r->changed);
    pthread_mutex_destroy(&r->lock);
    free(r);
}

/* -- the loop's thread ----------------------------------------------------------------------- */

/* Takes error over. */
static void remote_finish(struct remote *r, struct err *error)
{
    pthread_mutex_lock(&r->lock);
    handle_cancel(&r->cancelling); /* under the lock, and for good: it is posted only until done */
    r->done = true;
    r->error = error;
    if (!error) {
        r->drop_value = r->fut->drop_value;
        r->value = future_take(r->fut);
    }
    future_unref(r->fut);
    r->fut = NULL;
    pthread_cond_broadcast(&r->changed);
    remote_leave(r);
}

static struct err *remote_on_done(struct future *f, void *arg)
{
    struct err *e = future_error(f), *copy = NULL;
    if (e) { /* its references are counted on this thread only: the caller gets its own */
        copy = err_copy(e);
        err_unref(e);
    }
    remote_finish(arg, copy);
    return NULL;
}

static struct err *remote_on_start(void *arg)
{
    struct remote *r = arg;
    r->fut = r->start(r->loop, r->arg);
    if (r->fut) {
        future_watch(r->fut, &r->cb, remote_on_done, r);
    } else {
        remote_finish(r, err_plain(ERR_NOMEM));
    }
    return NULL;
}

static struct err *remote_on_cancel(void *arg)
{
    struct remote *r = arg;
    future_cancel(r->fut);
    return NULL;
}

/* -- the caller's thread --------------------------------------------------------------------- */

struct err *run_threadsafe(struct loop *l, remote_start_fn start, void *arg, struct remote **out)
{
    struct remote *r = mem_new(sizeof *r);
    if (!r) {
        return err_plain(ERR_NOMEM);
    }
    r->loop = l;
    r->start = start;
    r->arg = arg;
    r->owners = 2;
    handle_init(&r->cancelling, remote_on_cancel, r);
    pthread_mutex_init(&r->lock, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&r->changed, &attr);
    pthread_condattr_destroy(&attr);
    struct err *e = loop_call_soon_threadsafe(l, remote_on_start, r);
    if (e) {
        r->owners = 1;
        remote_free(r);
        return e;
    }
    *out = r;
    return NULL;
}

static struct timespec remote_deadline(double seconds)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    double whole = seconds < 1e9 ? seconds : 1e9;
    t.tv_sec += (time_t)whole;
    t.tv_nsec += (long)((whole - (double)(time_t)whole) * 1e9);
    if (t.tv_nsec >= 1000000000L) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000L;
    }
    return t;
}

struct err *remote_result(struct remote *r, double seconds, void **value)
{
    struct timespec deadline = remote_deadline(seconds < 0 ? 0 : seconds);
    struct err *e = NULL;
    pthread_mutex_lock(&r->lock);
    while (!r->done) {
        if (seconds < 0) {
            pthread_cond_wait(&r->changed, &r->lock);
        } else if (pthread_cond_timedwait(&r->changed, &r->lock, &deadline) == ETIMEDOUT) {
            break;
        }
    }
    if (!r->done) {
        e = err_plain(ERR_TIMEOUT);
    } else if (r->error) {
        e = err_ref(r->error);
    } else if (value) {
        *value = r->value;
    }
    pthread_mutex_unlock(&r->lock);
    return e;
}

void remote_cancel(struct remote *r)
{
    pthread_mutex_lock(&r->lock);
    if (!r->done) {
        loop_post_threadsafe(r->loop, &r->cancelling);
    }
    pthread_mutex_unlock(&r->lock);
}

void remote_free(struct remote *r)
{
    if (r) {
        pthread_mutex_lock(&r->lock);
        remote_leave(r);
    }
}
