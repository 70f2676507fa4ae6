/* SPDX-License-Identifier: MIT */
#include "cli/page_row.h"

#include "base/json_write.h"
#include "cli/printable.h"
#include "fetch/spans.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* So many spans of a download are drawn. */
enum { ROW_SPANS = 256 };

void page_escape(struct buf *b, const char *json)
{
    /* U+2028 and U+2029 end a line in JavaScript: e2 80 a8, e2 80 a9 */
    for (const char *at = json; *at;) {
        const size_t n = strcspn(at, "<>&\xe2");
        buf_add(b, at, n);
        at += n;
        const bool line =
            strncmp(at, "\xe2\x80\xa8", 3) == 0 || strncmp(at, "\xe2\x80\xa9", 3) == 0;
        if (line) {
            buf_addf(b, "\\u20%s", at[2] == '\xa8' ? "28" : "29");
            at += 3;
        } else if (*at == '\xe2') {
            buf_addc(b, *at++);
        } else if (*at) {
            buf_addf(b, "\\u%04x", (unsigned)(unsigned char)*at++);
        }
    }
}

static long long micros(double when, double zero)
{
    return when > zero ? llround((when - zero) * 1e6) : 0;
}

/* [..., error, [leg, end, leg, end, ...]] */
static void add_request(struct buf *b, const struct span *s, double zero)
{
    struct leg legs[LEGS];
    const size_t n = span_legs(s, legs);
    buf_addf(b, ",%u,%u,%d,%d,%d,%lld,%d,", s->lane->row, s->lane->host, s->port, s->kept,
        s->status, (long long)s->received, s->helps);
    json_string(b, s->error);
    for (size_t i = 0; i < n; i++) {
        buf_addf(b, "%s%d,%lld", i > 0 ? "," : ",[", (int)legs[i].kind, micros(legs[i].end, zero));
    }
    buf_addc(b, ']');
}

static void add_spans(struct buf *b, const struct spans *spans, double zero)
{
    const size_t n = !spans ? 0 : spans->n < ROW_SPANS ? spans->n : ROW_SPANS;
    buf_addf(b, "%llu,[", (unsigned long long)(spans ? spans->left_out + spans->n - n : 0));
    for (size_t i = 0; i < n; i++) {
        const struct span *s = &spans->at[i];
        buf_addf(b, "%s[%d,%lld,%lld", i > 0 ? "," : "", (int)s->kind, micros(s->begin, zero),
            micros(s->end, zero));
        if (s->kind == SPAN_REQUEST) {
            add_request(b, s, zero);
        }
        buf_addc(b, ']');
    }
    buf_addc(b, ']');
}

static void add_text(struct buf *b, const char *text)
{
    json_string(b, text);
    buf_addc(b, ',');
}

static void add_url(struct buf *b, const char *url)
{
    struct buf shown = BUF_INIT;
    if (url) {
        printable_add_url(&shown, url);
    }
    b->failed = b->failed || buf_failed(&shown);
    add_text(b, shown.data);
    buf_fini(&shown);
}

void page_row(struct buf *b, const struct record *r, double zero)
{
    char *effective = r->redirects ? record_effective_url(r) : NULL;
    buf_addf(b, "[%llu,%d,", (unsigned long long)r->index, (int)r->state);
    add_url(b, r->url);
    add_url(b, effective);
    free(effective);
    add_text(b, r->path);
    buf_addf(b, "%lld,%lld,%lld,%u,%d,", (long long)r->size, (long long)r->received,
        (long long)r->resumed_at, r->attempts, r->status);
    add_text(b, r->error ? err_kind_name(err_kind(r->error)) : NULL);
    add_text(b, r->error ? err_code(r->error) : NULL);
    add_text(b, r->error ? err_message(r->error) : NULL);
    add_text(b, r->remote_ip[0] ? r->remote_ip : NULL);
    add_text(b, r->http_version);
    add_text(b, r->content_type);
    add_text(b, r->reason);
    add_text(b, r->checksum);
    add_spans(b, r->spans, zero);
    buf_addc(b, ']');
}
