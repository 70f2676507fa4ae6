/* SPDX-License-Identifier: MIT */
/* A slot, from its request to its release, and what its holder tells of the host. */
#include "net/hosts_private.h"

#include "base/trace.h"

#include <assert.h>

enum { FULL = 2 }; /* large bodies on one connection: each slows the other */

void slot_init(struct slot *s, loop_fn on_grant, void *arg)
{
    list_init(&s->node);
    handle_init(&s->granted, on_grant, arg);
    s->host = NULL;
    s->state = SLOT_IDLE;
    s->lookup = s->hurry = s->large = s->silent = s->further = s->parked = false;
}

void slot_init_further(struct slot *s, loop_fn on_grant, void *arg)
{
    slot_init(s, on_grant, arg);
    s->further = true;
}

static void refuse(struct hosts *all, struct slot *s)
{
    s->host = NULL;
    s->state = SLOT_REFUSED;
    loop_post(all->loop, &s->granted);
}

/* Of its kind. */
static unsigned *waiting(struct hosts *all, const struct slot *s)
{
    return s->further ? &all->further_waiting : &all->waiting;
}

void slot__stop_waiting(struct slot *s)
{
    struct hosts *all = s->host->all;
    list_remove(&s->node);
    --*waiting(all, s);
    all->hurrying -= s->hurry;
    s->hurry = false;
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
    struct list *queue = s->further ? &h->further : &h->waiting;
    bool first = list_empty(queue);
    if (front) {
        list_push_front(queue, &s->node);
    } else {
        list_push(queue, &s->node);
    }
    ++*waiting(all, s);
    if (first) {
        host__settle(h, false);
    }
    return NULL;
}

void slot_hurry(struct slot *s)
{
    if (s->state == SLOT_WAITING && !s->hurry && !s->further) {
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

/* Its place at the host. */
static void request_over(struct slot *s)
{
    struct host *h = s->host;
    lookup_over(s);
    h->large -= s->large;
    s->large = false;
    if (s->silent) {
        s->silent = false;
        host__unask(h);
    }
    if (h->probe == s) {
        h->probe = NULL;
        h->probing = h->held;
    }
}

void slot_park(struct slot *s)
{
    struct host *h = s->host;
    if (s->state != SLOT_GRANTED || s->parked) {
        return;
    }
    request_over(s);
    s->parked = true;
    h->parked++;
    h->all->parked++;
    host__settle(h, false);
    hosts__wake(h->all);
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
        slot__stop_waiting(s);
    } else {
        handle_cancel(&s->granted);
        request_over(s);
        h->running--;
        all->running--;
        h->helping -= s->further;
        all->helping -= s->further;
        h->parked -= s->parked;
        all->parked -= s->parked;
        s->parked = false;
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
    h->given_up = true;
    trace_put(loop_trace(h->all->loop), TRACE_HOSTS, "give up %s: %u connections failed", h->origin,
        h->failures);
    while (!list_empty(&h->waiting) || !list_empty(&h->further)) {
        struct list *queue = list_empty(&h->waiting) ? &h->further : &h->waiting;
        struct slot *s = container_of(queue->next, struct slot, node);
        slot__stop_waiting(s);
        refuse(h->all, s);
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
