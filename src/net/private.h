/* SPDX-License-Identifier: MIT */
/*
 * What the files of net share.
 *
 *   request --> easy (pooled) --> libcurl's multi --> callbacks.c (callbacks) --> reply, receiver
 *                                      |
 *        transfer (future, deadline) <-+-- multi.c: timer, completions; multi_sockets.c: sockets
 */
#ifndef NET_PRIVATE_H
#define NET_PRIVATE_H

#include "aio/future.h"
#include "net/decoder.h"
#include "net/multi.h"
#include "net/rate.h"
#include "net/reply_private.h"
#include "net/transfer.h"

#include <curl/curl.h>
#include <pthread.h>

#define NET_AGENT "garner/" PACKAGE_VERSION

struct easy;
struct sockets;
struct transfer;

/* -- url.c ---------------------------------------------------------------------------------- */

const char *url__password(const struct url *u); /* decoded; NULL if there are no credentials */
const char *url__bare(const struct url *u);     /* without user and password; borrowed */
size_t url__head(const struct url *u);          /* bytes of that before the path */

/* -- codes.c -------------------------------------------------------------------------------- */

const char *net__code_name(CURLcode rc);
enum err_kind net__kind(CURLcode rc, bool connected);
/* What helps against the error, in parentheses after a space; "" where nothing general does.
 * cacert: the user's own authorities, or NULL. Static. */
const char *net__advice(CURLcode rc, const char *cacert);
struct err *net__usage(CURLcode rc, const char *what); /* an option that libcurl refuses */

/* -- share.c -------------------------------------------------------------------------------- */

/* What the multis of a run have in common, whichever threads they run in. */
struct share {
    CURLSH *handle; /* owned: DNS, TLS sessions, and cookies if options ask for them */
    pthread_mutex_t locks[CURL_LOCK_DATA_LAST]; /* libcurl's, if there are several loops */
    struct rate limit;                          /* --limit-rate, under limit_lock */
    pthread_mutex_t limit_lock;
};

/* The cookie file is read. */
struct err *share__new(const struct net_options *o, struct share **out);
void share__free(struct share *s); /* no handle may use it; NULL is ignored */
bool share__has_cookies(const struct net_options *o);
struct err *share__write_jar(struct share *s, const char *path);

/* -- multi.c -------------------------------------------------------------------------------- */

struct multi {
    struct loop *loop;                 /* borrowed */
    const struct net_options *options; /* borrowed */
    CURLM *handle;                     /* owned */
    struct share *share;               /* owned, or that of the home loop's multi */
    bool share_borrowed;               /* ... which owns it */
    struct curl_slist *connect_to;     /* owned */
    char *protocols;                   /* owned: for CURLOPT_PROTOCOLS_STR */
    struct easy *idle;                 /* owned: the pool, most recently used first */
    struct sockets *sockets;           /* owned */
    struct list transfers;             /* under way, each holding a reference */
    struct list paused;                /* transfers that were being read when a hold began, or
                                          have had their turn */
    uint64_t places;                   /* given so far to those that are held, in their order */
    uint64_t turn;                     /* the number of the act that runs */
    uint64_t readied;                  /* how often a request got its connection */
    struct handle act;                 /* does what the callbacks noted */
    struct timer timer;                /* libcurl's; may fire before `due` */
    double due;
    bool kick;       /* CURL_SOCKET_TIMEOUT is due */
    bool added;      /* a transfer was added since the last kick */
    bool delayed;    /* a kick waits until `due`, because reading is held */
    unsigned inside; /* depth of calls into libcurl */
    double now;      /* loop_time() of the batch that runs */
    unsigned holds;
    double held_since, held_time; /* while holds > 0; the sum of earlier holds */
    double gap_time, gap_end;     /* time that the whole process stood still */
    struct timer limit_timer;     /* --limit-rate */
    bool limited;                 /* the limit holds */
};

/* m->now, read anew. */
double multi__now(struct multi *m);
/* Seconds that reading was held since the beginning, up to m->now. */
double multi__held_time(const struct multi *m);
/* A timer that was due at `when` runs at m->now: notes a stop of the process. */
void multi__note_gap(struct multi *m, double when);

/* Into libcurl, with these CURL_CSELECT_ events of a socket (or CURL_SOCKET_TIMEOUT and none). */
void multi__enter(struct multi *m, curl_socket_t fd, int events);

/* libcurl's callbacks, and ours. */
int multi__on_timer_change(CURLM *h, long ms, void *multi);
struct err *multi__on_timer(void *multi);
struct err *multi__act(void *multi);

struct err *multi__add(struct multi *m, struct transfer *t);
void multi__remove(struct multi *m, struct transfer *t);
/* Whether the body whose header has ended can be read a piece a turn. */
bool multi__by_turns(const struct transfer *t);
/* In a body callback that brought n bytes, after whatever may have begun a hold. */
void multi__brought(struct multi *m, struct transfer *t, size_t n);

/* -- multi_sockets.c ------------------------------------------------------------------------ */

struct sockets *sockets__new(void);
void sockets__free(struct sockets *s); /* before the loop ends */

/* libcurl's callbacks. */
int multi__on_socket(CURL *h, curl_socket_t fd, int what, void *multi, void *unused);
curl_socket_t multi__open_socket(
    struct multi *m, struct transfer *t, const struct curl_sockaddr *addr);
int multi__close_socket(void *m, curl_socket_t fd); /* a CURLOPT_CLOSESOCKETFUNCTION */

