/* SPDX-License-Identifier: MIT */
/*
 * One request as a future: a pooled easy handle on the multi.
 *
 * The future's value is a struct reply * (reply_free): any HTTP status counts as success here, the
 * caller judges it. Errors: ERR_DNS, ERR_CONNECT, ERR_TLS, ERR_NETWORK, ERR_TIMEOUT, ERR_POLICY
 * (max-filesize, ...), with libcurl's own name as code; or whatever the receiver returned.
 * Cancelling the future removes the handle from the multi; it is cancelled once that is done.
 * Redirects are not followed.
 */
#ifndef NET_TRANSFER_H
#define NET_TRANSFER_H

#include "aio/future.h"
#include "net/multi.h"
#include "net/reply.h"

/* Who receives. Called inside libcurl's callbacks, or, of a transfer on another loop, when what
 * came there arrives (loops.h): only note, copy and enqueue. No transfer is started or ended there,
 * but any may be held. An error ends the transfer with it (owned by net from then on). */
struct receiver {
    /* The final header block is there (not 1xx). The reply is borrowed. May be NULL. */
    struct err *(*on_head)(void *arg, const struct reply *r);
    /* Body bytes, in order, up to 256 KiB (decoded if the run decodes). */
    struct err *(*on_body)(void *arg, const void *bytes, size_t n);
    /* The name is looked up (or needed no look-up), a connection is being made: at most once. May
     * be NULL. */
    void (*on_resolved)(void *arg);
};

/* rq and what it points to, receiver and arg: borrowed until the future is done. On failure NULL
 * and *error (ERR_NOMEM, ERR_USAGE). */
struct future *transfer_start(struct multi *m, const struct request *rq,
    const struct receiver *receiver, void *arg, struct err **error);

/* Nothing more is read for this one until it is let go on; what libcurl has in its hands still
 * comes, a buffer at most. May be called inside callbacks. The time counts for no limit but the
 * attempt's. On a connection that others share (HTTP/2) the server is only stopped by the stream's
 * window, 32 MiB with libcurl 7.88. No effect once the transfer is over. */
void transfer_hold(struct future *transfer, bool hold);

/* What is known so far, also after an error or a cancel: borrowed from the transfer. Also of
 * loops_transfer. */
const struct reply *transfer_reply(const struct future *transfer);

#endif
