/* SPDX-License-Identifier: MIT */
/*
 * --race: all mirrors of an entry are asked at once, and the first that answers well is the one the
 * download begins with; the others stand in if it fails, as ever. What is asked for is one byte, so
 * that the connection of the winner is free for the download. Private to src/fetch.
 */
#ifndef FETCH_RACE_H
#define FETCH_RACE_H

#include "fetch/job.h"

bool race_wanted(const struct job *job);

/* Done when one has won, or all have failed; then job->best is set. The job holds no slot
 * meanwhile: each request has its own. The future is the caller's; NULL when memory ran out. */
struct future *race_start(struct job *job);

#endif
