/* SPDX-License-Identifier: MIT */
/*
 * What surrounds --exec's commands: the helper that runs them, and where their output goes. It is
 * standard error; if that is the terminal of a progress display, it comes to us and is shown above
 * the display, line by line, what a terminal would obey made visible.
 */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli/options.h"
#include "cli/report.h"

struct commands;

/* First of all: the commands get the signals, limits and files that we were started with, and are
 * not confined. *out is NULL if there are none to run, which all the rest ignores. ERR_EXEC,
 * ERR_NOMEM. */
struct err *commands_open(const struct options *o, struct commands **out);

/* Before the session; report: borrowed. ERR_NOMEM. */
struct err *commands_attach(struct commands *c, struct loop *l, struct report *report);

struct forkserver *commands_forkserver(const struct commands *c); /* NULL: none */

/* After the session's task: what the commands wrote and is not shown yet goes to the report. */
void commands_flush(struct commands *c);

void commands_free(struct commands *c); /* after the session, before report and loop */

#endif
