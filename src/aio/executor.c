/* SPDX-License-Identifier: MIT */
/*
 * The thread pool.
 *
 *     loop thread                 lock                    pool threads
 *     submit ----------------> [ queue ] ----------------> run fn
 *     deliver <- handle posted [ done  ] <---------------- outcome
 *
 * A job is its future and its work item in one block with two references: the caller's and the
 * pool's. Only the loop's thread touches the future and the references; a pool thread touches fn,
 * arg, value and error between taking the job from `queue` and putting it into `done`. The pool's
 * reference ends with the delivery, or with the cancel of a job that is still queued.
 *
 * Waking a thread costs more than a small job does. So one that is awake is given a few jobs before
 * another is woken; and as a job must not wait behind a long one while threads sleep, a timer looks
 * after PATIENCE whether jobs still wait, and then wakes (or starts) one thread more each time.
 *
 * And a thread that wakes takes nobody's core (SCHED_BATCH): not the loop's, which has more to give
 * out, and not the server's, where that is on the same machine.
 *
 * The handle is posted only by the thread that finds `done` empty, and only its callback empties
 * `done`: so it is never posted while it is queued, and one wake-up serves a batch.
 */
#include "aio/executor.h"

#include "base/alloc.h"
#include "base/trace.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

enum { JOBS_A_THREAD = 8 }; /* that may wait before another thread is woken at once */
#define PATIENCE 0.002      /* seconds */

struct executor {
    struct loop *loop;    /* borrowed */
    struct handle handle; /* delivers; posted from the pool's threads */
    struct timer timer;   /* looks whether jobs wait too long */
    pthread_t *threads;   /* owned; room for max */
    unsigned nthreads, max;
    size_t pending; /* submitted, neither delivered nor cancelled; the loop's thread only */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    /* under the lock */
    struct list queue, done;
    size_t queued;
    unsigned idle;   /* threads that sleep */
    unsigned waking; /* of them, those signalled that have not woken yet */
    bool shut;
};

struct job {
    struct future fut;
    struct list node;    /* in queue, then in done */
    struct executor *ex; /* borrowed; the executor outlives its pending jobs */
    executor_fn fn;
    void *arg;
    void (*drop_arg)(void *);
    void (*drop_value)(void *);
    void *value;
    struct err *error;
    bool queued; /* under the lock */
};

/* -- pool threads ---------------------------------------------------------------------------- */

/* Under the lock, which is released while the job runs. */
static void executor_run(struct executor *ex, struct job *job)
{
    job->queued = false;
    ex->queued--;
    pthread_mutex_unlock(&ex->lock);
    job->error = job->fn(job->arg, &job->value);
    pthread_mutex_lock(&ex->lock);
    bool first = list_empty(&ex->done);
    list_push(&ex->done, &job->node);
    if (first) {
        pthread_mutex_unlock(&ex->lock);
        loop_post_threadsafe(ex->loop, &ex->handle);
        pthread_mutex_lock(&ex->lock);
    }
}

static void *executor_main(void *arg)
{
    struct executor *ex = arg;
    const struct sched_param none = {0};
    (void)pthread_setschedparam(pthread_self(), SCHED_BATCH, &none); /* or as it was */
    pthread_mutex_lock(&ex->lock);
    for (;;) {
        struct list *node = list_pop(&ex->queue);
        if (node) {
            executor_run(ex, container_of(node, struct job, node));
        } else if (ex->shut) {
            break;
        } else {
            ex->idle++;
            pthread_cond_wait(&ex->wake, &ex->lock);
            ex->idle--;
            ex->waking -= ex->waking > 0;
        }
    }
    pthread_mutex_unlock(&ex->lock);
    return NULL;
}

/* Returns an errno. */
static int executor_start_thread(struct executor *ex)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int rc = pthread_create(&ex->threads[ex->nthreads], NULL, executor_main, ex);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (rc == 0) {
        ex->nthreads++;
        trace_put(loop_trace(ex->loop), TRACE_EXECUTOR, "thread %u of %u", ex->nthreads, ex->max);
    }
    return rc;
}

/* -- outcomes -------------------------------------------------------------------------------- */

static void job_drop_arg(struct job *job)
{
    if (job->drop_arg) {
        job->drop_arg(job->arg);
    }
    job->drop_arg = NULL;
}

static void job_drop_value(struct job *job)
{
    if (job->drop_value && job->value) {
        job->drop_value(job->value);
    }
}

static void job_deliver(struct job *job)
{
    job->ex->pending--;
    job_drop_arg(job);
    if (job->error) {
        job_drop_value(job);
        err_unref(future_set_error(&job->fut, job->error));
    } else {
        err_unref(future_set_result(&job->fut, job->value, job->drop_value));
    }
    future_unref(&job->fut);
}

static struct err *executor_deliver(void *arg)
{
    struct executor *ex = arg;
    struct list batch;
    list_init(&batch);
    pthread_mutex_lock(&ex->lock);
    list_splice(&batch, &ex->done);
    pthread_mutex_unlock(&ex->lock);
    struct list *node;
    while ((node = list_pop(&batch)) != NULL) {
        job_deliver(container_of(node, struct job, node));
    }
    return NULL;
}

/* Queued work is taken back; running work goes on, and its outcome finds the future done. */
static bool job_cancel(struct future *f)
{
    struct job *job = (struct job *)f;
    struct executor *ex = job->ex;
    pthread_mutex_lock(&ex->lock);
    bool queued = job->queued;
    if (queued) {
        job->queued = false;
        list_remove(&job->node);
        ex->queued--;
    }
    pthread_mutex_unlock(&ex->lock);
    if (queued) {
        ex->pending--;
        job_drop_arg(job);
    }
    future_set_cancelled(f);
    if (queued) {
        future_unref(f);
    }
    return true;
}

