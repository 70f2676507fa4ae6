/* SPDX-License-Identifier: MIT */
/*
 * Several connections that bring one sink its bytes, each from another place on.
 *
 *   sink_start -> sink_spread -> sink_stream_new -> sink_stream_write* -> sink_stream_free
 *
 * A sink that is spread stays so until sink_start() at 0: sink_have() counts the bytes from the
 * start that have no gap. The part is made as long as the file at once, and the sidecar says which
 * ranges are in it. A sink that found such a part is spread from the beginning.
 */
#ifndef STORE_STREAM_H
#define STORE_STREAM_H

#include "store/ranges.h"
#include "store/sink.h"

struct sink_stream;

/* The total is known, and sink_start() has been called. May be called again. ERR_NOMEM. */
struct err *sink_spread(struct sink *k);

/* What arrived, borrowed, until anything is called on the sink; NULL: it is not spread. */
const struct ranges *sink_ranges(const struct sink *k);

/* A stream whose first byte goes to `at`; it keeps the sink's memory alive. NULL when memory ran
 * out. Freed by its owner before the sink is committed or closed: what it holds then goes on to the
 * disk. NULL is ignored. */
struct sink_stream *sink_stream_new(struct sink *k, int64_t at);
void sink_stream_free(struct sink_stream *st);

/* As sink_write. expected: bytes that will follow, these included. */
struct err *sink_stream_write(
    struct sink_stream *st, const void *bytes, size_t n, int64_t expected);

#endif
