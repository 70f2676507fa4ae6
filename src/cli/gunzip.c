/* SPDX-License-Identifier: MIT */
/* gzip, as a stream of chunks. */
#include "cli/gunzip.h"

#include "base/alloc.h"

#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

enum { GZIP_WINDOW = 15 + 16 }; /* the largest window; a gzip header, no other */

struct gunzip {
    z_stream z;
    bool inside; /* a member has begun and not ended */
};

struct gunzip *gunzip_new(void)
{
    struct gunzip *g = mem_new(sizeof(*g));
    if (g && inflateInit2(&g->z, GZIP_WINDOW) != Z_OK) {
        free(g);
        g = NULL;
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

bool gunzip_run(struct gunzip *g, const char **in, size_t *n, char *out, size_t room, size_t *got)
{
    z_stream *z = &g->z;
    *got = 0;
    while (*got == 0) {
        if (!g->inside) {
            skip_padding(in, n);
            if (*n == 0) {
                return true;
            }
            if (**in != '\x1f' || inflateReset(z) != Z_OK) {
                return false;
            }
            g->inside = true;
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
        } else if (rc != Z_OK && rc != Z_BUF_ERROR) {
            return false;
        } else if (*got == 0 && *n == 0) {
            return true;
        }
    }
    return true;
}
