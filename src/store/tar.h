/* SPDX-License-Identifier: MIT */
/*
 * A POSIX pax archive, written by libarchive into a buffer. libarchive is loaded when the first
 * archive is made: linked, it and what it brings along would cost every run 2.5 MiB and some
 * milliseconds.
 */
#ifndef STORE_TAR_H
#define STORE_TAR_H

#include "base/buf.h"
#include "base/err.h"

#include <stdint.h>
#include <time.h>

struct tar;

/* "3.6.2"; static; NULL: this garner was built without it, or it is not installed. */
const char *tar_version(void);

/* What is written is appended to out, which is borrowed. ERR_USAGE: there is no libarchive;
 * ERR_NOMEM.
 */
struct err *tar_new(struct buf *out, struct tar **made);
void tar_free(struct tar *t); /* NULL is ignored; what was not ended stays so */

/* A regular file begins; modified: -1: now. Its `size` bytes follow in pieces, then its end.
 * ERR_IO, ERR_NOMEM, as all below. */
struct err *tar_begin(struct tar *t, const char *name, int64_t size, time_t modified);
struct err *tar_data(struct tar *t, const void *bytes, size_t n);
struct err *tar_end(struct tar *t);

/* The archive's end; nothing may follow. */
struct err *tar_close(struct tar *t);

#endif
