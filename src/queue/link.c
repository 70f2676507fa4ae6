/* SPDX-License-Identifier: MIT */
#include "queue/link.h"

#include "aio/task.h"
#include "aio/timeout.h"
#include "base/alloc.h"
#include "base/siphash.h"
#include "base/trace.h"
#include "queue/await_new.h"
#include "queue/resolve.h"

#include <stdlib.h>
#include <string.h>

static const double FIRST_WAIT = 0.1, LONGEST_WAIT = 5; /* seconds, doubled in between */
static const double PATIENCE = 20, FOREVER = 1e9;

struct link {
    struct link_options options;
    struct buf name;     /* owned */
    struct redis *redis; /* owned; NULL: down */
    bool ever;           /* it has been up */
    bool away;           /* and people were told that it is not */
    bool busy;           /* it is up, but the server cannot serve now */
    unsigned failures;   /* since a command was answered */
    unsigned times;      /* that it came up */
};

/* One try: a value of struct redis *. */
struct one_try {
    struct co co;
    struct link *link;           /* borrowed */
    struct addresses *addresses; /* owned */
    size_t at;                   /* the address whose turn it is */
    struct redis *redis;         /* owned */
    struct future *wait;         /* owned */
    struct err *error;           /* owned */
    enum { SAY_PASSWORD, SAY_DATABASE, SAY_ANYTHING, SAID } step;
};

struct up {
    struct co co;
    struct link *link;   /* borrowed */
    struct future *wait; /* owned */
    struct err *error;   /* owned: of the last try */
    double give_up_at;   /* loop_time() */
};

struct link *link_new(const struct link_options *options)
{
    struct link *k = mem_new(sizeof(*k));
    const struct redis_url *u = options->url;
    if (!k) {
        return NULL;
    }
    k->options = *options;
    if (u->path) {
        buf_adds(&k->name, u->path);
    } else {
        buf_addf(&k->name, strchr(u->host, ':') ? "[%s]:%u" : "%s:%u", u->host, u->port);
    }
    if (buf_failed(&k->name)) {
        link_free(k);
        return NULL;
    }
    return k;
}

void link_free(struct link *k)
{
    if (k) {
        redis_free(k->redis);
        buf_fini(&k->name);
        free(k);
    }
}

struct redis *link_redis(const struct link *k)
{
    return !k->busy && k->redis && redis_alive(k->redis) ? k->redis : NULL;
}

unsigned link_times(const struct link *k)
{
    return k->times;
}

void link_trust(struct link *k)
{
    k->ever = true;
}

const char *link_name(const struct link *k)
{
    return k->name.data;
}

/* -- what people are told ------------------------------------------------------------------ */

static void note(struct link *k, const char *what, const char *why)
{
    struct buf b = BUF_INIT;
    buf_addf(&b, "Redis at %s %s", k->name.data, what);
    if (why) {
        buf_addf(&b, " (%s); trying again", why);
    }
    if (k->options.note && !buf_failed(&b)) {
        k->options.note(k->options.arg, b.data);
    }
    buf_fini(&b);
}

static void note_away(struct link *k, const struct err *why)
{
    if (k->ever && !k->away) {
        k->away = true;
        note(k, "is away", err_message(why));
    }
}

static void note_back(struct link *k)
{
    if (k->away) {
        k->away = false;
        note(k, "is back", NULL);
    }
}

static bool is_lost(const struct err *e)
{
    return err_is(e, ERR_NETWORK) || err_is(e, ERR_CONNECT) || err_is(e, ERR_DNS) ||
           err_is(e, ERR_TIMEOUT) || err_is(e, ERR_TLS);
}

void link_works(struct link *k)
{
    k->failures = 0;
    note_back(k);
}

bool link_mends(struct link *k, const struct err *e)
{
    if (!k->ever) {
        return false; /* link_up said so for good */
    }
    if (is_lost(e)) {
        redis_free(k->redis);
        k->redis = NULL;
        k->failures++;
    } else if (redis_error_passes(e)) {
        k->busy = true;
    } else {
        return false;
    }
    note_away(k, e);
    return true;
}

static void free_redis(void *redis)
{
    redis_free(redis);
}

/* -- one try ------------------------------------------------------------------------------- */

static void try_drop(void *frame)
{
    struct one_try *t = frame;
    future_unref(t->wait);
    redis_free(t->redis);
    free(t->addresses);
    err_unref(t->error);
}

/* The next thing to say; the last asks whether the server answers at all: one that is loading, or
 * wants a password, says so then. */
static struct future *say(struct one_try *t)
{
    const struct redis_url *url = t->link->options.url;
    const char *password = url->password ? url->password : getenv("REDISCLI_AUTH");
    struct redis_args a;
    redis_args_init(&a);
    if (t->step == SAY_PASSWORD && !(password && *password)) {
        t->step++;
    }
    if (t->step == SAY_DATABASE && !url->db) {
        t->step++;
    }
    if (t->step == SAY_PASSWORD) {
        redis_args_adds(&a, "AUTH");
        if (url->user) {
            redis_args_adds(&a, url->user);
        }
        redis_args_adds(&a, password);
    } else if (t->step == SAY_DATABASE) {
        redis_args_adds(&a, "SELECT");
        redis_args_addi(&a, url->db);
    } else {
        redis_args_adds(&a, "EXISTS");
        redis_args_adds(&a, url->stream);
    }
    struct future *f = redis_send(t->redis, &a);
    redis_args_fini(&a);
    return f;
}

