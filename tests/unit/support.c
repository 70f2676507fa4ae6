/* SPDX-License-Identifier: MIT */
/* What the unit tests share. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct loop *loop_starts(void)
{
    struct loop *l = loop_new(LOOP_PLAIN, NULL);
    ck_assert_ptr_nonnull(l);
    return l;
}

void loop_is_empty(struct loop *l)
{
    struct loop_live live = loop_live(l);
    ck_assert_uint_eq(live.futures, 0);
    ck_assert_uint_eq(live.ready, 0);
    ck_assert_uint_eq(live.timers, 0);
    ck_assert_uint_eq(live.watches, 0);
    ck_assert_uint_eq(loop_count_tasks(l), 0);
}

void loop_ends_empty(struct loop *l)
{
    loop_spin(l, 1);
    loop_is_empty(l);
    err_is_none(loop_close(l));
    loop_free(l);
}

void loop_spin(struct loop *l, unsigned n)
{
    while (n--) {
        loop_stop(l);
        err_is_none(loop_run_forever(l));
    }
}

void loop_completes(struct loop *l, struct future *f)
{
    err_is_none(loop_run_until_complete(l, f));
    ck_assert(future_done(f));
}

void err_is_none(struct err *e)
{
    ck_assert_msg(!e, "%s: %s", e ? err_kind_name(err_kind(e)) : "", e ? err_message(e) : "");
}

void err_is_kind(struct err *e, enum err_kind kind)
{
    ck_assert_msg(e != NULL, "no error, expected %s", err_kind_name(kind));
    ck_assert_msg(err_is(e, kind), "%s (%s), expected %s", err_kind_name(err_kind(e)),
        err_message(e), err_kind_name(kind));
    err_unref(e);
}

struct err *seen_handler(void *arg, const char *message, struct err *e, const char *what)
{
    struct seen *s = arg;
    s->count++;
    s->kind = e ? err_kind(e) : ERR_KINDS;
    snprintf(s->message, sizeof(s->message), "%s", message);
    snprintf(s->what, sizeof(s->what), "%s", what ? what : "");
    return NULL;
}

void order_add(struct order *o, const char *letters)
{
    size_t n = strlen(letters);
    ck_assert_uint_lt(o->len + n, sizeof(o->text));
    memcpy(o->text + o->len, letters, n + 1);
    o->len += n;
}

struct err *on_letter(void *arg)
{
    struct letter *l = arg;
    order_add(l->order, (char[]){l->c, '\0'});
    return NULL;
}

bool vfork_is_fork(void)
{
    const char *preload = getenv("LD_PRELOAD");
    return preload && strstr(preload, "/vgpreload_");
}
