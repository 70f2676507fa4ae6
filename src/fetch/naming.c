/* SPDX-License-Identifier: MIT */
#include "fetch/naming.h"

#include "base/buf.h"
#include "fetch/destination.h"
#include "fetch/expect.h"
#include "fetch/session_private.h"
#include "store/disposition.h"
#include "store/sink.h"

struct naming {
    struct co co;
    struct attempt *attempt; /* borrowed: the download awaits the end */
    struct probe probe;      /* borrowed by the look */
    struct future *look;     /* owned */
    bool divide;             /* it is large enough for several connections */
};

static void naming_drop(void *frame)
{
    struct naming *n = frame;

    future_unref(n->look);
}

/* -- what is there ------------------------------------------------------------------------- */

static struct err *cannot_ask(const struct job *job)
{
    return err_new(ERR_POLICY, NULL,
        "%s exists: whether it is to be replaced takes a second request, and this method is sent "
        "once (--retry-unsafe)",
        job->path);
}

/* Whether the reply at hand is not to be stored under the job's path, or not as it comes. */
static struct err *is_in_the_way(const struct naming *n, bool *way)
{
    const struct attempt *a = n->attempt;
    const struct job *job = a->job;
    const bool repeatable = attempt_repeatable(a);

    if (job->probe.final == PRESENCE_ABSENT || job->if_exists == IF_EXISTS_OVERWRITE) {
        *way = repeatable && (job->probe.part || n->divide);
        return NULL;
    }
    *way = repeatable || job->if_exists != IF_EXISTS_RENAME;
    if (repeatable || job->duplicate_of || job->if_exists == IF_EXISTS_FAIL ||
        job->if_exists == IF_EXISTS_RENAME ||
        (job->if_exists == IF_EXISTS_SKIP && job->expect.algo == DIGEST_NONE)) {
        return NULL;
    }
    return cannot_ask(job);
}

static void stand_aside(struct job *job, enum aside why)
{
    job->aside = why;
    if (why == ASIDE_WAIT) {
        job->target = NULL; /* the other's */
    }
}

/* The look is over. */
static struct err *settle(struct naming *n, bool *again)
{
    struct attempt *a = n->attempt;
    struct job *job = a->job;
    struct err *error;
    bool same, way;

    *again = false;
    probe_fini(&job->probe);
    job->probe = n->probe;
    job->probe.path = job->probe.rather = NULL;
    if (job->probe.errnum || job->probe.final == PRESENCE_OBSTACLE) {
        stand_aside(job, ASIDE_ADMIT); /* to its error */
        return NULL;
    }
    error = target_settle(job->session, job, again, &same);
    if (error || *again) {
        return error;
    }
    if (same) {
        stand_aside(job, ASIDE_WAIT);
        return NULL;
    }
    error = is_in_the_way(n, &way);
    if (!error && way) {
        stand_aside(job, ASIDE_ADMIT);
        return NULL;
    }
    return error ? error : sink_place(a->sink, job->path);
}

static struct future *look(struct naming *n)
{
    const struct job *job = n->attempt->job;
    const bool etags = job->if_exists == IF_EXISTS_UPDATE || job->if_exists == IF_EXISTS_VERIFY;

    n->probe = target_probe(job->session, job);
    return store_probe(job->session->env.store, &n->probe, 1, etags);
}

/* Where what comes is not to be kept, the request is ended: it waits in memory, where it may be all
 * that --buffer lets in, so that nothing would come any more at which it could end. */
static enum co_state naming_step(void *frame, struct err *status)
{
    struct naming *n = frame;
    struct err *error = NULL;
    bool again = false;

    CO_BEGIN(&n->co);
    do {
        if (status) {
            return co_fail(&n->co, err_ref(status));
        }
        n->look = look(n);
        if (!n->look) {
            return co_fail(&n->co, err_plain(ERR_NOMEM));
        }
        CO_AWAIT(&n->co, n->look);
        future_unref(n->look);
        n->look = NULL;
        error = status ? err_ref(status) : settle(n, &again);
        if (error) {
            attempt_end(n->attempt);
            return co_fail(&n->co, error);
        }
    } while (again);
    if (n->attempt->job->aside) {
        attempt_end(n->attempt);
    }
    CO_END(&n->co);
}

/* -- the reply ----------------------------------------------------------------------------- */

/* As segments_lead() will judge of it, once there is a place to bring segments to. */
static bool worth_dividing(const struct attempt *a, const struct reply *r)
{
    const struct session_options *o = a->job->session->options;

    return a->segments && r->content_length >= 2 * o->segment_size;
}

static struct err *claim(struct attempt *a, const struct reply *r, bool *same)
{
    struct job *job = a->job;
    struct buf name = BUF_INIT;
    struct err *error = NULL;

    if (r->content_disposition) {
        disposition_name(r->content_disposition, &name);
    }
    if (buf_failed(&name)) {
        error = err_plain(ERR_NOMEM);
    }
    const char *given = name.len > 0 ? name.data : NULL;
    if (!error) {
        error = target_claim(job->session, job, given, same);
    }
    if (!error && !*same) {
        error = expect_listed(job, given);
    }
    buf_fini(&name);
    return error;
}

struct err *naming_start(struct attempt *a, const struct reply *r)
{
    struct job *job = a->job;
    bool same = false;
    struct err *error = claim(a, r, &same);

    if (same) {
        stand_aside(job, ASIDE_WAIT);
    }
    if (error || same) {
        return error;
    }
    if (job->session->options->archive) {
        return destination_open(job, &a->sink); /* nothing can be in the way */
    }
    error = destination_open_unplaced(job, &a->sink);
    if (error) {
        return error;
    }
    a->naming =
        task_new(job->session->env.loop, naming_step, sizeof(struct naming), naming_drop, "naming");
    if (!a->naming) {
        return err_plain(ERR_NOMEM);
    }
    struct naming *n = task_frame(a->naming);
    n->attempt = a;
    n->divide = worth_dividing(a, r);
    return NULL;
}

struct future *naming_follow(struct attempt *a, const struct err *error)
{
    if (!a->naming) {
        return NULL;
    }
    if (err_is(error, ERR_CANCELLED)) {
        task_cancel(a->naming);
    }
    return future_ref(task_future(a->naming));
}

enum verdict naming_judge(
    struct attempt *a, struct err *status, enum verdict verdict, struct err **error)
{
    task_unref(a->naming);
    a->naming = NULL;
    if (err_is(*error, ERR_CANCELLED)) {
        return verdict;
    }
    if (status) {
        err_unref(*error);
        *error = err_ref(status);
        return ATTEMPT_FAILED;
    }
    if (a->job->aside) {
        err_unref(*error);
        *error = NULL;
        return ATTEMPT_ASIDE;
    }
    return verdict;
}
