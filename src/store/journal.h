/* SPDX-License-Identifier: MIT */
/*
 * The journal: a line for each finished download, appended to a file that the next run reads, so
 * that what is listed is not downloaded again, wherever the files are by then.
 *
 *   {"garner":1,"key":"9f3a61c2b8d04e57","url":"...","path":"...","size":12,"finished":"..."}
 *
 * Lines are collected for a moment, then written and synced together on the executor. Whoever adds
 * a line has the file it names in its place. Several runs may append to one journal.
 */
#ifndef STORE_JOURNAL_H
#define STORE_JOURNAL_H

#include "aio/executor.h"
#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

struct journal;

struct journal_line {
    uint64_t key;                      /* of the entry, hashed (key_hash) */
    const char *url, *path, *checksum; /* borrowed; NULL where not known */
    int64_t size;                      /* -1: not known */
    double finished;                   /* seconds since the epoch */
};

/* Opens the file, which is made if need be (mode 0600), and reads the keys in it: at most 16 bytes
 * of memory each. Blocks; needs no loop. What is not wholly a line of a journal, as the last one
 * may be after a crash, says nothing. ERR_IO: it cannot be read and written; ERR_NOMEM. */
struct err *journal_open(const char *path, struct journal **out);

/* Before the first journal_add. on_failed(arg, e) is called once, on the loop's thread, when the
 * file could not be written: the run is to be stopped. e is borrowed. */
void journal_start(struct journal *j, struct loop *l, struct executor *ex,
    void (*on_failed)(void *arg, struct err *e), void *arg);

/* NULL is ignored. What was not written is lost (journal_finish writes it). */
void journal_free(struct journal *j);

/* True if the key was listed when the journal was opened. */
bool journal_has(const struct journal *j, uint64_t key);
size_t journal_count(const struct journal *j);
size_t journal_bytes(const struct journal *j); /* of memory */

/* Without effect once the journal could not be written. */
void journal_add(struct journal *j, const struct journal_line *line);

/* The future is done once all that was added is on the disk; its error is why it is not. The
 * caller's; NULL when memory ran out. */
struct future *journal_finish(struct journal *j);

/* -- the text ------------------------------------------------------------------------------- */

/* Appends the line, with its newline. */
void journal_format(const struct journal_line *line, struct buf *b);

/* The key of a line (without its newline); false if it is no whole line of a journal. */
bool journal_parse(const char *text, size_t len, uint64_t *key);

#endif
