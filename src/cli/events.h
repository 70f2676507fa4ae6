/* SPDX-License-Identifier: MIT */
/*
 * --events FILE: a JSON line for each change of what a download is doing, as it happens, and for
 * its progress, a line a second. The schema is in the manual page (EVENTS).
 *
 * It never holds up the run: while its reader is behind by more than WRITER_BACKLOG, events are
 * left out, and counted in a line of their own when it goes on; a reader that is gone, or a file
 * that cannot be written, is said once, and nothing more is written.
 */
#ifndef CLI_EVENTS_H
#define CLI_EVENTS_H

#include "aio/future.h"
#include "fetch/session.h"

struct events;

/* Opens FILE; needs no loop. path NULL: *out is NULL, which all the rest ignores. ERR_IO,
 * ERR_NOMEM.
 */
struct err *events_open(const char *path, struct events **out);

/* Before the session's task. warn: for people; both borrowed. ERR_IO, ERR_NOMEM. */
struct err *events_start(struct events *e, struct loop *l, struct session *s,
    void (*warn)(void *arg, const char *text), void *arg);

/* After the session's task: the last line, and what is left goes out, but a slow reader is not
 * waited for longer than a second. The future is the caller's; NULL: nothing is left. */
struct future *events_finish(struct events *e);

void events_free(struct events *e); /* after the session, before the loop */

#endif
