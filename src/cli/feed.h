/* SPDX-License-Identifier: MIT */
/* One list file: source -> lines of text -> entries, in whichever format it is. */
#ifndef CLI_FEED_H
#define CLI_FEED_H

#include "cli/lines.h"
#include "cli/options.h"
#include "cli/source.h"

struct feed;

enum feed_got {
    FEED_MORE, /* entries may have come out through list_out; call again */
    FEED_WAIT, /* for the source */
    FEED_END,
    FEED_FAILED,
};

/* Opens the file; ERR_USAGE. out->file is its name ("-": standard input). */
struct err *feed_open(struct loop *l, struct executor *ex, const struct list_out *out,
    enum input_format format, struct feed **feed);
void feed_free(struct feed *f); /* NULL is ignored */

/* Takes one line, at most. FEED_FAILED: *error (ERR_IO, ERR_NOMEM), owned by the caller. */
enum feed_got feed_advance(struct feed *f, struct err **error);

/* After FEED_WAIT, as source_wait and source_stop. */
struct err *feed_wait(struct feed *f, loop_fn fn, void *arg);
void feed_stop(struct feed *f);

/* What the feed has not given out, as bytes of its file: from `at` to the file's end. False if it
 * is no file, compressed, or not yet known to be of which format. */
struct feed_rest {
    int fd; /* borrowed from the feed */
    uint64_t at;
    bool json;
};
bool feed_rest(const struct feed *f, struct feed_rest *out);

bool feed_is_live(const struct feed *f); /* as source_is_live */

/* True if an entry waits for options that somebody may still be typing. feed_silence gives it out.
 */
bool feed_may_fall_silent(const struct feed *f);
void feed_silence(struct feed *f);

#endif
