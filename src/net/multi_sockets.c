/* SPDX-License-Identifier: MIT */
/*
 * The sockets of a multi: who has which, what libcurl waits for on each, what libev saw.
 *
 * A sock lives as long as its descriptor (libcurl opens and closes them through us), so that its
 * watcher may go on while libcurl is not interested for a moment: between two requests on a kept
 * connection libev and epoll have nothing to do. Only a socket that is still connecting may be
 * closed behind our back (libcurl 7.88 does so): it is never watched longer than libcurl asks for,
 * and does not outlive the transfer that opened it. Held reading is lazy as well: the watcher of a
 * sock is stopped ("parked") only when there is something to read.
 */
#include "base/alloc.h"
#include "net/private.h"

#include <errno.h>
#include <ev.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct sock {
    ev_io io;
    struct multi *m; /* borrowed */
    int fd;
    int want;            /* what libcurl asks for: EV_READ, EV_WRITE */
    int seen;            /* what libev saw since libcurl was told last */
    bool ours;           /* opened by us: it lives until we close it */
    bool established;    /* carries requests, may be held */
    bool parked;         /* nothing is read from it until the hold is over */
    uint64_t place;      /* while it is parked: see multi.places */
    int port;            /* our end's, once established; 0: none */
    uint64_t readied;    /* the number of the request that got it last (multi.readied) */
    bool silent;         /* that request is over: nothing is to come before the next */
    struct list ported;  /* in sockets.ports, once established */
    struct list ready;   /* in sockets.ready while anything was seen */
    struct list waiting; /* in sockets.parked while parked */
    struct list opener;  /* in transfer.sockets until established */
};

enum { PORTS = 256 };

struct sockets {
    struct sock **by_fd; /* owned array of owned socks */
    size_t room;
    struct list ready, parked;
    struct list ports[PORTS]; /* of struct sock.ported, by the port */
    struct sock *acting;      /* the one libcurl is being told of, unless it was closed meanwhile */
};

/* -- one socket ---------------------------------------------------------------------------- */

static struct sock *sock_find(const struct multi *m, int fd)
{
    const struct sockets *s = m->sockets;
    return fd >= 0 && (size_t)fd < s->room ? s->by_fd[fd] : NULL;
}

/* Brings the watcher to what is wanted. One that nobody wants goes on until it fires. */
static void sock_arm(struct sock *s)
{
    int events = s->want & ~(s->parked ? EV_READ : 0);
    struct ev_loop *ev = loop_ev(s->m->loop);
    bool active = ev_is_active(&s->io) != 0;
    if ((active && (s->io.events & (EV_READ | EV_WRITE)) == events) ||
        (events == 0 && !s->parked)) {
        return;
    }
    ev_io_stop(ev, &s->io);
    if (events) {
        ev_io_modify(&s->io, events);
        ev_io_start(ev, &s->io);
    }
}

static void sock_ready(struct sock *s, int events)
{
    s->seen |= events;
    if (list_empty(&s->ready)) {
        list_push(&s->m->sockets->ready, &s->ready);
    }
    loop_post(s->m->loop, &s->m->act);
}

static void sock_park(struct sock *s)
{
    s->seen &= ~EV_READ;
    if (!s->parked) {
        s->parked = true;
        s->place = s->m->places++;
        list_push(&s->m->sockets->parked, &s->waiting);
    }
    sock_arm(s);
}

static bool sock_held(const struct sock *s)
{
    return s->m->holds && s->established;
}

static void on_io(struct ev_loop *ev, ev_io *io, int events)
{
    struct sock *s = io->data;
    if (!s->want) {
        ev_io_stop(ev, io);
        if (s->silent) {
            kept__check(s->fd);
        }
        return;
    }
    if ((events & EV_READ) && sock_held(s)) {
        sock_park(s);
        events &= ~EV_READ;
    }
    if (events) {
        sock_ready(s, events);
    }
}

