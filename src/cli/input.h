/* SPDX-License-Identifier: MIT */
/* The list reader: arguments, files and standard input as an async iterator of entries. */
#ifndef CLI_INPUT_H
#define CLI_INPUT_H

#include "aio/async_iter.h"
#include "aio/executor.h"
#include "cli/options.h"

/*
 * Items are struct entry * (entry_free). Files are opened here (ERR_USAGE names one that cannot
 * be: exit 2), read as the iterator is asked: command-line URLs first, then the files in order.
 * A list that fails while being read ends the iteration with ERR_IO. Bad entries are items with
 * their `error` set. options: borrowed, outlives the iterator. warn: as options_parse's, with
 * "FILE:LINE: text".
 */
struct err *input_open(struct loop *l, struct executor *ex, const struct input_options *options,
    void (*warn)(void *arg, const char *text), void *arg, struct async_iter **out);

/* From now on only files are read: what comes from a pipe or a terminal is left to whoever sends
 * it, but for an entry that was begun. */
void input_leave_live(struct async_iter *entries);

/* If all that is left is in one file whose bytes can be taken as they are: those. Else false: the
 * entries are to be read. */
struct feed_rest;
bool input_rest(const struct async_iter *entries, struct feed_rest *out);

#endif
