/* SPDX-License-Identifier: MIT */
/* Hosts inside: what hosts.c (who is served next), host.c (one host's state), slot.c and earn.c
 * share. */
#ifndef NET_HOSTS_PRIVATE_H
#define NET_HOSTS_PRIVATE_H

#include "net/hosts.h"
#include "net/rate.h"

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

/*
 * Where a host stands. Only a host in a ring can be served at once; each other place has an event
 * that brings the host out of it, so that nothing is ever searched.
 *
 *   READY    in hosts.ready: a request may start
 *   LOOKUP   in hosts.lookup: the same, but its name must be looked up first
 *   TRIAL    in hosts.trial: the same, but it has not answered yet, and others are there (earn.c)
 *   BUSY     waits for one of its own requests (its limit, its look-up, its probe)
 *   FULL     in hosts.full: waits for an answer or the end of one of them, or to be the only one
 *   TIMED    waits for its timer (a hold, its rate)
 *   IDLE     in hosts.idle: nobody wants anything of it
 *
 * Further requests take no job. Where a host could start one (READY, TRIAL, FULL) and has some it
 * stands, beside its place, in hosts.further; in LOOKUP it stands for both.
 */
enum host_place {
    HOST_BUSY,
    HOST_READY,
    HOST_LOOKUP,
    HOST_TRIAL,
    HOST_FULL,
    HOST_TIMED,
    HOST_IDLE
};

struct host {
    UT_hash_handle hh;
    struct hosts *all;   /* borrowed */
    struct list node;    /* in the ring or list of its place */
    struct list beside;  /* in hosts.further */
    struct list waiting; /* of struct slot */
    struct list further; /* of struct slot: those that take no job */
    struct slot *probe;  /* borrowed: the one that goes first after a hold */
    struct timer timer;  /* the end of a hold, or the next token */
    struct rate rate;
    double hold_until;     /* loop_time(); 0: none */
    double resolved_until; /* the look-up is trusted so long */
    unsigned running;      /* slots that are granted */
    unsigned helping;      /* of them, further requests */
    unsigned parked;       /* of them, those without a request */
    unsigned silent;       /* of them, those without an answer yet */
    unsigned earned;       /* answers since it fell silent, as many as count */
    unsigned large;        /* of them, those whose bodies fill a shared connection */
    bool lately_large;     /* the last body was a large one */
    unsigned failures;     /* connections in a row that did not come about */
    bool given_up;         /* there were too many of them */
    bool active;           /* somebody has, or wants, a slot */
    bool needs_lookup;     /* by name: not an address, a proxy, a socket */
    bool looking;          /* one request is looking the name up */
    bool ahead;            /* went to the head of hosts.lookup */
    bool held;             /* hold_until has not come */
    bool probing;          /* held before: one request at a time until it went well */
    unsigned char place;
    char origin[];
};

struct hosts {
    struct loop *loop; /* borrowed */
    struct hosts_options options;
    struct host *table; /* owned, by origin */
    struct list ready, lookup, trial, further, full, idle;
    struct handle dispatch; /* grants what can be granted */
    struct timer rate_timer;
    struct rate rate;
    unsigned running, helping, parked; /* slots, as of a host */
    unsigned waiting, further_waiting; /* for a job, and for none */
    unsigned hurrying, lookups, held, idle_count;
    unsigned active;  /* hosts */
    bool expecting;   /* others may come */
    unsigned untried; /* requests without an answer at hosts that gave none yet */
    unsigned turn;    /* of the rings, the one that was served last */
};

/* Finds or makes. NULL when memory ran out. */
struct host *host__get(struct hosts *all, const char *origin, bool needs_lookup);
/* Moves it to where it belongs now; in a ring it keeps its turn, unless it has just been served. An
 * idle host may be freed, though never this one. */
void host__settle(struct host *h, bool served);
/* The only one that is left, if it waited for that. */
void hosts__settle_alone(struct hosts *all);
void host__free(struct host *h);
void hosts__wake(struct hosts *all);
/* Out of the queue of its host, which is to be settled then. */
void slot__stop_waiting(struct slot *s);
/* Requests under way; slots with a job. */
static inline unsigned host__requests(const struct host *h)
{
    return h->running - h->parked;
}

static inline unsigned host__jobs(const struct host *h)
{
    return h->running - h->helping;
}

/* A download may start, a request may. */
static inline bool hosts__job_free(const struct hosts *all)
{
    return all->running - all->helping < all->options.jobs;
}

static inline bool hosts__request_free(const struct hosts *all)
{
    return all->running - all->parked < all->options.requests;
}

/* The first that waits is not to wait for others. */
bool host__hurries(const struct host *h);
bool host__lookup_due(const struct host *h, double now);

/* What it has to earn (earn.c). Beside others it has what it may have, or what it may have now
 * depends on other hosts that have not answered either. */
bool host__full(const struct host *h);
bool host__on_trial(const struct host *h);
/* The ring of those has somebody who may be served. */
bool hosts__try(const struct hosts *all);
void host__count_active(struct host *h);
/* A request there begins; it ends without an answer, or has one; there will be none. */
void host__ask(struct host *h);
void host__unask(struct host *h);
void host__hear(struct host *h);
void host__fall_silent(struct host *h);

#endif
