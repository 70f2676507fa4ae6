/* SPDX-License-Identifier: MIT */
#include "fetch/resume.h"

#include "base/text.h"

#include <string.h>
#include <strings.h>

static bool strong_etag(const char *etag)
{
    return etag && etag[0] == '"';
}

struct resume resume_plan(const struct validators *v, int64_t have, bool same_url, bool unsafe)
{
    const struct resume none = {.how = RESUME_NOT};
    const bool strong = validators_resumable(v);

    if (have <= 0 || v->decoded) {
        return none;
    }
    if (strong && v->etag && (same_url || v->total >= 0)) {
        return (struct resume){RESUME_IF_RANGE, have, v->etag, !same_url};
    }
    if (strong && !v->etag && same_url) {
        return (struct resume){RESUME_IF_RANGE, have, v->last_modified, false};
    }
    if (same_url && unsafe) {
        return (struct resume){RESUME_UNCHECKED, have, NULL, false};
    }
    return none;
}

/* A run of digits; false if there is none or it overflows. */
static bool number(const char **at, int64_t *out)
{
    const char *p = *at;
    int64_t n = 0;

    if (*p < '0' || *p > '9') {
        return false;
    }
    for (; *p >= '0' && *p <= '9'; p++) {
        if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, *p - '0', &n)) {
            return false;
        }
    }
    *at = p;
    *out = n;
    return true;
}

bool resume_content_range(const char *text, int64_t *first, int64_t *last, int64_t *total)
{
    if (!text || strncasecmp(text, "bytes", 5) != 0 || (text[5] != ' ' && text[5] != '\t')) {
        return false;
    }
    text += 5 + strspn(text + 5, " \t");
    if (!number(&text, first) || *text++ != '-' || !number(&text, last) || *text++ != '/') {
        return false;
    }
    if (*text == '*') {
        *total = -1;
        text++;
    } else if (!number(&text, total)) {
        return false;
    }
    return text[strspn(text, " \t")] == '\0' && *first <= *last && (*total < 0 || *last < *total);
}

/* Also without a condition a reply that says it is another version is believed. */
static bool same_version(const struct validators *v, const struct reply *r)
{
    return (!v->etag || !r->etag || text_same(v->etag, r->etag)) &&
           (v->etag || !v->last_modified || !r->last_modified ||
               text_same(v->last_modified, r->last_modified));
}

/* A server that ignores the condition sends a range of whatever it has by now. One that honours it
 * shows the validator: RFC 9110 15.3.7 asks for the ETag, and all known ones send the date, too. */
static bool shows_version(
    const struct resume *plan, const struct validators *v, const struct reply *r)
{
    if (plan->how == RESUME_UNCHECKED) {
        return same_version(v, r);
    }
    return v->etag ? text_same(v->etag, r->etag) : text_same(v->last_modified, r->last_modified);
}

/* Several ranges in one body have their Content-Range within it. */
static bool multipart(const struct reply *r)
{
    static const char type[] = "multipart/byteranges";

    return r->content_type && strncasecmp(r->content_type, type, sizeof type - 1) == 0;
}

static bool range_fits(const struct resume *plan, const struct validators *v, const struct reply *r)
{
    int64_t first, last, total;

    if (!resume_content_range(r->content_range, &first, &last, &total) ||
        (total < 0 && plan->sized) || multipart(r) ||
        (r->content_length >= 0 && r->content_length != last - first + 1)) {
        return false;
    }
    return first == plan->from && (v->total < 0 || total < 0 || total == v->total) &&
           (v->total < 0 || last < v->total) && text_same(v->coding, r->content_encoding) &&
           shows_version(plan, v, r);
}

enum resume_verdict resume_judge(
    const struct resume *plan, const struct validators *v, const struct reply *r, int64_t *offset)
{
    if (r->status == 206) {
        *offset = plan->from;
        return plan->how != RESUME_NOT && range_fits(plan, v, r) ? RESUME_TAKE : RESUME_START_OVER;
    }
    *offset = 0;
    if (plan->how != RESUME_NOT && r->status != 200 && r->status != 203) {
        return RESUME_START_OVER; /* no content, or not the file's */
    }
    if (plan->how == RESUME_IF_RANGE && strong_etag(v->etag) && text_same(v->etag, r->etag)) {
        return RESUME_ASK_MATCH;
    }
    return RESUME_TAKE;
}

static bool is_from(const char *from, int64_t first, int64_t last, int64_t total)
{
    int64_t begin, end = INT64_MAX;

    if (!number(&from, &begin) || *from++ != '-') {
        return false;
    }
    if (*from && (!number(&from, &end) || *from)) {
        return false;
    }
    return first == begin && (last == end || (last < end && (total < 0 || last == total - 1)));
}

static bool is_tail(const char *suffix, int64_t first, int64_t last, int64_t total)
{
    int64_t n;

    if (!number(&suffix, &n) || *suffix) {
        return false;
    }
    return total < 0 ? last - first < n : last == total - 1 && first == (total > n ? total - n : 0);
}

bool resume_is_range(const char *range, const struct reply *r, int64_t *length)
{
    int64_t first, last, total;

    *length = -1;
    if (strchr(range, ',')) {
        return true;
    }
    if (multipart(r) || !resume_content_range(r->content_range, &first, &last, &total)) {
        return false;
    }
    *length = last - first + 1;
    return (r->content_length < 0 || r->content_length == *length) &&
           (*range == '-' ? is_tail(range + 1, first, last, total)
                          : is_from(range, first, last, total));
}

/* Where the size of the version was never told, another version's may happen to be what is there:
 * then its validator has to be shown. */
bool resume_complete(const struct validators *v, int64_t have, const struct reply *r)
{
    const char *slash = r->content_range ? strrchr(r->content_range, '/') : NULL;
    int64_t size;

    if (!slash++ || !number(&slash, &size) || *slash != '\0' || size != have) {
        return false;
    }
    if (v->total < 0) {
        return v->etag ? text_same(v->etag, r->etag)
                       : v->last_modified && text_same(v->last_modified, r->last_modified);
    }
    return have == v->total && (!r->etag || !v->etag || text_same(r->etag, v->etag));
}

struct validators resume_version(const struct reply *r, bool plain)
{
    struct validators v = {.modified = -1, .date = -1, .total = -1, .decoded = true};
    int64_t first, last;

    if (!plain) {
        return v;
    }
    v = (struct validators){
        .etag = r->etag,
        .last_modified = r->last_modified,
        .modified = r->modified,
        .date = r->date,
        .coding = r->content_encoding,
        .total = r->content_length,
    };
    if (r->status == 206 && !resume_content_range(r->content_range, &first, &last, &v.total)) {
        v.total = -1;
    }
    return v;
}
