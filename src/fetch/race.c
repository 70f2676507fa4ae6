/* SPDX-License-Identifier: MIT */
#include "fetch/race.h"

#include "aio/taskgroup.h"
#include "base/alloc.h"
#include "fetch/attempt.h"
#include "fetch/session_private.h"

#include <stdlib.h>

struct race {
    struct co co;
    struct job *job;         /* borrowed */
    struct taskgroup *group; /* owned */
    struct future *exit;     /* owned */
    struct task **tasks;     /* owned, as are the references in it */
    unsigned ntasks;
    bool won;
};

struct racer {
    struct co co;
    struct race *race; /* borrowed: it ends later */
    struct attempt attempt;
    struct slot slot;
    struct future *slot_wait; /* borrowed: the wait for the slot */
    struct future *wait;      /* owned */
    bool good;
};

bool race_wanted(const struct job *job)
{
    const struct session_options *o = job->session->options;
    const struct entry *e = job->entry;

    return o->race && job->nmirrors > 1 && !job->kept && !o->request.method && !e->method &&
           !o->request.body && !e->body;
}

/* -- one mirror ---------------------------------------------------------------------------- */

static void racer_drop(void *frame)
{
    struct racer *r = frame;

    if (!r->race) {
        return; /* never filled in */
    }
    slot_release(&r->slot);
    future_unref(r->wait);
    attempt_fini(&r->attempt);
}

/* A file without a byte has none to give: that is an answer as well. */
static struct err *on_head(void *arg, const struct reply *reply)
{
    struct racer *r = container_of(arg, struct racer, attempt);

    slot_heard(&r->slot);
    r->good = (reply->status >= 200 && reply->status < 300) || reply->status == 416;
    return r->good && reply->status == 200 ? err_plain(ERR_STOP_ITERATION) : NULL;
}

static struct err *on_body(void *arg, const void *bytes, size_t n)
{
    (void)arg;
    (void)bytes;
    (void)n;
    return NULL;
}

static void on_resolved(void *arg)
{
    slot_resolved(((struct attempt *)arg)->slot);
}

static const struct receiver *receive_head(void)
{
    static const struct receiver receiver = {on_head, on_body, on_resolved};

    return &receiver;
}

static struct err *on_grant(void *arg)
{
    struct racer *r = arg;
    struct future *wait = r->slot_wait;

    r->slot_wait = NULL;
    return wait && !future_done(wait) ? future_set_result(wait, NULL, NULL) : NULL;
}

static struct future *ask_for_slot(struct racer *r)
{
    struct session *s = r->race->job->session;
    struct future *granted = future_new(s->env.loop);

    if (!granted) {
        return NULL;
    }
    struct err *error = slot_request(s->env.hosts, &r->slot, url_origin(r->attempt.url), true,
        session__resolved(s, r->attempt.url));
    if (error) {
        err_unref(future_set_error(granted, error));
    } else {
        r->slot_wait = granted;
    }
    return granted;
}

/* The slot is there, or there will be none. */
static bool ask(struct racer *r)
{
    struct err *error = NULL;

    if (slot_refused(&r->slot)) {
        return false;
    }
    r->good = false;
    r->attempt.plan = (struct resume){.how = RESUME_UNCHECKED};
    error = attempt_start(&r->attempt);
    err_unref(error);
    return !error;
}

static void win(struct racer *r)
{
    struct race *race = r->race;

    if (race->won) {
        return;
    }
    race->won = true;
    race->job->best = r->attempt.mirror;
    for (unsigned i = 0; i < race->ntasks; i++) {
        if (task_frame(race->tasks[i]) != r) {
            task_cancel(race->tasks[i]);
        }
    }
}

/* True for another hop. */
static bool judge(struct racer *r, struct err *status)
{
    struct err *error = NULL;
    const enum verdict verdict = attempt_judge(&r->attempt, status, &error);

    slot_release(&r->slot);
    if (r->good && !err_is(error, ERR_CANCELLED)) {
        win(r);
    }
    err_unref(error);
    return verdict == ATTEMPT_REDIRECT;
}

static enum co_state racer_step(void *frame, struct err *status)
{
    struct racer *r = frame;

    CO_BEGIN(&r->co);
    while (!status) {
        future_unref(r->wait);
        r->wait = ask_for_slot(r);
        if (!r->wait) {
            break;
        }
        CO_AWAIT(&r->co, r->wait);
        r->slot_wait = NULL;
        if (status || !ask(r)) {
            break;
        }
        CO_AWAIT(&r->co, r->attempt.transfer);
        if (!judge(r, status)) {
            break;
        }
        status = NULL; /* judged */
    }
    slot_release(&r->slot);
    CO_END(&r->co);
}

static struct err *enter(struct race *race, unsigned mirror)
{
    struct task *task = NULL;
    struct err *error = taskgroup_create_task(
        race->group, racer_step, sizeof(struct racer), racer_drop, "race", &task);

    if (error) {
        return error;
    }
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): there is room for every mirror */
    race->tasks[race->ntasks++] = task;
    struct racer *r = task_frame(task);
    r->race = race;
    attempt_init(&r->attempt, race->job);
    r->attempt.slot = &r->slot;
    r->attempt.receiver = receive_head();
    r->attempt.helps = true;
    slot_init(&r->slot, on_grant, r);
    attempt_aim(&r->attempt, mirror);
    return NULL;
}

/* -- all of them --------------------------------------------------------------------------- */

static void race_drop(void *frame)
{
    struct race *race = frame;

    if (!race->job) {
        return; /* never filled in */
    }
    for (unsigned i = 0; i < race->ntasks; i++) {
        task_unref(race->tasks[i]);
    }
    free(race->tasks);
    taskgroup_free(race->group);
    future_unref(race->exit);
}

static struct err *begin(struct race *race)
{
    struct job *job = race->job;
    struct err *error = taskgroup_enter(job->session->env.loop, &race->group);

    race->tasks = error ? NULL : mem_array(NULL, job->nmirrors, sizeof(struct task *));
    if (!error && !race->tasks) {
        error = err_plain(ERR_NOMEM);
    }
    for (unsigned i = 0; i < job->nmirrors && !error; i++) {
        error = enter(race, i);
    }
    return error;
}

static enum co_state race_step(void *frame, struct err *status)
{
    struct race *race = frame;
    struct err *error = NULL;

    CO_BEGIN(&race->co);
    error = status ? err_ref(status) : begin(race);
    if (!race->group) {
        return co_fail(&race->co, error);
    }
    race->exit = taskgroup_exit(race->group, error);
    CO_AWAIT(&race->co, race->exit);
    if (status) {
        return co_fail(&race->co, err_ref(status));
    }
    CO_END(&race->co);
}

struct future *race_start(struct job *job)
{
    struct task *task =
        task_new(job->session->env.loop, race_step, sizeof(struct race), race_drop, "race");

    if (!task) {
        return NULL;
    }
    ((struct race *)task_frame(task))->job = job;
    phase_enter(job, PHASE_RACE);
    struct future *f = future_ref(task_future(task));
    task_unref(task);
    return f;
}
