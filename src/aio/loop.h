/* SPDX-License-Identifier: MIT */
/*
 * The event loop (asyncio: base_events.py, events.py) on libev.
 *
 * One iteration, exactly as asyncio's _run_once: poll (not blocking while anything is ready or the
 * loop is stopping, else until the earliest timer), queue the callbacks of ready descriptors, queue
 * due timers, then run the snapshot of the ready queue. Foreign callbacks (libev, libcurl) only
 * enqueue; logic runs from the ready queue.
 *
 * A callback returns NULL or an error; an error goes to the loop's exception handler and the loop
 * goes on. Everything here belongs to the loop's thread but loop_post_threadsafe and
 * loop_call_soon_threadsafe.
 */
#ifndef AIO_LOOP_H
#define AIO_LOOP_H

#include "base/err.h"
#include "base/heap.h"
#include "base/list.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct ev_loop; /* libev's; only src/aio and net/multi_sockets.c look inside */
struct future;
struct loop;
struct task;
struct trace;

/* A callback. The error it returns is owned by the loop from then on. */
typedef struct err *(*loop_fn)(void *arg);

/* -- handles ------------------------------------------------------------------------------- */

enum handle_kind { HANDLE_PLAIN, HANDLE_TIMER, HANDLE_DONE }; /* what it is the head of */

/* A callback in the ready queue (asyncio.Handle). Embed one and post it without allocating, or let
 * loop_call_soon make one. The fields are the loop's; set them by handle_init. */
struct handle {
    struct list node;
    union {
        loop_fn fn;
        struct err *(*done_fn)(struct future *f, void *arg); /* of a struct future_cb */
    };
    void *arg;
    struct loop *loop;  /* borrowed; set once posted */
    bool queued;        /* in the ready queue or the inbox; atomic, see inbox.c */
    bool cancelled;     /* heap-made ones only: dropped when their turn comes */
    bool heap;          /* made by loop_call_soon: the loop frees it once run or dropped */
    unsigned char kind; /* enum handle_kind */
    bool shared;        /* posted by another thread: unlinked under the inbox's lock */
};

void handle_init(struct handle *h, loop_fn fn, void *arg);

/* Drops the callback; idempotent; works before and after it was queued. An embedded handle is out
 * of the queue when this returns, and may be posted anew. A heap-made one stays valid until its
 * iteration is over, so that cancelling it twice is harmless. */
void handle_cancel(struct handle *h);

/* A callback at a time (asyncio.TimerHandle). Embedded like a handle. */
struct timer {
    struct handle h;
    struct heap_node node;
    double when;  /* loop_time() seconds */
    uint64_t seq; /* equal times run in the order of scheduling */
    bool pending; /* scheduled and not yet due */
};

void timer_init(struct timer *t, loop_fn fn, void *arg);
bool timer_active(const struct timer *t); /* scheduled, or due and queued */

/* -- life ---------------------------------------------------------------------------------- */

enum loop_kind {
    LOOP_MAIN, /* libev's default loop: signals and children; at most one at a time */
    LOOP_PLAIN,
};

/* NULL when memory or descriptors ran out. trace: borrowed, may be NULL, outlives the loop. */
struct loop *loop_new(enum loop_kind kind, const struct trace *trace);

/* Refuses a running loop (ERR_RUNTIME). Idempotent. Drops every queued callback and timer; tasks
 * still pending are reported to the exception handler and destroyed. */
struct err *loop_close(struct loop *l);

/* "libev/4.33", appended. */
void loop_add_version(struct buf *b);

/* Closes if need be and frees; NULL is ignored. Never call it on a running loop. Futures must all
 * be gone: debug builds assert it. */
void loop_free(struct loop *l);

/* Runs until loop_stop(). ERR_RUNTIME if running or closed. */
struct err *loop_run_forever(struct loop *l);

/* Runs until fut is done; ERR_RUNTIME if the loop was stopped before. The future's own outcome
 * stays in the future. fut: borrowed. */
