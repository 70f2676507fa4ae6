/* SPDX-License-Identifier: MIT */
/* A worker's reading connection, before entries are asked for: groups, leftovers, its number. */
#include "queue/await_new.h"
#include "queue/worker_private.h"

struct preparing {
    struct co co;
    struct worker *worker; /* borrowed */
    struct future *wait;   /* owned */
    size_t at;
    unsigned times; /* of the link */
};

static void preparing_drop(void *frame)
{
    future_unref(((struct preparing *)frame)->wait);
}

static struct future *make_group(struct worker *w, const struct share *s)
{
    struct redis_args a;
    redis_args_init(&a);
    redis_args_words(&a, "XGROUP CREATE");
    redis_args_adds(&a, s->stream);
    redis_args_adds(&a, w->options.group);
    redis_args_words(&a, "0 MKSTREAM");
    struct future *f = redis_send(link_redis(w->reading), &a);
    redis_args_fini(&a);
    return f;
}

static struct future *ask_client_id(struct worker *w)
{
    struct redis_args a;
    redis_args_init(&a);
    redis_args_words(&a, "CLIENT ID");
    struct future *f = redis_send(link_redis(w->reading), &a);
    redis_args_fini(&a);
    return f;
}

/* What a worker of this name left behind is for everybody. A name of our own making had none. */
static struct future *give_back(struct worker *w, const struct share *s)
{
    struct redis_args a;
    worker__leave(s, 0, false, &a);
    struct future *f = redis_send(link_redis(w->reading), &a);
    redis_args_fini(&a);
    return f;
}

static bool is_there_already(const struct err *e)
{
    return e && err_code(e) && strcmp(err_code(e), "BUSYGROUP") == 0;
}

static long long number_of(struct future *reply)
{
    void *value = NULL;
    err_unref(future_result(reply, &value));
    return redis_reply_int(value);
}

/* Groups are made again, too: a server without its memory comes back without them. */
static enum co_state preparing_step(void *frame, struct err *status)
{
    struct preparing *p = frame;
    struct worker *w = p->worker;

    CO_BEGIN(&p->co);
    AWAIT_NEW(p, link_up(w->reading));
    if (status) {
        return co_fail(&p->co, err_ref(status));
    }
    p->times = link_times(w->reading);
    if (p->times == w->prepared) {
        return co_return(&p->co, NULL, NULL);
    }
    for (; p->at < w->nshares; p->at++) {
        if (!link_redis(w->reading)) {
            return co_fail(&p->co, err_plain(ERR_NETWORK));
        }
        AWAIT_NEW(p, make_group(w, &w->shares[p->at]));
        if (status && !is_there_already(status)) {
            return co_fail(&p->co, err_ref(status));
        }
        while (!w->met && w->options.consumer) {
            if (!link_redis(w->reading)) {
                return co_fail(&p->co, err_plain(ERR_NETWORK));
            }
            AWAIT_NEW(p, give_back(w, &w->shares[p->at]));
            if (status) {
                return co_fail(&p->co, err_ref(status));
            }
            if (number_of(p->wait) == 0) {
                break;
            }
        }
    }
    w->met = true;
    if (!link_redis(w->reading)) {
        return co_fail(&p->co, err_plain(ERR_NETWORK));
    }
    AWAIT_NEW(p, ask_client_id(w));
    if (err_is(status, ERR_CANCELLED) || err_is(status, ERR_NETWORK)) {
        return co_fail(&p->co, err_ref(status));
    }
    /* if it is not allowed to know, it ends a read by waiting for it */
    w->client_id = status ? -1 : number_of(p->wait);
    w->prepared = p->times;
    CO_END(&p->co);
}

struct future *worker__prepare(struct worker *w)
{
    struct task *t = task_new(
        w->loop, preparing_step, sizeof(struct preparing), preparing_drop, "prepare the queue");
    if (!t) {
        return NULL;
    }
    ((struct preparing *)task_frame(t))->worker = w;
    return task_future(t);
}
