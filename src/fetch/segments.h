/* SPDX-License-Identifier: MIT */
/*
 * One file over several connections (cli.md, --segments; trust.md, Resume). Private to src/fetch.
 *
 *   download task:  attempt ---- head says so: leads ------> [its segment] --> waits for the crew
 *                                  |
 *   crew task (a TaskGroup):       `--> helper: slot, claim, transfer, slot given back, claim ...
 *                                       helper: ...
 *
 * The download's own request, from the start (or from the first byte that is missing), becomes the
 * first segment when its head shows that the server honours ranges and gives a strong validator,
 * and the file is large enough. Each helper is a request like any other, with a slot of its own
 * that takes no job; the download keeps its job until the last of them is through.
 * When nobody is left the download judges: all there, or another attempt by its usual rules.
 *
 * Invariant: a byte goes into the sink only from a reply that was checked by the rules of resume.h
 * against the version that the leading reply named, or, from another mirror, one of the same size
 * and with a validator of the same kind.
 */
#ifndef FETCH_SEGMENTS_H
#define FETCH_SEGMENTS_H

#include "fetch/attempt.h"

struct segments;

/* Whether the download may need them: several connections were asked for, or what is in the sink
 * has gaps. */
bool segments_wanted(const struct job *job, const struct sink *sink);

/* NULL when memory ran out. A reference, as helpers hold them too. */
struct segments *segments_new(struct job *job);
void segments_unref(struct segments *g); /* NULL is ignored */

/* The head of the download's own request was accepted, its body begins at offset and ends no later
 * than a->limit. Sets a->segment if it is a segment from now on. ERR_NOMEM. */
struct err *segments_lead(
    struct segments *g, struct attempt *a, const struct reply *r, int64_t offset);

/* What came for a->segment, in place of sink_write. */
struct err *segments_take(struct segments *g, struct attempt *a, const void *bytes, size_t n);

/* The leading request ended, with this error (borrowed; NULL: none). What is to be awaited: the
 * crew, NULL if nobody is left. The future is the caller's. */
struct future *segments_follow(struct segments *g, struct attempt *a, const struct err *error);

/* Then: status is what the await raised. What becomes of the verdict on the leading request, with
 * its error. */
enum verdict segments_judge(struct segments *g, struct attempt *a, struct err *status,
    enum verdict verdict, struct err **error);

/* Bytes that helpers brought since the last call. */
int64_t segments_gained(struct segments *g);

#endif
