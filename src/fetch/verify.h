/* SPDX-License-Identifier: MIT */
/*
 * Whether the file under the final name is the one that the entry means: by its digest if one is
 * expected, else (--if-exists verify) by what the server says of it to a HEAD. Private to
 * src/fetch.
 */
#ifndef FETCH_VERIFY_H
#define FETCH_VERIFY_H

#include "fetch/job.h"
#include "net/reply.h"

/* True if that is to be found out before the job downloads. */
bool verify_wanted(const struct job *job);

/*
 * The future of a task (the caller's) that finds it out. The job's slot is held before and, unless
 * the file is right, after. If it is right, job->kept is set and the record filled in; else
 * job->replace: it is downloaded again and takes the place of what is there. It fails only by a
 * cancel and for memory. NULL when memory ran out.
 */
struct future *verify_file(struct job *job);

/* True if the reply to a HEAD describes the file. What the server does not tell is no proof. */
bool verify_same_version(const struct probe *there, const struct reply *r);

#endif
