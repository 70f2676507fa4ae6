/* SPDX-License-Identifier: MIT */
/* Ends that should not be cut off by the signal that brought them about. */
#ifndef CLI_GRACE_H
#define CLI_GRACE_H

#include "aio/task.h"

/*
 * Awaits what ends something in an orderly way. A cancellation does not reach it, but from then on
 * (or at once, with hasty) it has so many seconds left. The future of a task, the caller's, that
 * ends as `ending` does, cancelled if its time was over. ending: taken over; NULL gives NULL, as
 * does want of memory.
 */
struct future *grace(struct loop *l, struct future *ending, bool hasty, double seconds);

#endif