static struct err *dial(struct one_try *t)
{
    const struct redis_url *url = t->link->options.url;
    const struct redis_place place = {
        .address = t->addresses ? t->addresses->text[t->at] : NULL,
        .port = url->port,
        .path = url->path,
        .tls_name = url->tls ? url->host : NULL,
    };
    redis_free(t->redis);
    t->redis = NULL;
    t->step = SAY_PASSWORD;
    return redis_open(t->link->options.loop, &place, PATIENCE, &t->redis);
}

/* True, and the error is forgotten, if the host has an address that was not tried. */
static bool turns_to_next(struct one_try *t)
{
    if (!is_lost(t->error) || !t->addresses || t->at + 1 >= t->addresses->count) {
        return false;
    }
    t->at++;
    err_unref(t->error);
    t->error = NULL;
    return true;
}

/* Seconds to connect; "none" is as long as it may take. */
static double limit(const struct link *k)
{
    return k->options.connect_timeout > 0 ? k->options.connect_timeout : FOREVER;
}

static struct err *connect_error(const struct err *status)
{
    return err_is(status, ERR_TIMEOUT) ? err_new(ERR_TIMEOUT, NULL, "it does not answer")
                                       : err_ref((struct err *)status);
}

static enum co_state try_step(void *frame, struct err *status)
{
    struct one_try *t = frame;
    const struct link_options *o = &t->link->options;
    struct redis *up;

    CO_BEGIN(&t->co);
    if (o->url->host) {
        AWAIT_NEW(t, resolve_host(o->executor, o->url->host));
        if (status) {
            return co_fail(&t->co, err_ref(status));
        }
        t->addresses = future_take(t->wait);
    }
    do {
        t->error = dial(t);
        if (!t->error) {
            AWAIT_NEW(t, wait_for(redis_connected(t->redis), limit(t->link)));
            t->error = connect_error(status);
        }
        while (!t->error && t->step != SAID) {
            AWAIT_NEW(t, say(t));
            t->error = err_ref(status);
            t->step++;
        }
    } while (t->error && turns_to_next(t));
    if (t->error) {
        return co_fail(&t->co, err_ref(t->error));
    }
    up = t->redis;
    t->redis = NULL;
    return co_return(&t->co, up, free_redis);
    CO_END(&t->co);
}

static struct future *try_once(struct link *k)
{
    struct task *t =
        task_new(k->options.loop, try_step, sizeof(struct one_try), try_drop, "connect to Redis");
    if (!t) {
        return NULL;
    }
    ((struct one_try *)task_frame(t))->link = k;
    return task_future(t);
}

/* -- until it is up ------------------------------------------------------------------------ */

static void up_drop(void *frame)
{
    struct up *u = frame;
    future_unref(u->wait);
    err_unref(u->error);
}

/* Seconds before the next try; workers are not to come all at once. */
static double backoff(const struct link *k)
{
    double wait = FIRST_WAIT;
    for (unsigned i = 1; i < k->failures && wait < LONGEST_WAIT; i++) {
        wait *= 2;
    }
    wait = wait < LONGEST_WAIT ? wait : LONGEST_WAIT;
    return wait * (0.5 + (double)(siphash_random_key().k0 % 1024) / 2048);
}

/* The try failed: NULL if there is to be another one, else the error to end with. */
static struct err *judge(struct up *u, struct err *error)
{
    struct link *k = u->link;
    const bool passes = is_lost(error) || redis_error_passes(error);
    k->failures++;
    trace_put(loop_trace(k->options.loop), TRACE_QUEUE, "%s: %s", k->name.data, err_message(error));
    if (err_is(error, ERR_CANCELLED) || err_is(error, ERR_NOMEM)) {
        return err_ref(error);
    }
    if (!k->ever &&
        (!passes || err_is(error, ERR_TLS) || loop_time(k->options.loop) >= u->give_up_at)) {
        return err_new(err_is(error, ERR_TIMEOUT) ? ERR_CONNECT : err_kind(error), err_code(error),
            "cannot use the queue at %s: %s", k->name.data, err_message(error));
    }
    note_away(k, error);
    return NULL;
}

static void take_up(struct link *k, struct redis *redis)
{
    redis_free(k->redis);
    k->redis = redis;
    k->ever = true;
    k->times++;
    trace_put(loop_trace(k->options.loop), TRACE_QUEUE, "%s: connected", k->name.data);
}

static enum co_state up_step(void *frame, struct err *status)
{
    struct up *u = frame;
    struct link *k = u->link;

    CO_BEGIN(&u->co);
    u->give_up_at = loop_time(k->options.loop) + limit(k);
    while (!link_redis(k)) {
        if (k->busy || k->failures) {
            k->failures += k->busy;
            k->busy = false;
            AWAIT_NEW(u, aio_sleep(k->options.loop, backoff(k)));
            if (status) {
                return co_fail(&u->co, err_ref(status));
            }
            if (link_redis(k)) {
                break;
            }
        }
        AWAIT_NEW(u, try_once(k));
        if (!status) {
            take_up(k, future_take(u->wait));
            break;
        }
        u->error = judge(u, status);
        if (u->error) {
            return co_fail(&u->co, err_ref(u->error));
        }
    }
    CO_END(&u->co);
}

struct future *link_up(struct link *k)
{
    struct task *t =
        task_new(k->options.loop, up_step, sizeof(struct up), up_drop, "wait for Redis");
    if (!t) {
        return NULL;
    }
    ((struct up *)task_frame(t))->link = k;
    return task_future(t);
}
