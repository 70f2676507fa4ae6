/* SPDX-License-Identifier: MIT */
/*
 * A sink: its jobs, as the loop sees them.
 *
 *     sink_write -> chunks -> [ job: work.c ] -> done
 *                     ^             |
 *                     `-------------' what a cancelled commit left
 *
 * An op (open, commit, close) waits for the job that runs, then is the next one.
 *
 * Invariant: while `busy` the part and the work belong to the job, else to the loop's thread. A job
 * keeps its sink alive, and its end arrives as the executor's drop_arg: on the loop's thread, once,
 * whether it ran or not.
 */
#include "base/trace.h"
#include "store/sink_private.h"
#include "store/store_private.h"

#include <stdlib.h>

/* -- the end of a job ------------------------------------------------------------------------ */

/* From now on nothing is kept in memory. */
static void fail(struct sink *k, struct err *e)
{
    chunks_clear(k->store, &k->chunks);
    if (k->error) {
        err_unref(e);
    } else {
        k->error = e;
    }
}

void sink__end_op(struct sink *k, void *value, void (*drop)(void *), struct err *error)
{
    static const char *const names[] = {[WORK_WRITE] = "write",
        [WORK_OPEN] = "open",
        [WORK_COMMIT] = "commit",
        [WORK_CLOSE] = "close"};
    struct op *op = k->op;
    trace_put(loop_trace(k->store->loop), TRACE_STORE, "%s %s: %s", names[k->wanted],
        k->part.path ? k->part.path : "(nothing is stored)", error ? err_message(error) : "done");
    k->op = NULL;
    op_end(op, value, drop, error);
    op_unref(op);
    sink__unref(k);
}

static struct err *opened(struct sink *k)
{
    struct part *p = &k->part;
    if (p->fd < 0 || p->end == 0) {
        return NULL;
    }
    validators_fini(&k->v);
    struct err *e = validators_copy(&k->v, &p->side.v);
    k->part_url = mem_dup(p->side.url);
    k->part_key = p->side.key;
    k->arrived = p->end;
    k->spread = p->spread;
    if (!e && k->spread && !ranges_copy(&k->got, &p->have)) {
        e = err_plain(ERR_NOMEM);
    }
    return e ? e : k->part_url || !p->side.url ? NULL : err_plain(ERR_NOMEM);
}

static void end_commit(struct sink *k, struct err *e)
{
    struct committed *c = k->work.commit.outcome;
    if (!e && !op_cancelled(k->op)) {
        c->write_seconds = k->work.seconds;
        k->work.commit.outcome = NULL;
    } else {
        c = NULL;
    }
    if (err_is(e, ERR_CHECKSUM)) {
        k->arrived = 0;
        sink__gather(k);
    } else if (e && !k->error) {
        k->error = err_ref(e);
    }
    commit_fini(&k->work.commit);
    sink__end_op(k, c, committed_free, e);
}

static void end_work(struct sink *k, struct err *e)
{
    switch (k->work.kind) {
    case WORK_WRITE:
        if (e) {
            fail(k, e);
        }
        break;
    case WORK_OPEN:
        e = e ? e : opened(k);
        sink__end_op(k, NULL, NULL, e);
        break;
    case WORK_COMMIT:
        end_commit(k, e);
        break;
    case WORK_CLOSE:
        chunks_clear(k->store, &k->chunks);
        err_unref(e);
        sink__end_op(k, NULL, NULL, NULL);
        break;
    }
}

/* The sidecar says less than there is. */
static bool claim_is_behind(const struct sink *k)
{
    const struct part *p = &k->part;
    return !p->discard && p->resumable && p->fd >= 0 && part_behind(p) && !p->start_over &&
           !k->start_over;
}

static void on_work_end(struct sink *k)
{
    struct work *w = &k->work;
    struct err *e = w->error;
    w->error = NULL;
    k->busy = false;
    chunks_drop(k->store, &w->done);
    if (e || k->start_over || w->kind == WORK_CLOSE) {
        chunks_drop(k->store, &w->chunks);
    } else {
        chunks_put_back(&k->chunks, &w->chunks);
    }
    if (e && !k->start_over) {
        chunks_clear(k->store, &k->chunks);
        k->arrived = k->part.end;
    }
    end_work(k, e);
    if (!k->error && !k->freed && (k->chunks.bytes > 0 || claim_is_behind(k))) {
        store__due_note(k->store, &k->due);
    }
    sink__pump(k);
    sink__unref(k);
}

