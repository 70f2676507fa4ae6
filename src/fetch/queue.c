/* SPDX-License-Identifier: MIT */
/* Between admission and download: a job in its host's queue, and its task once it has a slot. */
#include "fetch/deliver.h"
#include "fetch/destination.h"
#include "fetch/download.h"
#include "fetch/exec.h"
#include "fetch/session_private.h"

#include <arpa/inet.h>
#include <stddef.h>

/* A literal address, or a host that somebody else looks up, needs no look-up of ours. */
bool session__resolved(const struct session *s, const struct url *url)
{
    unsigned char address[sizeof(struct in6_addr)];
    const char *host = url_host(url);

    return s->env.net->proxy || s->env.net->unix_socket || inet_pton(AF_INET, host, address) == 1 ||
           inet_pton(AF_INET6, host, address) == 1;
}

/* --dry-run: it would be downloaded. */
static void say_only(struct session *s, struct job *job)
{
    struct record *r = &job->record;

    r->state = RECORD_PENDING;
    r->reason = "dry-run";
    r->path = job->path ? destination_shown(s, job->path) : NULL;
    session__job_end(s, job, job->path && !r->path ? err_plain(ERR_NOMEM) : NULL);
}

void session__enqueue(struct session *s, struct job *job)
{
    const struct url *url = job_url(job);
    const bool again = job->record.attempts > 0; /* it has been here before */
    struct err *error;

    if (s->options->dry_run) {
        say_only(s, job);
        return;
    }
    job->phase = JOB_QUEUED;
    phase_enter(job, again ? PHASE_SLOT : PHASE_QUEUED);
    error =
        slot_request(s->env.hosts, &job->slot, url_origin(url), again, session__resolved(s, url));
    if (error) {
        session__job_end(s, job, error);
        return;
    }
    deliver_hurry(job);
}

/* Its task is through, the entry is not. */
static void take_back(struct session *s, struct job *job)
{
    s->totals.running--;
    list_remove(&job->run);
    task_unref(job->task);
    job->task = NULL;
    session__take_back(s, job);
}

static struct err *on_ended(struct future *f, void *arg)
{
    struct job *job = arg;
    struct session *s = job->session;
    struct err *error = future_error(f);

    if (!error && job->aside != ASIDE_NOT) {
        take_back(s, job);
    } else if (error || job->step == PHASE_EXEC || !exec_wanted(job)) {
        session__job_end(s, job, error);
    } else if (s->stop != STOP_NONE) {
        session__job_end(s, job, err_plain(ERR_CANCELLED));
    } else { /* the file is there; what is left to do is its command */
        session__run(job, exec_task(job));
    }
    return NULL;
}

void session__run(struct job *job, struct task *task)
{
    struct session *s = job->session;

    task_unref(job->task);
    job->task = task;
    if (!task) {
        session__job_end(s, job, err_plain(ERR_NOMEM));
        return;
    }
    if (job->phase != JOB_RUNNING) {
        job->phase = JOB_RUNNING;
        s->totals.running++;
        list_push(&s->running, &job->run);
    }
    future_watch(task_future(task), &job->ended, on_ended, job);
}

struct err *session__on_grant(void *arg)
{
    struct job *job = arg;

    if (job->slot_wait) {
        struct future *wait = job->slot_wait;
        job->slot_wait = NULL;
        /* it may have been cancelled since: then the slot is released by who waited */
        return future_done(wait) ? NULL : future_set_result(wait, NULL, NULL);
    }
    session__run(job, download_task(job));
    return NULL;
}
