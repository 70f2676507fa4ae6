/* SPDX-License-Identifier: MIT */
/* --enqueue: the lists go into a queue. */
#ifndef CLI_ENQUEUE_H
#define CLI_ENQUEUE_H

#include "cli/app.h"

/* As app_run: reads the lists, checks each entry, and fills the queue. A bad entry has its record,
 * as in a run; good ones have theirs when a worker is done with them. */
struct app_end enqueue_run(const struct options *options, const struct trace *trace);

#endif
