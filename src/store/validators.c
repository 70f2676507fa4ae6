/* SPDX-License-Identifier: MIT */
/* What one version of a resource is known by. */
#include "base/alloc.h"
#include "base/text.h"
#include "store/sink.h"

#include <stdlib.h>
#include <string.h>

/* A date that was young when it was sent may stand for two versions (RFC 9110 8.8.2.2). */
#define STRONG_AFTER 60

bool validators_resumable(const struct validators *v)
{
    if (v->etag || v->decoded) {
        return !v->decoded && v->etag[0] == '"';
    }
    return v->last_modified && v->modified >= 0 && v->date >= 0 &&
           v->date - v->modified >= STRONG_AFTER;
}

bool validators_same(const struct validators *a, const struct validators *b)
{
    return text_same(a->etag, b->etag) && text_same(a->last_modified, b->last_modified) &&
           text_same(a->coding, b->coding) && a->total == b->total;
}

void validators_fini(struct validators *v)
{
    free(v->etag);
    free(v->last_modified);
    free(v->coding);
    *v = (struct validators){.modified = -1, .date = -1, .total = -1};
}

struct err *validators_copy(struct validators *to, const struct validators *from)
{
    *to = *from;
    to->etag = mem_dup(from->etag);
    to->last_modified = mem_dup(from->last_modified);
    to->coding = mem_dup(from->coding);
    if ((from->etag && !to->etag) || (from->last_modified && !to->last_modified) ||
        (from->coding && !to->coding)) {
        validators_fini(to);
        return err_plain(ERR_NOMEM);
    }
    return NULL;
}
