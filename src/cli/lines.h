/* SPDX-License-Identifier: MIT */
/*
 * The list format "lines": a URL a line (mirrors behind tabs), and aria2's indented options below
 * it. An entry comes out once a line shows that nothing more belongs to it.
 */
#ifndef CLI_LINES_H
#define CLI_LINES_H

#include "cli/split.h"
#include "fetch/entry.h"

struct lines;

/* Where a parser's entries and warnings go. */
struct list_out {
    void (*on_entry)(void *arg, struct entry *e); /* e is the callee's */
    /* without file and line, which are the callee's to add */
    void (*on_warning)(void *arg, uint64_t line, const char *text);
    void *arg;
    const char *file; /* borrowed: for the entries */
};

struct lines *lines_new(const struct list_out *out); /* NULL when memory ran out */
void lines_free(struct lines *p);                    /* what is open is dropped; NULL is ignored */

/* One line. At most two entries come out of it. ERR_NOMEM. */
struct err *lines_push(struct lines *p, const struct split_line *text, uint64_t line);
/* A line too long to be kept, which began with `first`. */
struct err *lines_too_long(struct lines *p, char first, uint64_t line);

/* True while an entry waits for options. */
bool lines_open(const struct lines *p);
/* The line at which that entry began; 0: none waits. */
uint64_t lines_opened_at(const struct lines *p);
/* True if a line that begins so ends the entry that waits. */
bool lines_ends_with(char first);

/* The entry that waits comes out. late: after silence; an option line that comes now is said to be
 * late. */
void lines_flush(struct lines *p, bool late);
/* The same, but it became a bad one: the list broke off below it. */
void lines_break(struct lines *p);

/* A bad entry for a line; NULL when memory ran out. message: NULL-terminated text. */
struct entry *list_bad_entry(const struct list_out *out, uint64_t line, const char *message);

#endif
