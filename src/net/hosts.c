/* SPDX-License-Identifier: MIT */
/*
 * Who is served next. Everything is O(1): a host that can be served stands in a ring, and serving
 * takes the host at the ring's head, grants the first of its queue, and puts the host back at the
 * tail if it can be served again. There are three rings, because a host whose name must be looked
 * up needs a free look-up as well, and one that has not answered yet a share of what such hosts may
 * have; they take turns.
 *
 * Wake-ups are coalesced: whatever may make a grant possible posts one dispatch.
 */
#include "net/hosts.h"

#include "base/alloc.h"
#include "base/trace.h"
#include "net/hosts_private.h"

#include <assert.h>
#include <stdlib.h>

enum {
    FULL = 2, /* large bodies on one connection: each slows the other */
    RINGS = 3 /* of hosts that can be served */
};

void hosts__wake(struct hosts *all)
{
    if (all->running < all->options.jobs || all->hurrying) {
        loop_post(all->loop, &all->dispatch);
    }
}

static bool lookup_possible(const struct hosts *all)
{
    return !list_empty(&all->lookup) && all->lookups < all->options.lookups;
}

static struct host *first_of(struct list *ring)
{
    return container_of(ring->next, struct host, node);
}

static bool hurries(struct list *ring)
{
    return !list_empty(ring) && host__hurries(first_of(ring));
}

/* The ring to serve from, NULL if none can be. */
static struct list *next_ring(struct hosts *all)
{
    if (all->hurrying && (hurries(&all->ready) || hurries(&all->lookup))) {
        return hurries(&all->ready) ? &all->ready : &all->lookup;
    }
    if (all->running >= all->options.jobs) {
        return NULL;
    }
    struct list *const rings[] = {
        list_empty(&all->ready) ? NULL : &all->ready,
        lookup_possible(all) ? &all->lookup : NULL,
        hosts__try(all) ? &all->trial : NULL,
    };
    for (unsigned i = 0; i < RINGS; i++) {
        all->turn = (all->turn + 1) % RINGS;
        if (rings[all->turn]) {
            return rings[all->turn];
        }
    }
    return NULL;
}

static void stop_hurrying(struct hosts *all, struct slot *s)
{
    all->hurrying -= s->hurry;
    s->hurry = false;
}

static void grant(struct host *h, double now)
{
    struct hosts *all = h->all;
    struct slot *s = container_of(list_pop(&h->waiting), struct slot, node);
    stop_hurrying(all, s);
    if (host__lookup_due(h, now)) {
        s->lookup = h->looking = true;
        all->lookups++;
    }
    if (h->probing) {
        h->probe = s;
    }
    s->state = SLOT_GRANTED;
    s->silent = true;
    host__ask(h);
    h->running++;
    all->running++;
    all->waiting--;
    rate_take(&h->rate, now, 1);
    rate_take(&all->rate, now, 1);
    trace_put(loop_trace(all->loop), TRACE_HOSTS, "grant %s: %u running here, %u in all%s",
        h->origin, h->running, all->running, s->lookup ? ", look-up" : "");
    loop_post(all->loop, &s->granted);
    host__settle(h, true);
}

/* It stands in the wrong ring: its look-up is no longer trusted, or others came. */
static bool misplaced(const struct host *h, double now)
{
    if ((h->place == HOST_LOOKUP) != host__lookup_due(h, now)) {
        return true;
    }
    return !host__hurries(h) && (host__full(h) || (h->place == HOST_READY && host__on_trial(h)));
}

static struct err *dispatch(void *hosts)
{
    struct hosts *all = hosts;
    struct list *ring;
    while ((ring = next_ring(all))) {
        /* never before the time by which a host was put where it is: it would be put there again */
        double now = loop_time(all->loop);
        double delay = rate_delay(&all->rate, now, 1);
        if (delay > 0) {
            return timer_start(all->loop, &all->rate_timer, now + delay);
        }
        struct host *h = first_of(ring);
        if (misplaced(h, now)) {
            host__settle(h, false);
            continue;
        }
        grant(h, now);
    }
    return NULL;
}

struct hosts *hosts_new(struct loop *l, const struct hosts_options *options)
{
    struct hosts *all = mem_new(sizeof(*all));
    if (!all) {
        return NULL;
    }
    all->loop = l;
    all->options = *options;
    list_init(&all->ready);
    list_init(&all->lookup);
    list_init(&all->trial);
    list_init(&all->full);
    list_init(&all->idle);
    handle_init(&all->dispatch, dispatch, all);
    timer_init(&all->rate_timer, dispatch, all);
    rate_init(&all->rate, options->rate, 0.05, loop_time(l));
    return all;
}

void hosts_free(struct hosts *all)
{
    if (!all) {
        return;
    }
    assert(all->running == 0 && all->waiting == 0);
    while (all->table) {
        host__free(all->table);
    }
    handle_cancel(&all->dispatch);
    timer_stop(&all->rate_timer);
    free(all);
}

/* -- slots --------------------------------------------------------------------------------- */

void slot_init(struct slot *s, loop_fn on_grant, void *arg)
{
    list_init(&s->node);
    handle_init(&s->granted, on_grant, arg);
    s->host = NULL;
    s->state = SLOT_IDLE;
    s->lookup = s->hurry = s->large = s->silent = false;
}

