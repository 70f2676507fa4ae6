/* SPDX-License-Identifier: MIT */
#include "net/loops.h"

#include "base/alloc.h"
#include "net/affinity.h"
#include "net/lane.h"

#include <stdlib.h>

/* Bytes between the loops: all lanes together, of a small buffer no more than a part, and each at
 * least and at most. */
#define WINDOWS      ((size_t)8 << 20)
#define OF_BUFFER    8
#define WINDOW_LEAST ((size_t)256 << 10)
#define WINDOW_MOST  ((size_t)4 << 20)

struct loops {
    struct multi *near;        /* owned: the home loop's */
    struct lane **lanes;       /* owned; the loops 1 to nlanes */
    unsigned nlanes;           /* 0: everything is near */
    struct affinity *affinity; /* owned; NULL without lanes */
    struct list tickets;       /* of struct ticket */
};

/* A transfer under way. */
struct ticket {
    struct future_cb ended;
    struct list node;
    struct loops *loops; /* borrowed */
    struct seat *seat;   /* borrowed from affinity; may be NULL */
    unsigned loop;
};

/* -- transfers ----------------------------------------------------------------------------- */

static void ticket_end(struct ticket *k, bool kept)
{
    affinity_end(k->loops->affinity, k->seat, k->loop, kept);
    list_remove(&k->node);
    free(k);
}

static struct err *on_ended(struct future *f, void *arg)
{
    ticket_end(arg, !future_cancelled(f) && !f->error);
    return NULL;
}

/* The loop is one that can be used from now on. */
static void choose(struct loops *s, struct ticket *k, const char *origin)
{
    for (;;) {
        struct err *e = NULL;
        k->loop = affinity_begin(s->affinity, origin, &k->seat);
        if (k->loop > 0) {
            e = lane_start(s->lanes[k->loop - 1]);
        }
        if (!e) {
            return;
        }
        err_unref(e); /* without a thread there are fewer loops */
        affinity_end(s->affinity, k->seat, k->loop, false);
        affinity_drop(s->affinity, k->loop);
    }
}

struct future *loops_transfer(struct loops *s, const struct request *rq,
    const struct receiver *receiver, void *arg, struct err **error)
{
    if (s->nlanes == 0) {
        return transfer_start(s->near, rq, receiver, arg, error);
    }
    struct ticket *k = mem_new(sizeof(*k));
    if (!k) {
        *error = err_plain(ERR_NOMEM);
        return NULL;
    }
    k->loops = s;
    choose(s, k, url_origin(rq->url));
    list_push(&s->tickets, &k->node);
    struct future *f = k->loop == 0
                           ? transfer_start(s->near, rq, receiver, arg, error)
                           : lane_transfer(s->lanes[k->loop - 1], rq, receiver, arg, error);
    if (f) {
        future_watch(f, &k->ended, on_ended, k);
    } else {
        ticket_end(k, false);
    }
    return f;
}

void loops_hold(struct loops *s, bool hold)
{
    if (hold) {
        multi_hold(s->near);
    } else {
        multi_release(s->near);
    }
    for (unsigned i = 0; i < s->nlanes; i++) {
        lane_hold(s->lanes[i], hold);
    }
}

/* -- life ---------------------------------------------------------------------------------- */

size_t loops_between(unsigned loops, size_t buffer)
{
    const size_t n = loops > 1 ? loops - 1 : 0;
    const size_t part = buffer / OF_BUFFER;
    const size_t most = n < WINDOWS / WINDOW_MOST ? n * WINDOW_MOST : WINDOWS;
    return part < most ? part : most;
}

static struct err *add_lanes(
    struct loops *s, struct loop *home, const struct net_options *options, unsigned n)
{
    const size_t share = options->between / n;
    const size_t window = share < WINDOW_LEAST ? WINDOW_LEAST : share;
    s->affinity = affinity_new(n + 1);
    s->lanes = mem_array(NULL, n, sizeof(struct lane *));
    if (!s->affinity || !s->lanes) {
        return err_plain(ERR_NOMEM);
    }
    for (; s->nlanes < n; s->nlanes++) {
        struct err *e = lane_new(home, options, s->near, window, &s->lanes[s->nlanes]);
        if (e) {
            return e;
        }
    }
    return NULL;
}

struct err *loops_new(struct loop *home, const struct net_options *options, struct loops **out)
{
    struct loops *s = mem_new(sizeof(*s));
    *out = NULL;
    if (!s) {
        return err_plain(ERR_NOMEM);
    }
    list_init(&s->tickets);
    struct err *e = multi_new(home, options, NULL, &s->near);
    if (!e && options->loops > 1) {
        e = add_lanes(s, home, options, options->loops - 1);
    }
    if (e) {
        err_unref(loops_close(s));
        loops_free(s);
        return e;
    }
    *out = s;
    return NULL;
}

struct err *loops_close(struct loops *s)
{
    if (!s) {
        return NULL;
    }
    for (unsigned i = 0; i < s->nlanes; i++) {
        lane_close(s->lanes[i]);
    }
    return multi_close(s->near); /* last: the others use its share */
}

void loops_free(struct loops *s)
{
    if (!s) {
        return;
    }
    err_unref(loops_close(s));
    while (!list_empty(&s->tickets)) { /* their ends are queued, and would come too late */
        struct ticket *k = container_of(s->tickets.next, struct ticket, node);
        future_unwatch(&k->ended);
        ticket_end(k, false);
    }
    for (unsigned i = 0; i < s->nlanes; i++) {
        lane_free(s->lanes[i]);
    }
    multi_free(s->near);
    affinity_free(s->affinity);
    free(s->lanes);
    free(s);
}
