/* SPDX-License-Identifier: MIT */
/*
 * The pool of easy handles. A handle keeps the options of the run for good; of a request only what
 * differs from the handle's last one is set, so that reusing a handle costs its URL.
 */
#include "base/alloc.h"
#include "net/private.h"

#include <stdlib.h>

struct err *easy__new(struct multi *m, struct easy **out)
{
    struct easy *e = mem_new(sizeof(*e));
    if (!e) {
        return err_plain(ERR_NOMEM);
    }
    e->m = m;
    e->handle = curl_easy_init();
    e->parts = curl_url();
    struct err *error = e->handle && e->parts ? NULL : err_plain(ERR_NOMEM);
    if (!error) {
        error = easy__apply_options(e);
    }
    if (!error) {
        error = callbacks__install(e);
    }
    if (error) {
        easy__free(e);
        return error;
    }
    *out = e;
    return NULL;
}

struct err *easy__get(struct multi *m, struct easy **out)
{
    struct easy *e = m->idle;
    if (!e) {
        return easy__new(m, out);
    }
    m->idle = e->next;
    e->next = NULL;
    *out = e;
    return NULL;
}

void easy__put(struct easy *e)
{
    if (e->unknown) {
        easy__free(e);
        return;
    }
    e->t = NULL;
    e->next = e->m->idle;
    e->m->idle = e;
}

void easy__free(struct easy *e)
{
    if (e) {
        curl_easy_cleanup(e->handle);
        curl_slist_free_all(e->headers);
        curl_url_cleanup(e->parts);
        free(e->head);
        free(e);
    }
}
