/* SPDX-License-Identifier: MIT */
/* gzip, as a stream of chunks; several members one after another are one stream. */
#ifndef CLI_GUNZIP_H
#define CLI_GUNZIP_H

#include <stdbool.h>
#include <stddef.h>

struct gunzip;

struct gunzip *gunzip_new(void);    /* NULL when memory ran out */
void gunzip_free(struct gunzip *g); /* NULL is ignored */

/* True if the bytes begin as gzip does; n >= 2. */
bool gunzip_magic(const char *bytes, size_t n);

/* Takes from *in (*n bytes, both moved on) and writes at most `room` bytes; how many is *got, 0
 * meaning that more input is needed. False if it is no gzip data. */
bool gunzip_run(struct gunzip *g, const char **in, size_t *n, char *out, size_t room, size_t *got);

/* True where the stream may end: not inside a member. */
bool gunzip_complete(const struct gunzip *g);

#endif
