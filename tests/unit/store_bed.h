/* SPDX-License-Identifier: MIT */
/* A store on a directory of its own, and bodies to put into it: what the tests of sinks share. */
#ifndef TESTS_UNIT_STORE_BED_H
#define TESTS_UNIT_STORE_BED_H

#include "store/sink.h"
#include "support.h"

#include <stdbool.h>

struct bed {
    bool absent; /* the sinks that are made are told that nothing was there */
    struct loop *l;
    struct executor *ex;
    struct store *s;
    char dir[64];
    int at;       /* the directory */
    unsigned fds; /* open before */
    int gate[2];  /* see bed_hold */
    struct future *held;
};

/* threads: of the executor. options: NULL for the usual ones; its dir is ignored. */
void bed_make(struct bed *b, unsigned threads, const struct store_options *options);
/* Nothing alive, no descriptor left; the directory is removed. */
void bed_end(struct bed *b);
/* The directory alone. */
void bed_make_dir(struct bed *b);
void bed_end_dir(struct bed *b);
/* The store and all it stands on are ended and made anew on the same directory: another run. */
void bed_again(struct bed *b);

/* One executor thread waits until bed_release: with one thread, jobs stay queued. */
void bed_hold(struct bed *b);
void bed_release(struct bed *b);

/* -- sinks --------------------------------------------------------------------------------- */

struct sink *bed_sink(struct bed *b, const char *path, enum if_exists policy);
/* With a strong ETag "v1", "v2", ...; version 0: nothing to know it by. total -1: unknown. */
void bed_start(struct sink *k, int64_t offset, int version, int64_t total);
/* Body bytes [from, to) of a version, in pieces as the network brings them. */
void bed_feed(struct sink *k, int version, int64_t from, int64_t to);
/* The bytes [from, from + n) themselves. */
void bed_body(int version, int64_t from, char *bytes, size_t n);
/* All these run the loop until the future is done, and end the future. */
struct err *bed_open(struct bed *b, struct sink *k);
struct err *bed_commit(struct bed *b, struct sink *k, int64_t size, struct committed **out);
struct err *bed_commit_with(
    struct bed *b, struct sink *k, const struct commit_options *o, struct committed **out);
void bed_close(struct bed *b, struct sink *k, bool keep); /* and frees the sink */
struct err *bed_done(struct bed *b, struct future *f, void **value);
/* sink_new, start, feed, commit, close of a whole body of version 1. */
struct err *bed_put(struct bed *b, const char *path, int64_t size, enum if_exists policy);

/* -- files --------------------------------------------------------------------------------- */

bool bed_exists(const struct bed *b, const char *path);
int64_t bed_size(const struct bed *b, const char *path); /* -1: not there */
/* The file is exactly the first size bytes of a version. */
bool bed_is(const struct bed *b, const char *path, int version, int64_t size);
void bed_write(const struct bed *b, const char *path, const char *text);
unsigned bed_count(const struct bed *b); /* entries of the directory */
/* Only the file itself: no part, no sidecar. */
void bed_is_clean(const struct bed *b, const char *path);
/* Runs the loop until cond(arg), a few seconds at most. */
void bed_until(struct bed *b, bool (*cond)(void *arg), void *arg);

#endif
