/* SPDX-License-Identifier: MIT */
/* gzip and deflate, as streams of chunks; several members of gzip one after another are one stream.
 */
#ifndef BASE_GUNZIP_H
#define BASE_GUNZIP_H

#include <stdbool.h>
#include <stddef.h>

struct gunzip;

enum gunzip_form {
    GUNZIP_GZIP,
    GUNZIP_DEFLATE, /* HTTP's: zlib's form, or without its header as some servers send it */
};

struct gunzip *gunzip_new(enum gunzip_form form); /* NULL when memory ran out */
void gunzip_free(struct gunzip *g);               /* NULL is ignored */

/* True if the bytes begin as gzip does; n >= 2. */
bool gunzip_magic(const char *bytes, size_t n);

/* Takes from *in (*n bytes, both moved on) and writes at most `room` bytes; how many is *got, 0
 * meaning that more input is needed. False if it is no such data. */
bool gunzip_run(struct gunzip *g, const char **in, size_t *n, char *out, size_t room, size_t *got);

/* True where the stream may end: not inside a member, nor of deflate. */
bool gunzip_complete(const struct gunzip *g);

#endif
