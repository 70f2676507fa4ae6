/* SPDX-License-Identifier: MIT */
#include "cli/views.h"

#include "aio/task.h"
#include "base/alloc.h"
#include "cli/page.h"
#include "cli/timeline.h"

#include <stdlib.h>

struct views {
    struct loop *loop;         /* borrowed */
    struct timeline *timeline; /* owned; NULL: none, as the next */
    struct page *page;
    bool page_done;    /* all of it is written */
    struct err *error; /* owned: the first */
    struct record_consumer next;
};

struct err *views_open(const struct options *o, struct views **out)
{
    *out = NULL;
    struct views *v = mem_new(sizeof(*v));
    struct err *e = v ? NULL : err_plain(ERR_NOMEM);
    if (!e && o->report) {
        e = page_open(o->report, &v->page);
    }
    if (!e && o->timeline) {
        e = timeline_open(o->timeline, &v->timeline);
    }
    if (e) {
        views_free(v);
        return e;
    }
    *out = v;
    return NULL;
}

void views_free(struct views *v)
{
    if (v) {
        timeline_free(v->timeline);
        page_free(v->page);
        err_unref(v->error);
        free(v);
    }
}

void views_start(struct views *v, struct loop *l, struct executor *ex)
{
    v->loop = l;
    if (v->timeline) {
        timeline_start(v->timeline, l, ex);
    }
    if (v->page) {
        page_start(v->page, l, ex);
    }
}

int views_page_dir(const struct views *v)
{
    return v->page ? page_dir(v->page) : -1;
}

/* -- records ------------------------------------------------------------------------------- */

static struct err *on_record(void *arg, const struct record *r)
{
    struct views *v = arg;
    if (v->timeline) {
        timeline_add(v->timeline, r);
    }
    if (v->page) {
        page_add(v->page, r);
    }
    return v->next.on_record(v->next.arg, r);
}

static struct future *on_ready(void *arg)
{
    struct views *v = arg;
    struct future *f = v->timeline ? timeline_ready(v->timeline) : NULL;
    if (!f && v->page) {
        f = page_ready(v->page);
    }
    return f ? f : v->next.ready ? v->next.ready(v->next.arg) : NULL;
}

struct record_consumer views_consumer(struct views *v, const struct record_consumer *next)
{
    if (!v->timeline && !v->page) {
        return *next;
    }
    v->next = *next;
    return (struct record_consumer){on_record, on_ready, v};
}

/* -- the end ------------------------------------------------------------------------------- */

struct finish {
    struct co co;
    struct views *views; /* borrowed, as the next */
    const struct session *s;
    struct future *wait; /* owned */
};

static void finish_drop(void *frame)
{
    future_unref(((struct finish *)frame)->wait);
}

static struct future *expect(struct finish *f, struct future *wait)
{
    future_unref(f->wait);
    f->wait = wait;
    if (!wait && !f->views->error) {
        f->views->error = err_plain(ERR_NOMEM);
    }
    return wait;
}

static void note(struct finish *f, struct err *status)
{
    if (status && !f->views->error) {
        f->views->error = err_ref(status);
    }
}

static enum co_state finish_step(void *frame, struct err *status)
{
    struct finish *f = frame;
    struct views *v = f->views;
    CO_BEGIN(&f->co);
    if (v->timeline && expect(f, timeline_finish(v->timeline))) {
        CO_AWAIT(&f->co, f->wait);
        note(f, status);
    }
    if (v->page && expect(f, page_finish(v->page, session_totals(f->s), session_peak(f->s)))) {
        CO_AWAIT(&f->co, f->wait);
        v->page_done = !status;
        note(f, status);
    }
    CO_END(&f->co);
}

struct future *views_finish(struct views *v, const struct session *s)
{
    struct task *t = v->timeline || v->page ? task_new(v->loop, finish_step, sizeof(struct finish),
                                                  finish_drop, "timeline and report")
                                            : NULL;
    struct finish *f = t ? task_frame(t) : NULL;
    if (!f) {
        return NULL;
    }
    f->views = v;
    f->s = s;
    return task_future(t);
}

struct err *views_write(struct views *v)
{
    struct err *e = v->error;
    v->error = NULL;
    if (v->page && v->page_done) {
        struct err *failed = page_write(v->page);
        err_unref(e ? failed : NULL);
        e = e ? e : failed;
    }
    return e;
}
