/* SPDX-License-Identifier: MIT */
#include "fetch/exec.h"

#include "aio/sem.h"
#include "base/buf.h"
#include "fetch/command.h"
#include "fetch/destination.h"
#include "fetch/session_private.h"
#include "store/template.h"

#include <stdlib.h>
#include <string.h>

struct exec {
    struct co co;
    struct job *job;       /* borrowed */
    struct future *permit; /* owned while it is waited for */
    bool permitted;
    struct child *child; /* owned */
    struct future *wait; /* owned: for the child's end */
    struct err *error;   /* owned: why it was cut off */
};

static bool has_id(const struct job *job)
{
    return job->entry->id && strcmp(job->entry->id, "null") != 0;
}

bool exec_possible(const struct job *job)
{
    const struct command *c = job->session->command;

    return !c || !command_needs_id(c) || has_id(job);
}

bool exec_wanted(const struct job *job)
{
    const struct session *s = job->session;

    return s->command && record_done(&job->record) &&
           (job->record.state == RECORD_FINISHED || s->env.journal);
}

static void exec_drop(void *frame)
{
    struct exec *x = frame;

    if (!x->job) {
        return; /* never filled in */
    }
    sem_abandon(x->job->session->commands, x->permit);
    child_free(x->child);
    if (x->permitted) {
        err_unref(sem_release(x->job->session->commands));
    }
    future_unref(x->wait);
    err_unref(x->error);
}

static struct err *start(struct exec *x)
{
    struct job *job = x->job;
    struct session *s = job->session;
    struct record *r = &job->record;
    struct buf id = BUF_INIT;
    char *url = url_redact(r->url); /* everybody sees the words of a process */
    struct err *error = NULL;
    char **words = NULL;

    if (!r->path) {
        r->path = destination_shown(s, job->path);
    }
    if (has_id(job)) {
        (void)template_add_id(&id, job->entry->id);
    }
    if (r->path && url && !buf_failed(&id)) {
        const struct command_values values = {r->path, url, id.data};
        words = command_words(s->command, &values);
    }
    error = words ? child_start(s->env.forkserver, words, &x->child) : err_plain(ERR_NOMEM);
    free(words);
    free(url);
    buf_fini(&id);
    return error;
}

/* A cancel is passed on to the child, whose end is then awaited all the same. */
static void cut_off(struct exec *x, struct err *status)
{
    if (status && !x->error) {
        x->error = err_ref(status);
        child_stop(x->child);
    }
}

/* One that came through in spite of a cancel has done its work. */
static struct err *outcome(struct exec *x)
{
    struct err *error = exec_error(child_ended(x->child), command_name(x->job->session->command));

    if (error && x->error) {
        err_unref(error);
        error = err_ref(x->error);
    }
    return error;
}

static enum co_state exec_step(void *frame, struct err *status)
{
    struct exec *x = frame;
    struct err *error;

    CO_BEGIN(&x->co);
    x->permit = sem_acquire(x->job->session->commands);
    if (!x->permit) {
        return co_fail(&x->co, err_plain(ERR_NOMEM));
    }
    CO_AWAIT(&x->co, x->permit);
    if (status) {
        return co_fail(&x->co, err_ref(status));
    }
    future_unref(x->permit);
    x->permit = NULL;
    x->permitted = true;
    error = start(x);
    if (error) {
        return co_fail(&x->co, error);
    }
    while (!child_ended(x->child)) {
        future_unref(x->wait);
        x->wait = child_wait(x->child);
        if (!x->wait) {
            return co_fail(&x->co, err_plain(ERR_NOMEM));
        }
        CO_AWAIT(&x->co, x->wait);
        cut_off(x, status);
    }
    error = outcome(x);
    if (error) {
        return co_fail(&x->co, error);
    }
    CO_END(&x->co);
}

struct task *exec_task(struct job *job)
{
    struct session *s = job->session;
    struct buf name = BUF_INIT;
    struct task *task = NULL;

    slot_release(&job->slot);
    phase_enter(job, PHASE_EXEC);
    buf_addf(&name, "exec %s", url_public(job_url(job)));
    if (!buf_failed(&name)) {
        task = task_new(s->env.loop, exec_step, sizeof(struct exec), exec_drop, name.data);
    }
    if (task) {
        ((struct exec *)task_frame(task))->job = job;
    }
    buf_fini(&name);
    return task;
}
