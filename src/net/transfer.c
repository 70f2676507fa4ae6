/* SPDX-License-Identifier: MIT */
/*
 * A transfer's life. It is in the multi from its start until libcurl, a deadline or a cancel ends
 * it; there is one way out, transfer__end, which takes the handle out of the multi, returns it to
 * the pool and completes the future.
 */
#include "base/alloc.h"
#include "base/trace.h"
#include "net/lane.h"
#include "net/private.h"

#include <stdlib.h>
#include <string.h>

/* How often a time-out of libcurl's is not believed: see transfer__done. */
enum { MAX_AGAIN = 3 };

static double seconds_of(CURL *h, CURLINFO what)
{
    curl_off_t us = 0;
    return curl_easy_getinfo(h, what, &us) == CURLE_OK && us > 0 ? (double)us / 1e6 : -1;
}

static void take_figures(struct transfer *t)
{
    struct reply *r = &t->reply->r;
    CURL *h = t->easy->handle;
    r->timing.dns = seconds_of(h, CURLINFO_NAMELOOKUP_TIME_T);
    r->timing.connect = seconds_of(h, CURLINFO_CONNECT_TIME_T);
    r->timing.tls = seconds_of(h, CURLINFO_APPCONNECT_TIME_T);
    r->timing.first_byte = seconds_of(h, CURLINFO_STARTTRANSFER_TIME_T);
    r->timing.total = t->m->now - t->started;
}

void transfer__end(struct transfer *t, struct err *e)
{
    if (t->cancelled) { /* it has ended meanwhile, but whoever cancels counts on it */
        err_unref(e);
        e = err_plain(ERR_CANCELLED);
    }
    if (t->easy) {
        take_figures(t);
        multi__remove(t->m, t);
        easy__put(t->easy);
        t->easy = NULL;
    }
    timer_stop(&t->timer);
    handle_cancel(&t->late);
    list_remove(&t->node);
    list_remove(&t->paused);
    trace_put(loop_trace(t->m->loop), TRACE_NET, "transfer %p: %d, %lld bytes, %s", (void *)t,
        t->reply->r.status, (long long)t->reply->r.received, e ? err_message(e) : "done");
    if (!e && !t->reply->done) { /* libcurl takes a header without an end for a reply */
        e = err_new(
            ERR_NETWORK, "CURLE_WEIRD_SERVER_REPLY", "the connection was closed within the header");
    }
    if (e) {
        e = future_set_error(&t->future, e);
    } else {
        e = future_set_result(&t->future, reply__ref(t->reply), reply_free);
    }
    err_unref(e);
    future_unref(&t->future);
}

/* libcurl counts its connect time-out also for a transfer that waits for the connection of another
 * one, and over a stop of the process. Nothing was sent then: it simply begins again. */
static bool not_meant(struct transfer *t)
{
    bool stopped = t->m->gap_time > t->gap_at_start;
    if (t->phase != TRANSFER_WAITING || (t->connecting >= 0 && !stopped) ||
        t->again++ >= MAX_AGAIN) {
        return false;
    }
    t->connecting = -1;
    t->gap_at_start = t->m->gap_time;
    return true;
}

static struct err *error_of(struct transfer *t, CURLcode rc)
{
    bool connected = t->reply->r.connected;
    if (t->error) {
        struct err *e = t->error;
        t->error = NULL;
        return e;
    }
    if (rc == CURLE_OPERATION_TIMEDOUT && !connected) {
        return deadline__connect(t);
    }
    if (rc == CURLE_OUT_OF_MEMORY && t->reply->open) {
        return err_new(ERR_NETWORK, net__code_name(rc), "a header line is too long");
    }
    const char *text = t->easy->error[0] ? t->easy->error : curl_easy_strerror(rc);
    return err_new(net__kind(rc, connected), net__code_name(rc), "%s%s", text,
        net__advice(rc, t->m->options->cacert));
}

/*
 * libcurl itself repeats a request whose kept connection turned out to be dead, but counts that
 * over the life of the handle and at last gives up. A handle that has not counted yet takes over.
 */
static bool worn_out(struct transfer *t, CURLcode rc)
{
    static const char text[] = "Connection died, tried";
    bool said = rc == CURLE_SEND_ERROR && strncmp(t->easy->error, text, sizeof(text) - 1) == 0;
    bool silent = t->phase == TRANSFER_ASKED && t->connecting < 0 &&
                  (rc == CURLE_SEND_ERROR || rc == CURLE_RECV_ERROR || rc == CURLE_GOT_NOTHING);
    return (said || silent) && t->reply->r.status == 0 && t->again++ < MAX_AGAIN;
}

static struct err *change_handle(struct transfer *t)
{
    struct easy *fresh = NULL;
    struct err *e = easy__new(t->m, &fresh);
    if (e) {
        return e;
    }
    easy__free(t->easy);
    t->easy = fresh;
    fresh->t = t;
    return easy__apply_request(fresh, t->rq);
}

