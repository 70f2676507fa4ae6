/* SPDX-License-Identifier: MIT */
/* What the files of the loop share: loop.c, handle.c, timer.c, inbox.c, watch.c, signal.c,
 * report.c, and the futures and tasks that live on it. */
#ifndef AIO_LOOP_PRIVATE_H
#define AIO_LOOP_PRIVATE_H

#include "aio/loop.h"
#include "aio/task.h"
#include "base/alloc.h"

#include <ev.h>
#include <pthread.h>

struct loop {
    struct ev_loop *ev; /* owned */
    enum loop_kind kind;
    bool running, stopping, closed, debug;
    bool sealed;               /* closed, and its tasks are destroyed: posting is ignored */
    const struct trace *trace; /* borrowed, may be NULL */

    struct list ready; /* of struct handle: the next iteration's */
    struct list batch; /* the snapshot being run, empty between iterations */

    struct heap timers;      /* of struct timer, the earliest first */
    uint64_t timer_seq;      /* given to the last timer started */
    size_t timers_cancelled; /* heap-made ones that are still in `timers` */
    struct ev_timer alarm;   /* wakes the poll for the earliest timer */
    double alarm_at;         /* the deadline `alarm` was set for, if `alarm_set` */
    bool alarm_set;

    pthread_mutex_t inbox_lock; /* guards inbox, inbox_closed and the sending of `wake` */
    struct list inbox;          /* of struct handle, from other threads */
    bool inbox_full;            /* atomic: inbox is not empty */
    bool inbox_closed;
    struct ev_async wake;

    struct list watches; /* of struct watch, owned by their makers */
    size_t nwatches;
    struct list signals; /* of struct signal_watch, owned */

    struct list tasks; /* of struct task, unfinished, one reference each; oldest first */
    size_t ntasks;
    struct task *current; /* borrowed: the task whose step is running */
    uint64_t task_seq;    /* number of the last task made */

    size_t futures; /* not yet destroyed, tasks included */
    struct mem_pool handle_pool, future_pool, callback_pool;

    exception_handler_fn handler; /* NULL: the default one */
    void *handler_arg;
};

/* handle.c. The pending end of a handle that will not run: frees a heap-made one, drops the
 * reference of a done callback. Unlinked already. */
void loop__drop_handle(struct loop *l, struct handle *h);
void loop__drop_handles(struct loop *l, struct list *handles);
/* Runs h, which was unlinked, and ends it. */
void loop__run_handle(struct loop *l, struct handle *h);
/* As loop_post, but h runs next in this very iteration. */
void loop__post_now(struct loop *l, struct handle *h);
/* Takes an embedded handle out of whichever queue it is in. */
void loop__unqueue(struct handle *h);

static inline bool loop__queued(const struct handle *h)
{
    return __atomic_load_n(&h->queued, __ATOMIC_ACQUIRE);
}

static inline void loop__set_queued(struct handle *h, bool queued)
{
    __atomic_store_n(&h->queued, queued, __ATOMIC_RELEASE);
}

/* timer.c. */
void loop__timers_init(struct loop *l);
void loop__timers_fini(struct loop *l); /* drops every timer */
void loop__timers_prune(struct loop *l);
bool loop__timers_arm(struct loop *l); /* false if the earliest is due: do not block */
void loop__timers_queue_due(struct loop *l);

/* inbox.c. */
void loop__inbox_init(struct loop *l);
void loop__inbox_close(struct loop *l); /* drops what is in it; nothing gets in any more */
void loop__inbox_fini(struct loop *l);
void loop__inbox_take(struct loop *l); /* moves what is in it to the ready queue */
size_t loop__inbox_count(struct loop *l);

static inline bool loop__inbox_full(const struct loop *l)
{
    return __atomic_load_n(&l->inbox_full, __ATOMIC_ACQUIRE);
}

/* signal.c. */
void loop__signals_fini(struct loop *l);

/* report.c. */
void loop__report_default(const char *message, struct err *e, const char *what);

/* future.c. The HANDLE_DONE h, unlinked from the ready queue: run it, or end it without. */
struct err *future__run_callback(struct handle *h);
void future__drop_callback(struct handle *h);
/* Ends f; its callbacks are queued, or (now) run in the current iteration already. */
void future__complete(struct future *f, enum future_state state, bool now);

/* task.c. Reports and destroys what is unfinished. */
void task__destroy_all(struct loop *l);
/* The task whose step h is, referenced, or NULL. */
struct task *task__of_handle(const struct handle *h);

#endif
