/* SPDX-License-Identifier: MIT */
/* The record of one entry: everything its end is known by (cli.md, --json). */
#ifndef FETCH_RECORD_H
#define FETCH_RECORD_H

#include "aio/future.h"

#include <stdbool.h>
#include <stdint.h>

struct entry;
struct reply;
struct spans;
struct url;

enum record_state {
    RECORD_FINISHED,
    RECORD_FAILED,
    RECORD_CANCELLED,
    RECORD_PENDING,
    RECORD_SKIPPED,
    RECORD_UNCHANGED,
};

struct record_timing { /* seconds; negative: did not happen */
    double queued, dns, connect, tls, ttfb, body, write, total;
};

/* Strings are owned or said to be borrowed; NULL is "not known". Numbers below zero are "not known"
 * where it says -1. */
struct record {
    uint64_t index;  /* from 1 */
    uint64_t order;  /* among the entries that have a record, from 1 */
    const char *id;  /* JSON text, verbatim; borrowed, the entry's */
    const char *url; /* verbatim; borrowed, the entry's */
    struct url *at;  /* a reference: of the last request; NULL: none was made */
    enum record_state state;
    char *path;                                      /* as given by --dir and the template */
    int64_t size;                                    /* of the file; -1 */
    int64_t received;                                /* body bytes over all attempts */
    int64_t resumed_at;                              /* -1 */
    int status;                                      /* 0 */
    const char *http_version;                        /* static */
    const char *content_type, *etag, *last_modified; /* borrowed: `said`'s */
    char *said;                                      /* owned */
    unsigned attempts;                               /* requests made */
    unsigned redirects;
    unsigned segments;     /* 1 */
    char remote_ip[64];    /* "" */
    char *checksum;        /* "sha256:..." */
    const char *reason;    /* static: "exists", "foreign", "duplicate", ... */
    uint64_t duplicate_of; /* 0 */
    const char *file;      /* NULL: the command line; borrowed, the entry's */
    uint64_t line;
    int length_known;         /* -1 unknown, 0, 1 */
    double started, finished; /* seconds since the epoch; 0: did not happen */
    struct record_timing timing;
    char *body; /* the body itself (--body), body_len bytes; NULL: not asked for, or none */
    size_t body_len;
    struct err *error; /* owned */
    bool retryable;
    struct spans *spans; /* owned: what it did when (spans.h); NULL unless asked for */
    /* For the consumer, while it has the record; borrowed. */
    uint64_t key;              /* of the entry, hashed; 0 if it has none */
    const struct entry *entry; /* what the list said */
    const char *target;        /* the path that it came to, relative as for the store; NULL: none */
};

void record_init(struct record *r); /* all unknown */
void record_fini(struct record *r);
struct record *record_new(void); /* NULL when memory ran out */
void record_free(void *record);

/* Keeps what a reply says; when memory ran out, without its texts. */
void record_take_reply(struct record *r, const struct reply *reply);

/* The URL of the last request, its password hidden; owned by the caller. NULL: there was none, or
 * memory ran out. */
char *record_effective_url(const struct record *r);

const char *record_state_name(enum record_state s);
bool record_ok(const struct record *r); /* finished, skipped, unchanged */

/* The file is there and is this entry's: finished now, or by a run that died before it could say
 * so, or by one without a journal. */
bool record_done(const struct record *r);

/* Who takes the records of a session, on the loop's thread. */
struct record_consumer {
    /* Each entry read comes once; r is borrowed for the call. An error (ERR_IO: nobody can be told
     * any more) stops the run. */
    struct err *(*on_record)(void *arg, const struct record *r);
    /* NULL: go on. Otherwise a future (owned by the caller) to await before more is started: what
     * was written so far has not gone out. */
    struct future *(*ready)(void *arg);
    void *arg;
};

#endif
