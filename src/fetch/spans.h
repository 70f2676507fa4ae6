/* SPDX-License-Identifier: MIT */
/*
 * What a download did when, for those who draw it (--timeline, --report): its waits, its requests
 * and its commit, on the loop's clock. Kept only when session_options.spans asks for it.
 *
 * A request is drawn in a lane: a place at its host that one request has at a time. Commits have
 * lanes of their own. There are no more than were under way at once.
 */
#ifndef FETCH_SPANS_H
#define FETCH_SPANS_H

#include "net/reply.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lane_host;

struct lane {
    unsigned row;       /* from 1: one number for each lane of the run */
    unsigned host;      /* from 0: one number for each origin */
    unsigned number;    /* from 1: among those of its host */
    const char *origin; /* borrowed from the lanes */
    struct lane *next;  /* the lanes' own */
    struct lane_host *home;
};

enum span_kind {
    SPAN_QUEUE,   /* waits for a slot; the first from the entry's reading on */
    SPAN_VERIFY,  /* the file that is there is looked at */
    SPAN_BACKOFF, /* waits for the next attempt */
    SPAN_EXEC,    /* waits for --exec's command */
    SPAN_REQUEST,
    SPAN_WRITE,  /* what came last is still to be written */
    SPAN_COMMIT, /* digest, marks, rename */
};

struct span {
    enum span_kind kind;
    double begin, end; /* loop_time() */
    /* Of a request; the lane also of writing and commit. */
    const struct lane *lane; /* borrowed from the session; NULL: a wait */
    struct reply_timing timing;
    bool kept, tls;      /* over a connection that was there; over https */
    bool helps;          /* beside the one that leads: a segment, a race */
    int port;            /* our end's; 0: no connection */
    int status;          /* 0: no reply */
    int64_t received;    /* body bytes */
    const char *version; /* static; NULL */
    const char *error;   /* static: the kind; NULL: none */
};

struct spans {
    struct span *at; /* owned */
    size_t n, room;
    uint64_t left_out; /* more than SPANS_MOST, or without memory */
};

/* A download of more requests than this is drawn without the last of them. */
enum { SPANS_MOST = 4096 };

void spans_free(struct spans *s); /* NULL is ignored */
/* s may be NULL: nothing is kept. Copies. A wait that follows one of its kind makes it longer. */
void spans_add(struct spans *s, const struct span *span);

/* -- the legs of a request ----------------------------------------------------------------- */

enum leg_kind { LEG_DNS, LEG_CONNECT, LEG_TLS, LEG_WAIT, LEG_BODY, LEGS };

struct leg {
    enum leg_kind kind;
    double end; /* loop_time(); it begins where the one before it ends */
};

/* In order, the first from span->begin, the last to span->end; those that did not happen are left
 * out. The leg in which a request failed is the last. Returns how many, 1 at least. */
size_t span_legs(const struct span *span, struct leg out[LEGS]);

/* -- lanes: private to src/fetch ----------------------------------------------------------- */

struct lanes;

struct lanes *lanes_new(void); /* NULL when memory ran out */
void lanes_free(struct lanes *l);
/* The first free lane at an origin; NULL when memory ran out. */
struct lane *lanes_take(struct lanes *l, const char *origin);
/* The first free one of files; NULL when memory ran out. */
struct lane *lanes_take_file(struct lanes *l);
void lanes_give(struct lanes *l, struct lane *lane); /* NULL is ignored */
unsigned lanes_peak(const struct lanes *l);          /* requests at once, at most */

#endif
