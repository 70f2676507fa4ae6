/* SPDX-License-Identifier: MIT */
/*
 * --timeline FILE: what each download did when, as trace events (the JSON object form of Chrome's
 * trace-event format, for Perfetto and chrome://tracing). It is written as the run goes and is
 * whole at any time: JSON with its end.
 *
 * A row is a lane (fetch/spans.h): a place at a host that one request has at a time, with the legs
 * of the request within it, or one of the places where files are written and get their names. Waits
 * for a slot and backoffs, of which there may be thousands at once, are asynchronous events by the
 * entry's index.
 */
#ifndef CLI_TIMELINE_H
#define CLI_TIMELINE_H

#include "fetch/record.h"

struct executor;
struct timeline;

/* Opens and empties FILE; needs no loop. ERR_IO, ERR_NOMEM. */
struct err *timeline_open(const char *path, struct timeline **out);
void timeline_start(
    struct timeline *t, struct loop *l, struct executor *ex); /* times count from here */
void timeline_free(struct timeline *t); /* before the executor; NULL is ignored */

/* What the record's download did. */
void timeline_add(struct timeline *t, const struct record *r);

struct future *timeline_ready(struct timeline *t);  /* as outfile_ready */
struct future *timeline_finish(struct timeline *t); /* as outfile_finish */

#endif
