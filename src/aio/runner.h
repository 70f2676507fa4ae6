/* SPDX-License-Identifier: MIT */
/*
 * asyncio.run (asyncio: runners.py): a loop, its main task, Ctrl-C, and an end that leaves nothing
 * behind whatever happened.
 */
#ifndef AIO_RUNNER_H
#define AIO_RUNNER_H

#include "aio/executor.h"
#include "aio/task.h"

struct runner;

/* A LOOP_MAIN loop. threads: of its executor, which starts on the first use. NULL: no memory. */
struct runner *runner_new(unsigned threads, const struct trace *trace);
struct loop *runner_loop(struct runner *r);
struct executor *runner_executor(struct runner *r);

/*
 * Runs main_task (taken over) to its end and returns its error, NULL on success.
 *
 * While it runs, SIGINT is handled, but only if its disposition was the default one: the first
 * cancels the main task and wakes the loop, the second ends the process at once by the signal's
 * default action. The disposition is restored afterwards. If the task ended as cancelled because
 * of the signal, *interrupted (may be NULL) is set.
 */
struct err *runner_run(struct runner *r, struct task *main_task, bool *interrupted);

/* Cancels the main task as the first signal does, for an on_signal that put it off. False when no
 * task runs any more. */
bool runner_cancel(struct runner *r);

/* Cancels all unfinished tasks, gathers them, reports their errors to the exception handler, shuts
 * the executor down, closes the loop and frees everything. NULL is ignored. */
void runner_free(struct runner *r);

/*
 * More signals handled as SIGINT is (call before runner_run): each cancels the main task at the
 * first, kills at the second. Only over the default disposition. runner_signal tells which came
 * first (0: none). on_signal, if set, is asked at the first signal in place of cancelling; it may
 * call runner_cancel itself later (drain).
 */
struct err *runner_handle_signal(struct runner *r, int signo);
int runner_signal(const struct runner *r);
void runner_on_signal(struct runner *r, struct err *(*on_signal)(void *arg, int signo), void *arg);

#endif
