/* SPDX-License-Identifier: MIT */
/* What a server answered: the final header block of one request, and how long things took. */
#ifndef NET_REPLY_H
#define NET_REPLY_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct reply_timing { /* seconds since the transfer's start; negative: did not happen */
    double dns, connect, tls, first_byte, total;
};

struct reply {
    int status;          /* 0: no reply came */
    const char *version; /* "1.0", "1.1", "2", "3"; static; NULL while unknown */
    char *content_type, *etag, *last_modified, *location;         /* owned; NULL: absent */
    char *content_range, *content_encoding, *content_disposition; /* owned */
    int64_t content_length; /* as sent, before decoding; -1: not given */
    bool accept_ranges;     /* "Accept-Ranges: bytes" */
    double retry_after;     /* seconds from now, also from a date; -1: absent */
    time_t date, modified;  /* Date, Last-Modified; -1: absent or unreadable */
    char remote_ip[64];     /* "" while unknown */
    int local_port;         /* our end's of the connection; 0: there was none */
    bool kept;              /* it was there already: no look-up, no handshake */
    bool connected;         /* a connection was there (decides connect against network) */
    bool length_known;      /* the end of the body is certain: a length, or chunks */
    int64_t received;       /* body bytes from the wire as handed out, of this request */
    int64_t received_raw;   /* the same before decoding a Content-Encoding */
    struct reply_timing timing;
};

/* Ends a reply that came from a transfer (one reference to it); NULL is ignored. */
void reply_free(void *reply);

#endif
