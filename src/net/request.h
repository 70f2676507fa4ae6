/* SPDX-License-Identifier: MIT */
/*
 * What is asked of a server: the options of the whole run, and one request.
 * Plain data: the owner is whoever filled it in; net only reads.
 */
#ifndef NET_REQUEST_H
#define NET_REQUEST_H

#include "net/url.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum { LOOPS_MOST = 64 }; /* net_options.loops */

enum http_version { HTTP_VERSION_AUTO, HTTP_VERSION_1_1, HTTP_VERSION_2, HTTP_VERSION_3 };

/* The same for every request of a run; named and meant as curl's options. Strings may be NULL. */
struct net_options {
    const char *user_agent; /* NULL: "garner/VERSION"; "" sends none */
    const char *proxy, *proxy_user, *noproxy;
    const char *cacert, *cert, *key_file;
    const char *key_password; /* of the private key; NULL: none, and nobody is asked for it */
    bool insecure;
    enum http_version http_version;
    char *const *resolve; /* NULL-terminated; CURLOPT_RESOLVE strings */
    char *const *connect_to;
    const char *interface, *unix_socket;
    int ip_version;    /* 0, 4 or 6 */
    const char *proto; /* as curl's --proto; NULL: "http,https" */
    const char *aws_sigv4;
    const char
        *cookie_file; /* -b FILE: read at start; cookies given as text are in request.cookie */
    const char *cookie_jar; /* written once, at the end */
    bool cookie_engine;
    bool netrc;
    const char *netrc_file;
    bool compressed;
    int64_t max_filesize; /* decoded bytes; 0: no limit */
    /* Seconds; 0: no limit. attempt is one transfer from its start to its end. */
    double connect_timeout, first_byte_timeout, stall_timeout, attempt_timeout;
    int64_t speed_limit;      /* -Y: bytes a second ... */
    double speed_time;        /* -y: ... for so many seconds; 0: off */
    int64_t limit_rate;       /* bytes a second of all transfers together; 0: none */
    unsigned loops;           /* event loops that carry transfers, each in its thread; 0: one */
    size_t between;           /* bytes: what other loops received and the home loop did not take */
    unsigned max_connections; /* cached ones that a loop keeps open: a hint, requests at once */
    unsigned together;        /* of these, so many as a rule: they share a few MiB for reading */
    bool deny_private;        /* no connection to an address that is not public */
    bool verbose;
};

/* One request. Everything is borrowed until the transfer ended. */
struct request {
    const struct url *url;
    const char *method; /* NULL: GET; "HEAD" expects no body */
    const char *body;   /* NULL: none */
    size_t body_len;
    char *const *headers; /* NULL-terminated "Name: value" lines, curl's -H rules; may be NULL */
    const char *referer;
    const char *cookie;  /* Cookie header text of -b; NULL: none */
    const char *userpwd; /* "user:password"; NULL: what the URL or netrc says */
    const char *bearer;
    const char *user_agent; /* overrides the run's; NULL: the run's */
    const char *range;      /* "a-b" or "a-": CURLOPT_RANGE; NULL: none */
    bool credentials; /* false: nothing secret goes along: the caller passes no secrets, and net
                         keeps netrc and the URL's user away */
    bool alone;       /* on a connection of its own: by HTTP/1.1 */
    bool fresh;       /* on a new connection, which others may share afterwards */
    bool identity;    /* Accept-Encoding: identity, whatever net_options.compressed says */
    time_t if_modified_since; /* 0: unconditional */
};

#endif
