/* SPDX-License-Identifier: MIT */
#include "fetch/verify.h"

#include "base/alloc.h"
#include "fetch/attempt.h"
#include "fetch/session_private.h"

#include <string.h>

struct verify {
    struct co co;
    struct job *job; /* borrowed */
    struct attempt attempt;
    enum verdict verdict;
    bool moved;          /* the slot is no longer that of the job's own host */
    struct future *wait; /* owned */
    struct err *error;   /* owned */
};

bool verify_wanted(const struct job *job)
{
    const enum if_exists policy = job->if_exists;

    return job->probe.final == PRESENCE_FILE &&
           ((policy == IF_EXISTS_SKIP && job->expect.algo != DIGEST_NONE) ||
               policy == IF_EXISTS_VERIFY);
}

static void verify_drop(void *frame)
{
    struct verify *v = frame;

    if (v->job) {
        v->job->slot_wait = NULL;
        attempt_fini(&v->attempt);
    }
    future_unref(v->wait);
    err_unref(v->error);
}

static struct err *expect(struct verify *v, struct future *f)
{
    future_unref(v->wait);
    v->wait = f;
    return f ? NULL : err_plain(ERR_NOMEM);
}

static void keep(struct job *job)
{
    job->kept = true;
    job->record.state = RECORD_SKIPPED;
    job->record.reason = "verified";
    job->record.size = job->probe.size;
}

/* -- by digest ----------------------------------------------------------------------------- */

/* A file that cannot be read is none that could be trusted. */
static bool same_digest(struct job *job, struct future *f)
{
    void *value = NULL;
    char text[DIGEST_TEXT];
    struct err *error = future_result(f, &value);

    if (error || !digest_equal(value, &job->expect)) {
        err_unref(error);
        return false;
    }
    digest_format(value, text);
    job->record.checksum = mem_dup(text);
    return true;
}

/* -- by what the server says --------------------------------------------------------------- */

/* "W/" says that the bytes may differ in ways that do not matter. */
static bool same_etag(const char *a, const char *b)
{
    a += strncmp(a, "W/", 2) == 0 ? 2 : 0;
    b += strncmp(b, "W/", 2) == 0 ? 2 : 0;
    return strcmp(a, b) == 0;
}

bool verify_same_version(const struct probe *there, const struct reply *r)
{
    const bool sized = r->content_length >= 0 && !r->content_encoding;

    if (r->status < 200 || r->status >= 300 || (sized && r->content_length != there->size)) {
        return false;
    }
    if (r->etag && there->etag) {
        return same_etag(r->etag, there->etag);
    }
    /* a file is as old as its last change here, or as the server said then */
    return sized && (r->modified < 0 || r->modified <= there->modified);
}

static struct err *ask_for_slot(struct verify *v, const struct url *url)
{
    struct job *job = v->job;
    struct session *s = job->session;
    struct err *error;

    slot_release(&job->slot);
    error = expect(v, future_new(s->env.loop));
    if (error) {
        return error;
    }
    job->slot_wait = v->wait;
    phase_enter(job, PHASE_SLOT);
    return slot_request(s->env.hosts, &job->slot, url_origin(url), true, session__resolved(s, url));
}

static struct err *start_look(struct verify *v)
{
    struct err *error = attempt_start(&v->attempt);

    return error ? error : expect(v, future_ref(v->attempt.transfer));
}

/* Whatever else went wrong, the download will find out and say so. */
static struct err *judge_look(struct verify *v, struct err *status)
{
    struct err *error = NULL;

    v->verdict = attempt_judge(&v->attempt, status, &error);
    if (v->verdict == ATTEMPT_DONE &&
        verify_same_version(&v->job->probe, transfer_reply(v->attempt.transfer))) {
        keep(v->job);
    }
    if (err_is(error, ERR_CANCELLED) || err_is(error, ERR_NOMEM)) {
        return error;
    }
    err_unref(error);
    return NULL;
}

/* -- the coroutine ------------------------------------------------------------------------- */

static struct err *begin(struct verify *v)
{
    struct job *job = v->job;

    phase_enter(job, PHASE_VERIFY);
    if (job->expect.algo != DIGEST_NONE) {
        return expect(v, store_digest(job->session->env.store, job->path, job->expect.algo));
    }
    v->verdict = ATTEMPT_REDIRECT;
    attempt_aim(&v->attempt, 0);
    return NULL;
}

static enum co_state verify_step(void *frame, struct err *status)
{
    struct verify *v = frame;
    struct job *job = v->job;

    CO_BEGIN(&v->co);
    v->error = begin(v);
    if (!v->error && job->expect.algo != DIGEST_NONE) {
        CO_AWAIT(&v->co, v->wait);
        v->error = err_is(status, ERR_CANCELLED) ? err_ref(status) : NULL;
        if (!v->error && same_digest(job, v->wait)) {
            keep(job);
        }
    }
    while (!v->error && v->verdict == ATTEMPT_REDIRECT) {
        if (v->attempt.hops > 0) {
            v->moved = true;
            v->error = ask_for_slot(v, v->attempt.url);
            if (v->error) {
                break;
            }
            CO_AWAIT(&v->co, v->wait);
            v->error = err_ref(status);
        }
        if (v->error || slot_refused(&job->slot)) {
            break; /* a host that is given up is not asked: the download says so */
        }
        v->error = start_look(v);
        if (v->error) {
            break;
        }
        CO_AWAIT(&v->co, v->wait);
        v->error = judge_look(v, status);
    }
    job->replace = !job->kept;
    if (!v->error && !job->kept && (v->moved || v->attempt.held)) {
        v->error = ask_for_slot(v, job_url(job));
        if (!v->error) {
            CO_AWAIT(&v->co, v->wait);
            v->error = err_ref(status);
        }
    }
    if (v->error) {
        struct err *error = v->error;
        v->error = NULL;
        return co_fail(&v->co, error);
    }
    CO_END(&v->co);
}

struct future *verify_file(struct job *job)
{
    struct task *task =
        task_new(job->session->env.loop, verify_step, sizeof(struct verify), verify_drop, "verify");
    struct verify *v = task ? task_frame(task) : NULL;

    if (!v) {
        return NULL;
    }
    v->job = job;
    v->verdict = ATTEMPT_DONE;
    attempt_init(&v->attempt, job);
    v->attempt.looking = true;
    return task_future(task);
}
