/* SPDX-License-Identifier: MIT */
/*
 * Asking for the rest of a file, and judging what comes (trust.md, Resume; RFC 9110 13.1.5, 14).
 * Pure decisions: nothing here touches network or disk.
 */
#ifndef FETCH_RESUME_H
#define FETCH_RESUME_H

#include "net/reply.h"
#include "store/sink.h"

enum resume_how {
    RESUME_NOT,       /* from the start */
    RESUME_IF_RANGE,  /* Range + If-Range: a strong ETag, or a date old enough */
    RESUME_IF_MATCH,  /* Range + If-Match: the ETag stayed, yet If-Range gave the whole */
    RESUME_UNCHECKED, /* Range alone: --resume-unsafe */
};

struct resume {
    enum resume_how how;
    int64_t from;          /* the first byte asked for */
    const char *validator; /* borrowed from the sink: for If-Range or If-Match */
    bool sized;            /* a reply that does not tell the total is of no use */
};

/* What can be asked, `have` bytes of version v being there. same_url: false if what is there was
 * fetched under another URL or key: then only a strong ETag will do. */
struct resume resume_plan(const struct validators *v, int64_t have, bool same_url, bool unsafe);

enum resume_verdict {
    RESUME_TAKE,       /* the body's bytes go to *offset */
    RESUME_ASK_MATCH,  /* 200 although the ETag is the same: ask again with If-Match */
    RESUME_START_OVER, /* not to be used: ask again from the start */
};

/* What to make of a success in reply to a request planned so; v: as at the plan. Of a 206 that is
 * taken only the bytes up to the end that its Content-Range names are to be used. */
enum resume_verdict resume_judge(
    const struct resume *plan, const struct validators *v, const struct reply *r, int64_t *offset);

/* Whether a 206 is of the bytes that the user asked for ("0-499", "500-", "-500"); of several
 * ("0-0,5-9") there is no telling. *length: how many bytes its body has, -1 if that is not said. */
bool resume_is_range(const char *range, const struct reply *r, int64_t *length);

/* Whether a 416 says that the `have` bytes of version v are all there are. */
bool resume_complete(const struct validators *v, int64_t have, const struct reply *r);

/* Reads "bytes a-b/total" (total -1 for '*'); false if it is anything else or makes no sense. */
bool resume_content_range(const char *text, int64_t *first, int64_t *last, int64_t *total);

/* The version that a reply describes; strings are borrowed from the reply. plain: false if its
 * bytes are not the resource's own (decoded here, or a range somebody asked for): nothing can be
 * added to them later, so no validator is given. */
struct validators resume_version(const struct reply *r, bool plain);

#endif
