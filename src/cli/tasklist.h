/* SPDX-License-Identifier: MIT */
/* SIGUSR1: all tasks, to standard error. */
#ifndef CLI_TASKLIST_H
#define CLI_TASKLIST_H

#include "aio/loop.h"
#include "cli/report.h"
#include "fetch/session.h"

/* A line a task: its name and what it awaits; then a line a download: its step and its bytes. */
void tasklist_write(const struct loop *l, const struct session *s, struct report *report);

#endif
