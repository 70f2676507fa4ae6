/* SPDX-License-Identifier: MIT */
#include "cli/ledger.h"

#include "aio/task.h"
#include "base/alloc.h"
#include "cli/failures.h"
#include "cli/feed.h"
#include "cli/input.h"
#include "cli/views.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct ledger {
    struct loop *loop;         /* borrowed */
    struct journal *journal;   /* owned; NULL: none, as the next */
    struct failures *failures; /* owned */
    struct views *views;       /* owned */
    bool looks;                /* nothing is written down (--dry-run) */
    bool by_bytes;             /* what was not read comes to the same paths when it is read later */
    struct record_consumer next;
};

struct err *ledger_open(const struct options *o, struct ledger **out)
{
    *out = NULL;
    struct ledger *g = mem_new(sizeof(*g));
    struct err *e = NULL;
    if (!g) {
        return err_plain(ERR_NOMEM);
    }
    g->looks = o->session.dry_run;
    if (o->journal && !(g->looks && access(o->journal, F_OK) < 0)) {
        e = journal_open(o->journal, &g->journal);
    }
    if (!e && o->failures) {
        e = failures_open(o->failures, &g->failures);
    }
    if (!e) {
        e = views_open(o, &g->views);
    }
    if (e) {
        ledger_free(g);
        return e;
    }
    const char *names = o->session.output;
    g->by_bytes = o->session.marks && !o->session.shards && !(names && strstr(names, "{index"));
    *out = g;
    return NULL;
}

void ledger_free(struct ledger *g)
{
    if (g) {
        journal_free(g->journal);
        failures_free(g->failures);
        views_free(g->views);
        free(g);
    }
}

void ledger_start(struct ledger *g, struct loop *l, struct executor *ex,
    void (*on_failed)(void *arg, struct err *e), void *arg)
{
    g->loop = l;
    views_start(g->views, l, ex);
    if (g->journal) {
        journal_start(g->journal, l, ex, on_failed, arg);
    }
}

const struct journal *ledger_journal(const struct ledger *g)
{
    return g->journal;
}

void ledger_dirs(const struct ledger *g, int dirs[LEDGER_DIRS])
{
    dirs[0] = g->failures ? failures_dir(g->failures) : -1;
    dirs[1] = views_page_dir(g->views);
}

/* -- records ------------------------------------------------------------------------------- */

static bool is_left(const struct record *r)
{
    return r->state == RECORD_FAILED || r->state == RECORD_CANCELLED || r->state == RECORD_PENDING;
}

/* A journal that cannot be written stops the run by itself, and this record is still told. */
static void note_done(struct ledger *g, const struct record *r)
{
    const struct journal_line line = {
        .key = r->key,
        .url = r->url,
        .path = r->path,
        .checksum = r->checksum,
        .size = r->size,
        .finished = r->finished,
    };
    if (!journal_has(g->journal, r->key)) {
        journal_add(g->journal, &line);
    }
}

static struct err *on_record(void *arg, const struct record *r)
{
    struct ledger *g = arg;
    if (g->journal && !g->looks && record_done(r)) {
        note_done(g, r);
    }
    if (g->failures && r->entry && is_left(r)) {
        failures_add(g->failures, r->entry, r->target);
    }
    return g->next.on_record(g->next.arg, r);
}

static struct future *on_ready(void *arg)
{
    struct ledger *g = arg;
    return g->next.ready ? g->next.ready(g->next.arg) : NULL;
}

struct record_consumer ledger_consumer(struct ledger *g, const struct record_consumer *next)
{
    g->next = views_consumer(g->views, next);
    return (struct record_consumer){on_record, on_ready, g};
}

/* -- the end ------------------------------------------------------------------------------- */

struct finish {
    struct co co;
    struct ledger *ledger; /* borrowed, as the next two */
    struct session *session;
    struct async_iter *entries;
    struct future *wait; /* owned */
    struct err *error;   /* owned: the first */
};

static void finish_drop(void *frame)
{
    struct finish *f = frame;
    future_unref(f->wait);
    err_unref(f->error);
}

static struct err *expect(struct finish *f, struct future *wait)
{
    future_unref(f->wait);
    f->wait = wait;
    return wait ? NULL : err_plain(ERR_NOMEM);
}

static void on_place(void *arg, const struct entry *e, const char *path)
{
    struct finish *f = arg;
    failures_add(f->ledger->failures, e, path);
}

static struct err *take_entry(struct finish *f, struct entry *e)
{
    return session_place(f->session, e, on_place, f);
}

/* The rest of the list is to be read. */
static bool reads_on(struct finish *f)
{
    if (!f->ledger->failures || session_totals(f->session)->input_ended) {
        return false;
    }
    struct entry *late = session_late_entry(f->session);
    input_leave_live(f->entries);
    f->error = late ? take_entry(f, late) : NULL;
    return true;
}

/* Millions of lines are copied in the time that a person waits. */
static bool take_bytes(struct finish *f)
{
    struct ledger *g = f->ledger;
    struct feed_rest rest;
    if (!g->by_bytes || !input_rest(f->entries, &rest) || !failures_takes(g->failures, rest.json)) {
        return false;
    }
    failures_copy(g->failures, rest.fd, rest.at, rest.json);
    return true;
}

static enum co_state finish_step(void *frame, struct err *status)
{
    struct finish *f = frame;
    bool on;
    CO_BEGIN(&f->co);
    on = reads_on(f);
    while (on && !f->error && !take_bytes(f)) {
        f->error = expect(f, async_iter_next(f->entries));
        if (f->error) {
            break;
        }
        CO_AWAIT(&f->co, f->wait);
        if (err_is(status, ERR_STOP_ITERATION)) {
            break;
        }
        f->error = status ? err_ref(status) : take_entry(f, future_take(f->wait));
        on = true;
    }
    if (f->ledger->journal && !expect(f, journal_finish(f->ledger->journal))) {
        CO_AWAIT(&f->co, f->wait);
        f->error = f->error ? f->error : err_ref(status);
    }
    future_unref(f->wait);
    f->wait = views_finish(f->ledger->views, f->session);
    if (f->wait) {
        CO_AWAIT(&f->co, f->wait);
    }
    if (f->error) {
        struct err *error = f->error;
        f->error = NULL;
        return co_fail(&f->co, error);
    }
    CO_END(&f->co);
}

struct future *ledger_finish(struct ledger *g, struct session *s, struct async_iter *entries)
{
    struct task *t =
        task_new(g->loop, finish_step, sizeof(struct finish), finish_drop, "what is left");
    struct finish *f = t ? task_frame(t) : NULL;
    if (!f) {
        return NULL;
    }
    f->ledger = g;
    f->session = s;
    f->entries = entries;
    return task_future(t);
}

struct err *ledger_write(struct ledger *g)
{
    struct err *e = g->failures ? failures_write(g->failures) : NULL;
    struct err *unseen = views_write(g->views);
    if (!e) {
        return unseen;
    }
    err_unref(unseen);
    return e;
}
