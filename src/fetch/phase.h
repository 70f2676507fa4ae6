/* SPDX-License-Identifier: MIT */
/*
 * What a download is doing, and the one place where a change of it is announced: progress, --events
 * and whatever else draws a run listen here.
 *
 *   read -> [same target] -> queued -> [verify] -> [race] -> request -> body -> commit -> [turn] ->
 *   [exec] -> end; a redirect or a retry goes [backoff] -> slot -> request again
 */
#ifndef FETCH_PHASE_H
#define FETCH_PHASE_H

#include "base/err.h"
#include "base/list.h"

#include <stdint.h>

struct job;
struct record;

enum phase {
    PHASE_READ,    /* not announced: only what is to be downloaded is of interest */
    PHASE_WAITING, /* for another entry with the same target */
    PHASE_QUEUED,  /* for its first slot */
    PHASE_VERIFY,  /* the file that is there is looked at */
    PHASE_RACE,    /* its mirrors are */
    PHASE_SLOT,    /* waits for the slot of a further request */
    PHASE_REQUEST, /* look-up, connection, TLS, until the body comes */
    PHASE_BODY,
    PHASE_BACKOFF, /* an attempt failed, another follows: after a delay, or by another mirror */
    PHASE_COMMIT,
    PHASE_TURN, /* its body waits for its turn in the line, or goes out (-o -, --tar) */
    PHASE_EXEC, /* the file is there, --exec's command is waited for */
    PHASE_END,  /* its record is given */
    PHASES,
};

/* Everything borrowed for the call. */
struct phase_change {
    enum phase before, phase;
    double at;           /* loop_time() */
    uint64_t index;      /* of the entry, from 1 */
    const char *url;     /* of the entry; of the request in REQUEST; without secrets; NULL: bad */
    const char *path;    /* relative as for the store; NULL: not known (yet) */
    int64_t have, total; /* bytes of the file that are there; of all of it, -1 */
    /* As far as it is known: what the last request took is in its timing once that has ended; in
     * END it is the record that is given. */
    const struct record *record;
    double delay;            /* BACKOFF: seconds */
    const struct err *error; /* BACKOFF: what the attempt ended with; END: the record's */
};

/* Who listens. Embed it; it stays in place until the session is gone. */
struct phase_observer {
    struct list node;
    void (*on_phase)(struct phase_observer *o, const struct phase_change *c);
};

const char *phase_name(enum phase p); /* static: "queued", "backoff" */

/* The job goes over to a phase. */
void phase_enter(struct job *job, enum phase phase);
void phase_enter_request(struct job *job, const char *url);
void phase_enter_backoff(struct job *job, double delay, const struct err *error);

#endif
