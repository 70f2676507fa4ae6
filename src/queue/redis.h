/* SPDX-License-Identifier: MIT */
/*
 * A connection to a Redis server on the loop (hiredis and its libev adapter): a command is a future
 * of its reply. The only file that knows hiredis is redis.c; where garner is built without it,
 * redis_none.c stands in.
 *
 * hiredis' callbacks only complete futures; what they mean runs from the ready queue.
 */
#ifndef QUEUE_REDIS_H
#define QUEUE_REDIS_H

#include "aio/future.h"
#include "base/buf.h"

struct redis;
struct redisReply; /* hiredis' own */

/* "hiredis/0.14.1", or NULL: there is none in this build. Static. */
const char *redis_version(void);
bool redis_has_tls(void);

/* -- a connection -------------------------------------------------------------------------- */

/* Where to. Borrowed for the call. */
struct redis_place {
    const char *address; /* numeric; NULL: the socket */
    unsigned port;
    const char *path;
    const char *tls_name; /* the name that the certificate has to have; NULL: no TLS */
};

/* Begins to connect. redis_connected: a future, borrowed, that is done when the connection came
 * about. patience: seconds without any answer while one is due, after which the connection counts
 * as lost. ERR_CONNECT, ERR_NOMEM. */
struct err *redis_open(
    struct loop *l, const struct redis_place *place, double patience, struct redis **out);
struct future *redis_connected(const struct redis *r);

/* Every answer that is due fails. Not from a hiredis callback, which only hiredis has. */
void redis_free(struct redis *r); /* NULL is ignored */

/* False once the connection is lost; it stays so. */
bool redis_alive(const struct redis *r);

/* -- commands ------------------------------------------------------------------------------ */

/* The words of one command, any bytes. */
struct redis_args {
    struct buf bytes; /* owned: all of them, without anything between */
    size_t *ends;     /* owned: where each ends */
    size_t count, room;
    bool failed; /* memory ran out; said by redis_send */
};

void redis_args_init(struct redis_args *a);
void redis_args_fini(struct redis_args *a);
void redis_args_add(struct redis_args *a, const void *bytes, size_t len);
void redis_args_adds(struct redis_args *a, const char *text);
void redis_args_addi(struct redis_args *a, long long n);
/* "XGROUP CREATE": words cut at blanks, for what is fixed in a command. */
void redis_args_words(struct redis_args *a, const char *words);

/*
 * A future, the caller's, whose value is the reply (redis_reply_free; or left in it). Commands are
 * answered in their order. Its error: ERR_NETWORK if the connection is lost before the answer
 * (then nobody knows whether the command was done), ERR_IO for an answer that is an error, with
 * its first word as the code ("WRONGTYPE") if it is a known one. NULL when memory ran out.
 */
struct future *redis_send(struct redis *r, const struct redis_args *a);

/* True for an answer that is an error which passes by itself: loading, out of memory, a replica. */
bool redis_error_passes(const struct err *e);

/* -- replies ------------------------------------------------------------------------------- */

void redis_reply_free(void *reply);

/* What does not fit the reply's type gives NULL, 0 or -1; all take NULL. Borrowed. */
const char *redis_reply_text(const struct redisReply *r, size_t *len); /* a NUL is behind it */
long long redis_reply_int(const struct redisReply *r);                 /* also of digits */
size_t redis_reply_count(const struct redisReply *r);
const struct redisReply *redis_reply_at(const struct redisReply *r, size_t i);

#endif
