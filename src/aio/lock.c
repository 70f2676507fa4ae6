/* SPDX-License-Identifier: MIT */
/* asyncio.Lock (locks.py). A released lock is handed straight to the first waiter: it is unlocked
 * only while nobody waits. */
#include "aio/lock.h"

#include "aio/waiter.h"
#include "base/alloc.h"

#include <stdlib.h>

struct lock {
    struct loop *loop; /* borrowed */
    struct list line;
    bool locked;
};

struct lock *lock_new(struct loop *l)
{
    struct lock *k = mem_new(sizeof *k);
    if (!k) {
        return NULL;
    }
    k->loop = l;
    list_init(&k->line);
    return k;
}

void lock_free(struct lock *k)
{
    if (!k) {
        return;
    }
    waiter__cancel_all(&k->line);
    free(k);
}

bool lock_locked(const struct lock *k)
{
    return k->locked;
}

struct future *lock_acquire(struct lock *k)
{
    if (k->locked) {
        return waiter__new(k->loop, &k->line);
    }
    struct future *f = waiter__done(k->loop, NULL);
    if (f) {
        k->locked = true;
    }
    return f;
}

struct err *lock_release(struct lock *k)
{
    if (!k->locked) {
        return err_new(ERR_RUNTIME, NULL, "the lock is not acquired");
    }
    if (!waiter__wake(&k->line, NULL)) {
        k->locked = false;
    }
    return NULL;
}

void lock_abandon(struct lock *k, struct future *acquire)
{
    if (!acquire) {
        return;
    }
    if (!future_cancel(acquire) && !future_cancelled(acquire)) {
        err_unref(lock_release(k));
    }
    future_unref(acquire);
}
