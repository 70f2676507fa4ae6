/* SPDX-License-Identifier: MIT */
/*
 * A pipe that polls as writable takes PIPE_BUF bytes without blocking, a terminal a few hundred, a
 * socket is asked with MSG_DONTWAIT.
 */
#include "base/outlet.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TERMINAL_PIECE = 256 }; /* what a terminal that polls as writable has room for */

static enum outlet_kind kind_of(int fd, const struct stat *st)
{
    if (S_ISFIFO(st->st_mode)) {
        return OUTLET_PIPE;
    }
    if (S_ISSOCK(st->st_mode)) {
        return OUTLET_SOCKET;
    }
    return isatty(fd) ? OUTLET_TERMINAL : OUTLET_FILE;
}

int outlet_init(struct outlet *o, int fd)
{
    struct stat st;

    if (fstat(fd, &st) != 0) {
        return errno;
    }
    *o = (struct outlet){.fd = fd, .kind = kind_of(fd, &st)};
    return 0;
}

static bool takes_more(const struct outlet *o)
{
    struct pollfd p = {.fd = o->fd, .events = POLLOUT};

    return poll(&p, 1, 0) > 0;
}

static ssize_t write_piece(const struct outlet *o, const void *bytes, size_t n)
{
    if (o->kind == OUTLET_SOCKET) {
        return send(o->fd, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    if (o->kind == OUTLET_FILE || o->nonblocking) {
        return write(o->fd, bytes, n);
    }
    if (!takes_more(o)) {
        errno = EAGAIN;
        return -1;
    }
    const size_t most = o->kind == OUTLET_PIPE ? PIPE_BUF : TERMINAL_PIECE;
    return write(o->fd, bytes, n < most ? n : most);
}

ssize_t outlet_write(const struct outlet *o, const void *bytes, size_t n)
{
    ssize_t put;

    do {
        put = write_piece(o, bytes, n);
    } while (put < 0 && errno == EINTR);
    return put;
}

bool outlet_hung_up(const struct outlet *o)
{
    struct pollfd p = {.fd = o->fd, .events = 0};

    return poll(&p, 1, 0) > 0 && (p.revents & (POLLERR | POLLHUP));
}
