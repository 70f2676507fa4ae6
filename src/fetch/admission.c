/* SPDX-License-Identifier: MIT */
/*
 * From the list to the host queues, as far ahead as the look-ahead allows.
 *
 *   entries -> job -> name -> batch -> one look at the disk for all -> host queue
 *                        \-> waits for the same target      \-> skipped, failed
 *
 * The disk is looked at in batches, one executor job each: a batch is what could be read without
 * waiting, so a slow producer's entries still go on at once.
 */
#include "base/alloc.h"
#include "base/buf.h"
#include "fetch/ahead.h"
#include "fetch/credentials.h"
#include "fetch/deliver.h"
#include "fetch/exec.h"
#include "fetch/expect.h"
#include "fetch/session_private.h"
#include "store/dir.h"
#include "store/journal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 64 };

struct reading {
    struct co co;
    struct session *s;       /* borrowed */
    struct future *next;     /* owned: the entry asked for */
    struct future *room;     /* borrowed: what keeps from asking */
    struct future *standing; /* owned: the consumer's standing still */
    struct ahead ahead;
    struct future *looking;   /* owned: the look under way; never cancelled, it borrows the frame */
    struct job *batch[BATCH]; /* borrowed from the session */
    struct probe probes[BATCH];
    size_t n;
    bool ended;
};

static void reading_drop(void *frame)
{
    struct reading *r = frame;
    void *entry = NULL;

    if (r->next && future_done(r->next)) {
        struct err *error = future_result(r->next, &entry);
        r->s->late = error ? NULL : future_take(r->next);
        err_unref(error);
    }
    future_unref(r->next);
    future_unref(r->standing);
    future_unref(r->looking);
    ahead_fini(&r->ahead);
    r->s->ahead = NULL;
    r->s->looking = NULL;
}

/* -- what is there already ----------------------------------------------------------------- */

/* Who typed the URL is told why nothing happens; a list may be run again and again. */
static void note_skip(struct session *s, const struct job *job)
{
    struct buf b = BUF_INIT;

    if (job->entry->file || !s->env.warn) {
        return;
    }
    buf_addf(
        &b, "%s is there already: skipped (--if-exists overwrite downloads it again)", job->path);
    if (!buf_failed(&b)) {
        s->env.warn(s->env.warn_arg, b.data);
    }
    buf_fini(&b);
}

static void skip(struct session *s, struct job *job, const char *reason)
{
    struct record *r = &job->record;

    r->state = RECORD_SKIPPED;
    r->reason = reason;
    r->size = job->probe.size;
    r->duplicate_of = job->duplicate_of;
    if (exec_wanted(job)) {
        session__run(job, exec_task(job));
    } else {
        note_skip(s, job);
        session__job_end(s, job, NULL);
    }
}

/* Where its file is by now is not known. */
static void skip_listed(struct session *s, struct job *job, bool same)
{
    job->record.state = RECORD_SKIPPED;
    job->record.reason = "journal";
    free(job->path);
    job->path = NULL;
    if (same) {
        job->target = NULL; /* another's */
    }
    session__job_end(s, job, NULL);
}

static struct err *obstacle(const struct job *job)
{
    if (job->probe.errnum == EXDEV) {
        return dir_error(EXDEV, job->path);
    }
    if (job->probe.errnum) {
        return err_errno(ERR_IO, job->probe.errnum, "cannot look at %s", job->path);
    }
    return err_new(ERR_IO, "EEXIST", "%s is there and is not a regular file", job->path);
}

/* What to do with a job whose path was looked at. True: its name changed, look again. */
static bool admit(struct session *s, struct job *job)
{
    const bool stays = job->probe.final == PRESENCE_FILE && job->if_exists != IF_EXISTS_OVERWRITE;
    bool again, same;
    struct err *error;

    if (job->probe.errnum || job->probe.final == PRESENCE_OBSTACLE) {
        session__job_end(s, job, obstacle(job));
        return false;
    }
    error = target_settle(s, job, &again, &same);
    if (error) {
        session__job_end(s, job, error);
    } else if (again) {
        return true;
    } else if (same) {
        target_wait(job);
    } else if (stays && job->duplicate_of) {
        skip(s, job, "duplicate");
    } else if (stays && job->if_exists == IF_EXISTS_FAIL) {
        session__job_end(
            s, job, err_new(ERR_IO, "EEXIST", "%s exists, and --if-exists is fail", job->path));
    } else if (stays && job->if_exists == IF_EXISTS_SKIP && job->expect.algo == DIGEST_NONE) {
        skip(s, job, s->options->marks && job->probe.mark == 0 ? "foreign" : "exists");
    } else {
        session__enqueue(s, job);
    }
    return false;
}