static void refuse(struct hosts *all, struct slot *s)
{
    stop_hurrying(all, s);
    s->host = NULL;
    s->state = SLOT_REFUSED;
    loop_post(all->loop, &s->granted);
}

struct err *slot_request(
    struct hosts *all, struct slot *s, const char *origin, bool front, bool resolved)
{
    assert(s->state == SLOT_IDLE);
    struct host *h = host__get(all, origin, !resolved);
    if (!h) {
        return err_plain(ERR_NOMEM);
    }
    if (h->given_up) {
        refuse(all, s);
        return NULL;
    }
    s->host = h;
    s->state = SLOT_WAITING;
    bool first = list_empty(&h->waiting);
    if (front) {
        list_push_front(&h->waiting, &s->node);
    } else {
        list_push(&h->waiting, &s->node);
    }
    all->waiting++;
    if (first) {
        host__settle(h, false);
    }
    return NULL;
}

void slot_hurry(struct slot *s)
{
    if (s->state == SLOT_WAITING && !s->hurry) {
        s->hurry = true;
        s->host->all->hurrying++;
        list_remove(&s->node);
        list_push_front(&s->host->waiting, &s->node);
        host__settle(s->host, false);
    }
}

static void lookup_over(struct slot *s)
{
    if (s->lookup) {
        s->lookup = s->host->looking = false;
        s->host->all->lookups--;
        hosts__wake(s->host->all);
    }
}

void slot_release(struct slot *s)
{
    struct host *h = s->host;
    if (s->state == SLOT_REFUSED) {
        handle_cancel(&s->granted);
        s->state = SLOT_IDLE;
    }
    if (s->state == SLOT_IDLE) {
        return;
    }
    struct hosts *all = h->all;
    if (s->state == SLOT_WAITING) {
        list_remove(&s->node);
        stop_hurrying(all, s);
        all->waiting--;
    } else {
        handle_cancel(&s->granted);
        lookup_over(s);
        h->large -= s->large;
        s->large = false;
        if (s->silent) {
            s->silent = false;
            host__unask(h);
        }
        h->running--;
        all->running--;
        if (h->probe == s) {
            h->probe = NULL;
            h->probing = h->held;
        }
    }
    s->state = SLOT_IDLE;
    s->host = NULL;
    host__settle(h, false);
    hosts__wake(all);
}

void slot_resolved(struct slot *s)
{
    if (s->state == SLOT_GRANTED && s->lookup) {
        struct host *h = s->host;
        h->resolved_until = loop_time(h->all->loop) + h->all->options.resolved_for;
        lookup_over(s);
        host__settle(h, false);
    }
}

void slot_hold_host(struct slot *s, double seconds)
{
    struct host *h = s->host;
    if (s->state != SLOT_GRANTED || !(seconds > 0)) {
        return;
    }
    double until = loop_time(h->all->loop) + seconds;
    if (until > h->hold_until) {
        h->hold_until = until;
    }
    if (!h->held) {
        h->held = true;
        h->all->held++;
    }
    h->probing = true;
    trace_put(loop_trace(h->all->loop), TRACE_HOSTS, "hold %s for %.1f s", h->origin, seconds);
    host__settle(h, false);
}

void slot_answered(struct slot *s)
{
    struct host *h = s->host;
    if (s->state == SLOT_GRANTED && h->probing && !h->held) {
        h->probing = false;
        h->probe = NULL;
        host__settle(h, false);
    }
}

void slot_heard(struct slot *s)
{
    if (s->silent) {
        s->silent = false;
        host__hear(s->host);
    }
}

void slot_unheard(struct slot *s)
{
    if (s->silent) {
        host__fall_silent(s->host);
    }
}

void slot_body(struct slot *s, bool large, bool shared)
{
    if (s->state != SLOT_GRANTED) {
        return;
    }
    s->host->lately_large = large;
    if (large && shared && !s->large) {
        s->large = true;
        s->host->large++;
    }
}

bool slot_wants_connection(const struct slot *s)
{
    return s->state == SLOT_GRANTED && s->host->lately_large && s->host->large >= FULL;
}

static void give_up(struct host *h)
{
    struct list *node;
    h->given_up = true;
    trace_put(loop_trace(h->all->loop), TRACE_HOSTS, "give up %s: %u connections failed", h->origin,
        h->failures);
    while ((node = list_pop(&h->waiting))) {
        h->all->waiting--;
        refuse(h->all, container_of(node, struct slot, node));
    }
    host__settle(h, false);
}

void slot_connected(struct slot *s, bool connected)
{
    struct host *h = s->host;
    if (s->state != SLOT_GRANTED) {
        return;
    }
    h->failures = connected ? 0 : h->failures + 1;
    if (h->failures && h->failures == h->all->options.failures && !h->given_up) {
        give_up(h);
    }
}

bool slot_refused(const struct slot *s)
{
    return s->state == SLOT_REFUSED;
}

bool slot_idle(const struct slot *s)
{
    return s->state == SLOT_IDLE;
}

struct hosts_figures hosts_figures(const struct hosts *h)
{
    return (struct hosts_figures){h->running, h->waiting, HASH_COUNT(h->table), h->held};
}

bool hosts_starving(const struct hosts *h)
{
    return h->running < h->options.jobs && list_empty(&h->ready) && !lookup_possible(h) &&
           !hosts__try(h);
}

unsigned hosts_jobs(const struct hosts *h)
{
    return h->options.jobs;
}
