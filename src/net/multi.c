/* SPDX-License-Identifier: MIT */
/*
 * libcurl's multi on the loop: sockets, libcurl's timer, holds, completions.
 *
 * The invariant: libcurl is entered from the ready queue only (act), never from one of its own
 * callbacks and never from libev's; those only note what happened and post `act`.
 *
 *      libev: fd ready -----> sock.seen, list `ready` --+
 *      libcurl: timer = 0 --> kick ---------------------+--> act: curl_multi_socket_action for each
 *      release of a hold ---> parked socks are ready ---+         then all completions in one go
 *
 * A sock lives as long as its descriptor (libcurl opens and closes them through us), so that its
 * watcher may go on while libcurl is not interested for a moment: between two requests on a kept
 * connection libev and epoll have nothing to do. Only a socket that is still connecting may be
 * closed behind our back (libcurl 7.88 does so): it is never watched longer than libcurl asks for,
 * and does not outlive the transfer that opened it. Held reading is lazy as well: the watcher of a
 * sock is stopped ("parked") only when there is something to read.
 */
#include "base/alloc.h"
#include "base/trace.h"
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

/* How soon libcurl may do what it has to do at once, while reading is held: it would read. */
#define HELD_KICK_SECONDS 0.5

/* A timer that is late by so much was stopped, not busy. */
#define GAP_SECONDS 1.0

/* -- time ---------------------------------------------------------------------------------- */

double multi__now(struct multi *m)
{
    return m->now = loop_time(m->loop);
}

double multi__held_time(const struct multi *m)
{
    double running = m->holds ? m->now - m->held_since : 0;
    return m->held_time + (running > 0 ? running : 0);
}

void multi__note_gap(struct multi *m, double when)
{
    double from = when > m->gap_end ? when : m->gap_end;
    if (m->now - from > GAP_SECONDS) {
        m->gap_time += m->now - from;
        m->gap_end = m->now;
        trace_put(loop_trace(m->loop), TRACE_NET, "stood still for %.1f s", m->now - from);
    }
}

/* -- socks --------------------------------------------------------------------------------- */

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

void multi__kept(struct transfer *t, int fd)
{
    struct sock *s = sock_find(t->m, fd);
    if (s && !s->want && s->readied == t->readied) {
        s->silent = true;
        kept__check(fd);
    }
}

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

/* -- libcurl's callbacks ------------------------------------------------------------------- */

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

int multi__on_timer_change(CURLM *h, long ms, void *multi)
{
    (void)h;
    struct multi *m = multi;
    if (ms == 0 && m->delayed) {
        return 0;
    }
    m->kick = ms == 0;
    m->delayed = false;
    m->due = ms > 0 ? m->now + (double)ms / 1000.0 : -1;
    if (m->kick) {
        loop_post(m->loop, &m->act);
    } else if (ms > 0 && (!timer_active(&m->timer) || m->timer.when > m->due)) {
        err_unref(timer_start(m->loop, &m->timer, m->due));
    }
    return 0;
}

struct err *multi__on_timer(void *multi)
{
    struct multi *m = multi;
    multi__now(m);
    if (m->due < 0) {
        return NULL;
    }
    multi__note_gap(m, m->due);
    if (m->due > m->now + 0.0005) {
        return timer_start(m->loop, &m->timer, m->due);
    }
    m->due = -1;
    m->kick = true;
    loop_post(m->loop, &m->act);
    return NULL;
}

/* -- acting on what was noted -------------------------------------------------------------- */

static void enter(struct multi *m, curl_socket_t fd, int events)
{
    int running;
    m->inside++;
    curl_multi_socket_action(m->handle, fd, events, &running);
    m->inside--;
}

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
    enter(m, s->fd,
        (seen & EV_READ ? CURL_CSELECT_IN : 0) | (seen & EV_WRITE ? CURL_CSELECT_OUT : 0) |
            (seen & EV_ERROR ? CURL_CSELECT_ERR : 0));
    if (m->sockets->acting) {
        sock_arm(s);
    }
    m->sockets->acting = NULL;
}

