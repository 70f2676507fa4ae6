/* SPDX-License-Identifier: MIT */
/*
 * Errors as values. A heap error is one block, its message behind it; the plain ones are constant
 * and never counted, which is why they may be shared between threads.
 */
#include "base/err.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct err {
    unsigned refs; /* 0: plain, constant, never freed */
    enum err_kind kind;
    int errnum;
    const char *code;    /* borrowed: outlives the error */
    const char *message; /* in the same block, or a literal */
};

#define PLAIN(kind_, message_) [kind_] = {.kind = (kind_), .message = (message_)}

static const struct err plain[ERR_KINDS] = {
    PLAIN(ERR_CANCELLED, "cancelled"),
    PLAIN(ERR_TIMEOUT, "timed out"),
    PLAIN(ERR_INVALID_STATE, "invalid state"),
    PLAIN(ERR_RUNTIME, "runtime error"),
    PLAIN(ERR_VALUE, "invalid value"),
    PLAIN(ERR_NOMEM, "out of memory"),
    PLAIN(ERR_STOP_ITERATION, "no more items"),
    PLAIN(ERR_INPUT, "invalid input"),
    PLAIN(ERR_DNS, "name not resolved"),
    PLAIN(ERR_CONNECT, "connection failed"),
    PLAIN(ERR_TLS, "TLS failed"),
    PLAIN(ERR_HTTP, "HTTP error"),
    PLAIN(ERR_NETWORK, "network error"),
    PLAIN(ERR_CHECKSUM, "checksum does not match"),
    PLAIN(ERR_IO, "input/output error"),
    PLAIN(ERR_POLICY, "refused by policy"),
    PLAIN(ERR_HOST, "host given up"),
    PLAIN(ERR_EXEC, "command failed"),
    PLAIN(ERR_USAGE, "usage error"),
};

static const char *const kind_names[ERR_KINDS] = {
    [ERR_CANCELLED] = "cancelled",
    [ERR_TIMEOUT] = "timeout",
    [ERR_INVALID_STATE] = "invalid-state",
    [ERR_RUNTIME] = "runtime",
    [ERR_VALUE] = "value",
    [ERR_NOMEM] = "nomem",
    [ERR_STOP_ITERATION] = "stop-iteration",
    [ERR_INPUT] = "input",
    [ERR_DNS] = "dns",
    [ERR_CONNECT] = "connect",
    [ERR_TLS] = "tls",
    [ERR_HTTP] = "http",
    [ERR_NETWORK] = "network",
    [ERR_CHECKSUM] = "checksum",
    [ERR_IO] = "io",
    [ERR_POLICY] = "policy",
    [ERR_HOST] = "host",
    [ERR_EXEC] = "exec",
    [ERR_USAGE] = "usage",
};

__attribute__((format(printf, 5, 0))) static struct err *make(enum err_kind kind, const char *code,
    int errnum, const char *suffix, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    size_t len = n < 0 ? 0 : (size_t)n;
    size_t tail = suffix ? strlen(suffix) + 2 : 0;
    struct err *e = malloc(sizeof(*e) + len + tail + 1);
    if (!e) {
        return err_plain(ERR_NOMEM);
    }
    char *text = (char *)(e + 1);
    text[0] = '\0';
    (void)vsnprintf(text, len + 1, fmt, ap);
    if (suffix) {
        memcpy(text + len, ": ", 2);
        memcpy(text + len + 2, suffix, tail - 1);
    }
    *e = (struct err){.refs = 1, .kind = kind, .errnum = errnum, .code = code, .message = text};
    return e;
}

struct err *err_new(enum err_kind kind, const char *code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    struct err *e = make(kind, code, 0, NULL, fmt, ap);
    va_end(ap);
    return e;
}

struct err *err_errno(enum err_kind kind, int errnum, const char *fmt, ...)
{
    const char *text = strerrordesc_np(errnum);
    va_list ap;
    va_start(ap, fmt);
    struct err *e =
        make(kind, strerrorname_np(errnum), errnum, text ? text : "unknown system error", fmt, ap);
    va_end(ap);
    return e;
}

struct err *err_plain(enum err_kind kind)
{
    assert(kind < ERR_KINDS);
    return (struct err *)&plain[kind];
}

struct err *err_copy(const struct err *e)
{
    if (!e->refs) {
        return err_plain(e->kind);
    }
    struct err *copy = err_new(e->kind, e->code, "%s", e->message);
    if (copy->refs) {
        copy->errnum = e->errnum;
    }
    return copy;
}

struct err *err_ref(struct err *e)
{
    if (e && e->refs) {
        e->refs++;
    }
    return e;
}

void err_unref(struct err *e)
{
    if (e && e->refs && --e->refs == 0) {
        free(e);
    }
}

bool err_is(const struct err *e, enum err_kind kind)
{
    return e && e->kind == kind;
}

enum err_kind err_kind(const struct err *e)
{
    return e->kind;
}

const char *err_kind_name(enum err_kind kind)
{
    return kind < ERR_KINDS ? kind_names[kind] : "none";
}

const char *err_code(const struct err *e)
{
    return e->code;
}

int err_errnum(const struct err *e)
{
    return e->errnum;
}

const char *err_message(const struct err *e)
{
    return e->message;
}
