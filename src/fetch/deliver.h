/* SPDX-License-Identifier: MIT */
/*
 * Bodies that become no files: into the session's line (-o -, --tar), or into the record (--body).
 * What a sink does beside it is to count, and to verify. Private to src/fetch.
 */
#ifndef FETCH_DELIVER_H
#define FETCH_DELIVER_H

#include "fetch/attempt.h"
#include "store/line.h"

/* Nothing below has an effect where bodies become files. */

void deliver_init(struct session *s);

/* After s->jobs changed: the first of them is the one that an ordered line waits for. */
void deliver_head(struct session *s);

/* A job that asked for a slot gets it at once if all others wait for it. */
void deliver_hurry(struct job *job);

/* True if its next request may not start: *gate (the caller's) is to be awaited, and then this
 * asked again. */
bool deliver_gate(struct job *job, struct future **gate);

/* A reply's body follows, from `offset` on; total: of the body, -1: unknown. ERR_POLICY: too large
 * for a record. Inside net's callbacks, as deliver_bytes. */
struct err *deliver_start(struct attempt *a, int64_t offset, int64_t total);
struct err *deliver_bytes(struct attempt *a, const void *bytes, size_t n);

/* An attempt did not bring all of it. */
void deliver_pause(struct attempt *a);

/* What is out cannot be continued: no further attempt. */
bool deliver_broken(const struct attempt *a);

/* It is whole and verified: into the line (see body_emit); into the record. */
struct future *deliver_body(struct attempt *a);
void deliver_record(struct attempt *a);

/* Nothing more comes of it. */
void deliver_end(struct attempt *a);

#endif
