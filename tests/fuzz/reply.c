/* SPDX-License-Identifier: MIT */
/* Header blocks, line by line: what comes out makes sense, and trailers change nothing. */
#include "fuzz.h"
#include "net/reply_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* nul: there is one in some line; then a text ends where it may. */
static void check_sense(const struct reply *r, bool nul)
{
    FUZZ_CHECK(r->status >= 0 && r->status <= 9999);
    FUZZ_CHECK(r->content_length >= -1);
    FUZZ_CHECK(isfinite(r->retry_after) && (r->retry_after >= 0 || r->retry_after == -1));
    FUZZ_CHECK(r->date >= -1 && r->modified >= -1);
    const char *texts[] = {r->content_type, r->etag, r->last_modified, r->location,
        r->content_range, r->content_encoding, r->content_disposition};
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        size_t n = texts[i] && !nul ? strlen(texts[i]) : 0;
        FUZZ_CHECK(n == 0 || !strchr(" \t", texts[i][0]));
        FUZZ_CHECK(n == 0 || !strchr(" \t\r\n", texts[i][n - 1]));
    }
}

/* Feeds what is left line by line, each in memory of its own size; true where the block ended. */
static bool feed(struct reply_box *b, const uint8_t **data, size_t *size, bool nul)
{
    bool ended = false;
    while (*size > 0 && !ended) {
        const uint8_t *newline = memchr(*data, '\n', *size);
        size_t n = newline ? (size_t)(newline - *data) + 1 : *size;
        char *line = malloc(n);
        if (!line) {
            abort();
        }
        memcpy(line, *data, n);
        struct err *e = reply__line(b, line, n, &ended);
        free(line);
        *data += n;
        *size -= n;
        if (e) {
            fuzz_refused(e, ERR_NETWORK);
            return false;
        }
        check_sense(&b->r, nul);
    }
    return ended;
}

FUZZ_TARGET(reply)
{
    struct reply_box *b = reply__new();
    bool nul = size > 0 && memchr(data, '\0', size);
    if (feed(b, &data, &size, nul)) {
        FUZZ_CHECK(b->done && !b->open);
        FUZZ_CHECK(b->r.status < 100 || b->r.status >= 200);
        FUZZ_CHECK(!b->chunked || b->r.content_length == -1);
        FUZZ_CHECK(b->r.content_length < 0 || b->r.length_known);
        struct reply before = b->r;
        feed(b, &data, &size, nul);
        FUZZ_CHECK(before.status == b->r.status && before.etag == b->r.etag);
        FUZZ_CHECK(before.content_length == b->r.content_length);
        FUZZ_CHECK(before.length_known == b->r.length_known && before.date == b->r.date);
        FUZZ_CHECK(size == 0);
    }
    reply_free(reply__ref(b));
    reply_free(&b->r);
    return 0;
}
