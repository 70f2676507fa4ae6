/* SPDX-License-Identifier: MIT */
/*
 * Records on their way out: rendered at once, put in input order with --gather, written by one
 * writer, standard output watched for closing.
 */
#ifndef CLI_RECORDS_H
#define CLI_RECORDS_H

#include "cli/options.h"
#include "fetch/record.h"

struct records;

/* Opens --records FILE (ERR_IO: cannot). on_closed(arg) is called once, from the ready queue, when
 * standard output is closed by its reader (EPIPE): the run is to be cancelled quietly (141).
 * on_failed(arg, e) once when it cannot be written for another reason (3); e is borrowed. */
struct records_events {
    void (*on_closed)(void *arg);
    void (*on_failed)(void *arg, struct err *e);
    void *arg;
};
struct err *records_new(struct loop *l, const struct output_options *options,
    const struct records_events *events, struct records **out);
void records_free(struct records *r);

/* Failed records get a line there too, at once. Borrowed. */
struct report;
void records_set_report(struct records *r, struct report *report);

/* To be handed to session_new. */
struct record_consumer records_consumer(struct records *r);

/* Everything still held goes out (in order; gaps are skipped), then the future is done: ERR_IO if
 * it could not be written. NULL when memory ran out. */
struct future *records_finish(struct records *r);

/* The JSON object of a record, one line without its newline, appended to b. */
struct buf;
void record_to_json(const struct record *r, struct buf *b);

#endif
