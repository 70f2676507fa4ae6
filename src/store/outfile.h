/* SPDX-License-Identifier: MIT */
/*
 * A file that grows while the run goes on: what is added is gathered, and written by the executor
 * in batches, in order, at the latest a second later. It may have a tail that stands behind what
 * was written at any time, so that the file is whole whenever the run ends.
 */
#ifndef STORE_OUTFILE_H
#define STORE_OUTFILE_H

#include "aio/executor.h"
#include "base/buf.h"

enum { OUTFILE_BACKLOG = 1 << 20 }; /* bytes after which outfile_ready() makes callers wait */

struct outfile;

/* fd: closed by outfile_free if own_fd. name: for messages, copied. tail: static; "": none. What is
 * no regular file, or is appended to (O_APPEND), gets it at the end only. NULL when memory ran out:
 * then fd is left alone. */
struct outfile *outfile_new(int fd, bool own_fd, const char *name, const char *tail);
/* Each batch is synced, and begun after so many seconds instead of one. */
void outfile_sync(struct outfile *o, double seconds);
/* fn(arg, e) is called once, on the loop's thread, when something cannot be written, not after
 * outfile_free. e is borrowed. */
void outfile_on_failed(struct outfile *o, void (*fn)(void *arg, struct err *e), void *arg);
/* Before the start: a file with a tail behind each batch gets what was gathered, and is whole from
 * then on. */
void outfile_begin(struct outfile *o);
/* Before the first outfile_added. What is there already is written at once: in a thread. */
void outfile_start(struct outfile *o, struct loop *l, struct executor *ex);
void outfile_free(struct outfile *o); /* before the executor; NULL is ignored */

/* Where bytes are to be appended, after which outfile_added() is called. */
struct buf *outfile_buf(struct outfile *o);
/* Without effect once a write failed. */
void outfile_added(struct outfile *o);

/* NULL while the backlog is small, else a future (the caller's) done once it is small again. */
struct future *outfile_ready(struct outfile *o);

/* The future (the caller's) is done when all is written; ERR_IO, ERR_NOMEM: what went wrong first.
 * NULL when memory ran out. */
struct future *outfile_finish(struct outfile *o);

#endif
