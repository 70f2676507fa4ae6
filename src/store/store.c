/* SPDX-License-Identifier: MIT */
/* The store: its directory, what is in memory, and who has to be written soon. */
#include "base/trace.h"
#include "store/sidecar.h"
#include "store/store_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DUE_AFTER   1.0 /* seconds in memory */
#define BLOCKS_KEPT 32  /* for reuse, and no more than an eighth of the buffer */

static struct err *on_timer(void *arg);
static struct err *on_relief(void *arg);

/* *out stays NULL for a directory that is yet to be made. */
static struct err *open_dir(const struct store_options *o, const char *path, struct dir **out)
{
    if (o->look_only && access(path, F_OK) < 0 && errno == ENOENT) {
        *out = NULL;
        return NULL;
    }
    return dir_new(path, out);
}

static struct err *open_allowed(struct store *s, const struct store_options *o)
{
    char *const *dirs = o->allow_dirs;
    size_t n = 0;
    while (dirs && dirs[n]) {
        n++;
    }
    s->allowed = mem_array(NULL, n, sizeof(*s->allowed));
    if (!s->allowed) {
        return err_plain(ERR_NOMEM);
    }
    for (; s->nallowed < n; s->nallowed++) {
        struct allowed *a = &s->allowed[s->nallowed];
        *a = (struct allowed){.path = dirs[s->nallowed]};
        a->len = strcmp(a->path, "/") == 0 ? 0 : strlen(a->path);
        struct err *e = open_dir(o, a->path, &a->dir);
        if (e) {
            return e;
        }
    }
    return NULL;
}

static struct err *open_dirs(struct store *s, const struct store_options *o)
{
    struct err *e = open_dir(o, o->dir, &s->dir);
    s->dir_errnum = e ? err_errnum(e) : ENOENT;
    if (!o->absolute) {
        return e;
    }
    /* A file that goes elsewhere needs no such directory; one that goes there will say so. */
    if (!err_is(e, ERR_NOMEM)) {
        err_unref(e);
        e = NULL;
    }
    return e ? e : dir_new_unbound(&s->unbound);
}

struct err *store_new(
    struct loop *l, struct executor *ex, const struct store_options *options, struct store **out)
{
    *out = NULL;
    struct store *s = mem_new(sizeof(*s));
    if (!s) {
        return err_plain(ERR_NOMEM);
    }
    s->refs = 1;
    s->loop = l;
    s->executor = ex;
    s->buffer = options->buffer;
    s->fsync = options->fsync;
    s->resume = options->resume;
    s->resume_unsafe = options->resume_unsafe;
    list_init(&s->due);
    timer_init(&s->timer, on_timer, s);
    handle_init(&s->relief, on_relief, s);
    s->block = chunk_largest(s->buffer);
    const size_t kept = s->buffer / 8 / s->block;
    mem_pool_init(
        &s->chunks, sizeof(struct chunk) + s->block, kept < BLOCKS_KEPT ? kept : BLOCKS_KEPT);
    struct err *e = open_dirs(s, options);
    if (!e && options->allow_dirs) {
        e = open_allowed(s, options);
    }
    if (e) {
        store__unref(s);
        return e;
    }
    s->unnamed = s->dir && dir_has_unnamed(s->dir);
    *out = s;
    return NULL;
}

bool store__resumable(const struct store *s, const struct validators *v)
{
    return s->resume && (validators_resumable(v) || (s->resume_unsafe && !v->decoded));
}

struct store *store__ref(struct store *s)
{
    s->refs++;
    return s;
}

void store__unref(struct store *s)
{
    if (--s->refs > 0) {
        return;
    }
    timer_stop(&s->timer);
    handle_cancel(&s->relief);
    mem_pool_fini(&s->chunks);
    dir_free(s->dir);
    dir_free(s->unbound);
    for (size_t i = 0; i < s->nallowed; i++) {
        dir_free(s->allowed[i].dir);
    }
    free(s->allowed);
    free(s);
}

