/* SPDX-License-Identifier: MIT */
/* The jobs of a sink, on the executor. */
#include "store/sink_private.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

double store__now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static struct err *enter(struct part *p, bool make, struct spot *at)
{
    struct err *e = p->choose && !p->wanted ? part_choose(p, 0) : NULL;
    return e ? e : part_enter(p, make, at);
}

static struct err *write_in(struct work *w, struct spot *at)
{
    struct part *p = w->part;
    bool before = p->fd >= 0;
    struct err *e = part_make(p, at, false);
    if (e) {
        return e;
    }
    if (!before) {
        /* A sidecar without a part is of a part that somebody removed. */
        (void)unlinkat(at->dir.fd, at->sidecar, 0);
    }
    e = part_write(p, &w->chunks, &w->done, NULL);
    part_claim(p, at, w->claim || e != NULL);
    return e;
}

static struct err *run_write(struct work *w)
{
    struct spot at;
    struct part *p = w->part;
    if (p->discard) {
        struct err *e = part_make(p, NULL, false);
        return e ? e : part_write(p, &w->chunks, &w->done, NULL);
    }
    struct err *e = enter(p, true, &at);
    if (e) {
        return e;
    }
    e = write_in(w, &at);
    part_leave(&at);
    return e;
}

static struct err *run_open(struct work *w)
{
    struct spot at;
    struct err *e = enter(w->part, false, &at);
    if (e) {
        /* no directory, no part */
        bool none = err_errnum(e) == ENOENT;
        if (none) {
            err_unref(e);
        }
        return none ? NULL : e;
    }
    e = part_find(w->part, &at);
    part_leave(&at);
    return e;
}

/* Whatever cannot be kept is removed. */
static void close_in(struct work *w, struct spot *at)
{
    struct part *p = w->part;
    /* A new version of which nothing came yet takes nothing from the old one. */
    bool old = p->start_over && list_empty(&w->chunks);
    if (w->keep && !old) {
        err_unref(write_in(w, at));
    }
    if (w->keep && p->end > 0 && !old) {
        part_claim(p, at, true);
    }
    if (w->keep && p->end > 0 && p->side.claim_at >= 0) {
        part_close(p);
    } else {
        part_drop(p, at);
    }
}

static void run_close(struct work *w)
{
    struct spot at;
    struct err *e = enter(w->part, true, &at);
    if (!e) {
        close_in(w, &at);
        part_leave(&at);
    }
    err_unref(e);
    part_close(w->part);
}

void work_run(struct work *w)
{
    double start = store__now();
    switch (w->kind) {
    case WORK_WRITE:
        w->error = run_write(w);
        break;
    case WORK_OPEN:
        w->error = run_open(w);
        break;
    case WORK_COMMIT:
        w->error = commit_run(&w->commit, w->part, &w->chunks, &w->done);
        break;
    case WORK_CLOSE:
        run_close(w);
        break;
    }
    w->ran = true;
    w->seconds += store__now() - start;
}