static void finish_completed(struct multi *m)
{
    CURLMsg *msg;
    int left;
    while ((msg = curl_multi_info_read(m->handle, &left))) {
        struct easy *e = NULL;
        CURLcode rc = msg->data.result;
        if (msg->msg == CURLMSG_DONE &&
            curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &e) == CURLE_OK && e && e->t) {
            transfer__done(e->t, rc);
        }
    }
}

/* Each goes on with what libcurl kept of its last read, which may begin a new hold. */
static void unpause(struct multi *m)
{
    struct list batch, *node;
    list_init(&batch);
    list_splice(&batch, &m->paused);
    while (!m->holds && (node = list_pop(&batch))) {
        struct transfer *t = container_of(node, struct transfer, paused);
        m->inside++;
        curl_easy_pause(t->easy->handle, CURLPAUSE_CONT);
        m->inside--;
    }
    list_splice(&batch, &m->paused);
    list_splice(&m->paused, &batch);
}

struct err *multi__act(void *multi)
{
    struct multi *m = multi;
    struct list batch, *node;
    struct err *e = NULL;
    multi__now(m);
    if (!m->holds) {
        unpause(m);
    }
    list_init(&batch);
    list_splice(&batch, &m->sockets->ready);
    while ((node = list_pop(&batch))) {
        act_on(m, container_of(node, struct sock, ready));
    }
    if (m->kick && m->holds && !m->added && !m->delayed) {
        m->kick = false;
        m->delayed = true;
        m->due = m->now + HELD_KICK_SECONDS;
        e = timer_start(m->loop, &m->timer, m->due);
    } else if (m->kick) {
        m->kick = m->added = m->delayed = false;
        enter(m, CURL_SOCKET_TIMEOUT, 0);
    }
    finish_completed(m);
    return e;
}

struct err *multi__add(struct multi *m, struct transfer *t)
{
    m->added = true;
    m->inside++;
    CURLMcode rc = curl_multi_add_handle(m->handle, t->easy->handle);
    m->inside--;
    if (rc == CURLM_OK) {
        return NULL;
    }
    return rc == CURLM_OUT_OF_MEMORY ? err_plain(ERR_NOMEM)
                                     : err_new(ERR_RUNTIME, NULL, "%s", curl_multi_strerror(rc));
}

void multi__remove(struct multi *m, struct transfer *t)
{
    m->inside++;
    curl_multi_remove_handle(m->handle, t->easy->handle);
    m->inside--;
    struct list *node;
    while ((node = list_pop(&t->sockets))) { /* never connected: closed by now */
        sock_drop(container_of(node, struct sock, opener));
    }
}

/* -- holds --------------------------------------------------------------------------------- */

void multi_hold(struct multi *m)
{
    if (m->holds++ == 0) {
        m->held_since = loop_time(m->loop);
    }
}

void multi_release(struct multi *m)
{
    struct list *node;
    if (--m->holds > 0) {
        return;
    }
    multi__now(m);
    m->held_time += m->now - m->held_since;
    /* Told to libcurl rather than to libev: what lies in TLS or HTTP/2 buffers shows on no
     * descriptor. The watcher goes on when libcurl has read. */
    while ((node = list_pop(&m->sockets->parked))) {
        struct sock *s = container_of(node, struct sock, waiting);
        s->parked = false;
        sock_ready(s, EV_READ);
    }
    m->kick |= m->delayed;
    if (m->kick || !list_empty(&m->paused)) {
        loop_post(m->loop, &m->act);
    }
}

/* libcurl reads from a connection for as long as it is readable, up to a hundred buffers in one
 * call. Pausing the transfer that is being read ends that after the buffer at hand. A paused stream
 * of HTTP/2 is dangerous only while its connection is read for the others (their window is 32 MiB
 * each): here the connection is held, and is read again only when all of its streams go on. */
void multi__pause_if_held(struct multi *m, struct transfer *t)
{
    if (m->holds && list_empty(&t->paused) &&
        curl_easy_pause(t->easy->handle, CURLPAUSE_RECV) == CURLE_OK) {
        list_push(&m->paused, &t->paused);
    }
}

bool multi_held(const struct multi *m)
{
    return m->holds > 0;
}
