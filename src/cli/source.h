/* SPDX-License-Identifier: MIT */
/*
 * The bytes of one list: a file (read on the executor), or a pipe, terminal or socket (read when it
 * is readable, so that nothing ever blocks and no descriptor shared with other programs is made
 * non-blocking). gzip is unpacked. Nothing is read ahead of what is asked for.
 */
#ifndef CLI_SOURCE_H
#define CLI_SOURCE_H

#include "aio/executor.h"
#include "aio/loop.h"

struct source;

enum source_got {
    SOURCE_BYTES,
    SOURCE_WAIT, /* source_wait tells when there is more */
    SOURCE_END,
    SOURCE_FAILED, /* source_error says why */
};

/* name "-" is standard input. ERR_USAGE: it cannot be opened. name: borrowed. */
struct err *source_open(struct loop *l, struct executor *ex, const char *name, struct source **out);
/* NULL is ignored. A read under way on the executor ends by itself. */
void source_free(struct source *s);

/* The next bytes, at least one, valid until the next call. */
enum source_got source_get(struct source *s, const char **bytes, size_t *n);

/* Reads on; fn(arg) is called once from the ready queue when source_get is worth calling again.
 * ERR_NOMEM, ERR_RUNTIME. source_stop: fn is not called; what is read meanwhile is not lost. */
struct err *source_wait(struct source *s, loop_fn fn, void *arg);
void source_stop(struct source *s);

struct err *source_error(const struct source *s); /* a new reference; ERR_IO, ERR_NOMEM */

/* True for a file that is not compressed; its bytes begin at *start. *fd: borrowed. */
bool source_is_plain(const struct source *s, int *fd, uint64_t *start);

/* True for what somebody may be typing or sending right now: silence means something there. */
bool source_is_live(const struct source *s);

#endif