/* The descriptor is about to be closed, or is not ours and unwatched: its number may soon mean
 * another socket. */
static void sock_drop(struct sock *s)
{
    struct sockets *all = s->m->sockets;
    ev_io_stop(loop_ev(s->m->loop), &s->io);
    list_remove(&s->ready);
    list_remove(&s->waiting);
    list_remove(&s->opener);
    list_remove(&s->ported);
    all->by_fd[s->fd] = NULL;
    if (all->acting == s) {
        all->acting = NULL;
    }
    free(s);
}

static struct sock *sock_add(struct multi *m, int fd)
{
    struct sockets *all = m->sockets;
    struct sock *stale = sock_find(m, fd);
    if (stale) {
        sock_drop(stale);
    }
    if ((size_t)fd >= all->room) {
        size_t room = all->room ? all->room * 2 : 64;
        while (room <= (size_t)fd) {
            room *= 2;
        }
        struct sock **more = mem_array(all->by_fd, room, sizeof(struct sock *));
        if (!more) {
            return NULL;
        }
        for (size_t i = all->room; i < room; i++) {
            more[i] = NULL;
        }
        all->by_fd = more;
        all->room = room;
    }
    struct sock *s = mem_new(sizeof(*s));
    if (s) {
        s->m = m;
        s->fd = fd;
        list_init(&s->ready);
        list_init(&s->waiting);
        list_init(&s->opener);
        list_init(&s->ported);
        ev_io_init(&s->io, on_io, fd, 0);
        s->io.data = s;
        all->by_fd[fd] = s;
    }
    return s;
}

/* -- opened and closed for libcurl, and what it waits for ---------------------------------- */

curl_socket_t multi__open_socket(
    struct multi *m, struct transfer *t, const struct curl_sockaddr *addr)
{
    int fd = socket(addr->family, addr->socktype | SOCK_CLOEXEC, addr->protocol);
    if (fd < 0) {
        if (t && !t->error && (errno == EMFILE || errno == ENFILE)) {
            t->error = err_errno(ERR_CONNECT, errno, "no socket");
        }
        return CURL_SOCKET_BAD;
    }
    struct sock *s = sock_add(m, fd);
    if (!s) {
        close(fd);
        return CURL_SOCKET_BAD;
    }
    limit__socket(m, fd);
    s->ours = true;
    if (t) {
        list_push(&t->sockets, &s->opener);
    }
    return fd;
}

int multi__close_socket(void *multi, curl_socket_t fd)
{
    struct sock *s = sock_find(multi, fd);
    if (s) {
        sock_drop(s);
    }
    return close(fd);
}

int multi__on_socket(CURL *h, curl_socket_t fd, int what, void *multi, void *unused)
{
    (void)h;
    (void)unused;
    struct multi *m = multi;
    struct sock *s = sock_find(m, fd);
    if (what == CURL_POLL_REMOVE) {
        if (s) {
            s->want = 0;
            if (!s->ours) {
                sock_drop(s);
            } else if (!s->established) {
                ev_io_stop(loop_ev(m->loop), &s->io);
            }
        }
        return 0;
    }
    if (!s && !(s = sock_add(m, fd))) {
        return -1;
    }
    s->want = (what & CURL_POLL_IN ? EV_READ : 0) | (what & CURL_POLL_OUT ? EV_WRITE : 0);
    s->silent = false; /* a transfer has it: when that pauses, what comes is its own */
    sock_arm(s);
    return 0;
}

/* -- who has which ------------------------------------------------------------------------- */

static struct list *sockets_of_port(struct multi *m, int port)
{
    return &m->sockets->ports[(unsigned)port % PORTS];
}

