/* SPDX-License-Identifier: MIT */
/*
 * Errors as values.
 *
 * A function that can fail returns `struct err *`: NULL is success, anything else is owned by the
 * caller, who passes it on or ends it with err_unref(). An error is immutable and counts its
 * references; the count is not atomic, so an error belongs to one thread at a time (handing it to
 * another thread, as the executor does, is fine). The plain errors are static: making one
 * allocates nothing and cannot fail, and err_new() falls back to plain ERR_NOMEM.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>

enum err_kind {
    /* what the runtime itself raises */
    ERR_CANCELLED,
    ERR_TIMEOUT,
    ERR_INVALID_STATE,
    ERR_RUNTIME, /* misuse: a closed loop, awaiting oneself, ... */
    ERR_VALUE,   /* a bad argument */
    ERR_NOMEM,
    ERR_STOP_ITERATION, /* an async iterator has no more items */
    /* what a download can end with; the record's error.kind (ERR_CANCELLED, ERR_TIMEOUT too) */
    ERR_INPUT,
    ERR_DNS,
    ERR_CONNECT,
    ERR_TLS,
    ERR_HTTP,
    ERR_NETWORK,
    ERR_CHECKSUM,
    ERR_IO,
    ERR_POLICY,
    ERR_HOST,
    ERR_EXEC,
    ERR_USAGE, /* bad command line or configuration */
    ERR_KINDS,
};

struct err;

/* A new error. code: the field's own name for it ("CURLE_COULDNT_CONNECT", "ENOSPC"), a string
 * that outlives the error (a literal), or NULL. The message is formatted and copied. */
struct err *err_new(enum err_kind kind, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4), warn_unused_result));

/* A new error from errno: its code is errno's name, its message "<fmt>: <strerror>". */
struct err *err_errno(enum err_kind kind, int errnum, const char *fmt, ...)
    __attribute__((format(printf, 3, 4), warn_unused_result));

/* The plain, static error of a kind. Never fails, needs no unref (but tolerates one). */
struct err *err_plain(enum err_kind kind) __attribute__((warn_unused_result));

/* Both accept NULL. err_ref returns its argument. */
struct err *err_ref(struct err *e);
void err_unref(struct err *e);

/* Another with the same content, for another thread. e: not NULL. */
struct err *err_copy(const struct err *e) __attribute__((warn_unused_result));

bool err_is(const struct err *e, enum err_kind kind); /* false for NULL */
enum err_kind err_kind(const struct err *e);
const char *err_kind_name(enum err_kind kind); /* "cancelled", "timeout", "dns", ... */
const char *err_code(const struct err *e);     /* may be NULL; borrowed */
int err_errnum(const struct err *e);           /* 0 if it did not come from errno */
const char *err_message(const struct err *e);  /* never NULL; borrowed from e */

#endif
