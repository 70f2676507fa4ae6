/* SPDX-License-Identifier: MIT */
/*
 * libcurl's callbacks of one easy handle. They note what came and hand it to the receiver; none of
 * them calls libcurl, but to ask it for a figure.
 */
#include "net/private.h"
#include "net/private_address.h"

#include <string.h>

static void resolved(struct transfer *t)
{
    if (!t->resolved) {
        t->resolved = true;
        if (t->receiver->on_resolved) {
            t->receiver->on_resolved(t->arg);
        }
    }
}

/* The name is not known: a look-up begins. */
static int on_lookup(void *state, void *reserved, void *easy)
{
    (void)state;
    (void)reserved;
    struct transfer *t = ((struct easy *)easy)->t;
    if (t && t->connecting < 0) {
        t->connecting = t->m->now;
    }
    return 0;
}

/* libcurl may still have another address of the host. */
static curl_socket_t deny(struct transfer *t)
{
    if (!t->error) {
        t->error = err_new(ERR_POLICY, NULL,
            "%s has a private address, and --deny-private keeps away from those",
            url_host(t->rq->url));
    }
    return CURL_SOCKET_BAD;
}

static curl_socket_t on_open(void *easy, curlsocktype purpose, struct curl_sockaddr *addr)
{
    (void)purpose;
    struct easy *e = easy;
    struct transfer *t = e->t;
    if (t) {
        resolved(t);
        if (e->m->options->deny_private && address_is_private(&addr->addr, addr->addrlen)) {
            return deny(t);
        }
        if (t->connecting < 0) {
            t->connecting = t->m->now;
        }
        /* Also when a kept connection turned out to be dead and libcurl makes another. */
        t->reply->r.connected = false;
        deadline__touch(t, TRANSFER_WAITING);
    }
    return multi__open_socket(e->m, t, addr);
}

/* A connection is there, new or kept, and the request goes out next. */
static int on_ready(void *easy, char *remote_ip, char *local_ip, int remote_port, int local_port)
{
    (void)local_ip;
    (void)remote_port;
    struct transfer *t = ((struct easy *)easy)->t;
    struct reply *r = &t->reply->r;
    resolved(t);
    err_unref(t->error); /* of a socket that could not be had, when another could */
    t->error = NULL;
    r->connected = true;
    r->local_port = local_port;
    r->kept = t->connecting < 0;
    size_t len = remote_ip ? strnlen(remote_ip, sizeof(r->remote_ip) - 1) : 0;
    memcpy(r->remote_ip, remote_ip ? remote_ip : "", len);
    r->remote_ip[len] = '\0';
    multi__established(t, local_port);
    deadline__touch(t, TRANSFER_ASKED);
    return CURL_PREREQFUNC_OK;
}

static bool is_head(const struct transfer *t)
{
    return t->rq->method && strcmp(t->rq->method, "HEAD") == 0;
}

static struct err *too_large(const struct transfer *t)
{
    return err_new(ERR_POLICY, "CURLE_FILESIZE_EXCEEDED",
        "the body is larger than %lld bytes (--max-filesize)",
        (long long)t->m->options->max_filesize);
}

static struct err *head_ended(struct transfer *t)
{
    struct reply *r = &t->reply->r;
    int64_t max = t->m->options->max_filesize;
    if (is_head(t)) {
        r->length_known = true;
    } else if (max > 0 && r->content_length > max) {
        return too_large(t);
    }
    if (r->content_encoding && t->m->options->compressed && !t->rq->identity && !is_head(t)) {
        struct err *e = decoder_new(r->content_encoding, &t->decoder);
        if (e) {
            return e;
        }
    }
    t->by_turns = multi__by_turns(t);
    return t->receiver->on_head ? t->receiver->on_head(t->arg, r) : NULL;
}

static size_t on_header(char *line, size_t size, size_t n, void *easy)
{
    struct transfer *t = ((struct easy *)easy)->t;
    bool ended = false;
    n *= size;
    deadline__touch(t, TRANSFER_READING);
    multi__received(t->m, n);
    struct err *e = reply__line(t->reply, line, n, &ended);
    if (!e && ended) {
        e = head_ended(t);
    }
    if (e) {
        t->error = e;
        return 0;
    }
    return n;
}

/* Bytes of the body, as they are wanted. */
static struct err *pass_on(void *transfer, char *bytes, size_t n)
{
    struct transfer *t = transfer;
    struct reply *r = &t->reply->r;
    int64_t max = t->m->options->max_filesize;
    r->received += (int64_t)n;
    return max > 0 && r->received > max ? too_large(t) : t->receiver->on_body(t->arg, bytes, n);
}

static size_t on_body(char *bytes, size_t size, size_t n, void *easy)
{
    struct transfer *t = ((struct easy *)easy)->t;
    n *= size;
    deadline__touch(t, TRANSFER_READING);
    multi__received(t->m, n);
    t->reply->r.received_raw += (int64_t)n;
    struct err *e =
        t->decoder ? decoder_run(t->decoder, bytes, n, pass_on, t) : pass_on(t, bytes, n);
    if (e) {
        t->error = e;
        return CURL_WRITEFUNC_ERROR;
    }
    multi__brought(t->m, t, n);
    return n;
}

#define SET(option, value)                                                                         \
    do {                                                                                           \
        if (rc == CURLE_OK) {                                                                      \
            rc = curl_easy_setopt(e->handle, (option), (value));                                   \
        }                                                                                          \
    } while (0)

struct err *callbacks__install(struct easy *e)
{
    CURLcode rc = CURLE_OK;
    SET(CURLOPT_RESOLVER_START_FUNCTION, on_lookup);
    SET(CURLOPT_RESOLVER_START_DATA, e);
    SET(CURLOPT_OPENSOCKETFUNCTION, on_open);
    SET(CURLOPT_OPENSOCKETDATA, e);
    SET(CURLOPT_CLOSESOCKETFUNCTION, multi__close_socket);
    SET(CURLOPT_CLOSESOCKETDATA, e->m);
    SET(CURLOPT_PREREQFUNCTION, on_ready);
    SET(CURLOPT_PREREQDATA, e);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, e);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, e);
    if (debug__wanted(e->m)) {
        SET(CURLOPT_DEBUGFUNCTION, debug__print);
        SET(CURLOPT_DEBUGDATA, e);
        SET(CURLOPT_VERBOSE, 1L);
    }
    return rc == CURLE_OK ? NULL : net__usage(rc, "the callbacks");
}
