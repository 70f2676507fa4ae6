/* SPDX-License-Identifier: MIT */
/*
 * Header blocks. A block begins with a status line and ends with an empty one; an interim one
 * (1xx) is forgotten when it ends, and what follows the final one are trailers, which say nothing.
 */
#include "base/alloc.h"
#include "net/reply_private.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct field { /* a header line taken apart; not terminated */
    const char *name, *value;
    size_t name_len, value_len;
};

struct item { /* of a field that is a list; not terminated */
    const char *text;
    size_t len;
};

static void drop_string(struct reply_box *b, char **s)
{
    if (*s && (*s < b->arena || *s >= b->arena + REPLY_ARENA)) {
        free(*s);
    }
    *s = NULL;
}

static void forget(struct reply_box *b)
{
    struct reply *r = &b->r;
    char **strings[] = {&r->content_type, &r->etag, &r->last_modified, &r->location,
        &r->content_range, &r->content_encoding, &r->content_disposition};
    for (size_t i = 0; i < sizeof(strings) / sizeof(*strings); i++) {
        drop_string(b, strings[i]);
    }
    r->status = 0;
    r->version = NULL;
    r->content_length = -1;
    r->accept_ranges = r->length_known = false;
    r->retry_after = -1;
    r->date = r->modified = -1;
    b->open = b->chunked = false;
    b->retry_at = -1;
    b->used = 0;
}

struct reply_box *reply__new(void)
{
    struct reply_box *b = malloc(sizeof(*b));
    if (!b) {
        return NULL;
    }
    memset(b, 0, offsetof(struct reply_box, arena));
    b->refs = 1;
    forget(b);
    b->r.timing = (struct reply_timing){-1, -1, -1, -1, -1};
    return b;
}

struct reply_box *reply__ref(struct reply_box *b)
{
    __atomic_fetch_add(&b->refs, 1, __ATOMIC_RELAXED);
    return b;
}

void reply_free(void *reply)
{
    struct reply_box *b = reply;
    if (b && __atomic_sub_fetch(&b->refs, 1, __ATOMIC_ACQ_REL) == 0) {
        forget(b);
        free(b);
    }
}

/* Of a header that comes twice the first is kept. */
static struct err *keep(struct reply_box *b, char **to, const struct field *f)
{
    if (*to) {
        return NULL;
    }
    if (f->value_len < REPLY_ARENA - b->used) {
        *to = b->arena + b->used;
        b->used += f->value_len + 1;
    } else {
        *to = malloc(f->value_len + 1);
        if (!*to) {
            return err_plain(ERR_NOMEM);
        }
    }
    memcpy(*to, f->value, f->value_len);
    (*to)[f->value_len] = '\0';
    return NULL;
}

/* Digits and nothing else, up to INT64_MAX; -1 if not. */
static int64_t number(const char *s, size_t n)
{
    int64_t v = 0;
    if (n == 0) {
        return -1;
    }
    for (size_t i = 0; i < n; i++) {
        if (s[i] < '0' || s[i] > '9' || v > (INT64_MAX - (s[i] - '0')) / 10) {
            return -1;
        }
        v = v * 10 + (s[i] - '0');
    }
    return v;
}

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

static void trim(const char **s, size_t *n)
{
    while (*n && blank(**s)) {
        ++*s;
        --*n;
    }
    while (*n && (blank((*s)[*n - 1]) || (*s)[*n - 1] == '\r' || (*s)[*n - 1] == '\n')) {
        --*n;
    }
}

/* The next item of a list ("a, b"), which may be empty; false behind the last. *at: NULL at first.
 */
static bool next_item(const struct field *f, const char **at, struct item *item)
{
    const char *end = f->value + f->value_len;
    const char *s = *at ? *at : f->value;
    if (s > end) {
        return false;
    }
    const char *comma = memchr(s, ',', (size_t)(end - s));
    *item = (struct item){s, (size_t)((comma ? comma : end) - s)};
    *at = s + item->len + 1;
    trim(&item->text, &item->len);
    return true;
}

