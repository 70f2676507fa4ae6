/* SPDX-License-Identifier: MIT */
/*
 * Bytes on their way to one descriptor, without ever blocking the loop on a pipe, terminal or
 * socket and without making a descriptor non-blocking that other programs share. What was added in
 * one iteration of the loop goes out together, at its end.
 */
#ifndef CLI_WRITER_H
#define CLI_WRITER_H

#include "aio/future.h"
#include "aio/loop.h"

enum { WRITER_BACKLOG = 1 << 20 }; /* bytes after which writer_ready() makes callers wait */

struct writer;

struct writer_events {
    void (*on_closed)(void *arg);                /* once: nobody reads any more (EPIPE) */
    void (*on_failed)(void *arg, struct err *e); /* once: another error; e is borrowed */
    void *arg;
};

/* fd: closed by writer_free if own_fd. name: for messages, borrowed. Both events come from the
 * ready queue; a closed reader is noticed even while nothing is written. ERR_IO: fd is not open. */
struct err *writer_new(struct loop *l, int fd, bool own_fd, const char *name,
    const struct writer_events *events, struct writer **out);
void writer_free(struct writer *w); /* what was not written is dropped; NULL is ignored */

/* Copies the bytes. Without effect once closed or failed. ERR_NOMEM. */
struct err *writer_add(struct writer *w, const void *bytes, size_t n);

/* NULL while the backlog is small, else a future (the caller's) done once it is small again. */
struct future *writer_ready(struct writer *w);

/* True when nothing is left to write, or nothing can be. Otherwise a future done then: NULL when
 * memory ran out. */
bool writer_idle(const struct writer *w);
struct future *writer_drained(struct writer *w);

bool writer_closed(const struct writer *w);
struct err *writer_error(const struct writer *w); /* borrowed; NULL: none */

/* For the end of the program: writes what is left without the loop, but waits no longer than
 * `seconds` without progress. */
void writer_flush(struct writer *w, double seconds);

#endif
