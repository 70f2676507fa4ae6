/* SPDX-License-Identifier: MIT */
/*
 * Semaphore and BoundedSemaphore (locks.py).
 *
 * A released permit is handed straight to the first waiter, so `value` counts only permits that
 * nobody was waiting for: whenever somebody waits it is 0, and nobody can step in between.
 */
#include "aio/sem.h"

#include "aio/waiter.h"
#include "base/alloc.h"

#include <stdlib.h>

struct sem {
    struct loop *loop; /* borrowed */
    struct list line;
    size_t value, bound;
    bool bounded;
};

struct sem *sem_new(struct loop *l, size_t value, bool bounded)
{
    struct sem *s = mem_new(sizeof *s);
    if (!s) {
        return NULL;
    }
    s->loop = l;
    s->value = s->bound = value;
    s->bounded = bounded;
    list_init(&s->line);
    return s;
}

void sem_free(struct sem *s)
{
    if (!s) {
        return;
    }
    waiter__cancel_all(&s->line);
    free(s);
}

bool sem_locked(const struct sem *s)
{
    return s->value == 0;
}

bool sem_try_acquire(struct sem *s)
{
    if (sem_locked(s)) {
        return false;
    }
    s->value--;
    return true;
}

struct future *sem_acquire(struct sem *s)
{
    if (sem_locked(s)) {
        return waiter__new(s->loop, &s->line);
    }
    struct future *f = waiter__done(s->loop, NULL);
    if (f) {
        s->value--;
    }
    return f;
}

struct err *sem_release(struct sem *s)
{
    if (s->bounded && s->value >= s->bound) {
        return err_new(ERR_VALUE, NULL, "the bounded semaphore was released too many times");
    }
    if (!waiter__wake(&s->line, NULL)) {
        s->value++;
    }
    return NULL;
}

void sem_abandon(struct sem *s, struct future *acquire)
{
    if (!acquire) {
        return;
    }
    if (!future_cancel(acquire) && !future_cancelled(acquire)) {
        err_unref(sem_release(s));
    }
    future_unref(acquire);
}
