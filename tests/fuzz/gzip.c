/* SPDX-License-Identifier: MIT */
/*
 * gzip: however the bytes arrive the same ones come out, never more than there is room for; what
 * was packed here comes back.
 */
#include "base/buf.h"
#include "base/gunzip.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { MOST = 1 << 20 }; /* of a bomb no more is looked at */

struct outcome {
    bool good, complete;
};

static struct outcome unpack(
    const char *bytes, size_t size, size_t piece, size_t room, struct buf *out)
{
    struct outcome o = {.good = true};
    struct gunzip *g = gunzip_new(GUNZIP_GZIP);
    char *space = malloc(room);
    for (size_t at = 0; at < size && o.good && out->len < MOST;) {
        const char *in = bytes + at;
        size_t n = piece < size - at ? piece : size - at, got = 0;
        at += n;
        do {
            o.good = gunzip_run(g, &in, &n, space, room, &got);
            FUZZ_CHECK(got <= room);
            buf_add(out, space, got);
        } while (o.good && got > 0 && out->len < MOST);
        FUZZ_CHECK(!o.good || n == 0 || out->len >= MOST);
    }
    o.complete = gunzip_complete(g);
    gunzip_free(g);
    free(space);
    return o;
}

static void check_comes_back(const uint8_t *data, size_t size)
{
    z_stream z = {0};
    struct buf out = BUF_INIT;
    if (deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        abort();
    }
    size_t room = deflateBound(&z, size) + 32;
    char *packed = malloc(room);
    z.next_in = (z_const Bytef *)data;
    z.avail_in = (uInt)size;
    z.next_out = (Bytef *)packed;
    z.avail_out = (uInt)room;
    FUZZ_CHECK(deflate(&z, Z_FINISH) == Z_STREAM_END);
    FUZZ_CHECK(gunzip_magic(packed, z.total_out));
    struct outcome o = unpack(packed, z.total_out, 3, 7, &out);
    FUZZ_CHECK(o.good && o.complete && out.len == size);
    FUZZ_CHECK(size == 0 || memcmp(out.data, data, size) == 0);
    deflateEnd(&z);
    free(packed);
    buf_fini(&out);
}

FUZZ_TARGET(gzip)
{
    char *text = fuzz_text(data, size);
    struct buf whole = BUF_INIT, pieces = BUF_INIT;
    struct outcome a = unpack(text, size, size ? size : 1, 4096, &whole);
    struct outcome b = unpack(text, size, 1 + size % 3, 1 + size % 97, &pieces);
    if (whole.len < MOST && pieces.len < MOST) {
        FUZZ_CHECK(a.good == b.good && a.complete == b.complete && whole.len == pieces.len);
        FUZZ_CHECK(whole.len == 0 || memcmp(whole.data, pieces.data, whole.len) == 0);
    }
    check_comes_back(data, size < 4096 ? size : 4096);
    buf_fini(&whole);
    buf_fini(&pieces);
    free(text);
    return 0;
}
