/* SPDX-License-Identifier: MIT */
/* Coroutines for the tests of tasks, and the stage on which a test watches them. */
#ifndef TESTS_UNIT_ACTOR_H
#define TESTS_UNIT_ACTOR_H

#include "support.h"

/* What a test sees of its coroutines, and what it tells them. */
struct stage {
    struct loop *loop;
    struct order order;
    struct future *awaited;    /* borrowed: the frame takes a reference of its own */
    struct future *second;     /* awaited after a cancel */
    enum err_kind received[4]; /* by each await; ERR_KINDS for no error */
    unsigned nreceived;
    unsigned dropped;
    void *value;                      /* what to return */
    struct future *ends_when_dropped; /* borrowed, may be NULL */
    bool cancel_self;
    bool swallow;
};

struct actor {
    struct co co;
    struct stage *stage; /* borrowed */
    struct future *fut;  /* owned */
};

/* A task on the stage, whose frame is a struct actor with a reference to what is to be awaited. */
struct task *actor_new(struct stage *s, co_fn fn);

/* Notes what an await raised. */
void receive(struct stage *s, struct err *status);

/* Awaits one future, says what it received, returns the stage's value. */
enum co_state await_one(void *frame, struct err *status);
/* Like await_one, but goes on to await `second` whatever came. */
enum co_state await_two(void *frame, struct err *status);

struct stage stage_on(struct loop *l);
void stage_ends(struct stage *s); /* and its loop, which must be empty */

#endif
