/* SPDX-License-Identifier: MIT */
/*
 * Who is served next. Everything is O(1): a host that can be served stands in a ring, and serving
 * takes the host at the ring's head, grants the first of its queue, and puts the host back at the
 * tail if it can be served again. There are four rings, because a host whose name must be looked up
 * needs a free look-up as well, one that has not answered yet a share of what such hosts may have,
 * and a further request no job; they take turns.
 *
 * Wake-ups are coalesced: whatever may make a grant possible posts one dispatch.
 */
#include "net/hosts.h"

#include "base/alloc.h"
#include "base/trace.h"
#include "net/hosts_private.h"

#include <assert.h>
#include <stdlib.h>

enum { RINGS = 4 }; /* of hosts that can be served */

void hosts__wake(struct hosts *all)
{
    if (hosts__request_free(all) || all->hurrying) {
        loop_post(all->loop, &all->dispatch);
    }
}

static bool lookup_possible(const struct hosts *all)
{
    return !list_empty(&all->lookup) && all->lookups < all->options.lookups;
}

static struct host *first_of(const struct list *ring)
{
    return container_of(ring->next, struct host, node);
}

/* It takes no job, or one is free. */
static bool lookup_next(const struct hosts *all)
{
    return lookup_possible(all) &&
           (hosts__job_free(all) || !list_empty(&first_of(&all->lookup)->further));
}

static bool hurries(const struct list *ring)
{
    return !list_empty(ring) && host__hurries(first_of(ring));
}

/* The ring to serve from, NULL if none can be. */
static struct list *next_ring(struct hosts *all)
{
    if (all->hurrying && (hurries(&all->ready) || hurries(&all->lookup))) {
        return hurries(&all->ready) ? &all->ready : &all->lookup;
    }
    if (!hosts__request_free(all)) {
        return NULL;
    }
    const bool job = hosts__job_free(all);
    struct list *const rings[] = {
        job && !list_empty(&all->ready) ? &all->ready : NULL,
        lookup_next(all) ? &all->lookup : NULL,
        job && hosts__try(all) ? &all->trial : NULL,
        list_empty(&all->further) ? NULL : &all->further,
    };
    for (unsigned i = 0; i < RINGS; i++) {
        all->turn = (all->turn + 1) % RINGS;
        if (rings[all->turn]) {
            return rings[all->turn];
        }
    }
    return NULL;
}

/* Who wants a job comes first, if the host may serve him now. */
static struct slot *take_next(struct host *h, const struct list *ring)
{
    struct hosts *all = h->all;
    bool job = !list_empty(&h->waiting);
    if (!host__hurries(h) && ring == &all->further) {
        job = job && h->place == HOST_READY && hosts__job_free(all);
    } else if (!host__hurries(h) && ring == &all->lookup) {
        job = job && hosts__job_free(all) && !host__full(h);
    }
    struct slot *s = container_of((job ? &h->waiting : &h->further)->next, struct slot, node);
    slot__stop_waiting(s);
    return s;
}

static void grant(struct host *h, struct slot *s, double now)
{
    struct hosts *all = h->all;
    if (host__lookup_due(h, now)) {
        s->lookup = h->looking = true;
        all->lookups++;
    }
    if (h->probing) {
        h->probe = s;
    }
    s->state = SLOT_GRANTED;
    h->running++;
    all->running++;
    if (s->further) {
        h->helping++;
        all->helping++;
    } else {
        s->silent = true;
        host__ask(h);
    }
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
    if (h->place == HOST_FULL || host__hurries(h) || list_empty(&h->waiting)) {
        return false;
    }
    if (host__full(h)) {
        return h->place != HOST_LOOKUP || list_empty(&h->further);
    }
    return h->place == HOST_READY && host__on_trial(h);
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
        struct host *h =
            ring == &all->further ? container_of(ring->next, struct host, beside) : first_of(ring);
        if (misplaced(h, now)) {
            host__settle(h, false);
            continue;
        }
        grant(h, take_next(h, ring), now);
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
    list_init(&all->further);
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
    assert(all->running == 0 && all->waiting == 0 && all->further_waiting == 0);
    while (all->table) {
        host__free(all->table);
    }
    handle_cancel(&all->dispatch);
    timer_stop(&all->rate_timer);
    free(all);
}

struct hosts_figures hosts_figures(const struct hosts *h)
{
    return (struct hosts_figures){h->running, h->waiting, HASH_COUNT(h->table), h->held};
}

bool hosts_starving(const struct hosts *h)
{
    return hosts__job_free(h) && list_empty(&h->ready) && !lookup_possible(h) && !hosts__try(h);
}

unsigned hosts_jobs(const struct hosts *h)
{
    return h->options.jobs;
}
