/* SPDX-License-Identifier: MIT */
/* The per-URL coroutine. Private to src/fetch. */
#ifndef FETCH_DOWNLOAD_H
#define FETCH_DOWNLOAD_H

#include "fetch/job.h"

/*
 * The task that downloads a job, which holds its slot. Its end is the job's: the record is filled
 * in but for the error. The caller owns one reference. NULL when memory ran out.
 */
struct task *download_task(struct job *job);

#endif