static bool item_is(const struct item *item, const char *name)
{
    return item->len == strlen(name) && strncasecmp(item->text, name, item->len) == 0;
}

/* RFC 9110 8.6: equal values in a list or in several lines are one; anything else is an attempt to
 * have two readers see two bodies. */
static struct err *content_length(struct reply *r, const struct field *f)
{
    const char *at = NULL;
    struct item item;
    while (next_item(f, &at, &item)) {
        int64_t v = number(item.text, item.len);
        if (v < 0) {
            return err_new(
                ERR_NETWORK, "CURLE_WEIRD_SERVER_REPLY", "the Content-Length is not a length");
        }
        if (r->content_length >= 0 && r->content_length != v) {
            return err_new(
                ERR_NETWORK, "CURLE_WEIRD_SERVER_REPLY", "differing Content-Length values");
        }
        r->content_length = v;
    }
    return NULL;
}

static bool has_token(const struct field *f, const char *token)
{
    const char *at = NULL;
    struct item item;
    while (next_item(f, &at, &item)) {
        if (item_is(&item, token)) {
            return true;
        }
    }
    return false;
}

/* Several lines are one list (RFC 9110 5.3). */
static struct err *content_encoding(struct reply_box *b, const struct field *f)
{
    char **to = &b->r.content_encoding, *first = *to;
    if (!first) {
        return keep(b, to, f);
    }
    size_t n = strlen(first);
    char *both = malloc(n + 2 + f->value_len + 1);
    if (!both) {
        return err_plain(ERR_NOMEM);
    }
    memcpy(stpcpy(stpcpy(both, first), ", "), f->value, f->value_len);
    both[n + 2 + f->value_len] = '\0';
    drop_string(b, to);
    *to = both;
    return NULL;
}

/* None but chunked was asked for, and that is once around everything (RFC 9112 6.1, 7): libcurl
 * takes off others without a look at where they end. */
static struct err *transfer_encoding(struct reply_box *b, const struct field *f)
{
    const char *at = NULL;
    struct item item;
    while (next_item(f, &at, &item)) {
        const bool chunked = item_is(&item, "chunked");
        if (chunked ? b->chunked : item.len > 0 && !item_is(&item, "identity")) {
            return err_new(ERR_NETWORK, "CURLE_BAD_CONTENT_ENCODING",
                "a Transfer-Encoding that was not asked for");
        }
        b->chunked |= chunked;
    }
    return NULL;
}

static bool is(const struct field *f, const char *name, size_t n)
{
    return f->name_len == n && strncasecmp(f->name, name, n) == 0;
}

#define IS(f, name) is((f), (name), sizeof(name) - 1)

static void retry_after(struct reply_box *b, const struct field *f)
{
    int64_t seconds = number(f->value, f->value_len);
    if (seconds >= 0) {
        b->r.retry_after = (double)seconds;
    } else {
        b->retry_at = reply__date(f->value, f->value_len);
    }
}

static struct err *content_field(struct reply_box *b, const struct field *f)
{
    struct reply *r = &b->r;
    if (IS(f, "Content-Length")) {
        return content_length(r, f);
    }
    if (IS(f, "Content-Type")) {
        return keep(b, &r->content_type, f);
    }
    if (IS(f, "Content-Range")) {
        return keep(b, &r->content_range, f);
    }
    if (IS(f, "Content-Encoding")) {
        return content_encoding(b, f);
    }
    if (IS(f, "Content-Disposition")) {
        return keep(b, &r->content_disposition, f);
    }
    return NULL;
}

