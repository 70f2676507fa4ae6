/* SPDX-License-Identifier: MIT */
/*
 * --content-disposition: the name comes with a reply. From then on the entry obeys the rules of all
 * others (cli.md, "Two entries, one path"): it claims its path, and what is there is looked at,
 * while the body waits in memory. If nothing is in its way, there it goes. Otherwise the reply is
 * given up, and the job goes on as one whose name is known from the start:
 *
 *   head --> claim --> look --> the body gets its place
 *              |        | `--> another entry's file: the name with the hash, look again
 *              |        `--> job.aside: admitted: skipped, failed, or asked for again, to be
 * resumed, |                        verified, brought in segments
 *              `--> job.aside: waits for another with the same target
 *
 * Private to src/fetch.
 */
#ifndef FETCH_NAMING_H
#define FETCH_NAMING_H

#include "fetch/attempt.h"

/* The head of the first reply that is good, for a job without a path. Then a->sink is made, its
 * place yet to come (a->naming), or job->aside is set. ERR_NOMEM, ERR_INPUT, ERR_POLICY,
 * ERR_CHECKSUM. */
struct err *naming_start(struct attempt *a, const struct reply *r);

/* The request ended, with this error (borrowed; NULL: none). What is to be awaited, the caller's;
 * NULL: nothing is to be settled. */
struct future *naming_follow(struct attempt *a, const struct err *error);

/* Then: status is what the await raised. What becomes of the verdict, with its error. */
enum verdict naming_judge(
    struct attempt *a, struct err *status, enum verdict verdict, struct err **error);

#endif
