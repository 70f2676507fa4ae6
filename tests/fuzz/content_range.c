/* SPDX-License-Identifier: MIT */
/*
 * Content-Range and what is made of it: a range that makes sense or none, and bytes of a reply are
 * only ever put where the reply says they belong, of the version that is there.
 *
 * Parts: Content-Range; ETag, date and coding of what is there; the same of the reply. The first
 * byte holds flags, the second how much is there.
 */
#include "fetch/resume.h"
#include "fuzz.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool check_range(const char *text, int64_t *first, int64_t *last, int64_t *total)
{
    char again[128];
    int64_t f = -7, l = -7, t = -7;
    if (!resume_content_range(text, first, last, total)) {
        return false;
    }
    FUZZ_CHECK(*first >= 0 && *first <= *last);
    FUZZ_CHECK(*total == -1 || *last < *total);
    int n = snprintf(again, sizeof(again), "bytes %" PRId64 "-%" PRId64 "/", *first, *last);
    if (*total < 0) {
        again[n++] = '*';
        again[n] = '\0';
    } else {
        snprintf(again + n, sizeof(again) - (size_t)n, "%" PRId64, *total);
    }
    FUZZ_CHECK(resume_content_range(again, &f, &l, &t));
    FUZZ_CHECK(f == *first && l == *last && t == *total);
    return true;
}

static char *some(const char *s)
{
    union {
        const char *in;
        char *out;
    } borrowed = {s};
    return *s ? borrowed.out : NULL;
}

static void check_plan(
    const struct resume *plan, const struct validators *v, int64_t have, bool same_url, bool unsafe)
{
    bool strong = v->etag && v->etag[0] == '"';
    if (plan->how == RESUME_NOT) {
        return;
    }
    FUZZ_CHECK(have > 0 && plan->from == have);
    FUZZ_CHECK(same_url || strong);
    if (plan->how == RESUME_IF_RANGE) {
        FUZZ_CHECK(plan->validator == v->etag || plan->validator == v->last_modified);
        FUZZ_CHECK(plan->validator && (plan->validator != v->etag || strong));
        /* RFC 9110 13.1.5: a date may not be sent where there is an ETag */
        FUZZ_CHECK(strong || (!v->etag && v->date - v->modified >= 60));
    } else {
        FUZZ_CHECK(plan->how == RESUME_UNCHECKED && unsafe && !strong);
    }
}

static void check_taken(
    const struct resume *plan, const struct validators *v, const struct reply *r, int64_t offset)
{
    int64_t first, last, total;
    if (r->status != 206) {
        FUZZ_CHECK(offset == 0);
        return;
    }
    FUZZ_CHECK(plan->how != RESUME_NOT);
    FUZZ_CHECK(check_range(r->content_range, &first, &last, &total));
    FUZZ_CHECK(offset == first && offset == plan->from);
    FUZZ_CHECK(v->total < 0 || total < 0 || total == v->total);
    FUZZ_CHECK(v->total < 0 || last < v->total);
    FUZZ_CHECK(fuzz_same(v->coding, r->content_encoding));
    FUZZ_CHECK(!v->etag || !r->etag || fuzz_same(v->etag, r->etag));
}

FUZZ_TARGET(content_range)
{
    uint8_t flags = size > 0 ? data[0] : 0, amount = size > 1 ? data[1] : 0;
    struct fuzz_parts p;
    fuzz_split(&p, data + (size > 2 ? 2 : size), size > 2 ? size - 2 : 0);
    int64_t first, last, total;
    check_range(p.part[0], &first, &last, &total);

    struct validators v = {
        .etag = some(p.part[1]),
        .last_modified = some(p.part[2]),
        .modified = flags & 1 ? 1000 : -1,
        .date = flags & 2 ? 1000 + amount : -1,
        .coding = some(p.part[3]),
        .total = flags & 4 ? 200 : -1,
    };
    struct reply r = {.status = flags & 8 ? 206 : 200,
        .content_range = some(p.part[0]),
        .etag = some(p.part[4]),
        .last_modified = some(p.part[5]),
        .content_encoding = some(p.part[6]),
        .content_length = -1,
        .modified = -1,
        .date = -1};
    bool same_url = flags & 16, unsafe = flags & 32;
    struct resume plan = resume_plan(&v, amount, same_url, unsafe);
    check_plan(&plan, &v, amount, same_url, unsafe);
    int64_t offset = -7;
    switch (resume_judge(&plan, &v, &r, &offset)) {
    case RESUME_TAKE:
        check_taken(&plan, &v, &r, offset);
        break;
    case RESUME_ASK_MATCH:
        FUZZ_CHECK(plan.how == RESUME_IF_RANGE && fuzz_same(v.etag, r.etag) && r.status == 200);
        break;
    case RESUME_START_OVER:
        FUZZ_CHECK(r.status == 206);
    }
    struct validators version = resume_version(&r, !(flags & 64));
    FUZZ_CHECK(!(flags & 64) || (!version.etag && !version.last_modified && version.total == -1));
    FUZZ_CHECK(version.total >= -1);
    fuzz_split_fini(&p);
    return 0;
}
