/* SPDX-License-Identifier: MIT */
/* Records: made and ended. */
#include "fetch/record.h"

#include "base/alloc.h"
#include "fetch/spans.h"

#include <stdlib.h>
#include <string.h>

struct record *record_new(void)
{
    struct record *r = mem_new(sizeof(*r));
    if (r) {
        r->state = RECORD_PENDING;
        r->size = -1;
        r->resumed_at = -1;
        r->segments = 1;
        r->length_known = -1;
        r->timing = (struct record_timing){-1, -1, -1, -1, -1, -1, -1, -1};
    }
    return r;
}

void record_free(void *record)
{
    struct record *r = record;
    if (!r) {
        return;
    }
    free(r->id);
    free(r->url);
    free(r->effective_url);
    free(r->path);
    free(r->content_type);
    free(r->etag);
    free(r->last_modified);
    free(r->remote_ip);
    free(r->checksum);
    free(r->file);
    free(r->body);
    err_unref(r->error);
    spans_free(r->spans);
    free(r);
}

const char *record_state_name(enum record_state s)
{
    switch (s) {
    case RECORD_FINISHED:
        return "finished";
    case RECORD_FAILED:
        return "failed";
    case RECORD_CANCELLED:
        return "cancelled";
    case RECORD_PENDING:
        return "pending";
    case RECORD_SKIPPED:
        return "skipped";
    case RECORD_UNCHANGED:
        return "unchanged";
    }
    return "unknown";
}

bool record_ok(const struct record *r)
{
    return r->state == RECORD_FINISHED || r->state == RECORD_SKIPPED ||
           r->state == RECORD_UNCHANGED;
}

bool record_done(const struct record *r)
{
    return r->state == RECORD_FINISHED ||
           (r->state == RECORD_SKIPPED && r->reason &&
               (strcmp(r->reason, "exists") == 0 || strcmp(r->reason, "verified") == 0));
}
