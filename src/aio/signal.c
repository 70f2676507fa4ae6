/* SPDX-License-Identifier: MIT */
/* Signals (asyncio: unix_events.py, add_signal_handler): on the default loop only. */
#include "aio/loop_private.h"

#include <signal.h>
#include <stdlib.h>

struct signal_watch {
    struct ev_signal sig;
    struct handle handle;
    struct list node; /* in the loop's signals */
};

static void on_signal(struct ev_loop *ev, struct ev_signal *sig, int revents)
{
    (void)revents;
    struct signal_watch *s = sig->data;
    struct loop *l = ev_userdata(ev);
    loop_post(l, &s->handle);
}

static struct signal_watch *find(struct loop *l, int signo)
{
    list_for_each (it, &l->signals) {
        struct signal_watch *s = container_of(it, struct signal_watch, node);
        if (s->sig.signum == signo) {
            return s;
        }
    }
    return NULL;
}

struct err *loop_add_signal(struct loop *l, int signo, loop_fn fn, void *arg)
{
    if (l->closed) {
        return err_new(ERR_RUNTIME, NULL, "Event loop is closed");
    }
    if (l->kind != LOOP_MAIN) {
        return err_new(ERR_RUNTIME, NULL, "Signals are handled by the main loop only");
    }
    if (signo <= 0 || signo >= NSIG) {
        return err_new(ERR_VALUE, NULL, "Invalid signal number %d", signo);
    }
    if (find(l, signo)) {
        return err_new(ERR_RUNTIME, NULL, "Signal %d is handled already", signo);
    }
    struct signal_watch *s = mem_new(sizeof(*s));
    if (!s) {
        return err_plain(ERR_NOMEM);
    }
    handle_init(&s->handle, fn, arg);
    ev_signal_init(&s->sig, on_signal, signo);
    s->sig.data = s;
    ev_signal_start(l->ev, &s->sig);
    list_push(&l->signals, &s->node);
    return NULL;
}

static void drop_signal(struct loop *l, struct signal_watch *s)
{
    ev_signal_stop(l->ev, &s->sig);
    handle_cancel(&s->handle);
    list_remove(&s->node);
    free(s);
}

void loop_remove_signal(struct loop *l, int signo)
{
    struct signal_watch *s = find(l, signo);
    if (s) {
        drop_signal(l, s);
    }
}

void loop__signals_fini(struct loop *l)
{
    while (!list_empty(&l->signals)) {
        drop_signal(l, container_of(l->signals.next, struct signal_watch, node));
    }
}
