/* SPDX-License-Identifier: MIT */
/*
 * Where an entry's bytes go, and what happens when two entries come to one path (cli.md, "Two
 * entries, one path"). Private to src/fetch.
 */
#ifndef FETCH_TARGET_H
#define FETCH_TARGET_H

#include "base/err.h"
#include "base/list.h"
#include "store/store.h"

#include <stdbool.h>
#include <stdint.h>

struct job;
struct session;
struct target;
struct targets;

struct targets *targets_new(void);    /* NULL when memory ran out */
void targets_free(struct targets *t); /* none may be active */

/*
 * Names the job's file: sets job->path, and claims it. name: from Content-Disposition, made safe;
 * NULL: the URL's. After a collision the path bears the key's hash. *same is set when the job has
 * to wait for, or repeats, an earlier entry (job->duplicate_of then says which; job->target is its
 * place if that one is still active).
 */
struct err *target_claim(struct session *s, struct job *job, const char *name, bool *same);

/*
 * What target_probe() asked for was seen (job->probe): whose file is there decides the path. If
 * another entry's file has it the job goes to the name with the hash; if the name without the hash
 * turns out to be its own it goes back there; those that wait for it go with it. *again: look at
 * the path that it has now. *same: an earlier entry is there already (job->target), the job has to
 * wait for it.
 */
struct err *target_settle(struct session *s, struct job *job, bool *again, bool *same);
struct probe target_probe(const struct session *s, const struct job *job);

/* An earlier entry is at work on the job's path: it is job->target now, not owned. */
bool target_find(const struct session *s, struct job *job);

/* The job waits until the owner of its target (job->target) passes it on. */
void target_wait(struct job *job);

/* The owner is through with its target. pass: the next that waits owns it now and is returned, NULL
 * if nobody does. scatter: all that wait are detached and linked (job->same) to `out`. */
struct job *target_pass(struct session *s, struct job *job);
void target_scatter(struct session *s, struct job *job, struct list *out);

/* A job that only waits gives up. */
void target_give_up(struct job *job);

#endif
