/* SPDX-License-Identifier: MIT */
/* One host: where it stands, and what moves it. */
#include "net/hosts_private.h"

#include <stdlib.h>
#include <string.h>

/* Idle hosts that are remembered for what is known of them (their look-up). */
enum { IDLE_HOSTS = 1024 };

bool host__lookup_due(const struct host *h, double now)
{
    return h->needs_lookup && now >= h->resolved_until;
}

bool host__hurries(const struct host *h)
{
    return !list_empty(&h->waiting) && container_of(h->waiting.next, struct slot, node)->hurry;
}

static void leave_place(struct host *h)
{
    if (h->place == HOST_IDLE) {
        h->all->idle_count--;
    }
    if (h->place == HOST_TIMED) {
        timer_stop(&h->timer);
    }
    list_remove(&h->node);
    list_remove(&h->beside);
    h->place = HOST_BUSY;
}

void host__free(struct host *h)
{
    leave_place(h);
    timer_stop(&h->timer);
    if (h->held) {
        h->all->held--;
    }
    HASH_DEL(h->all->table, h);
    free(h);
}

/* The place of a host that nobody wants: state worth waiting for keeps it, until then. */
static enum host_place place_unwanted(struct host *h, double now, double *until)
{
    if (h->running) {
        return HOST_BUSY;
    }
    double full = now + rate_delay(&h->rate, now, h->rate.burst);
    *until = h->held && h->hold_until > full ? h->hold_until : full;
    return *until > now ? HOST_TIMED : HOST_IDLE;
}

/* The place of a host with somebody waiting. */
static enum host_place place_wanted(struct host *h, double now, double *until)
{
    bool lookup = host__lookup_due(h, now), hurries = host__hurries(h);
    bool counts = !hurries && !list_empty(&h->waiting); /* beside other hosts */
    if (h->held) {
        *until = h->hold_until;
        return HOST_TIMED;
    }
    if (!hurries && (host__requests(h) >= h->all->options.per_host || (h->probing && h->probe) ||
                        (lookup && h->looking))) {
        return HOST_BUSY;
    }
    *until = now + rate_delay(&h->rate, now, 1);
    if (*until > now) {
        return HOST_TIMED;
    }
    bool full = counts && host__full(h);
    if (lookup && !(full && list_empty(&h->further))) {
        return HOST_LOOKUP;
    }
    return full ? HOST_FULL : counts && host__on_trial(h) ? HOST_TRIAL : HOST_READY;
}

/* Its node is in the ring or list if it is to be, and keeps its turn if it was. */
static void stand(struct list *ring, struct list *node, bool there, bool first)
{
    if (!there || first) {
        list_remove(node);
    }
    if (there && first) {
        list_push_front(ring, node);
    } else if (there && list_empty(node)) {
        list_push(ring, node);
    }
}

/* In the places where somebody may be served, or waits for other hosts. */
static void stand_in_rings(struct host *h, enum host_place place)
{
    struct hosts *all = h->all;
    const bool further = !list_empty(&h->further), waits = !list_empty(&h->waiting);

    if (place == HOST_LOOKUP) { /* who takes no job is never behind those that wait for one */
        const bool first = further || host__hurries(h);
        if (h->ahead && !first) {
            list_remove(&h->node);
        }
        h->ahead = first;
        stand(&all->lookup, &h->node, true, first);
        return;
    }
    stand(place == HOST_READY   ? &all->ready
          : place == HOST_TRIAL ? &all->trial
                                : &all->full,
        &h->node, waits, host__hurries(h));
    stand(&all->further, &h->beside, further, false);
}

static void enter_place(struct host *h, enum host_place place, double until)
{
    struct hosts *all = h->all;
    if (place == HOST_TIMED) {
        struct err *e = timer_start(all->loop, &h->timer, until);
        if (e) {
            /* Without memory for the timer the host is served early rather than never. */
            err_unref(e);
            place = list_empty(&h->waiting) && list_empty(&h->further) ? HOST_IDLE : HOST_READY;
        }
    }
    h->place = (unsigned char)place;
    switch (place) {
    case HOST_READY:
    case HOST_LOOKUP:
    case HOST_TRIAL:
    case HOST_FULL:
        stand_in_rings(h, place);
        break;
    case HOST_IDLE:
        list_push(&all->idle, &h->node);
        if (++all->idle_count > IDLE_HOSTS) {
            host__free(container_of(all->idle.next, struct host, node));
        }
        break;
    case HOST_BUSY:
    case HOST_TIMED:
        break;
    }
}

static bool in_ring(enum host_place place)
{
    return place == HOST_READY || place == HOST_LOOKUP || place == HOST_TRIAL || place == HOST_FULL;
}

static void settle(struct host *h, bool served)
{
    double now = loop_time(h->all->loop), until = 0;
    if (h->held && now >= h->hold_until) {
        h->held = false;
        h->all->held--;
    }
    bool wanted = !list_empty(&h->waiting) || !list_empty(&h->further);
    enum host_place place = wanted ? place_wanted(h, now, &until) : place_unwanted(h, now, &until);
    bool ring = in_ring(place);
    if (ring) {
        hosts__wake(h->all);
    }
    if (ring && place == h->place && !served) {
        stand_in_rings(h, place);
        return;
    }
    leave_place(h);
    enter_place(h, place, until);
}

void hosts__settle_alone(struct hosts *all)
{
    if (all->active <= 1 && !list_empty(&all->full)) {
        settle(container_of(all->full.next, struct host, node), false);
    }
}

void host__settle(struct host *h, bool served)
{
    host__count_active(h);
    settle(h, served);
    hosts__settle_alone(h->all);
}

static struct err *on_host_timer(void *host)
{
    struct host *h = host;
    host__settle(h, false);
    return NULL;
}

struct host *host__get(struct hosts *all, const char *origin, bool needs_lookup)
{
    struct host *h = NULL;
    size_t n = strlen(origin);
    HASH_FIND(hh, all->table, origin, n, h);
    if (h) {
        return h;
    }
    h = calloc(1, sizeof(*h) + n + 1);
    if (!h) {
        return NULL;
    }
    memcpy(h->origin, origin, n + 1);
    h->all = all;
    h->needs_lookup = needs_lookup;
    list_init(&h->node);
    list_init(&h->beside);
    list_init(&h->waiting);
    list_init(&h->further);
    timer_init(&h->timer, on_host_timer, h);
    rate_init(&h->rate, all->options.per_host_rate, 0.05, loop_time(all->loop));
    bool failed = false;
#undef uthash_nonfatal_oom
#define uthash_nonfatal_oom(element) (failed = true)
    HASH_ADD_KEYPTR(hh, all->table, h->origin, n, h);
    if (failed) {
        free(h);
        return NULL;
    }
    return h;
}