/* t has its connection, new or kept, whose end here has this port. The sockets that it opened carry
 * requests from now on: they can be held. */
void multi__established(struct transfer *t, int port);
/* t is over and its connection kept, unless another has it already: nothing may come there before
 * the next request, and what does come is thrown away. libcurl does not say who has which socket,
 * but each that gets one is heard of first, with its port (multi__established). */
void multi__kept(struct transfer *t);
/* t is out of libcurl: what was opened for it and never connected is closed by now. */
void sockets__forget(struct transfer *t);

/* libcurl is told of what was seen on any of them. */
void sockets__act(struct multi *m);
/* Of those that had something to be read when reading was held the first one's place; UINT64_MAX:
 * there are none. */
uint64_t sockets__place(const struct multi *m);
/* That one is read. */
void sockets__unpark(struct multi *m);

/* -- kept.c --------------------------------------------------------------------------------- */

/* Of a connection that nobody uses: if there is something to be read, it is not to be used again.
 */
void kept__check(int fd);

/* -- limit.c -------------------------------------------------------------------------------- */

void multi__received(struct multi *m, size_t n); /* counts against --limit-rate */
struct err *multi__on_limit(void *multi);
void limit__socket(const struct multi *m, int fd); /* of a new socket */

/* -- easy.c, easy_options.c, easy_request.c ------------------------------------------------- */

struct easy {
    CURL *handle;               /* owned */
    struct easy *next;          /* in the pool */
    struct multi *m;            /* borrowed */
    struct transfer *t;         /* borrowed, while it is used */
    struct curl_slist *headers; /* owned: what the handle was given */
    CURLU *parts;               /* owned: the URL, taken apart */
    char *head;                 /* owned: what is before the path there; NULL: nothing known */
    unsigned set;               /* what differs from the options of the run, EASY_... */
    bool unknown;               /* an option was refused: what it has is not what `set` says */
    char error[CURL_ERROR_SIZE];
};

struct err *easy__new(struct multi *m, struct easy **out);
/* From the pool, or new. */
struct err *easy__get(struct multi *m, struct easy **out);
void easy__put(struct easy *e); /* back; one that is `unknown` is freed */
void easy__free(struct easy *e);

struct err *easy__apply_options(struct easy *e);
struct err *easy__apply_request(struct easy *e, const struct request *rq);
/* The request under way will not wait for a connection that it could share. */
struct err *easy__alone(struct easy *e);
/* CURLOPT_HTTP_VERSION for it. */
long easy__http_version(enum http_version v);
/* For CURLOPT_PROTOCOLS_STR, from --proto. *out is owned by the caller. */
struct err *easy__protocols(const char *proto, char **out);

/* -- callbacks.c ------------------------------------------------------------------------------ */

struct err *callbacks__install(struct easy *e); /* the callbacks */

/* -- debug.c -------------------------------------------------------------------------------- */

bool debug__wanted(const struct multi *m);
int debug__print(CURL *h, curl_infotype type, char *data, size_t n, void *easy);

/* -- transfer.c, deadline.c ----------------------------------------------------------------- */

enum transfer_phase {
    TRANSFER_WAITING, /* for a connection: its own, or that of another transfer */
    TRANSFER_ASKED,   /* the request is on its way */
    TRANSFER_READING, /* the reply began */
};

struct transfer {
    struct future future;
    struct list node;                /* in multi.transfers */
    struct multi *m;                 /* borrowed */
    struct easy *easy;               /* owned while under way */
    const struct request *rq;        /* borrowed while under way */
    const struct receiver *receiver; /* borrowed while under way */
    void *arg;                       /* the receiver's */
    uint64_t readied;                /* multi.readied when it got its connection */
    struct reply_box *reply;         /* one reference */
    struct err *error;               /* owned: what a callback ended it with */
    struct list paused;              /* in multi.paused */
    uint64_t place;                  /* while it is there: see multi.places */
    bool by_turns;                   /* its body can be read a piece a turn */
    uint64_t turn;                   /* the last in which it was read */
    size_t turn_bytes;               /* what that brought */
    bool held;                       /* transfer_hold */
    double held_since, held_time;    /* while held; the sum of earlier times */
    struct list sockets;             /* opened for it, not yet established */
    struct handle late;              /* a cancel from inside libcurl ... */
    bool cancelled;                  /* ... was asked for */
    struct timer timer;              /* the earliest deadline, or sooner */
    enum transfer_phase phase;
    bool resolved;                     /* on_resolved was called */
    struct decoder *decoder;           /* owned: of a body that is decoded */
    unsigned char again;               /* how often libcurl's connect time-out was not meant */
    double started, connecting, since; /* m->now: begun; own connection (-1: none); last byte or
                                          change of phase */
    double held_then, gap_then;        /* multi's sums at `since` */
    double gap_at_start;
    double slow_since_bytes, slow_for; /* -Y/-y: bytes at the last look; seconds of slowness */
    double slow_at, slow_held;
};

/* The reply that is being read; borrowed. Of a future of transfer_start. */
struct reply_box *transfer__box(struct future *transfer);
/* libcurl says that it is over. */
void transfer__done(struct transfer *t, CURLcode rc);
/* Ends it now; e is taken over, NULL is success. Not inside libcurl. */
void transfer__end(struct transfer *t, struct err *e);

struct err *deadline__start(struct transfer *t);
void deadline__touch(struct transfer *t, enum transfer_phase phase); /* a byte, or a new phase */
struct err *deadline__connect(const struct transfer *t);             /* the error */

#endif
