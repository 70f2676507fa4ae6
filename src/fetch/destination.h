/* SPDX-License-Identifier: MIT */
/* The sink of a job. Private to src/fetch. */
#ifndef FETCH_DESTINATION_H
#define FETCH_DESTINATION_H

#include "fetch/job.h"
#include "store/sink.h"

/* The sink for the job's path (or one that stores nothing). *out is owned by the caller; NULL with
 * --head. */
struct err *destination_open(struct job *job, struct sink **out);

/* The same without the path, which sink_place() is to give. */
struct err *destination_open_unplaced(struct job *job, struct sink **out);

/* How the path is shown, --dir before it: owned by the caller; NULL: no memory. */
char *destination_shown(const struct session *s, const char *path);

#endif
