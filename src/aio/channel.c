/* SPDX-License-Identifier: MIT */
#include "aio/channel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CHANNEL_PIECE = 1 << 14 };

static void channel_lost(struct channel *c)
{
    channel_close(c);
    c->on_closed(c->arg);
}

/* -- out ------------------------------------------------------------------------------------- */

/* False if the other end is gone; that is noticed by who reads. */
static bool channel_push(struct channel *c)
{
    while (c->out.len > 0) {
        ssize_t n = send(c->fd, c->out.data, c->out.len, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n > 0) {
            buf_drop_front(&c->out, (size_t)n);
        } else if (errno != EINTR) {
            break;
        }
    }
    const bool waits = c->out.len > 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    watch_set(c->watch, waits ? WATCH_READ | WATCH_WRITE : WATCH_READ);
    return c->out.len == 0 || waits;
}

struct err *channel_send(struct channel *c, const struct message *m, const void *payload)
{
    if (c->fd < 0) {
        return NULL;
    }
    const size_t before = c->out.len;
    buf_add(&c->out, m, sizeof *m);
    buf_add(&c->out, payload, m->length);
    if (buf_failed(&c->out)) {
        c->out.failed = false;
        c->out.len = before;
        return err_plain(ERR_NOMEM);
    }
    (void)channel_push(c);
    return NULL;
}

/* -- in -------------------------------------------------------------------------------------- */

/* Gives what is whole. */
static void channel_deliver(struct channel *c)
{
    struct message m;
    while (c->fd >= 0 && c->in.len >= sizeof m) {
        memcpy(&m, c->in.data, sizeof m);
        if (c->in.len - sizeof m < m.length) {
            break;
        }
        char *payload = c->in.data + sizeof m;
        const char behind = payload[m.length];
        payload[m.length] = '\0';
        c->on_message(c->arg, &m, payload);
        if (c->fd < 0) {
            break;
        }
        payload[m.length] = behind;
        buf_drop_front(&c->in, sizeof m + m.length);
    }
}

static struct err *channel_on_ready(void *arg)
{
    struct channel *c = arg;
    char piece[CHANNEL_PIECE];
    ssize_t n;
    if ((watch_revents(c->watch) & WATCH_WRITE) && !channel_push(c)) {
        channel_lost(c);
        return NULL;
    }
    do {
        n = recv(c->fd, piece, sizeof piece, MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        return NULL;
    }
    if (n > 0) {
        buf_add(&c->in, piece, (size_t)n);
    }
    if (n <= 0 || buf_failed(&c->in)) {
        channel_lost(c);
    } else {
        channel_deliver(c);
    }
    return NULL;
}

/* -- life ------------------------------------------------------------------------------------ */

struct err *channel_open(struct channel *c, struct loop *l, int fd)
{
    *c = (struct channel){.fd = fd, .loop = l, .in = BUF_INIT, .out = BUF_INIT};
    c->watch = watch_new(l, fd, WATCH_READ, channel_on_ready, c);
    if (!c->watch) {
        channel_close(c);
        return err_plain(ERR_NOMEM);
    }
    return NULL;
}

void channel_close(struct channel *c)
{
    watch_free(c->watch);
    c->watch = NULL;
    buf_fini(&c->in);
    buf_fini(&c->out);
    if (c->fd >= 0) {
        close(c->fd);
    }
    c->fd = -1;
}
