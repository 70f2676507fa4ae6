/* SPDX-License-Identifier: MIT */
/*
 * Where bodies go that become no files of their own: standard output (-o -), or an archive (--tar).
 * An archive in a file is FILE.part until the run came to its end; then it is FILE.
 */
#ifndef CLI_BODIES_H
#define CLI_BODIES_H

#include "cli/options.h"
#include "cli/report.h"
#include "store/line.h"

struct bodies;

/* Opens what the options name; needs no loop. *out is NULL if they name nothing. ERR_IO: it cannot
 * be written, ERR_USAGE, ERR_NOMEM. */
struct err *bodies_open(const struct options *o, struct bodies **out);
void bodies_free(struct bodies *b); /* before the store; NULL is ignored */

/* The directory in which the archive gets its name: borrowed; -1: none does. */
int bodies_dir(const struct bodies *b);

/* The line for session_env; borrowed. events: see line_new. NULL is ignored, *out is NULL then. */
struct err *bodies_start(struct bodies *b, struct store *s, struct executor *ex,
    const struct line_events *events, struct line **out);

/* After the session's task, which ended with e (borrowed): the rest goes out. If the run was not
 * cut short, the archive gets its name. The future of a task, the caller's: ERR_IO if it could not
 * be done. NULL when memory ran out, and for b NULL. */
struct future *bodies_finish(struct bodies *b, const struct session *s, const struct err *e);

/* After that: says where an archive is that did not get its name. */
void bodies_report(const struct bodies *b, struct report *report);

#endif
