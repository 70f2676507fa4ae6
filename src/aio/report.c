/* SPDX-License-Identifier: MIT */
/* The exception handler (asyncio: call_exception_handler, default_exception_handler). */
#include "aio/loop_private.h"

#include <stdio.h>

void loop_set_exception_handler(struct loop *l, exception_handler_fn fn, void *arg)
{
    l->handler = fn;
    l->handler_arg = arg;
}

void loop__report_default(const char *message, struct err *e, const char *what)
{
    fprintf(stderr, "garner: %s%s%s%s%s%s%s%s\n", message, what ? " (" : "", what ? what : "",
        what ? ")" : "", e ? ": " : "", e ? err_kind_name(err_kind(e)) : "", e ? ": " : "",
        e ? err_message(e) : "");
}

void loop_call_exception_handler(
    struct loop *l, const char *message, struct err *e, const char *what)
{
    if (!l->handler) {
        loop__report_default(message, e, what);
        return;
    }
    struct err *failed = l->handler(l->handler_arg, message, e, what);
    if (failed) {
        loop__report_default(message, e, what);
        loop__report_default("Unhandled error in exception handler", failed, NULL);
        err_unref(failed);
    }
}
