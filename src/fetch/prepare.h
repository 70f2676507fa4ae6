/* SPDX-License-Identifier: MIT */
/*
 * What a download must know before its first request: whether the file that is there is the right
 * one (verify.h), what its part holds, and which of its mirrors to begin with (race.h). Most have
 * nothing to find out. Private to src/fetch.
 */
#ifndef FETCH_PREPARE_H
#define FETCH_PREPARE_H

#include "fetch/attempt.h"

/* Whether there is something to find out: prepare_start() is to be awaited. */
bool prepare_wanted(const struct job *job);

/*
 * The future of a task (the caller's) that finds it out: then job->kept is set, or a->sink is open
 * and job->best is the mirror. The job's slot is held before; afterwards it may have been given
 * back. a is borrowed until it ends. NULL when memory ran out.
 */
struct future *prepare_start(struct attempt *a);

/* Where nothing is to be found out: a->sink, unless a reply is to bring the name. */
struct err *prepare_sink(struct attempt *a);

#endif