void session__take_back(struct session *s, struct job *job)
{
    const enum aside why = job->aside;

    job->aside = ASIDE_NOT;
    job->phase = JOB_READ;
    if (s->stop != STOP_NONE) {
        session__job_end(s, job, err_plain(ERR_CANCELLED));
    } else if (why == ASIDE_ADMIT) {
        (void)admit(s, job); /* its path is settled */
    } else if (target_find(s, job)) {
        target_wait(job);
    } else { /* the other is through: what the next reply says will do */
        free(job->path);
        job->path = NULL;
        session__enqueue(s, job);
    }
}

/* Takes the answers of a look; those that moved stay in the batch for another one. */
static void admit_batch(struct reading *r)
{
    size_t again = 0;

    if (!session__reading(r->s)) {
        r->n = 0; /* they are cancelled with the others */
        return;
    }
    for (size_t i = 0; i < r->n; i++) {
        struct job *job = r->batch[i];
        job->probe = r->probes[i];
        job->probe.path = job->probe.rather = NULL;
        if (admit(r->s, job)) {
            probe_fini(&job->probe);
            r->batch[again++] = job;
        }
    }
    r->n = again;
}

static struct future *look(struct reading *r)
{
    bool etags = false;

    for (size_t i = 0; i < r->n; i++) {
        r->probes[i] = target_probe(r->s, r->batch[i]);
        etags = etags || r->batch[i]->if_exists == IF_EXISTS_UPDATE ||
                r->batch[i]->if_exists == IF_EXISTS_VERIFY;
    }
    return store_probe(r->s->env.store, r->probes, r->n, etags);
}

/* -- reading ------------------------------------------------------------------------------- */

/* Without a path, or a file, there is nothing to look at. */
static void add(struct reading *r, struct job *job)
{
    if (job->path && !r->s->options->discard) {
        r->batch[r->n++] = job;
    } else {
        session__enqueue(r->s, job);
    }
}

/* Secrets that go to several hosts are perhaps not meant to. */
static void warn_credentials(struct session *s, const struct url *url)
{
    const struct request_options *o = &s->options->request;

    if (s->auth_warned || o->auth_hosts || !credentials_present(o) || !s->env.warn) {
        return;
    }
    if (!s->first_auth_host) {
        s->first_auth_host = mem_dup(url_host(url));
    } else if (strcmp(s->first_auth_host, url_host(url)) != 0) {
        s->auth_warned = true;
        s->env.warn(s->env.warn_arg, "headers or credentials of the command line go to several "
                                     "hosts; --auth-host HOST limits them");
    }
}

/* An entry of another shard had its say in names and collisions. Takes the error over. */
static void leave_to_others(struct session *s, struct job *job, struct err *error, bool same)
{
    err_unref(error);
    if (!same) {
        target_pass(s, job);
    }
    list_remove(&job->node);
    s->live--;
    deliver_head(s);
    job_free(job);
}

/* An entry was read: it is a job from now on, and will have its record. */
static void take(struct reading *r, struct entry *e)
{
    struct session *s = r->s;
    struct err *error;
    struct job *job;
    bool same = false;

    ahead_note_read(&r->ahead);
    s->totals.entries++;
    s->totals.read_file = e->file;
    s->totals.read_line = e->line;
    job = job_new(s, e, s->totals.entries, &error);
    if (!job) {
        session__fail_local(s, err_plain(ERR_NOMEM));
        return;
    }
    list_push(&s->jobs, &job->node);
    s->live++;
    if (!error && !s->options->content_disposition) {
        error = target_claim(s, job, NULL, &same);
    }
    if (!job_is_ours(job)) {
        leave_to_others(s, job, error, same);
        return;
    }
    job->record.order = ++s->ours;
    deliver_head(s);
    if (job->keyed) {
        warn_credentials(s, job_url(job));
    }
    if (!error && s->env.journal && journal_has(s->env.journal, job->key)) {
        skip_listed(s, job, same);
        return;
    }
    if (!error && !s->options->content_disposition) {
        error = expect_listed(job, NULL);
    }
    if (same && s->options->dry_run && job->if_exists == IF_EXISTS_OVERWRITE) {
        same = false; /* nobody writes before it */
        job->target = NULL;
    }
    if (error) {
        job->target = same ? NULL : job->target; /* another's is not ours to leave */
        session__job_end(s, job, error);
    } else if (same) {
        target_wait(job);
    } else {
        add(r, job);
    }
}

