/* SPDX-License-Identifier: MIT */
/*
 * Child processes by way of a helper (Python: multiprocessing.forkserver), for a process that has
 * threads, is confined, or otherwise is not what its children are to come from.
 *
 *     this process                         helper, forked at the start
 *     child_start --- START argv -------->  process_spawn (process.h), a group of its own
 *     child_stop ---- STOP -------------->  SIGTERM to the group, SIGKILL after a grace
 *     child_wait <--- ENDED status -------  ev_child
 *
 * If this process ends in whatever way, the helper stops all children and ends too; if the helper
 * is killed, the children are killed from here.
 */
#ifndef AIO_FORKSERVER_H
#define AIO_FORKSERVER_H

#include "aio/future.h"

enum { FORKSERVER_GRACE = 2 }; /* seconds between SIGTERM and SIGKILL */

struct forkserver;
struct child;

/* Forks: before threads, loops, and whatever children are not to inherit. output: where the
 * children's standard output and error go; -1: standard error. The helper keeps these two and
 * closes everything else. ERR_EXEC, ERR_NOMEM. */
struct err *forkserver_new(int output, struct forkserver **out);

/* From now on children can be started, on this loop; it outlives the server. ERR_NOMEM. */
struct err *forkserver_attach(struct forkserver *f, struct loop *l);

/* Ends the helper, which stops what still runs, and waits for it: at most the grace. NULL is
 * ignored. */
void forkserver_free(struct forkserver *f);

/* Starts argv[0] (by PATH). Standard input is /dev/null, standard output and error are what
 * forkserver_new said; environment, signals, limits and directory are those of forkserver_new.
 * Owned by the caller (child_free). ERR_EXEC: there is no helper any more; ERR_NOMEM. */
struct err *child_start(struct forkserver *f, char *const argv[], struct child **out);

/* A future done when the child has ended, or could not be started. Cancelling it leaves the child
 * alone. NULL when memory ran out. */
struct future *child_wait(struct child *c);

struct child_end {
    int errnum; /* it could not be started; ECHILD: the helper was killed, and so was it */
    int status; /* else the wait status */
};
const struct child_end *child_ended(const struct child *c); /* borrowed; NULL: it runs */

/* Asks it and its group to end: SIGTERM, SIGKILL once the child itself has ended or the grace is
 * over. Idempotent; the end is to be awaited. */
void child_stop(struct child *c);

/* One that still runs is stopped, but not awaited. NULL is ignored. */
void child_free(struct child *c);

#endif
