/* SPDX-License-Identifier: MIT */
/*
 * What a run leaves for people to look at: --timeline (timeline.h) and --report (page.h). It stands
 * between the session and whoever else takes its records. What cannot be written is said at the
 * end; the downloads go on without it.
 */
#ifndef CLI_VIEWS_H
#define CLI_VIEWS_H

#include "cli/options.h"
#include "fetch/record.h"
#include "fetch/session.h"

struct views;

/* Opens the files that the options name; needs no loop. ERR_IO, ERR_USAGE, ERR_NOMEM. */
struct err *views_open(const struct options *o, struct views **out);
void views_free(struct views *v); /* before the loop; NULL is ignored */

void views_start(struct views *v, struct loop *l, struct executor *ex); /* before the session */

int views_page_dir(const struct views *v); /* see page.h; -1: none */

/* Takes note of each record, then hands it on. next: copied. Without files it is next. */
struct record_consumer views_consumer(struct views *v, const struct record_consumer *next);

/* After the session's task: brings what is left to the files. The future (the caller's) of a task
 * that ends without error; NULL if there is nothing to do, or no memory. */
struct future *views_finish(struct views *v, const struct session *s);

/* At the very end: the page takes its name, if views_finish came to its end. The first error of
 * all: ERR_IO, ERR_NOMEM. */
struct err *views_write(struct views *v);

#endif
