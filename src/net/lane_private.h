/* SPDX-License-Identifier: MIT */
/* What a lane (lane.c: the thread, the blocks, the bounds) and its transfers (far.c) share. */
#ifndef NET_LANE_PRIVATE_H
#define NET_LANE_PRIVATE_H

#include "aio/loop_thread.h"
#include "net/lane.h"
#include "net/private.h"

enum {
    BLOCK = 64 * 1024,
    BATCH = 256 * 1024, /* of one transfer: it is handed over before the iteration ends */
    PIECE = 16 * 1024,  /* what a callback of libcurl brings at most */
};

struct block {
    struct list node;
    size_t room, len;
    char bytes[];
};

struct lane {
    struct loop *home;          /* borrowed */
    struct loop_thread *thread; /* owned */
    struct multi *multi;        /* owned; the thread's while it runs */
    size_t window;
    /* there */
    struct list filled; /* of struct far.fill: something came for them */
    struct handle hand_over;
    bool holding; /* multi_hold */
    /* posted by here, runs there */
    struct handle settle;
    /* posted by there, runs here */
    struct handle arrived;
    pthread_mutex_t lock;
    /* under the lock */
    struct list arrivals; /* of struct far.arrival */
    struct list paced;    /* of struct far.pace: held, or no more, one by one */
    size_t unread;        /* room of the blocks that were filled there and not yet taken here */
    bool held;            /* here wants no more for now; here's to change */
    bool full;            /* reading is held until `unread` is half the window */
    struct list spare;    /* of struct block, each of BLOCK: with those unread within the window */
    unsigned nspare;
};

struct far {
    struct elsewhere work; /* first */
    struct lane *lane;     /* borrowed */
    const struct request *rq;
    const struct receiver *receiver;
    void *arg;
    /* there */
    struct list fill;    /* in lane->filled */
    struct list filling; /* of struct block */
    size_t nfilling;     /* bytes in them */
    int64_t expected;    /* of the body; -1: unknown */
    bool resolved, headed;
    /* under the lock */
    struct list arrival; /* in lane->arrivals */
    struct list pace;    /* in lane->paced */
    bool held;           /* here wants no more of this one for now */
    bool left;           /* it has ended there */
    struct list blocks;
    bool tell_resolved, tell_head;
    /* written there before it is told, then here's */
    struct reply head;     /* as it was at the end of the header; its strings are the box's */
    struct reply_box *box; /* one reference; its figures are there's until the end */
    /* here */
    const struct reply *reply; /* what is known; borrowed */
    bool closed;               /* nothing more goes to the receiver */
    struct err *error;         /* owned: the receiver's */
    int64_t received;          /* bytes given to it */
};

/* -- lane.c -- */

/* There. It is unread from now on. NULL when memory ran out. */
struct block *lane__block(struct lane *l, size_t room);
/* Here: they are read. */
void lane__drop(struct lane *l, struct list *blocks);
/* There: brings the holds to what is wanted. */
struct err *lane__settle(void *lane);
/* There: what was received since the last time is here's. */
struct err *lane__hand_over(void *lane);

/* -- far.c -- */

/* Here: gives what came to the receiver: all of it, or until here wants no more. */
void far__deliver(struct far *f, bool all);

#endif