void store_free(struct store *s)
{
    if (s) {
        timer_stop(&s->timer);
        handle_cancel(&s->relief);
        s->on_pressure = NULL;
        store__unref(s);
    }
}

int store__enter(const struct store *s, const char *path, bool make, struct dir_place *p)
{
    for (size_t i = 0; *path == '/' && i < s->nallowed; i++) {
        const struct allowed *a = &s->allowed[i];
        if (strncmp(path, a->path, a->len) == 0 && path[a->len] == '/') {
            return a->dir ? dir_enter(a->dir, path + a->len + 1, make, p) : ENOENT;
        }
    }
    if (*path == '/' && s->unbound) {
        return dir_enter(s->unbound, path, make, p);
    }
    return s->dir ? dir_enter(s->dir, path, make, p) : s->dir_errnum;
}

/* -- memory ---------------------------------------------------------------------------------- */

void store_on_pressure(struct store *s, void (*fn)(void *arg, bool over), void *arg)
{
    s->on_pressure = fn;
    s->pressure_arg = arg;
}

size_t store_bytes_in_memory(const struct store *s)
{
    return s->bytes;
}

static void set_over(struct store *s, bool over)
{
    if (s->over != over) {
        s->over = over;
        trace_put(loop_trace(s->loop), TRACE_STORE, "%zu bytes in memory: %s", s->bytes,
            over ? "too many" : "few enough again");
        if (over) {
            loop_post(s->loop, &s->relief);
        }
        if (s->on_pressure) {
            s->on_pressure(s->pressure_arg, over);
        }
    }
}

void store__bytes_in(struct store *s, size_t n)
{
    s->bytes += n;
    if (s->bytes > s->buffer) {
        set_over(s, true);
    }
}

void store__bytes_out(struct store *s, size_t n)
{
    s->bytes -= n;
    if (s->bytes < s->buffer / 2 || s->bytes == 0) {
        set_over(s, false);
    }
}

/* -- what waits too long --------------------------------------------------------------------- */

/* One timer for all, set for the first that was noted when it was set: whoever is written before
 * that leaves it alone, so that small bodies cost no timer. */
static void set_timer(struct store *s)
{
    if (!list_empty(&s->due) && !timer_active(&s->timer)) {
        const struct store_due *d = container_of(s->due.next, struct store_due, node);
        err_unref(timer_start(s->loop, &s->timer, d->since + DUE_AFTER));
    }
}

static struct err *on_timer(void *arg)
{
    struct store *s = store__ref(arg);
    double now = loop_time(s->loop);
    while (!list_empty(&s->due)) {
        struct store_due *d = container_of(s->due.next, struct store_due, node);
        if (d->since + DUE_AFTER > now) {
            break;
        }
        list_remove(&d->node);
        d->fn(d, true);
    }
    set_timer(s);
    store__unref(s);
    return NULL;
}

/* Nothing more is received now: blocks that are not full would never be, and it would go on only as
 * they come to be a second old. */
static struct err *on_relief(void *arg)
{
    struct store *s = store__ref(arg);
    struct list noted;
    struct list *node;
    list_init(&noted);
    if (s->over) {
        list_splice(&noted, &s->due);
    }
    while ((node = list_pop(&noted)) != NULL) {
        struct store_due *d = container_of(node, struct store_due, node);
        list_push(&s->due, node);
        d->fn(d, false);
    }
    store__unref(s);
    return NULL;
}

void store__due_note(struct store *s, struct store_due *d)
{
    if (list_empty(&d->node)) {
        d->since = loop_time(s->loop);
        list_push(&s->due, &d->node);
        set_timer(s);
        if (s->over) {
            loop_post(s->loop, &s->relief);
        }
    }
}

void store__due_forget(struct store_due *d)
{
    list_remove(&d->node);
}

bool store_usable(const struct store *s)
{
    return !s->dir || dir_usable(s->dir);
}
