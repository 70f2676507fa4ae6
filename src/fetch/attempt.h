/* SPDX-License-Identifier: MIT */
/*
 * One request of a download: built, sent, its body led into the sink, its end judged. Redirect hops
 * are attempts too: each is sent by itself, to its own host. Private to src/fetch.
 */
#ifndef FETCH_ATTEMPT_H
#define FETCH_ATTEMPT_H

#include "base/buf.h"
#include "fetch/job.h"
#include "fetch/resume.h"
#include "net/request.h"
#include "net/transfer.h"

struct segment;
struct segments;

struct attempt {
    struct job *job;                 /* borrowed */
    struct slot *slot;               /* borrowed: the job's, or a helper's own */
    const struct receiver *receiver; /* static */
    struct segments *segments;       /* owned by the download; NULL: one connection */
    struct task *naming;             /* owned: settles the name that the reply brought (naming.h) */
    struct segment *segment;         /* borrowed from them: what it brings of the file; NULL: all */
    bool helps;   /* one of several beside the download's own (segments.h, race.h): it asks for the
                     bytes from plan.from to last */
    bool alone;   /* on a connection of its own */
    int64_t last; /* the last byte of the range that a helper asks for */
    struct sink *sink; /* owned by the download; NULL while nothing is to be stored */
    struct body *body; /* owned by the download: with the session's line, once a reply is good */
    struct buf kept;   /* owned: the body, for the record (--body) */
    unsigned mirror;   /* which of the job's */
    struct url *url;   /* a reference: the hop */
    unsigned hops;     /* redirects followed since the mirror's own URL */
    bool looking;      /* by HEAD: no sink, the reply is all that is wanted */
    bool bodyless;     /* a redirect turned the method into GET */
    struct request request;
    char range[48];       /* "a-" or "a-b" */
    struct buf texts;     /* owned: header lines and the like that request points into */
    const char **headers; /* owned array of borrowed lines */
    char *referer;        /* owned */
    struct resume plan;
    bool fresh;              /* start over, whatever is there */
    bool match;              /* ask with If-Match once */
    bool matched_before;     /* If-Match was tried for this file */
    struct future *transfer; /* owned */
    /* what the reply's head decided */
    bool accepted;      /* the body goes to the sink */
    bool ask_again;     /* the reply was of no use: the plan changed */
    bool unwanted;      /* its request was ended by us: attempt_end */
    bool held;          /* the host waits as Retry-After asked: no backoff of ours */
    int64_t refused;    /* body bytes that went nowhere */
    int64_t start, end; /* of what the sink got from this attempt */
    int64_t limit;      /* where the reply said that it ends */
    struct lane *lane;  /* from the session's: where it, then its commit, is drawn; NULL: nowhere */
    double began;       /* loop_time() of its start, if it is drawn */
    int64_t reached;    /* the furthest byte that any attempt before this one came to */
};

void attempt_init(struct attempt *a, struct job *job);
void attempt_fini(struct attempt *a);

/* Frees what only a request needs: the last one was made and judged. */
void attempt_shed(struct attempt *a);

/* Next goes to this mirror's own URL. */
void attempt_aim(struct attempt *a, unsigned mirror);

/* Sends the request: a->transfer is to be awaited. The job's slot is held. */
struct err *attempt_start(struct attempt *a);

/* Ends the request, as what it would still bring is not wanted: that is no cancel of the download,
 * which goes on by what it has. */
void attempt_end(struct attempt *a);

/* What awaiting the transfer of the job's own attempt raised (borrowed, as what is returned): NULL
 * for the end that attempt_end made. */
struct err *attempt_status(const struct attempt *a, struct err *status);

enum verdict {
    ATTEMPT_DONE,      /* the whole body is in the sink */
    ATTEMPT_UNCHANGED, /* 304 to a conditional request */
    ATTEMPT_REDIRECT,  /* a->url is the next hop */
    ATTEMPT_ASIDE,     /* the job goes back to be admitted with its name (job.aside) */
    ATTEMPT_AGAIN,     /* at once, with another plan, or for the rest */
    ATTEMPT_RETRY,     /* failed in a way that may pass */
    ATTEMPT_FAILED,
};

/* status: what awaiting the transfer raised (borrowed). *error: set for RETRY and FAILED (owned).
 * Fills the record's account of requests, bytes and reply. */
enum verdict attempt_judge(struct attempt *a, struct err *status, struct err **error);

/* Its place in the drawing is free for another request; nothing without one. */
void attempt_leave_lane(struct attempt *a);

/* Bytes of the file that this attempt brought and none before it. */
int64_t attempt_gained(const struct attempt *a);

/* The request may be made again: it is a GET or HEAD, or --retry-unsafe. */
bool attempt_repeatable(const struct attempt *a);

#endif
