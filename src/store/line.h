/* SPDX-License-Identifier: MIT */
/*
 * Bodies on their way to one descriptor instead of to files: each whole, one after another.
 *
 *   body_new -> body_start (each reply) -> body_write* -> body_emit -> body_free
 *                                                     \-> body_end --> body_free
 *
 * The body whose turn it is goes out as it comes, if it may (bodies of a tar archive, and those
 * that are to be verified, wait until they are whole). The others wait: in memory, past a bound in
 * an unnamed temporary file. What waits is bounded; past that, transfers are held and none is
 * started, but never the one that all wait for (the favoured one).
 *
 * Whose turn it is: `ordered` bodies go by their order, and the head is set from outside; otherwise
 * they go as they were emitted, and one that is still coming is favoured only when the bound is
 * reached and nothing else can go out.
 *
 * All bytes are moved by the executor, one job at a time; the line belongs to the loop's thread.
 */
#ifndef STORE_LINE_H
#define STORE_LINE_H

#include "store/store.h"

struct body;
struct line;

struct line_options {
    int fd;           /* borrowed: the line has a descriptor of its own */
    const char *name; /* for messages; copied */
    bool ordered;
    bool tar;
    size_t in_memory; /* bytes of bodies that wait in memory; more goes to a temporary file */
    int64_t most;     /* bytes that wait before others than the favoured one are held */
};

struct line_events {
    /* Once, from the loop: the reader went away; or another error (e is borrowed). The run is to be
     * cancelled: nothing goes out any more. */
    void (*on_closed)(void *arg);
    void (*on_failed)(void *arg, struct err *e);
    void *arg;
};

/* ERR_IO: fd is not open; ERR_USAGE: no libarchive; ERR_NOMEM. options: copied. */
struct err *line_new(struct store *s, const struct line_options *options,
    const struct line_events *events, struct line **out);
void line_free(struct line *l); /* no body may be left; NULL is ignored */

/* The lowest order that may still come; of an ordered line. */
void line_set_head(struct line *l, uint64_t order);

/* fn(arg, order): this body is waited for by the others, which are held: nothing may keep it back.
 */
void line_on_favour(struct line *l, void (*fn)(void *arg, uint64_t order), void *arg);
bool line_favours(const struct line *l, uint64_t order); /* now, and others are held */

/* NULL: a request for the body of this order may start. Else a future (the caller's) to await
 * before asking again. NULL when memory ran out, too. */
struct future *line_gate(struct line *l, uint64_t order);

void line_stop(struct line *l);             /* no other body begins to go out */
bool line_torn(const struct line *l);       /* a body broke off: nothing follows it */
int64_t line_waiting(const struct line *l); /* bytes */

struct loop *line_loop(const struct line *l);
bool line_ended_well(const struct line *l); /* neither torn nor failed */

/* After the last body: the archive gets its end, and what was written goes out. The future of it,
 * the caller's; ERR_IO if it failed. NULL when memory ran out. */
struct future *line_finish(struct line *l);

/* -- bodies -------------------------------------------------------------------------------- */

/* order: from 1, each once. whole_first: it is to be verified before any of it goes out. */
struct err *body_new(struct line *l, uint64_t order, bool whole_first, struct body **out);
void body_free(struct body *b); /* after its emission, or body_end; NULL is ignored */

/* fn(arg, true): nothing more is to be read for it; false: go on. Called inside body_write and from
 * the loop. */
void body_on_hold(struct body *b, void (*fn)(void *arg, bool hold), void *arg);

/* Bytes from `offset` on follow: 0, or how many there are. total: of the body; -1: unknown.
 * ERR_NETWORK: it is to start over, and a part of it is out already: it is broken for good. */
struct err *body_start(struct body *b, int64_t offset, int64_t total);
bool body_broken(const struct body *b);
/* The reply broke off: nothing of the body begins to go out before the next body_start says whether
 * what there is of it counts. */
void body_pause(struct body *b);
struct err *body_write(struct body *b, const void *bytes, size_t n); /* copies; ERR_NOMEM */

/* It is whole: the future is done when all of it went out. name (of a tar's member): copied.
 * modified: -1: unknown. A cancel takes it out of the line; one that is going out is torn by it,
 * but in a tar it goes on to its end, unless the reader takes nothing for a second. NULL when
 * memory ran out. */
struct future *body_emit(struct body *b, const char *name, time_t modified);

/* There will be no more of it. If a part is out, the line is torn. */
void body_end(struct body *b);

#endif
