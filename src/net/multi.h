/* SPDX-License-Identifier: MIT */
/*
 * libcurl's multi interface on the loop, driven by curl_multi_socket_action.
 *
 * libcurl's callbacks (socket, timer, write, header) only note what happened; the loop's ready
 * queue acts on it. Reading can be held as a whole (multi_hold): the read watchers of all sockets
 * are suspended, so that TCP itself slows the servers down. It is what bounds memory and rate, over
 * HTTP/1.1 and HTTP/2 alike: no stream is ever paused while its connection is read for others.
 */
#ifndef NET_MULTI_H
#define NET_MULTI_H

#include "aio/loop.h"
#include "net/request.h"

struct multi;

/* How long libcurl trusts a look-up: hosts_options.resolved_for. */
enum { NET_DNS_CACHE_SECONDS = 60 };

/* curl_global_init() is the caller's (net_init), before any thread. options: borrowed, outlives the
 * multi. with: another of the same options, closed later than this one, whose DNS cache, TLS
 * sessions, cookies and rate are used, also from another thread (options.loops > 1); NULL: its own.
 * Errors: ERR_USAGE for an option that libcurl refuses, ERR_NOMEM. */
struct err *multi_new(
    struct loop *l, const struct net_options *options, struct multi *with, struct multi **out);

/* All transfers must have ended. Writes the cookie jar, once. NULL is ignored. */
struct err *multi_close(struct multi *m);
void multi_free(struct multi *m);

/* Holds and releases count: reading goes on when every hold was released. */
void multi_hold(struct multi *m);
void multi_release(struct multi *m);
bool multi_held(const struct multi *m);

/* Global set-up. */
struct err *net_init(void);
void net_fini(void);
/* For --version: libcurl and the libraries in it, "libcurl/7.88.1 OpenSSL/3.0.16 ..."; and the
 * i-th of its features that matter here, by curl's names, NULL past the last. Static. */
const char *net_version(void);
const char *net_feature(size_t i);
/* Where libcurl finds certificate authorities unless told otherwise; static, NULL: nowhere. */
void net_authorities(const char **file, const char **dir);
/* The number of a CURLcode by its name; 0: there is none of this name. */
int net_code_number(const char *name);
bool net_has_http2(void);
bool net_has_http3(void);

#endif
