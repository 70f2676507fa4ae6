/* SPDX-License-Identifier: MIT */
/* gzip and deflate, as streams of chunks. */
#include "base/gunzip.h"

#include "base/alloc.h"

#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

/* The largest window; and a gzip header, zlib's, or none. */
enum { GZIP_WINDOW = 15 + 16, ZLIB_WINDOW = 15, BARE_WINDOW = -15 };

struct gunzip {
    z_stream z;
    enum gunzip_form form;
    bool inside; /* a member has begun and not ended */
    bool ended;  /* one has */
};

struct gunzip *gunzip_new(enum gunzip_form form)
{
    struct gunzip *g = mem_new(sizeof(*g));
    if (g && inflateInit2(&g->z, GZIP_WINDOW) != Z_OK) {
        free(g);
        g = NULL;
    }
    if (g) {
        g->form = form;
    }
    return g;
}

void gunzip_free(struct gunzip *g)
{
    if (g) {
        inflateEnd(&g->z);
        free(g);
    }
}

bool gunzip_magic(const char *bytes, size_t n)
{
    return n >= 2 && bytes[0] == '\x1f' && bytes[1] == '\x8b';
}

bool gunzip_complete(const struct gunzip *g)
{
    return !g->inside;
}

static void skip_padding(const char **in, size_t *n)
{
    while (*n > 0 && **in == '\0') {
        (*in)++;
        (*n)--;
    }
}

/* A member that begins with this byte; false: none does, or may. */
static bool begin(struct gunzip *g, char first)
{
    int window = GZIP_WINDOW;
    if (g->form == GUNZIP_GZIP) {
        g->inside = first == '\x1f';
    } else {
        /* a block without a header begins otherwise, unless its padding is not zero */
        window = ((unsigned char)first & 0x0f) == Z_DEFLATED ? ZLIB_WINDOW : BARE_WINDOW;
        g->inside = !g->ended;
    }
    return g->inside && inflateReset2(&g->z, window) == Z_OK;
}

bool gunzip_run(struct gunzip *g, const char **in, size_t *n, char *out, size_t room, size_t *got)
{
    z_stream *z = &g->z;
    *got = 0;
    while (*got == 0) {
        if (!g->inside) {
            if (g->form == GUNZIP_GZIP) {
                skip_padding(in, n);
            }
            if (*n == 0) {
                return true;
            }
            if (!begin(g, **in)) {
                return false;
            }
        }
        uInt have = *n > UINT_MAX ? UINT_MAX : (uInt)*n;
        uInt space = room > UINT_MAX ? UINT_MAX : (uInt)room;
        z->next_in = (Bytef *)*in;
        z->avail_in = have;
        z->next_out = (Bytef *)out;
        z->avail_out = space;
        int rc = inflate(z, Z_NO_FLUSH);
        *in += have - z->avail_in;
        *n -= have - z->avail_in;
        *got = space - z->avail_out;
        if (rc == Z_STREAM_END) {
            g->inside = false;
            g->ended = true;
        } else if (rc != Z_OK && rc != Z_BUF_ERROR) {
            return false;
        } else if (*got == 0 && *n == 0) {
            return true;
        }
    }
    return true;
}