static const struct future_ops job_ops = {"executor", job_cancel, NULL};

/* -- submitting ------------------------------------------------------------------------------ */

static struct job *job_new(struct executor *ex, executor_fn fn, void *arg)
{
    struct job *job = mem_new(sizeof *job);
    if (!job) {
        return NULL;
    }
    future_init(&job->fut, ex->loop, &job_ops);
    list_init(&job->node);
    job->ex = ex;
    job->fn = fn;
    job->arg = arg;
    job->queued = true;
    return job;
}

/* One thread more goes to work: a sleeping one is woken, else one is started. Returns an errno. */
static int executor_reinforce(struct executor *ex)
{
    pthread_mutex_lock(&ex->lock);
    const bool idle = ex->idle > ex->waking;
    ex->waking += idle;
    pthread_mutex_unlock(&ex->lock);
    if (idle) {
        pthread_cond_signal(&ex->wake);
        return 0;
    }
    return ex->nthreads < ex->max ? executor_start_thread(ex) : 0;
}

static struct err *on_patience(void *arg)
{
    struct executor *ex = arg;
    pthread_mutex_lock(&ex->lock);
    const bool waiting = !list_empty(&ex->queue);
    const bool all_at_work = ex->nthreads == ex->max && ex->idle == ex->waking;
    pthread_mutex_unlock(&ex->lock);
    if (!waiting || all_at_work) {
        return NULL;
    }
    (void)executor_reinforce(ex); /* without more threads those that there are do it */
    return timer_start_after(ex->loop, &ex->timer, PATIENCE);
}

/* Queues the job and sees to it that a thread takes it. Returns an errno. */
static int executor_enqueue(struct executor *ex, struct job *job)
{
    pthread_mutex_lock(&ex->lock);
    list_push(&ex->queue, &job->node);
    ex->queued++;
    const size_t at_work = ex->nthreads - ex->idle + ex->waking;
    const bool all_at_work = at_work == ex->max;
    const bool enough = ex->queued <= at_work * JOBS_A_THREAD;
    pthread_mutex_unlock(&ex->lock);
    if (all_at_work) {
        return 0;
    }
    if (enough && timer_active(&ex->timer)) {
        return 0;
    }
    if (enough) {
        struct err *error = timer_start_after(ex->loop, &ex->timer, PATIENCE);
        if (!error) {
            return 0;
        }
        err_unref(error);
    }
    int rc = executor_reinforce(ex);
    if (rc == 0 || ex->nthreads > 0) {
        return 0;
    }
    /* No thread at all: nobody else can have touched the queue. */
    list_remove(&job->node);
    ex->queued--;
    return rc;
}

static struct err *executor_try_submit(
    struct executor *ex, executor_fn fn, void *arg, struct job **out)
{
    if (ex->shut) {
        return err_new(ERR_RUNTIME, NULL, "cannot submit work after the executor's shutdown");
    }
    struct job *job = job_new(ex, fn, arg);
    if (!job) {
        return err_plain(ERR_NOMEM);
    }
    future_ref(&job->fut); /* the pool's */
    int rc = executor_enqueue(ex, job);
    if (rc) {
        future_unref(&job->fut);
        future_unref(&job->fut);
        return err_errno(ERR_RUNTIME, rc, "cannot start a thread");
    }
    ex->pending++;
    *out = job;
    return NULL;
}

struct future *executor_submit(struct executor *ex, executor_fn fn, void *arg,
    void (*drop_arg)(void *), void (*drop_value)(void *), struct err **error)
{
    struct job *job = NULL;
    *error = executor_try_submit(ex, fn, arg, &job);
    if (!job) {
        if (drop_arg) {
            drop_arg(arg);
        }
        return NULL;
    }
    job->drop_arg = drop_arg;
    job->drop_value = drop_value;
    return &job->fut;
}

/* -- life ------------------------------------------------------------------------------------ */

struct executor *executor_new(struct loop *l, unsigned threads)
{
    struct executor *ex = mem_new(sizeof *ex);
    if (!ex) {
        return NULL;
    }
    ex->max = threads > 0 ? threads : 1;
    ex->threads = mem_array(NULL, ex->max, sizeof *ex->threads);
    if (!ex->threads) {
        free(ex);
        return NULL;
    }
    ex->loop = l;
    handle_init(&ex->handle, executor_deliver, ex);
    timer_init(&ex->timer, on_patience, ex);
    pthread_mutex_init(&ex->lock, NULL);
    pthread_cond_init(&ex->wake, NULL);
    list_init(&ex->queue);
    list_init(&ex->done);
    return ex;
}

void executor_shutdown(struct executor *ex)
{
    pthread_mutex_lock(&ex->lock);
    ex->shut = true;
    pthread_mutex_unlock(&ex->lock);
    pthread_cond_broadcast(&ex->wake);
}

void executor_free(struct executor *ex)
{
    if (!ex) {
        return;
    }
    executor_shutdown(ex);
    timer_stop(&ex->timer);
    for (unsigned i = 0; i < ex->nthreads; i++) {
        pthread_join(ex->threads[i], NULL);
    }
    /* The threads' posts may still be on their way through the loop's inbox. */
    handle_cancel(&ex->handle);
    err_unref(executor_deliver(ex));
    pthread_cond_destroy(&ex->wake);
    pthread_mutex_destroy(&ex->lock);
    free(ex->threads);
    free(ex);
}

unsigned executor_threads(struct executor *ex)
{
    return ex->nthreads;
}

size_t executor_pending(struct executor *ex)
{
    return ex->pending;
}

unsigned executor_default_threads(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned n = cores > 0 ? (unsigned)cores + 4 : 5;
    return n < 32 ? n : 32;
}
