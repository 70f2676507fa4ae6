/* SPDX-License-Identifier: MIT */
/*
 * A loop beside the home loop, and what lies between the two. Private to src/net.
 *
 *   there: libcurl's callbacks -> blocks -> [ handed over ] -> here: the receiver
 *
 * What was received there and not yet taken here is bounded: past a window, reading is held there.
 */
#ifndef NET_LANE_H
#define NET_LANE_H

#include "net/multi.h"
#include "net/transfer.h"

struct lane;

/* with: the home loop's multi. window: bytes. */
struct err *lane_new(struct loop *home, const struct net_options *options, struct multi *with,
    size_t window, struct lane **out);
/* Starts the thread, if it does not run. ERR_RUNTIME. */
struct err *lane_start(struct lane *l);
/* Ends what is under way, and the thread. NULL is ignored, here and below. */
void lane_close(struct lane *l);
void lane_free(struct lane *l);

/* As transfer_start, but what is wrong with the request ends the future. ERR_NOMEM, ERR_RUNTIME. */
struct future *lane_transfer(struct lane *l, const struct request *rq,
    const struct receiver *receiver, void *arg, struct err **error);

/* Nothing more is read there, or as before. */
void lane_hold(struct lane *l, bool hold);

/* transfer_hold for a future of lane_transfer; false: it is none. */
bool lane_hold_transfer(struct future *f, bool hold);

/* What is known of it so far: of a future of lane_transfer; NULL for others. */
const struct reply *lane_reply(const struct future *f);

#endif
