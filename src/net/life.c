/* SPDX-License-Identifier: MIT */
/* A multi's beginning and end: everything is out of libcurl before libcurl's parts are ended, easy
 * handles first, then the multi with its connections, then what they share. */
#include "base/alloc.h"
#include "net/private.h"

#include <stdlib.h>

static struct err *set_up(struct multi *m)
{
    const struct net_options *o = m->options;
    struct easy *first = NULL;
    for (size_t i = 0; o->connect_to && o->connect_to[i]; i++) {
        struct curl_slist *longer = curl_slist_append(m->connect_to, o->connect_to[i]);
        if (!longer) {
            return err_plain(ERR_NOMEM);
        }
        m->connect_to = longer;
    }
    struct err *e = easy__protocols(o->proto, &m->protocols);
    if (!e) {
        e = m->share ? NULL : share__new(o, &m->share);
    }
    if (e) {
        return e;
    }
    m->handle = curl_multi_init();
    if (!m->handle || curl_multi_setopt(m->handle, CURLMOPT_SOCKETFUNCTION, multi__on_socket) ||
        curl_multi_setopt(m->handle, CURLMOPT_SOCKETDATA, m) ||
        curl_multi_setopt(m->handle, CURLMOPT_TIMERFUNCTION, multi__on_timer_change) ||
        curl_multi_setopt(m->handle, CURLMOPT_TIMERDATA, m) ||
        (o->max_connections &&
            curl_multi_setopt(m->handle, CURLMOPT_MAXCONNECTS, (long)o->max_connections)) ||
        /* Of bodies that share a connection the server sends which it likes: nothing here could
         * make their shares of a limited rate equal. */
        (o->limit_rate > 0 && curl_multi_setopt(m->handle, CURLMOPT_MAX_CONCURRENT_STREAMS, 1L))) {
        return err_plain(ERR_NOMEM);
    }
    /* Made at once, so that what libcurl refuses is known before anything starts. */
    e = easy__get(m, &first);
    if (!e) {
        easy__put(first);
    }
    return e;
}

struct err *multi_new(
    struct loop *l, const struct net_options *options, struct multi *with, struct multi **out)
{
    *out = NULL;
    struct multi *m = mem_new(sizeof(*m));
    struct sockets *sockets = sockets__new();
    if (!m || !sockets) {
        free(m);
        sockets__free(sockets);
        return err_plain(ERR_NOMEM);
    }
    m->loop = l;
    m->options = options;
    m->sockets = sockets;
    m->due = -1;
    m->share = with ? with->share : NULL;
    m->share_borrowed = with != NULL;
    list_init(&m->transfers);
    list_init(&m->paused);
    handle_init(&m->act, multi__act, m);
    timer_init(&m->timer, multi__on_timer, m);
    timer_init(&m->limit_timer, multi__on_limit, m);
    multi__now(m);
    struct err *e = set_up(m);
    if (e) {
        err_unref(multi_close(m));
        multi_free(m);
        return e;
    }
    *out = m;
    return NULL;
}

struct err *multi_close(struct multi *m)
{
    struct err *e = NULL;
    struct easy *easy;
    if (!m) {
        return NULL;
    }
    while (!list_empty(&m->transfers)) {
        struct transfer *t = container_of(m->transfers.next, struct transfer, node);
        if (loop_debug(m->loop)) {
            loop_call_exception_handler(
                m->loop, "Transfer was never closed", NULL, url_public(t->rq->url));
        }
        transfer__end(t, err_plain(ERR_CANCELLED));
    }
    if (m->share && !m->share_borrowed && m->handle && m->options->cookie_jar) {
        e = share__write_jar(m->share, m->options->cookie_jar);
    }
    m->inside++;
    while ((easy = m->idle)) {
        m->idle = easy->next;
        easy__free(easy);
    }
    curl_multi_cleanup(m->handle);
    m->inside--;
    m->handle = NULL;
    if (!m->share_borrowed) {
        share__free(m->share);
    }
    m->share = NULL;
    handle_cancel(&m->act);
    timer_stop(&m->timer);
    timer_stop(&m->limit_timer);
    return e;
}

void multi_free(struct multi *m)
{
    if (!m) {
        return;
    }
    err_unref(multi_close(m));
    sockets__free(m->sockets);
    curl_slist_free_all(m->connect_to);
    free(m->protocols);
    free(m);
}
