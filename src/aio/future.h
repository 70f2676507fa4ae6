/* SPDX-License-Identifier: MIT */
/*
 * Futures (asyncio: futures.py): a result that is not there yet.
 *
 * A future is pending, done (with a value or an error) or cancelled. Done callbacks run from the
 * ready queue, in the order of registration, never inline. A future counts references; whoever
 * keeps a pointer owns one. Completing a future never allocates and so never fails for memory.
 *
 * Other kinds of future (tasks, gather's outer one, transfers, slots) embed `struct future` as
 * their first member and pass their own operations to future_init.
 */
#ifndef AIO_FUTURE_H
#define AIO_FUTURE_H

#include "aio/loop.h"

enum future_state { FUTURE_PENDING, FUTURE_DONE, FUTURE_CANCELLED };

struct future_ops {
    const char *kind; /* "future", "task", "gather", "transfer": what a task list shows */
    /* Called for future_cancel() on a pending one. True if a cancel is under way. NULL: the future
     * simply becomes cancelled. An override may finish later (a task), or itself call
     * future_set_cancelled(). */
    bool (*cancel)(struct future *f);
    /* Called once, when the last reference is gone: release what the embedder owns. May be NULL. */
    void (*fini)(struct future *f);
};

/* A done callback; f is borrowed. Errors go to the loop's exception handler. */
typedef struct err *(*future_fn)(struct future *f, void *arg);

/* A registered done callback. Embed one to register without allocating; it must stay in place until
 * it ran or was removed. */
struct future_cb {
    struct handle handle;  /* in the future's ring while that is pending, then in the ready queue */
    struct future *future; /* a reference, from the completion until it ran; else borrowed */
};

struct future {
    struct loop *loop; /* borrowed; outlives the future */
    const struct future_ops *ops;
    struct list *callbacks; /* the first of a ring of struct future_cb, in order; NULL: none */
    void *value;            /* owned through drop_value */
    void (*drop_value)(void *value);
    struct err *error; /* owned; NULL unless done with an error */
    unsigned refs;
    unsigned char state; /* enum future_state */
    bool error_unseen;   /* an error that nobody retrieved yet */
    bool embedded;       /* not free()d by the last unref: its memory belongs to `fini` */
    bool pooled;         /* made by future_new: its memory goes back to the loop */
};

/* A new pending future with one reference; NULL when memory ran out or the loop is closed. */
struct future *future_new(struct loop *l);

/* In place, with one reference. When the last is gone, ops->fini runs and then the memory is
 * free()d, unless `embedded` is set afterwards by the embedder. ops NULL: a plain future. */
void future_init(struct future *f, struct loop *l, const struct future_ops *ops);

struct future *future_ref(struct future *f); /* NULL passes through */
void future_unref(struct future *f);         /* NULL is ignored */

bool future_done(const struct future *f); /* done or cancelled */
bool future_cancelled(const struct future *f);

/* ERR_INVALID_STATE when done already; the value is then dropped through `drop`, the error
 * unref'd. value: owned by the future from now on; drop may be NULL. error: taken over. An error
 * of kind ERR_CANCELLED given to future_set_error cancels the future. */
struct err *future_set_result(struct future *f, void *value, void (*drop)(void *));
struct err *future_set_error(struct future *f, struct err *error);
void future_set_cancelled(struct future *f); /* no effect when done; for implementers of cancel */

/* The error the future ended with, NULL if none: a new reference, and it counts as retrieved.
 * A cancelled future gives ERR_CANCELLED, a pending one ERR_INVALID_STATE. */
struct err *future_error(struct future *f);

/* The value, borrowed from the future, through `value` (may be NULL); the return as future_error.
 */
struct err *future_result(struct future *f, void **value);

/* The value, now the caller's (the future keeps NULL). Only on a successful future. */
void *future_take(struct future *f);

/* Marks an error as retrieved without looking. */
void future_retrieved(struct future *f);

/* False, and nothing changes, if done already; else a cancel is under way. */
bool future_cancel(struct future *f);

/* Calls fn(f, arg) from the ready queue once f is done; at once queued if it is. ERR_NOMEM. */
struct err *future_add_done_callback(struct future *f, future_fn fn, void *arg);

/* Removes all callbacks equal in fn and arg that have not been scheduled; returns how many. */
size_t future_remove_done_callback(struct future *f, future_fn fn, void *arg);

/* The same without allocation. future_unwatch works until it was scheduled, and after: an embedded
 * callback that was scheduled but did not run is dropped too. No effect on one that ran or is
 * zeroed. */
void future_watch(struct future *f, struct future_cb *cb, future_fn fn, void *arg);
void future_unwatch(struct future_cb *cb);

/* For one that several wait for, kept in *at (owned; NULL while nobody does). future_share: a
 * reference to it, made anew if there is none or it is done; NULL when memory ran out.
 * future_release: it is done, with the error (borrowed) if there is one, and forgotten. */
struct future *future_share(struct loop *l, struct future **at);
void future_release(struct future **at, struct err *error);

/* A readable word for the state: "pending", "done", "cancelled". */
const char *future_state_name(const struct future *f);

#endif
