/* SPDX-License-Identifier: MIT */
/*
 * The event loops that carry the transfers of a run: the home loop, and with --loops more, each
 * in a thread of its own with its own multi, connections and handles.
 *
 *   home loop ---- near: the transfer is the multi's (net/transfer.h)
 *      |
 *      |---------- far: loop 2 <-- request      the transfer is there, the future and the
 *      `---------- far: loop 3 --> head, body   receiver are here (far.c)
 *
 * All else stays on the home loop: slots, holds, receivers, the store. A receiver is called by the
 * home loop's thread, in order, wherever its transfer is. Threads start with the first transfer
 * that goes to them.
 */
#ifndef NET_LOOPS_H
#define NET_LOOPS_H

#include "net/multi.h"
#include "net/transfer.h"

struct loops;

/* How much of a buffer is for what lies between so many loops: net_options.between. */
size_t loops_between(unsigned loops, size_t buffer);

/* options.loops of them. options: borrowed, outlives them. Errors as multi_new. */
struct err *loops_new(struct loop *home, const struct net_options *options, struct loops **out);

/* Ends the threads, and transfers that are under way as cancelled. Writes the cookie jar, once.
 * NULL is ignored. */
struct err *loops_close(struct loops *s);
void loops_free(struct loops *s);

/* As transfer_start, on the loop that has a kept connection for this host, else on the one with the
 * least to do. What is wrong with the request may be known later: then the future ends with it. */
struct future *loops_transfer(struct loops *s, const struct request *rq,
    const struct receiver *receiver, void *arg, struct err **error);

/* Reading is held in all of them, or goes on: in turn. What is on its way from other threads stays
 * there until then, but what had come of a transfer that ends. */
void loops_hold(struct loops *s, bool hold);

#endif
