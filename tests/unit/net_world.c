/* SPDX-License-Identifier: MIT */
#include "net_world.h"

static struct err *on_head(void *arg, const struct reply *r)
{
    struct world *w = arg;
    w->heads++;
    w->head_status = r->status;
    if (w->hold_at_head) {
        multi_hold(w->multi);
    }
    return NULL;
}

static struct err *on_body(void *arg, const void *bytes, size_t n)
{
    struct world *w = arg;
    buf_add(&w->body, bytes, n);
    struct err *e = w->refuse;
    w->refuse = NULL;
    return e;
}

static void on_resolved(void *arg)
{
    ((struct world *)arg)->resolved++;
}

static const struct receiver receiver = {on_head, on_body, on_resolved};

void world_begin(struct world *w)
{
    err_is_none(net_init());
    w->server = server_start();
    w->loop = loop_starts();
    err_is_none(multi_new(w->loop, &w->options, NULL, &w->multi));
}

void world_end(struct world *w)
{
    err_is_none(multi_close(w->multi));
    multi_free(w->multi);
    buf_fini(&w->body);
    server_stop(w->server);
    loop_ends_empty(w->loop);
    net_fini();
}

struct future *world_start(struct world *w, const struct request *rq)
{
    struct err *e = NULL;
    struct future *f = transfer_start(w->multi, rq, &receiver, w, &e);
    err_is_none(e);
    ck_assert_ptr_nonnull(f);
    return f;
}

struct future *world_run(struct world *w, const struct request *rq)
{
    buf_clear(&w->body);
    struct future *f = world_start(w, rq);
    loop_completes(w->loop, f);
    return f;
}

struct future *world_get(struct world *w, const char *path)
{
    struct url *u = server_url(w->server, path);
    struct request rq = {.url = u, .credentials = true};
    struct future *f = world_run(w, &rq);
    url_free(u);
    return f;
}

void world_fails(struct world *w, const char *path, enum err_kind kind, const char *code)
{
    struct future *f = world_get(w, path);
    struct err *e = future_error(f);
    ck_assert_msg(e != NULL, "%s succeeded", path);
    ck_assert_msg(err_is(e, kind), "%s: %s: %s (%s)", path, err_kind_name(err_kind(e)),
        err_message(e), err_code(e));
    ck_assert_msg(strcmp(err_code(e), code) == 0, "%s: %s", path, err_code(e));
    err_unref(e);
    future_unref(f);
}

const struct reply *world_succeeds(struct future *f)
{
    void *reply = NULL;
    err_is_none(future_result(f, &reply));
    ck_assert_ptr_eq(reply, transfer_reply(f));
    return reply;
}

void world_body_is(struct world *w, const char *expected)
{
    ck_assert_str_eq(w->body.data ? w->body.data : "", expected);
}
