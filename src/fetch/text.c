/* SPDX-License-Identifier: MIT */
/* The text at a URL, as the session would fetch it, but into memory: its redirects, credentials and
 * retries, without slots, since nothing else runs yet. */
#include "aio/loop.h"
#include "base/alloc.h"
#include "base/buf.h"
#include "fetch/credentials.h"
#include "fetch/retry.h"
#include "fetch/session_private.h"
#include "net/transfer.h"

#include <stdlib.h>

struct text {
    struct co co;
    struct session *s;      /* borrowed */
    char *text;             /* owned: the URL as it was given */
    struct url *first, *at; /* owned; at: the hop */
    size_t most;
    struct buf *body; /* owned */
    struct request request;
    struct future *wait; /* owned: the transfer, or a pause */
    struct retry retry;
    unsigned hops;
    bool again;        /* another request is to be made */
    struct err *error; /* owned */
};

static void buf_free(void *b)
{
    if (b) {
        buf_fini(b);
        free(b);
    }
}

static void text_drop(void *frame)
{
    struct text *t = frame;

    future_unref(t->wait);
    url_free(t->first);
    url_free(t->at);
    buf_free(t->body);
    err_unref(t->error);
    free(t->text);
}

/* -- one request --------------------------------------------------------------------------- */

static struct err *on_body(void *arg, const void *bytes, size_t n)
{
    struct text *t = arg;

    if (t->body->len + n > t->most) {
        return err_new(ERR_POLICY, NULL, "more than %zu bytes", t->most);
    }
    buf_add(t->body, bytes, n);
    return buf_failed(t->body) ? err_plain(ERR_NOMEM) : NULL;
}

static struct err *ask(struct text *t)
{
    static const struct receiver receiver = {.on_body = on_body};
    const struct request_options *o = &t->s->options->request;
    struct err *error = NULL;

    t->request = (struct request){.url = t->at};
    if (credentials_allowed(o, t->first, t->at)) {
        t->request.credentials = true;
        t->request.headers = o->headers;
        t->request.userpwd = o->userpwd;
        t->request.bearer = o->bearer;
        t->request.cookie = o->cookie;
    }
    t->again = false;
    buf_clear(t->body);
    future_unref(t->wait);
    t->wait = loops_transfer(t->s->env.loops, &t->request, &receiver, t, &error);
    return error;
}

static struct err *follow(struct text *t, const struct reply *r)
{
    struct url *next;
    struct err *error;

    if (++t->hops > t->s->options->request.max_redirs) {
        return err_new(ERR_HTTP, "CURLE_TOO_MANY_REDIRECTS", "too many redirects");
    }
    error = url_resolve(t->at, r->location, &next);
    if (!error) {
        url_free(t->at);
        t->at = next;
        t->again = true;
    }
    return error;
}

/* What came of it; t->again if another request is to follow. *delay: the seconds before. */
static struct err *judge(struct text *t, struct err *status, double *delay)
{
    const struct reply *r = transfer_reply(t->wait);
    struct err *error = err_ref(status);

    *delay = 0;
    if (!error && r->status >= 200 && r->status < 300) {
        return NULL;
    }
    if (!error && r->status >= 300 && r->status < 400 && r->location) {
        return follow(t, r);
    }
    if (!error) {
        error = err_new(ERR_HTTP, NULL, "HTTP status %d", r->status);
    }
    if (err_is(error, ERR_CANCELLED) ||
        !retry_worthwhile(&t->s->options->retry, status ? 0 : r->status, status) ||
        !retry_again(&t->retry, 0, -1, loop_time(t->s->env.loop))) {
        return error;
    }
    err_unref(error);
    t->again = true;
    *delay = r->retry_after > 0 && r->retry_after <= t->s->options->retry.max_wait
                 ? r->retry_after
                 : retry_backoff(&t->retry);
    return NULL;
}

/* -- the coroutine ------------------------------------------------------------------------- */

static struct err *begin(struct text *t)
{
    struct err *error = url_parse(t->text, &t->first);

    if (!error) {
        t->at = url_ref(t->first);
        t->body = mem_new(sizeof *t->body);
        error = t->body ? NULL : err_plain(ERR_NOMEM);
    }
    retry_init(&t->retry, &t->s->options->retry, loop_time(t->s->env.loop));
    t->again = !error;
    return error;
}

static struct err *pause_for(struct text *t, double delay)
{
    future_unref(t->wait);
    t->wait = aio_sleep(t->s->env.loop, delay);
    return t->wait ? NULL : err_plain(ERR_NOMEM);
}

static enum co_state text_step(void *frame, struct err *status)
{
    struct text *t = frame;
    double delay;

    CO_BEGIN(&t->co);
    t->error = begin(t);
    while (!t->error && t->again) {
        t->error = ask(t);
        if (t->error) {
            break;
        }
        CO_AWAIT(&t->co, t->wait);
        t->error = judge(t, status, &delay);
        if (t->error || delay <= 0) {
            continue;
        }
        t->error = pause_for(t, delay);
        if (t->error) {
            break;
        }
        CO_AWAIT(&t->co, t->wait);
        t->error = err_ref(status);
    }
    if (t->error) {
        struct err *error = t->error;
        t->error = NULL;
        return co_fail(&t->co, error);
    }
    struct buf *body = t->body;
    t->body = NULL;
    return co_return(&t->co, body, buf_free);
    CO_END(&t->co);
}

struct task *session_text(struct session *s, const char *url, size_t most)
{
    char *text = mem_dup(url);
    struct task *task =
        text ? task_new(s->env.loop, text_step, sizeof(struct text), text_drop, "text") : NULL;
    struct text *t = task ? task_frame(task) : NULL;

    if (!t) {
        free(text);
        return NULL;
    }
    t->s = s;
    t->text = text;
    t->most = most;
    return task;
}

void session_expect(struct session *s, const struct checksums *c)
{
    s->env.checksums = c;
}
