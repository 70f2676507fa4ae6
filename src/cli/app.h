/* SPDX-License-Identifier: MIT */
/* The program around a session: what it stands on, signals, the end. */
#ifndef CLI_APP_H
#define CLI_APP_H

#include "base/trace.h"
#include "cli/options.h"

/* How a run ended. */
struct app_end {
    int status; /* exit status by cli.md's table, when no signal ended the run */
    int signal; /* the signal that ended it; 0: none. To be raised again with its default action */
};

/* Runs what the options say. options: borrowed; jobs may be lowered. Messages go to standard error.
 */
struct app_end app_run(struct options *options, const struct trace *trace);

#endif
