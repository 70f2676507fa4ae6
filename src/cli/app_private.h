/* SPDX-License-Identifier: MIT */
/* What the files of a run share: app.c makes it all and ends it, app_main.c is its main task. */
#ifndef CLI_APP_PRIVATE_H
#define CLI_APP_PRIVATE_H

#include "aio/task.h"
#include "cli/options.h"

enum { STATUS_USAGE = 2, STATUS_LOCAL = 3, STATUS_TIMEOUT = 124, STATUS_CLOSED = 141 };

struct app {
    struct options *options;   /* borrowed */
    struct commands *commands; /* owned, as the rest: freed by close_all; NULL without --exec */
    struct runner *runner;
    struct report *report;
    struct records *records;
    struct ledger *ledger;
    struct events *events; /* NULL without --events */
    struct bodies *bodies; /* NULL: they become files */
    struct queued *queued; /* NULL unless the entries are in a queue */
    struct checksums *checksums;
    struct async_iter *entries; /* borrowed from the session */
    struct store *store;
    struct loops *loops;
    struct hosts *hosts;
    struct session *session;
    struct task *main; /* borrowed while it runs */
    bool closed;       /* standard output was closed by its reader */
    bool output_failed;
    bool refused; /* --checksums or --queue could not be had: nothing was started */
};

/* app_main.c. The main task of a run, the caller's; NULL when memory ran out. */
struct task *app__main_task(struct app *app);

#endif
