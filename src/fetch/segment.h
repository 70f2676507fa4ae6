/* SPDX-License-Identifier: MIT */
/* What the leader's side (segments.c) and the helpers (segment.c) share. */
#ifndef FETCH_SEGMENT_H
#define FETCH_SEGMENT_H

#include "aio/taskgroup.h"
#include "fetch/segments.h"
#include "fetch/session_private.h"
#include "store/stream.h"

/* Bytes that one request is bringing: [at, end) is still to come; end may move down. */
struct segment {
    struct list node; /* in segments->active while a request brings it */
    int64_t at, end;
    int64_t begin;              /* where the request began ... */
    double since;               /* ... and when: loop_time() */
    double heard;               /* when something came last, or the request began */
    int64_t asked;              /* where it ends by itself */
    bool taken;                 /* others bring its rest: the request is being ended */
    struct attempt *attempt;    /* borrowed: whose request */
    struct sink_stream *stream; /* owned */
};

/* What is known of a mirror. */
struct supply {
    bool out;            /* of no use */
    bool known;          /* it has shown its version */
    struct validators v; /* owned, once known */
    unsigned users;
    int64_t brought; /* bytes */
};

struct segments {
    unsigned refs;
    struct job *job;       /* borrowed */
    struct sink *sink;     /* borrowed from the attempt that leads */
    struct supply *supply; /* owned: one for each mirror */
    unsigned nmirrors;
    unsigned mirror;            /* the leader's */
    struct url *url;            /* owned: where its redirects led */
    const struct validators *v; /* borrowed from the sink: the version */
    struct segment lead;
    struct ranges free;      /* owned: missing, and nobody brings it */
    int64_t part;            /* bytes that are claimed at once */
    struct list active;      /* of struct segment */
    struct list helpers;     /* of struct helper */
    struct task *crew;       /* owned; NULL: no helpers */
    struct taskgroup *group; /* the crew's, while it runs */
    unsigned todo;           /* helpers to begin with */
    unsigned most;           /* connections at once, from now on */
    double since;            /* when the leading request became a segment ... */
    int64_t had;             /* ... and the bytes that were there */
    int64_t gained;
    struct err *error; /* owned: the last that a helper ended with */
    bool changed;      /* the file is another by now */
    bool off;          /* no more of this for the file */
};

/* A helper is begun. ERR_NOMEM, ERR_RUNTIME if the crew is through. */
struct err *segment__start(struct segments *g);
/* Ends all helpers; with `waiting` only those that have no request under way. */
void segment__cancel_all(struct segments *g, bool waiting);

/* The next bytes for the attempt's request: free ones, else half of what the slowest has still to
 * bring, or all of it if that lags. False if there is nothing. */
bool segments__claim(struct segments *g, struct segment *s, struct attempt *a);
/* Whether there would be. */
bool segments__more(struct segments *g);
/* Whether there may be later: others are at work, and may fail or turn out to be slow. */
bool segments__wait(const struct segments *g);
/* Its request ended: what did not come is free again. */
void segments__release(struct segments *g, struct segment *s);
/* Bytes of it came. Returns ERR_STOP_ITERATION when its end was reached before the reply's. */
struct err *segments__take(
    struct segments *g, struct segment *s, const void *bytes, size_t n, bool leads);

static inline double segments__now(const struct segments *g)
{
    return loop_time(g->job->session->env.loop);
}

#endif
