/* SPDX-License-Identifier: MIT */
/*
 * Slots: who may have a request under way.
 *
 * A request needs a job slot (of the run) and a host slot (of scheme://host:port); a further one of
 * a download that has a job (a segment) only that of the host. Requests wait in
 * the queues of their host; hosts with a free slot and someone waiting stand in one ring and are
 * served in turn, so a slow, saturated or held host holds up nobody; one that does not answer would
 * hold slot after slot, and has to earn them (options.earn). Grants are announced from the ready
 * queue.
 *
 *   slot_request --> host queue (FIFO, retries at its head) --> ring --> granted --> slot_release
 */
#ifndef NET_HOSTS_H
#define NET_HOSTS_H

#include "aio/loop.h"

struct host;
struct hosts;

struct hosts_options {
    unsigned jobs;        /* downloads at once, >= 1 */
    unsigned requests;    /* requests at once, >= 1; more than jobs: further ones */
    unsigned per_host;    /* requests at once to one host, >= 1 */
    double rate;          /* request starts a second; 0: no limit */
    double per_host_rate; /* the same for each host */
    unsigned lookups;     /* DNS look-ups at once, >= 1: one is one thread */
    double resolved_for;  /* seconds that a look-up is trusted (libcurl's DNS cache time) */
    unsigned failures;    /* connections failed in a row until a host is given up; 0: never */
    bool earn;            /* per_host is nobody's word: beside others a host earns its slots */
};

enum slot_state { SLOT_IDLE, SLOT_WAITING, SLOT_GRANTED, SLOT_REFUSED };

/* Embedded by who wants a slot. Fields belong to hosts. */
struct slot {
    struct list node;
    struct handle granted; /* announces */
    struct host *host;     /* borrowed while waiting or granted */
    unsigned char state;   /* enum slot_state */
    bool further;          /* takes no job */
    bool parked;           /* keeps its job, and has no request */
    bool lookup;           /* counts as a look-up in flight */
    bool hurry;            /* waits, and is not to wait for others */
    bool large;            /* its body fills a shared connection: counts among host.large */
    bool silent;           /* granted, and nothing was heard of its host: among host.silent */
};

struct hosts *hosts_new(struct loop *l, const struct hosts_options *options);
void hosts_free(struct hosts *h); /* no slot may be waiting or granted; NULL is ignored */

/* on_grant(arg) runs from the ready queue each time the slot was granted, or refused. */
void slot_init(struct slot *s, loop_fn on_grant, void *arg);
/* For the further requests of a download that has a job already: they take none, and at their host
 * they are behind those that wait for one and may have it. */
void slot_init_further(struct slot *s, loop_fn on_grant, void *arg);

/* Waits for a slot of `origin` (url_origin()). front: at the head of the host's queue (a retry, or
 * the next hop of a redirect). resolved: no look-up will be needed (an address, a proxy, a unix
 * socket). ERR_NOMEM. */
struct err *slot_request(
    struct hosts *h, struct slot *s, const char *origin, bool front, bool resolved);

/* A waiting slot goes first and beyond the limits on requests at once: those that are under way
 * wait for it. A hold (Retry-After) and the rates still count. No effect unless it waits. */
void slot_hurry(struct slot *s);

/* The request is over, others bring the rest of the download: its place at the host is given back,
 * its job is kept. What is left to do with the slot then is its release. */
void slot_park(struct slot *s);

/* Gives a granted slot back, or stops waiting; idempotent. The pending announcement is dropped. */
void slot_release(struct slot *s);

/* The request's name is looked up: others of the host may start. Also implied by slot_release. */
void slot_resolved(struct slot *s);

/* The whole host waits so many seconds (Retry-After), from now, never less than a hold before;
 * then one probe goes first, and the rest when its slot is released or slot_answered is called. */
void slot_hold_host(struct slot *s, double seconds);
/* A good answer came: ends the probing of its host. */
void slot_answered(struct slot *s);

/* The head of a reply came, whatever it says. */
void slot_heard(struct slot *s);
/* The time was up, or there was no connection: its host has to earn its slots anew. */
void slot_unheard(struct slot *s);

/* A body comes until the slot is given back: whether it is a large one, and others may share its
 * connection. */
void slot_body(struct slot *s, bool large, bool shared);
/* The next body is likely to be large, and others fill the connection that it would share. */
bool slot_wants_connection(const struct slot *s);

/* Whether the request came to a connection. After options.failures that did not, one behind the
 * other, the host is given up: whoever waits for it, or asks from then on, is refused. */
void slot_connected(struct slot *s, bool connected);
/* In on_grant: there is no slot, the host was given up. It is to be released all the same. */
bool slot_refused(const struct slot *s);
/* Neither granted nor refused, and nobody waits for it. */
bool slot_idle(const struct slot *s);

/* Whether requests to other hosts may come, from a list that is being read; at first they may not.
 * One that is alone only so far begins with half of the jobs then (options.earn). */
void hosts_expect(struct hosts *h, bool others);

/* For progress and SIGUSR1. */
struct hosts_figures {
    unsigned running; /* slots that are granted */
    unsigned waiting; /* for a job */
    unsigned hosts, held;
};
struct hosts_figures hosts_figures(const struct hosts *h);
/* A job is free, and of those that wait none may have it now. */
bool hosts_starving(const struct hosts *h);
unsigned hosts_jobs(const struct hosts *h); /* downloads at once, as in the options */

#endif
