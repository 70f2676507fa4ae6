/* SPDX-License-Identifier: MIT */
/*
 * A connection to a queue's server that is made again whenever it is lost.
 *
 *   look up -> connect, address by address -> AUTH, SELECT -> up
 *        ^_____ wait, longer each time __________________/   lost
 *
 * The first time it has to come about within the time to connect, and a server that refuses the
 * password ends it at once; later it is tried for ever, since downloads go on meanwhile.
 */
#ifndef QUEUE_LINK_H
#define QUEUE_LINK_H

#include "aio/executor.h"
#include "queue/redis.h"
#include "queue/redis_url.h"

struct link;

struct link_options {
    struct loop *loop; /* all borrowed, outlive the link */
    struct executor *executor;
    const struct redis_url *url;
    double connect_timeout; /* seconds; 0: none */
    /* What people are told: the connection went away (once), and came back. May be NULL. */
    void (*note)(void *arg, const char *text);
    void *arg;
};

/* options: copied. NULL when memory ran out. */
struct link *link_new(const struct link_options *options);
void link_free(struct link *k); /* no link_up may be pending; NULL is ignored */

/* The future of a task, the caller's: done when the connection is up, at once if it is. Its error:
 * the first connection could not be made (ERR_CONNECT, ERR_DNS, ERR_TIMEOUT, ERR_TLS, ERR_IO for a
 * refusal, each naming the server), ERR_NOMEM. One at a time. NULL when memory ran out. */
struct future *link_up(struct link *k);

/* The connection; NULL unless it is up and the server serves. Not to be kept over an await. */
struct redis *link_redis(const struct link *k);

/* What went wrong with a command: after a lost connection, or an error that passes by itself, true,
 * and the next link_up connects anew or waits. Else the error is final: false. */
bool link_mends(struct link *k, const struct err *e);

/* How often it has come up: another number is another connection. */
unsigned link_times(const struct link *k);

/* The server is known to be good, by another link: it is waited for as if this one had been up. */
void link_trust(struct link *k);

/* A command was answered: what was said to be away is back. A server that only lets itself be
 * connected to is not. */
void link_works(struct link *k);

/* "127.0.0.1:6379", or the path of the socket. Borrowed. */
const char *link_name(const struct link *k);

#endif
