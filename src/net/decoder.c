/* SPDX-License-Identifier: MIT */
/* Content-Encoding: the coding that was put on last is taken off first. */
#include "net/decoder.h"

#include "base/alloc.h"
#include "base/gunzip.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LAYERS_MOST = 5, PIECE = 16 * 1024 };

static const char code[] = "CURLE_BAD_CONTENT_ENCODING";

struct layer {
    struct gunzip *gunzip; /* owned */
    char *out;             /* owned: PIECE bytes */
};

struct decoder {
    struct err *unknown; /* owned: why it cannot be decoded */
    unsigned n;
    struct layer layers[LAYERS_MOST]; /* in the order in which they are taken off */
};

void decoder_free(struct decoder *d)
{
    for (unsigned i = 0; d && i < d->n; i++) {
        gunzip_free(d->layers[i].gunzip);
        free(d->layers[i].out);
    }
    if (d) {
        err_unref(d->unknown);
    }
    free(d);
}

static bool is(const char *text, size_t n, const char *name)
{
    return n == strlen(name) && strncasecmp(text, name, n) == 0;
}

static struct err *add_layer(struct decoder *d, const char *name, size_t n)
{
    const bool gzip = is(name, n, "gzip") || is(name, n, "x-gzip");
    if (n == 0 || is(name, n, "identity")) {
        return NULL;
    }
    if (!gzip && !is(name, n, "deflate")) {
        d->unknown = err_new(ERR_NETWORK, code, "the Content-Encoding \"%.*s\" was not asked for",
            (int)(n < 40 ? n : 40), name);
        return NULL;
    }
    if (d->n == LAYERS_MOST) {
        d->unknown = err_new(ERR_NETWORK, code, "more than %d codings in each other", LAYERS_MOST);
        return NULL;
    }
    struct layer *l = &d->layers[d->n++];
    l->gunzip = gunzip_new(gzip ? GUNZIP_GZIP : GUNZIP_DEFLATE);
    l->out = malloc(PIECE);
    return l->gunzip && l->out ? NULL : err_plain(ERR_NOMEM);
}

struct err *decoder_new(const char *codings, struct decoder **out)
{
    const char *end = codings + strlen(codings);
    struct err *e = NULL;
    struct decoder *d = mem_new(sizeof(*d));
    *out = NULL;
    if (!d) {
        return err_plain(ERR_NOMEM);
    }
    while (!e && !d->unknown && end > codings) {
        const char *begin = end;
        while (begin > codings && begin[-1] != ',') {
            begin--;
        }
        const char *name = begin + strspn(begin, " \t");
        size_t n = name < end ? (size_t)(end - name) : 0;
        while (n > 0 && strchr(" \t", name[n - 1])) {
            n--;
        }
        e = add_layer(d, name, n);
        end = begin > codings ? begin - 1 : codings;
    }
    if (e || (d->n == 0 && !d->unknown)) {
        decoder_free(d);
        return e;
    }
    *out = d;
    return NULL;
}

static struct err *run(
    struct decoder *d, unsigned i, const char *bytes, size_t n, decoder_take_fn *take, void *arg)
{
    struct err *e = NULL;
    struct layer *l = &d->layers[i];
    size_t got = 0;
    do {
        if (!gunzip_run(l->gunzip, &bytes, &n, l->out, PIECE, &got)) {
            return err_new(ERR_NETWORK, code, "the body is not what its Content-Encoding says");
        }
        if (got > 0) {
            e = i + 1 < d->n ? run(d, i + 1, l->out, got, take, arg) : take(arg, l->out, got);
        }
    } while (!e && got > 0);
    return e;
}

struct err *decoder_run(
    struct decoder *d, const char *bytes, size_t n, decoder_take_fn *take, void *arg)
{
    return d->unknown ? err_ref(d->unknown) : run(d, 0, bytes, n, take, arg);
}

struct err *decoder_end(const struct decoder *d)
{
    for (unsigned i = 0; i < d->n; i++) {
        if (!gunzip_complete(d->layers[i].gunzip)) {
            return err_new(
                ERR_NETWORK, "CURLE_PARTIAL_FILE", "the compressed body ends before its end");
        }
    }
    return NULL;
}