/* The next entry is here or the list is at its end. */
static struct err *take_next(struct reading *r, struct err *status)
{
    struct session *s = r->s;
    struct entry *e;

    if (err_is(status, ERR_STOP_ITERATION)) {
        r->ended = true;
        s->totals.input_ended = true;
        ahead_note_end(&r->ahead);
        future_unref(r->next);
        r->next = NULL;
        return NULL;
    }
    if (status) {
        return err_ref(status);
    }
    e = future_take(r->next);
    future_unref(r->next);
    r->next = NULL;
    take(r, e);
    return NULL;
}

/* What keeps from reading, if anything does: the look-ahead, or that the consumer stands still. */
static struct err *find_obstacle(struct reading *r)
{
    const struct record_consumer *c = &r->s->consumer;
    struct err *error;

    r->room = NULL;
    if (r->n > 0 || r->next) {
        return NULL; /* asked already, or something is to be looked at first */
    }
    error = ahead_pause(&r->ahead, &r->room);
    if (!error && !r->room && c->ready) {
        r->room = r->standing = c->ready(c->arg);
    }
    return error;
}

static void forget_obstacle(struct reading *r)
{
    ahead_resume(&r->ahead);
    future_unref(r->standing);
    r->standing = NULL;
}

static enum co_state read_step(void *frame, struct err *status)
{
    struct reading *r = frame;
    struct session *s = r->s;
    struct err *error;

    CO_BEGIN(&r->co);
    while (session__reading(s) && (!r->ended || r->n > 0)) {
        error = find_obstacle(r);
        if (error) {
            return co_fail(&r->co, error);
        }
        if (r->room) {
            CO_AWAIT(&r->co, r->room);
            if (status) {
                return co_fail(&r->co, err_ref(status));
            }
            forget_obstacle(r);
        }
        if (!r->next && !r->ended && r->n < BATCH && ahead_may_read(&r->ahead, r->n > 0)) {
            r->next = async_iter_next(s->entries);
            if (!r->next) {
                return co_fail(&r->co, err_plain(ERR_NOMEM));
            }
        }
        if (r->n > 0 && (r->n == BATCH || !r->next || !future_done(r->next))) {
            r->looking = look(r);
            if (!r->looking) {
                return co_fail(&r->co, err_plain(ERR_NOMEM));
            }
            CO_AWAIT(&r->co, r->looking);
            future_unref(r->looking);
            r->looking = NULL;
            if (status) {
                return co_fail(&r->co, err_ref(status));
            }
            admit_batch(r);
            continue;
        }
        if (r->next) {
            if (!future_done(r->next)) {
                ahead_note_wait(&r->ahead);
            }
            CO_AWAIT(&r->co, r->next);
            error = take_next(r, status);
            if (error) {
                return co_fail(&r->co, error);
            }
        }
    }
    CO_END(&r->co);
}

static struct err *on_read(struct future *f, void *arg)
{
    session__reader_ended(arg, future_error(f));
    return NULL;
}

struct err *session__start_reader(struct session *s)
{
    struct reading *r;

    s->reader = task_new(s->env.loop, read_step, sizeof *r, reading_drop, "read the list");
    if (!s->reader) {
        return err_plain(ERR_NOMEM);
    }
    r = task_frame(s->reader);
    r->s = s;
    ahead_init(&r->ahead, s);
    s->ahead = &r->ahead;
    s->looking = &r->looking;
    future_watch(task_future(s->reader), &s->reader_ended, on_read, s);
    return NULL;
}
