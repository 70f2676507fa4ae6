/* SPDX-License-Identifier: MIT */
#include "net_server.h"

#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS = 64, HEAD = 16384 };

struct server {
    int listening;
    unsigned port;
    pthread_t thread;
    pthread_t threads[CONNECTIONS];
    int fds[CONNECTIONS];
    atomic_uint connections, requests;
    atomic_bool stopping, mute;
};

struct connection {
    struct server *server;
    int fd;
    bool closing;
    char head[HEAD]; /* the request, terminated */
};

static bool put_bytes(struct connection *c, const char *bytes, size_t n)
{
    while (n) {
        ssize_t k = send(c->fd, bytes, n, MSG_NOSIGNAL);
        if (k <= 0) {
            return false;
        }
        bytes += k;
        n -= (size_t)k;
    }
    return true;
}

static bool put(struct connection *c, const char *text)
{
    return put_bytes(c, text, strlen(text));
}

static void nap(const struct connection *c, double seconds)
{
    while (seconds > 0 && !c->server->stopping) {
        nanosleep(&(struct timespec){0, 10000000}, NULL);
        seconds -= 0.01;
    }
}

/* -- what the paths do: each returns whether the connection goes on ------------------------- */

static bool echo(struct connection *c, const char *rest)
{
    (void)rest;
    char head[128];
    snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", strlen(c->head));
    return put(c, head) && put(c, c->head);
}

static bool big(struct connection *c, const char *rest)
{
    static const char zeros[65536];
    size_t n = strtoul(rest, NULL, 10);
    char head[128];
    snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", n);
    bool ok = put(c, head);
    while (ok && n) {
        size_t k = n < sizeof(zeros) ? n : sizeof(zeros);
        ok = put_bytes(c, zeros, k);
        n -= k;
    }
    return ok;
}

