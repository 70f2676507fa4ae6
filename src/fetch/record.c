/* SPDX-License-Identifier: MIT */
/* Records: made and ended. */
#include "fetch/record.h"

#include "base/alloc.h"
#include "fetch/spans.h"
#include "net/reply.h"
#include "net/url.h"

#include <stdlib.h>
#include <string.h>

void record_init(struct record *r)
{
    *r = (struct record){
        .state = RECORD_PENDING,
        .size = -1,
        .resumed_at = -1,
        .segments = 1,
        .length_known = -1,
        .timing = {-1, -1, -1, -1, -1, -1, -1, -1},
    };
}

struct record *record_new(void)
{
    struct record *r = malloc(sizeof(*r));
    if (r) {
        record_init(r);
    }
    return r;
}

void record_fini(struct record *r)
{
    url_free(r->at);
    free(r->path);
    free(r->said);
    free(r->checksum);
    free(r->body);
    err_unref(r->error);
    spans_free(r->spans);
}

void record_free(void *record)
{
    if (record) {
        record_fini(record);
        free(record);
    }
}

static size_t room_for(const char *text)
{
    return text ? strlen(text) + 1 : 0;
}

/* The copy of a text, which goes to *at. */
static const char *put(char **at, const char *text)
{
    const char *copy = *at;

    if (!text || !copy) {
        return NULL;
    }
    *at = stpcpy(*at, text) + 1;
    return copy;
}

void record_take_reply(struct record *r, const struct reply *reply)
{
    const size_t room =
        room_for(reply->content_type) + room_for(reply->etag) + room_for(reply->last_modified);
    char *at = room ? malloc(room) : NULL;

    r->status = reply->status;
    r->http_version = reply->version;
    r->length_known = reply->length_known;
    free(r->said);
    r->said = at;
    r->content_type = put(&at, reply->content_type);
    r->etag = put(&at, reply->etag);
    r->last_modified = put(&at, reply->last_modified);
}

char *record_effective_url(const struct record *r)
{
    return r->at ? url_redact(url_text(r->at)) : NULL;
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
