/* SPDX-License-Identifier: MIT */
/*
 * What people read on standard error: a line a failure, a line now and then, a line at the end.
 * Everything that came from outside is escaped (printable.h), URLs are shown without user, password
 * and query.
 */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include "aio/future.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "fetch/record.h"
#include "fetch/session.h"

struct report;

/* "garner: text" on standard error, for what is said before there is a report. arg is not used. */
void report_early(void *arg, const char *text);

/* Writes to fd (standard error), which stays open. ERR_IO: it is not open; ERR_NOMEM. */
struct err *report_new(
    struct loop *l, int fd, const struct output_options *options, struct report **out);
/* What was not written is written first, as far as it goes without waiting long. NULL is ignored.
 */
void report_free(struct report *r);

/* "garner: URL: kind: message" for a record of state failed; nothing for the others. */
void report_failure(struct report *r, const struct record *record);

/* From now on "garner: URL: kind: message; again in 1.5 s" for each attempt that is not the last.
 */
void report_retries(struct report *r, struct session *s);

/* "garner: text". */
void report_note(struct report *r, const char *text);

/* The line at the end, unless -q: what became of the entries, bytes, time, rate; and where reading
 * stopped if the list was not read to its end. seconds: the run's. */
void report_summary(struct report *r, const struct session_totals *totals, double seconds);

/* The progress display, or a line each `every` seconds, as --progress says and standard error
 * allows, until report_progress_stop or report_free; never with -q. source: what it points to is
 * borrowed, and read each time. */
struct err *report_progress_start(
    struct report *r, const struct progress_source *source, double every);
void report_progress_stop(struct report *r);
/* The next signal ends the program at once. */
void report_progress_may_end(struct report *r);

/* True if a report on fd may come to have a progress display; asked before there is one. */
bool report_may_show(int fd, const struct output_options *options);

/* True if fd is the terminal of a progress display: what goes there is to be said by report_say,
 * which takes the text as it is and shows it above the display. */
bool report_shows(const struct report *r, int fd);
struct err *report_say(struct report *r, const char *text, size_t n);

/* NULL: go on; else a future (the caller's): nobody takes what was written. */
struct future *report_ready(struct report *r);

/* "12.3 MiB", "1 h 02 min": for people. */
struct buf;
void report_add_bytes(struct buf *b, double bytes);
void report_add_duration(struct buf *b, double seconds);

#endif
