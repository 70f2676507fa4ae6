/* SPDX-License-Identifier: MIT */
/* A loop, a multi, the server of net_server.h and a receiver that remembers: what the tests of
 * transfers run in. Everything here asserts. */
#ifndef TESTS_UNIT_NET_WORLD_H
#define TESTS_UNIT_NET_WORLD_H

#include "base/buf.h"
#include "net/transfer.h"
#include "net_server.h"
#include "support.h"

struct world {
    struct server *server;
    struct loop *loop;
    struct net_options options;
    struct multi *multi;
    /* what the receiver saw */
    struct buf body;
    unsigned heads, resolved;
    int head_status;
    bool hold_at_head;
    struct err *refuse; /* given back by on_body */
};

void world_begin(struct world *w); /* options are filled in before */
void world_end(struct world *w);   /* and nothing may be alive */

/* The futures are the caller's. world_run, world_get: to its end. */
struct future *world_start(struct world *w, const struct request *rq);
struct future *world_run(struct world *w, const struct request *rq);
struct future *world_get(struct world *w, const char *path);

/* The reply, borrowed from the future. */
const struct reply *world_succeeds(struct future *f);
void world_fails(struct world *w, const char *path, enum err_kind kind, const char *code);
void world_body_is(struct world *w, const char *expected);

#endif