void multi__established(struct transfer *t, int port)
{
    struct list *node;
    while ((node = list_pop(&t->sockets))) {
        struct sock *s = container_of(node, struct sock, opener);
        s->established = true;
        s->port = port;
        list_push(sockets_of_port(t->m, port), &s->ported);
    }
    t->readied = ++t->m->readied;
    list_for_each (at, sockets_of_port(t->m, port)) {
        struct sock *s = container_of(at, struct sock, ported);
        if (s->port == port) {
            s->readied = t->readied;
            s->silent = false;
        }
    }
}

/* NULL: it was closed. Where several have the port, to several places, libcurl knows, but goes
 * through all of its connections to tell. */
static struct sock *sock_of(const struct transfer *t)
{
    const int port = t->reply->r.local_port;
    curl_socket_t fd = CURL_SOCKET_BAD;
    struct sock *found = NULL;
    list_for_each (at, sockets_of_port(t->m, port)) {
        struct sock *s = container_of(at, struct sock, ported);
        if (s->port == port && found) {
            CURLcode rc = curl_easy_getinfo(t->easy->handle, CURLINFO_ACTIVESOCKET, &fd);
            return rc == CURLE_OK ? sock_find(t->m, fd) : NULL;
        }
        found = s->port == port ? s : found;
    }
    return found;
}

void multi__kept(struct transfer *t)
{
    struct sock *s = sock_of(t);
    if (s && !s->want && s->readied == t->readied) {
        s->silent = true;
        kept__check(s->fd);
    }
}

void sockets__forget(struct transfer *t)
{
    struct list *node;
    while ((node = list_pop(&t->sockets))) {
        sock_drop(container_of(node, struct sock, opener));
    }
}

/* -- acting on what was seen --------------------------------------------------------------- */

static void act_on(struct multi *m, struct sock *s)
{
    if ((s->seen & EV_READ) && sock_held(s)) {
        sock_park(s);
    }
    int seen = s->seen;
    s->seen = 0;
    if (!seen || !s->want) {
        return;
    }
    m->sockets->acting = s;
    multi__enter(m, s->fd,
        (seen & EV_READ ? CURL_CSELECT_IN : 0) | (seen & EV_WRITE ? CURL_CSELECT_OUT : 0) |
            (seen & EV_ERROR ? CURL_CSELECT_ERR : 0));
    if (m->sockets->acting) {
        sock_arm(s);
    }
    m->sockets->acting = NULL;
}

void sockets__act(struct multi *m)
{
    struct list batch, *node;
    list_init(&batch);
    list_splice(&batch, &m->sockets->ready);
    while ((node = list_pop(&batch))) {
        act_on(m, container_of(node, struct sock, ready));
    }
}

static struct sock *first_parked(const struct multi *m)
{
    const struct list *parked = &m->sockets->parked;
    return list_empty(parked) ? NULL : container_of(parked->next, struct sock, waiting);
}

uint64_t sockets__place(const struct multi *m)
{
    const struct sock *s = first_parked(m);
    return s ? s->place : UINT64_MAX;
}

/* Told to libcurl rather than to libev: what lies in TLS or HTTP/2 buffers shows on no descriptor.
 * The watcher goes on when libcurl has read. */
void sockets__unpark(struct multi *m)
{
    struct sock *s = first_parked(m);
    list_remove(&s->waiting);
    list_remove(&s->ready);
    s->parked = false;
    s->seen |= EV_READ;
    act_on(m, s);
}

/* -- the table ----------------------------------------------------------------------------- */

struct sockets *sockets__new(void)
{
    struct sockets *s = mem_new(sizeof(*s));
    if (s) {
        list_init(&s->ready);
        list_init(&s->parked);
        for (size_t i = 0; i < PORTS; i++) {
            list_init(&s->ports[i]);
        }
    }
    return s;
}

void sockets__free(struct sockets *s)
{
    for (size_t fd = 0; s && fd < s->room; fd++) {
        if (s->by_fd[fd]) {
            sock_drop(s->by_fd[fd]);
        }
    }
    if (s) {
        free(s->by_fd);
        free(s);
    }
}
