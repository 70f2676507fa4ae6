/* SPDX-License-Identifier: MIT */
/*
 * A growing byte buffer. It keeps a NUL behind its bytes, so `data` may be used as a string once
 * anything was appended. Failure to grow is sticky: appends after it do nothing and buf_failed()
 * says so, so that a run of appends needs one check at its end.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct buf {
    char *data; /* owned; NULL while nothing was appended */
    size_t len, room;
    bool failed;
};

#define BUF_INIT ((struct buf){NULL, 0, 0, false})

void buf_init(struct buf *b);
void buf_fini(struct buf *b);
void buf_clear(struct buf *b); /* forgets the bytes (and a failure), keeps the memory */

bool buf_reserve(struct buf *b, size_t more); /* room for `more` bytes and the NUL */
void buf_add(struct buf *b, const void *bytes, size_t n);
void buf_adds(struct buf *b, const char *s);
void buf_addc(struct buf *b, char c);
void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_addv(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
void buf_drop_front(struct buf *b, size_t n); /* removes the first n bytes */
bool buf_failed(const struct buf *b);

/* Hands the bytes over to the caller (free()), leaving b empty. "" rather than NULL when nothing
 * was appended; NULL if an append failed or memory runs out. */
char *buf_take(struct buf *b);

#endif
