/* SPDX-License-Identifier: MIT */
/*
 * --exec: the command that is run for a file, after its commit and without any slot. It is part of
 * its entry: a command that fails fails the entry, one that is cut off leaves it cancelled, and
 * only then is the record given. Private to src/fetch.
 */
#ifndef FETCH_EXEC_H
#define FETCH_EXEC_H

#include "aio/forkserver.h"
#include "fetch/job.h"

struct task;

/* The entry says all that the command asks for. */
bool exec_possible(const struct job *job);

/* The job's record, as it stands, is that of a file whose command is to be run: one that was
 * downloaded; with a journal also one that was there, since what the journal does not list has not
 * had its command. */
bool exec_wanted(const struct job *job);

/* Waits for its turn (--exec-jobs), runs the command and awaits its end, cancelled or not. NULL
 * when memory ran out. */
struct task *exec_task(struct job *job);

/* -- exec_error.c -- */

/* What the end of a command says: NULL for status 0, else ERR_EXEC, whose code is "EXIT_3", a
 * signal's name, or errno's if it could not be started. */
struct err *exec_error(const struct child_end *end, const char *name);

#endif
