/* SPDX-License-Identifier: MIT */
#include "fetch/prepare.h"

#include "fetch/destination.h"
#include "fetch/race.h"
#include "fetch/session_private.h"
#include "fetch/verify.h"
#include "store/sink.h"

struct prepare {
    struct co co;
    struct attempt *attempt; /* borrowed: the download awaits the end */
    struct future *wait;     /* owned */
};

/* Something may be there to be resumed. Under rename it is the part of the name that is chosen. */
static bool part_likely(const struct job *job)
{
    return job->probe.part ||
           (job->if_exists == IF_EXISTS_RENAME && job->probe.final != PRESENCE_ABSENT);
}

bool prepare_wanted(const struct job *job)
{
    return verify_wanted(job) || part_likely(job) || race_wanted(job);
}

struct err *prepare_sink(struct attempt *a)
{
    struct job *job = a->job;

    const struct session_options *o = job->session->options;

    /* else the reply is to bring the name */
    return job->path || (o->discard && !o->archive) ? destination_open(job, &a->sink) : NULL;
}

static void prepare_drop(void *frame)
{
    future_unref(((struct prepare *)frame)->wait);
}

static bool expect(struct prepare *p, struct future *f)
{
    future_unref(p->wait);
    p->wait = f;
    return f != NULL;
}

static struct future *race(struct job *job)
{
    slot_release(&job->slot);
    return race_start(job);
}

static enum co_state prepare_step(void *frame, struct err *status)
{
    struct prepare *p = frame;
    struct attempt *a = p->attempt;
    struct job *job = a->job;
    struct err *error = NULL;
    bool memory = true;

    CO_BEGIN(&p->co);
    if (!status && verify_wanted(job) && (memory = expect(p, verify_file(job)))) {
        CO_AWAIT(&p->co, p->wait);
    }
    if (!status && memory && !job->kept) {
        error = prepare_sink(a);
        if (error) {
            return co_fail(&p->co, error);
        }
        if (a->sink && part_likely(job) && (memory = expect(p, sink_open(a->sink)))) {
            CO_AWAIT(&p->co, p->wait);
        }
    }
    if (!status && memory && race_wanted(job) && (memory = expect(p, race(job)))) {
        CO_AWAIT(&p->co, p->wait);
    }
    if (status || !memory) {
        return co_fail(&p->co, status ? err_ref(status) : err_plain(ERR_NOMEM));
    }
    CO_END(&p->co);
}

struct future *prepare_start(struct attempt *a)
{
    struct task *task = task_new(
        a->job->session->env.loop, prepare_step, sizeof(struct prepare), prepare_drop, "prepare");

    if (!task) {
        return NULL;
    }
    ((struct prepare *)task_frame(task))->attempt = a;
    struct future *f = future_ref(task_future(task));
    task_unref(task);
    return f;
}
