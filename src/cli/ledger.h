/* SPDX-License-Identifier: MIT */
/*
 * What a run leaves for the next one: the journal of what is done (--journal), and the list of what
 * is not (--failures); and for people (views.h). It stands between the session and whoever else
 * takes its records.
 */
#ifndef CLI_LEDGER_H
#define CLI_LEDGER_H

#include "cli/options.h"
#include "fetch/record.h"
#include "fetch/session.h"
#include "store/journal.h"

struct ledger;

/* Opens the files that the options name; needs no loop. ERR_IO, ERR_USAGE, ERR_NOMEM. */
struct err *ledger_open(const struct options *o, struct ledger **out);
void ledger_free(struct ledger *g); /* before the loop; NULL is ignored */

/* Before the session runs, and after the sandbox: it may start a thread. on_failed: see
 * journal_start. */
void ledger_start(struct ledger *g, struct loop *l, struct executor *ex,
    void (*on_failed)(void *arg, struct err *e), void *arg);

const struct journal *ledger_journal(const struct ledger *g); /* NULL: none */

/* Directories in which files are renamed at the end: borrowed; -1: none. */
enum { LEDGER_DIRS = 2 };
void ledger_dirs(const struct ledger *g, int dirs[LEDGER_DIRS]);

/* Takes note of each record, then hands it on. next: copied. */
struct record_consumer ledger_consumer(struct ledger *g, const struct record_consumer *next);

/*
 * After the session's task: reads what is left of the list for --failures, if the run ended early,
 * syncs the journal, and brings what people look at to its files. The future of a task, the
 * caller's; NULL when memory ran out. entries: the session's, from input_open. Its error is a list
 * that cannot be read or a journal that cannot be written.
 */
struct future *ledger_finish(struct ledger *g, struct session *s, struct async_iter *entries);

/* At the very end: the files of --failures and --report take their names. ERR_IO. */
struct err *ledger_write(struct ledger *g);

#endif
