/* SPDX-License-Identifier: MIT */
/* Child processes (asyncio: subprocess) on ev_child; LOOP_MAIN only. */
#ifndef AIO_PROCESS_H
#define AIO_PROCESS_H

#include "aio/future.h"

#include <sys/types.h>

struct process;

/* Where the child's standard descriptors come from; -1 is /dev/null. */
struct process_io {
    int in, out, err;
};

/* Starts argv[0] (by PATH) in a process group of its own, with SIGPIPE and SIGXFSZ at their default
 * and an empty signal mask, no descriptors above 2. env NULL: ours. ERR_EXEC with errno's code if
 * it cannot be started. *out is owned by the caller: process_free. */
struct err *process_spawn(struct loop *l, char *const argv[], char *const env[],
    struct process_io io, struct process **out);

/* A future done when the child ended; its value is a pointer to the wait status (an int owned by
 * the process). May be asked for repeatedly. Cancelling it leaves the child alone. */
struct future *process_wait(struct process *p);
pid_t process_pid(const struct process *p);
struct err *process_kill(struct process *p, int signo); /* the whole group; no error once ended */

/* A child still running is killed (SIGKILL to its group) and reaped. NULL is ignored. */
void process_free(struct process *p);

#endif