/* Others wait for the connection of this one, to share it. It did not come about, and libcurl would
 * let them try one after the other, each for the whole of the connect time-out: they go ahead, each
 * on its own. */
static void release_followers(struct transfer *t)
{
    list_for_each_safe (node, &t->m->transfers) {
        struct transfer *o = container_of(node, struct transfer, node);
        if (o == t || o->phase != TRANSFER_WAITING || o->connecting >= 0 ||
            !url_same_origin(o->rq->url, t->rq->url)) {
            continue;
        }
        multi__remove(o->m, o);
        struct err *e = easy__alone(o->easy);
        e = e ? e : multi__add(o->m, o);
        if (e) {
            transfer__end(o, e);
        }
    }
}

static void check_connection(struct transfer *t)
{
    const char *version = t->reply->r.version;
    if (version && version[0] == '1') {
        multi__kept(t);
    }
}

void transfer__done(struct transfer *t, CURLcode rc)
{
    struct err *e = NULL;
    bool worn = rc != CURLE_OK && worn_out(t, rc);
    if (worn || (rc == CURLE_OPERATION_TIMEDOUT && not_meant(t))) {
        multi__remove(t->m, t);
        e = worn ? change_handle(t) : NULL;
        e = e ? e : multi__add(t->m, t);
        if (!e) {
            return;
        }
    }
    if (!e && rc != CURLE_OK) {
        e = error_of(t, rc);
        if (t->phase == TRANSFER_WAITING && t->connecting >= 0) {
            release_followers(t);
        }
    } else if (!e && !t->reply->done) {
        /* libcurl takes a header that breaks off for one that ended */
        e = err_new(ERR_NETWORK, "CURLE_RECV_ERROR", "the reply broke off within its header");
    } else if (!e) {
        check_connection(t);
        e = t->decoder ? decoder_end(t->decoder) : NULL;
    }
    transfer__end(t, e);
}

static struct err *on_late_cancel(void *transfer)
{
    transfer__end(transfer, err_plain(ERR_CANCELLED));
    return NULL;
}

static bool cancel(struct future *f)
{
    struct transfer *t = container_of(f, struct transfer, future);
    if (t->m->inside) {
        t->cancelled = true;
        loop_post(t->m->loop, &t->late);
    } else {
        multi__now(t->m);
        transfer__end(t, err_plain(ERR_CANCELLED));
    }
    return true;
}

static void fini(struct future *f)
{
    struct transfer *t = container_of(f, struct transfer, future);
    err_unref(t->error);
    decoder_free(t->decoder);
    reply_free(t->reply);
}

static const struct future_ops transfer_ops = {"transfer", cancel, fini};

void transfer_hold(struct future *transfer, bool hold)
{
    if (lane_hold_transfer(transfer, hold)) {
        return;
    }
    struct transfer *t = container_of(transfer, struct transfer, future);
    if (transfer->ops != &transfer_ops || t->held == hold) {
        return;
    }
    double now = loop_time(t->m->loop);
    t->held = hold;
    if (hold) {
        t->held_since = now;
        return;
    }
    t->held_time += now - t->held_since;
    if (!list_empty(&t->paused)) {
        loop_post(t->m->loop, &t->m->act);
    }
}

struct future *transfer_start(struct multi *m, const struct request *rq,
    const struct receiver *receiver, void *arg, struct err **error)
{
    struct transfer *t = mem_new(sizeof(*t));
    if (!t || !(t->reply = reply__new())) {
        free(t);
        *error = err_plain(ERR_NOMEM);
        return NULL;
    }
    multi__now(m);
    t->m = m;
    t->rq = rq;
    t->receiver = receiver;
    t->arg = arg;
    t->connecting = -1;
    list_init(&t->node);
    list_init(&t->sockets);
    list_init(&t->paused);
    handle_init(&t->late, on_late_cancel, t);
    future_init(&t->future, m->loop, &transfer_ops);
    struct err *e = deadline__start(t);
    if (!e) {
        e = easy__get(m, &t->easy);
    }
    if (!e) {
        t->easy->t = t;
        e = easy__apply_request(t->easy, rq);
    }
    if (!e) {
        e = multi__add(m, t);
    }
    if (e) {
        timer_stop(&t->timer);
        if (t->easy) {
            easy__put(t->easy);
        }
        future_unref(&t->future);
        *error = e;
        return NULL;
    }
    list_push(&m->transfers, &t->node);
    return future_ref(&t->future);
}

struct reply_box *transfer__box(struct future *transfer)
{
    return container_of(transfer, struct transfer, future)->reply;
}

const struct reply *transfer_reply(const struct future *transfer)
{
    const struct reply *far = lane_reply(transfer);
    return far ? far : &((const struct transfer *)transfer)->reply->r;
}