static struct err *field(struct reply_box *b, const struct field *f)
{
    struct reply *r = &b->r;
    switch (f->name[0] | 0x20) {
    case 'a':
        r->accept_ranges |= IS(f, "Accept-Ranges") && has_token(f, "bytes");
        return NULL;
    case 'c':
        return content_field(b, f);
    case 'd':
        if (IS(f, "Date")) {
            r->date = reply__date(f->value, f->value_len);
        }
        return NULL;
    case 'e':
        return IS(f, "ETag") ? keep(b, &r->etag, f) : NULL;
    case 'l':
        if (IS(f, "Last-Modified")) {
            r->modified = reply__date(f->value, f->value_len);
            return keep(b, &r->last_modified, f);
        }
        return IS(f, "Location") && f->value_len > 0 ? keep(b, &r->location, f) : NULL;
    case 'r':
        if (IS(f, "Retry-After")) {
            retry_after(b, f);
        }
        return NULL;
    case 't':
        return IS(f, "Transfer-Encoding") ? transfer_encoding(b, f) : NULL;
    default:
        return NULL;
    }
}

static void status_line(struct reply_box *b, const char *line, size_t n)
{
    static const struct {
        const char *text, *version;
    } versions[] = {{"1.1 ", "1.1"}, {"2 ", "2"}, {"3 ", "3"}, {"1.0 ", "1.0"}};
    forget(b);
    b->open = true;
    line += 5;
    n -= 5;
    for (size_t i = 0; i < sizeof(versions) / sizeof(*versions); i++) {
        size_t len = strlen(versions[i].text);
        if (n >= len && strncmp(line, versions[i].text, len) == 0) {
            b->r.version = versions[i].version;
        }
    }
    const char *space = memchr(line, ' ', n);
    const char *s = space ? space + 1 : line + n;
    while (s < line + n && *s >= '0' && *s <= '9' && b->r.status < 1000) {
        b->r.status = b->r.status * 10 + (*s++ - '0');
    }
}

static void block_ends(struct reply_box *b, bool *ended)
{
    struct reply *r = &b->r;
    if (r->status >= 100 && r->status < 200) {
        forget(b);
        return;
    }
    b->open = false;
    b->done = *ended = true;
    if (b->chunked) {
        r->content_length = -1;
    }
    if (b->retry_at >= 0 && r->retry_after < 0) {
        /* The server's own clock, where it shows it, so that ours need not be right. */
        time_t now = r->date >= 0 ? r->date : time(NULL);
        r->retry_after = b->retry_at > now ? (double)(b->retry_at - now) : 0;
    }
    /* HTTP/2 has an end of its own, but libcurl (7.88) takes a stream that was reset without an
     * error, or that nghttp2 gave up with its connection, for one that came to it. */
    r->length_known = r->content_length >= 0 || b->chunked || r->status == 204 || r->status == 304;
}

/* Where the body ends has to be said in a way that every reader understands alike: neither in a
 * line that goes on in the next one, nor with blanks before the colon (RFC 9112 5.1, 5.2). */
static struct err *odd_length(void)
{
    return err_new(
        ERR_NETWORK, "CURLE_WEIRD_SERVER_REPLY", "the length of the body is said in an odd way");
}

struct err *reply__line(struct reply_box *b, const char *line, size_t n, bool *ended)
{
    *ended = false;
    if (b->done) {
        return NULL;
    }
    if (!b->open) {
        if (n > 5 && strncmp(line, "HTTP/", 5) == 0) {
            status_line(b, line, n);
        }
        return NULL;
    }
    if (n == 0 || line[0] == '\r' || line[0] == '\n') {
        block_ends(b, ended);
        return NULL;
    }
    if (blank(line[0])) { /* the last line goes on */
        return b->framing ? odd_length() : NULL;
    }
    const char *colon = memchr(line, ':', n);
    if (!colon || colon == line) {
        return NULL;
    }
    struct field f = {line, colon + 1, (size_t)(colon - line), n - (size_t)(colon - line) - 1};
    trim(&f.value, &f.value_len);
    trim(&f.name, &f.name_len);
    b->framing = IS(&f, "Content-Length") || IS(&f, "Transfer-Encoding");
    if (blank(colon[-1])) {
        return b->framing ? odd_length() : NULL;
    }
    return field(b, &f);
}