/* Answers, and hangs up when the next request comes. */
static bool last(struct connection *c, const char *rest)
{
    (void)rest;
    c->closing = true;
    return put(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
}

/* A byte each tenth of a second. */
static bool drip(struct connection *c, const char *rest)
{
    size_t n = strtoul(rest, NULL, 10);
    char head[128];
    snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", n);
    bool ok = put(c, head);
    while (ok && n-- && !c->server->stopping) {
        nap(c, 0.1);
        ok = put(c, "x");
    }
    return ok;
}

static bool stall(struct connection *c, const char *rest)
{
    (void)rest;
    put(c, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    nap(c, 20);
    return false;
}

static bool silent(struct connection *c, const char *rest)
{
    (void)rest;
    nap(c, 20);
    return false;
}

static bool hang_up(struct connection *c, const char *rest)
{
    (void)c;
    (void)rest;
    return false;
}

static bool reset(struct connection *c, const char *rest)
{
    (void)rest;
    put(c, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    nap(c, 0.05);
    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger));
    return false;
}

static bool endless_head(struct connection *c, const char *rest)
{
    (void)rest;
    bool ok = put(c, "HTTP/1.1 200 OK\r\n");
    while (ok && !c->server->stopping) {
        ok = put(c, "X-More: abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz\r\n");
    }
    return false;
}

/* Whole replies, as they are. */
static const struct {
    const char *path, *reply;
    bool goes_on;
} canned[] = {
    {"/ok",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Type: text/plain\r\n"
        "ETag: \"v1\"\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
        "Accept-Ranges: bytes\r\n\r\nhello",
        true},
    {"/interim",
        "HTTP/1.1 103 Early Hints\r\nETag: \"wrong\"\r\nRetry-After: 9\r\n\r\n"
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        true},
    {"/chunked",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3\r\nabc\r\n2\r\nde\r\n0\r\nETag: \"trailer\"\r\n\r\n",
        true},
    {"/badchunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
        false},
    {"/cut", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", false},
    {"/until-close", "HTTP/1.0 200 OK\r\n\r\nabc", false},
    {"/differ", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nabcde", false},
    {"/differ-list", "HTTP/1.1 200 OK\r\nContent-Length: 3, 5\r\n\r\nabcde", false},
    {"/same-list", "HTTP/1.1 200 OK\r\nContent-Length: 3, 3\r\nContent-Length: 3\r\n\r\nabc", true},
    {"/negative", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nabc", false},
    {"/huge", "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\nabc", false},
    {"/huger", "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808\r\n\r\nabc", false},
    {"/http09", "just some bytes\n", false},
    {"/redirect", "HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 0\r\n\r\n", true},
    {"/busy", "HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n", true},
    {"/busy-date",
        "HTTP/1.1 503 Busy\r\nRetry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
        "Date: Sun, 06 Nov 1994 08:49:17 GMT\r\nContent-Length: 0\r\n\r\n",
        true},
    {"/no-content", "HTTP/1.1 204 No Content\r\n\r\n", true},
    {"/gzip-bad", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
        true},
};

static const struct {
    const char *prefix;
    bool (*serve)(struct connection *c, const char *rest);
} served[] = {
    {"/echo", echo},
    {"/big/", big},
    {"/drip/", drip},
    {"/stall", stall},
    {"/silent", silent},
    {"/hang-up", hang_up},
    {"/reset", reset},
    {"/endless-head", endless_head},
    {"/last", last},
};

static bool answer(struct connection *c)
{
    char *path = strchr(c->head, ' ');
    size_t n = path ? strcspn(++path, " \r\n") : 0;
    for (size_t i = 0; path && i < sizeof(canned) / sizeof(*canned); i++) {
        if (strlen(canned[i].path) == n && strncmp(canned[i].path, path, n) == 0) {
            return put(c, canned[i].reply) && canned[i].goes_on;
        }
    }
    for (size_t i = 0; path && i < sizeof(served) / sizeof(*served); i++) {
        size_t len = strlen(served[i].prefix);
        if (strncmp(served[i].prefix, path, len) == 0) {
            return served[i].serve(c, path + len);
        }
    }
    return put(c, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
}

static void *converse(void *arg)
{
    struct connection *c = arg;
    size_t have = 0;
    bool on = true;
    while (on && have < HEAD - 1) {
        ssize_t k = recv(c->fd, c->head + have, HEAD - 1 - have, 0);
        if (k <= 0) {
            break;
        }
        have += (size_t)k;
        c->head[have] = '\0';
        if (c->head[0] == 0x16) { /* TLS is not spoken here */
            on = !c->server->mute && put(c, "?\r\n\r\n") && false;
            nap(c, c->server->mute ? 20 : 0);
        } else if (strstr(c->head, "\r\n\r\n")) {
            c->server->requests++;
            on = !c->closing && answer(c);
            have = 0;
        }
    }
    close(c->fd);
    free(c);
    return NULL;
}

static void *accept_all(void *arg)
{
    struct server *s = arg;
    for (;;) {
        int fd = accept(s->listening, NULL, NULL);
        unsigned n = s->connections;
        if (fd < 0 || s->stopping || n == CONNECTIONS) {
            if (fd >= 0) {
                close(fd);
            }
            return NULL;
        }
        struct connection *c = calloc(1, sizeof(*c));
        ck_assert_ptr_nonnull(c);
        c->server = s;
        c->fd = fd;
        s->fds[n] = fd;
        s->connections++;
        pthread_create(&s->threads[n], NULL, converse, c);
    }
}

struct server *server_start(void)
{
    struct server *s = calloc(1, sizeof(*s));
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(a);
    ck_assert_ptr_nonnull(s);
    s->listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(s->listening, (struct sockaddr *)&a, len), 0);
    ck_assert_int_eq(getsockname(s->listening, (struct sockaddr *)&a, &len), 0);
    ck_assert_int_eq(listen(s->listening, 64), 0);
    s->port = ntohs(a.sin_port);
    pthread_create(&s->thread, NULL, accept_all, s);
    return s;
}

/* The clients must have hung up: every thread ends when its connection does. */
void server_stop(struct server *s)
{
    s->stopping = true;
    shutdown(s->listening, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->listening);
    for (unsigned i = 0; i < s->connections; i++) {
        pthread_join(s->threads[i], NULL);
    }
    free(s);
}

void server_mute(struct server *s)
{
    s->mute = true;
}

unsigned server_port(const struct server *s)
{
    return s->port;
}

unsigned server_connections(struct server *s)
{
    return s->connections;
}

unsigned server_requests(struct server *s)
{
    return s->requests;
}

struct url *server_url(const struct server *s, const char *path)
{
    char text[256];
    struct url *u = NULL;
    snprintf(text, sizeof(text), "http://127.0.0.1:%u%s", s->port, path);
    struct err *e = url_parse(text, &u);
    ck_assert_msg(!e, "%s", e ? err_message(e) : "");
    return u;
}