struct err *loop_run_until_complete(struct loop *l, struct future *fut);

/* The current iteration is finished, then run returns. */
void loop_stop(struct loop *l);
bool loop_running(const struct loop *l);
bool loop_closed(const struct loop *l);

/* -- callbacks ----------------------------------------------------------------------------- */

/* Queues fn(arg) for the next iteration. out: the handle (borrowed, valid until the iteration in
 * which it would run is over), may be NULL. ERR_RUNTIME on a closed loop, ERR_NOMEM. */
struct err *loop_call_soon(struct loop *l, loop_fn fn, void *arg, struct handle **out);

/* The same from any thread; wakes a blocked poll; FIFO for each calling thread. */
struct err *loop_call_soon_threadsafe(struct loop *l, loop_fn fn, void *arg);

/* An embedded handle: no allocation, never fails while the loop is open (on a closed loop it is
 * ignored). Posting a queued handle again is ignored. One handle is posted in one of the two ways,
 * always the same. */
void loop_post(struct loop *l, struct handle *h);
void loop_post_threadsafe(struct loop *l, struct handle *h);

/* Seconds on the loop's clock (CLOCK_MONOTONIC), read anew at each call. */
double loop_time(struct loop *l);

/* Timers at loop_time() `when`. Restarting an active timer moves it. ERR_NOMEM, ERR_RUNTIME. */
struct err *timer_start(struct loop *l, struct timer *t, double when);
struct err *timer_start_after(struct loop *l, struct timer *t, double seconds);
void timer_stop(struct timer *t); /* idempotent */

/* Heap-made timers; the loop frees them after they ran, or some time after timer_cancel. */
struct err *loop_call_at(struct loop *l, double when, loop_fn fn, void *arg, struct timer **out);
struct err *loop_call_later(
    struct loop *l, double seconds, loop_fn fn, void *arg, struct timer **out);
void timer_cancel(struct timer *t); /* for heap-made ones; not after it ran or the loop ran on */

/* -- descriptors and signals --------------------------------------------------------------- */

enum { WATCH_READ = 1, WATCH_WRITE = 2 };

struct watch;

/* Calls fn(arg) once an iteration while fd is ready for any of events (level triggered). NULL when
 * memory ran out. Ended by watch_free (NULL ignored), after which fn is never called. */
struct watch *watch_new(struct loop *l, int fd, int events, loop_fn fn, void *arg);
void watch_set(struct watch *w, int events); /* 0 suspends it */
int watch_revents(const struct watch *w);    /* the events seen, while in fn */
void watch_free(struct watch *w);

/* One callback a signal; main loop only. SIG already handled: ERR_RUNTIME. */
struct err *loop_add_signal(struct loop *l, int signo, loop_fn fn, void *arg);
void loop_remove_signal(struct loop *l, int signo);

/* -- errors and debugging ------------------------------------------------------------------ */

/* message: what happened, in words; e: borrowed, may be NULL; what: a task or future name or NULL
 */
typedef struct err *(*exception_handler_fn)(
    void *arg, const char *message, struct err *e, const char *what);

/* NULL restores the default, which writes a line to standard error. A handler that itself returns
 * an error falls back to the default one. */
void loop_set_exception_handler(struct loop *l, exception_handler_fn fn, void *arg);
void loop_call_exception_handler(
    struct loop *l, const char *message, struct err *e, const char *what);

/* Debug mode: callbacks slower than 100 ms are reported through the exception handler's default. */
void loop_set_debug(struct loop *l, bool on);
bool loop_debug(const struct loop *l);
const struct trace *loop_trace(const struct loop *l); /* may be NULL */

/* What is alive: futures and tasks not yet destroyed, queued handles, pending timers, watches. A
 * test ends with all zero. */
struct loop_live {
    size_t futures, ready, timers, watches;
};
struct loop_live loop_live(const struct loop *l);

struct ev_loop *loop_ev(struct loop *l);

#endif
