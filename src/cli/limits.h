/* SPDX-License-Identifier: MIT */
/* What the process may have: descriptors above all. */
#ifndef CLI_LIMITS_H
#define CLI_LIMITS_H

#include "base/err.h"
#include "cli/options.h"

/*
 * Raises the soft descriptor limit to the hard one and lowers the number of jobs to what it bears:
 * a socket, a part and a look-up each, after the fixed needs and the executor's threads. warn is
 * called when that is fewer than asked. ERR_USAGE when there is not even room for one.
 */
struct err *limits_apply(struct options *o, void (*warn)(void *arg, const char *text), void *arg);

#endif