static struct err *run_work(void *arg, void **value)
{
    struct sink *k = arg;
    (void)value;
    work_run(&k->work);
    return NULL;
}

/* The executor's drop_arg. */
static void on_submitted_end(void *arg)
{
    struct sink *k = arg;
    if (!k->submitting) {
        on_work_end(k);
    }
}

/* -- the start of a job ---------------------------------------------------------------------- */

void sink__on_due(struct store_due *d, bool late)
{
    struct sink *k = container_of(d, struct sink, due);
    sink__flush_streams(k);
    k->flush = k->flush || late;
    k->pressed = true;
    sink__pump(k);
}

/* What came before the job is the job's to know. */
static struct err *hand_over(struct sink *k)
{
    struct part *p = &k->part;
    p->start_over = p->start_over || k->start_over;
    k->start_over = false;
    p->spread = k->spread;
    /* a body in memory that is renamed in the same job leaves no sidecar */
    if (!k->renewed || p->discard || (k->work.kind == WORK_COMMIT && p->fd < 0)) {
        return NULL;
    }
    validators_fini(&p->next.v);
    struct err *e = validators_copy(&p->next.v, &k->v);
    p->renewed = !e;
    k->renewed = e != NULL;
    return e;
}

static void fill_work(struct sink *k, enum work_kind kind)
{
    struct work *w = &k->work;
    w->kind = kind;
    w->ran = false;
    w->claim = k->flush;
    w->keep = k->keep;
    if (kind != WORK_OPEN) {
        chunks_take(&k->chunks, kind != WORK_WRITE || k->pressed, &w->chunks);
    }
    if (kind == WORK_COMMIT) {
        w->commit = k->commit;
        w->commit.op = k->op;
        k->commit = (struct commit){.op = NULL};
    }
    k->flush = k->pressed = false;
    store__due_forget(&k->due);
    w->error = hand_over(k);
}

static void submit(struct sink *k, enum work_kind kind)
{
    struct work *w = &k->work;
    struct err *e = NULL;
    k->busy = true;
    k->refs++;
    fill_work(k, kind);
    struct future *f = NULL;
    if (!w->error) {
        k->submitting = true;
        f = executor_submit(k->store->executor, run_work, k, on_submitted_end, NULL, &e);
        k->submitting = false;
    }
    if (f) {
        future_unref(f);
        return;
    }
    if (kind == WORK_CLOSE) {
        work_run(w); /* no executor: what must be released is released */
    }
    if (w->error) {
        err_unref(e);
    } else {
        w->error = e;
    }
    on_work_end(k);
}

static bool write_is_due(struct sink *k)
{
    if (k->error || k->freed || k->count_only || (!k->part.path && !k->part.discard)) {
        return false;
    }
    if (k->flush && !(k->chunks.bytes > 0 || claim_is_behind(k))) {
        k->flush = false;
    }
    k->pressed = k->pressed && k->chunks.bytes > 0;
    if (k->flush || k->pressed) {
        return true;
    }
    return k->part.fd >= 0 ? k->chunks.sealed >= CHUNK_BYTES : k->chunks.bytes > SINK_SMALL;
}

/* Whether anything would be left on disk without a job, or could be kept by one. */
static bool close_needs_work(const struct sink *k)
{
    if (k->part.discard || !k->part.path) {
        return false;
    }
    return k->part.fd >= 0 || (k->keep && k->chunks.bytes > 0 && store__resumable(k->store, &k->v));
}

static void start_op(struct sink *k)
{
    if (op_cancelled(k->op)) {
        commit_fini(&k->commit);
        sink__end_op(k, NULL, NULL, NULL);
    } else if (k->wanted == WORK_COMMIT && k->error) {
        commit_fini(&k->commit);
        sink__end_op(k, NULL, NULL, err_ref(k->error));
    } else if (k->wanted == WORK_CLOSE && !close_needs_work(k)) {
        chunks_clear(k->store, &k->chunks);
        sink__end_op(k, NULL, NULL, NULL);
    } else {
        submit(k, k->wanted);
    }
}

void sink__pump(struct sink *k)
{
    k->refs++;
    while (!k->busy) {
        if (k->op) {
            start_op(k);
        } else if (write_is_due(k)) {
            submit(k, WORK_WRITE);
        } else {
            break;
        }
    }
    sink__unref(k);
}
