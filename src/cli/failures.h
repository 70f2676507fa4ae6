/* SPDX-License-Identifier: MIT */
/*
 * --failures FILE: what is left to do, as a list. It is collected in an unnamed file beside FILE
 * and takes its name at the end, by one rename; FILE may be the list that is read.
 */
#ifndef CLI_FAILURES_H
#define CLI_FAILURES_H

#include "fetch/entry.h"

#include <stdbool.h>
#include <stdint.h>

struct failures;

/* ERR_IO: there can be no such file; ERR_USAGE: FILE is there and is not a regular file. */
struct err *failures_open(const char *path, struct failures **out);
void failures_free(
    struct failures *f); /* without failures_write nothing is left; NULL is ignored */

/* One more entry. target: the path that it came to; NULL: it came to none. What goes wrong is said
 * by failures_write. */
void failures_add(struct failures *f, const struct entry *e, const char *target);

/* The rest of a list of the one or the other format, from the file's byte `at` on; last of all. */
void failures_copy(struct failures *f, int fd, uint64_t at, bool json);
/* True if a rest of this format can follow what was added so far. */
bool failures_takes(const struct failures *f, bool json);

/* Writes FILE, also an empty one. In the format of the entries: jsonl if any came as that. ERR_IO,
 * ERR_NOMEM: then FILE is as it was. */
struct err *failures_write(struct failures *f);

/* The directory of FILE, in which it is renamed: borrowed. */
int failures_dir(const struct failures *f);

#endif
