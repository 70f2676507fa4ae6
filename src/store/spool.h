/* SPDX-License-Identifier: MIT */
/*
 * Blobs that wait, in memory up to a bound, past it in an unnamed temporary file (O_TMPFILE below
 * TMPDIR, else an unlinked one). Blobs are put in any order and taken by the handle they got; the
 * file is truncated whenever nothing is left in it. Calls read and write files: local, but not
 * free.
 */
#ifndef STORE_SPOOL_H
#define STORE_SPOOL_H

#include "base/buf.h"
#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct spool;

struct spool_blob {
    void *bytes; /* owned while in memory, else NULL */
    uint64_t at; /* its place in the file */
    size_t len;
};

struct spool *spool_new(size_t in_memory); /* NULL when memory ran out */
void spool_free(struct spool *s);          /* blobs still in memory are the holders' to drop */

/* Copies the bytes. ERR_NOMEM, ERR_IO. */
struct err *spool_put(struct spool *s, const void *bytes, size_t len, struct spool_blob *out);
/* Appends the blob's bytes to b and forgets it; on an error the blob stays. ERR_IO, ERR_NOMEM. */
struct err *spool_take(struct spool *s, struct spool_blob *blob, struct buf *b);
void spool_drop(struct spool *s, struct spool_blob *blob);
size_t spool_in_file(const struct spool *s); /* bytes */

#endif
