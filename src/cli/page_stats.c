/* SPDX-License-Identifier: MIT */
#include "cli/page_stats.h"

#include "base/alloc.h"
#include "base/err.h"
#include "base/json_write.h"
#include "base/text.h"
#include "fetch/spans.h"

#include <stdlib.h>
#include <string.h>

/* Causes that are told apart; those that come later are one. Hosts are bounded by their lanes. */
enum { CAUSES_MOST = 64 };

struct host_sums {
    const char *origin; /* borrowed from the lanes; NULL: none yet */
    uint64_t requests, failed, answered;
    int64_t bytes;
    double seconds, first_byte, body;
};

struct cause {
    enum err_kind kind;
    int status;
    char *code, *message; /* owned; NULL: none */
    uint64_t count;
};

struct page_stats {
    struct host_sums *hosts; /* owned; by the lanes' numbers */
    size_t nhosts, room;
    struct cause causes[CAUSES_MOST];
    size_t ncauses;
};

struct page_stats *page_stats_new(void)
{
    return mem_new(sizeof(struct page_stats));
}

void page_stats_free(struct page_stats *s)
{
    if (s) {
        for (size_t i = 0; i < s->ncauses; i++) {
            free(s->causes[i].code);
            free(s->causes[i].message);
        }
        free(s->hosts);
        free(s);
    }
}

/* -- hosts --------------------------------------------------------------------------------- */

static struct host_sums *host_of(struct page_stats *s, const struct lane *lane)
{
    if (lane->host >= s->room) {
        const size_t room = (size_t)lane->host * 2 + 8;
        struct host_sums *hosts = mem_array(s->hosts, room, sizeof(*hosts));
        if (!hosts) {
            return NULL;
        }
        memset(hosts + s->room, 0, (room - s->room) * sizeof(*hosts));
        s->hosts = hosts;
        s->room = room;
    }
    s->nhosts = s->nhosts > lane->host ? s->nhosts : (size_t)lane->host + 1;
    s->hosts[lane->host].origin = lane->origin;
    return &s->hosts[lane->host];
}

/* What the run itself ended, as a race ends its losers, is nobody's failure. */
static bool is_failure(const struct span *span)
{
    return (span->error && strcmp(span->error, "cancelled") != 0) || span->status >= 400;
}

static void add_request(struct page_stats *s, const struct span *span)
{
    struct leg legs[LEGS];
    const size_t n = span_legs(span, legs);
    struct host_sums *h = host_of(s, span->lane);
    double from = span->begin;
    if (!h) {
        return;
    }
    h->requests++;
    h->failed += is_failure(span);
    h->bytes += span->received;
    h->seconds += span->end - span->begin;
    for (size_t i = 0; i < n; i++) {
        if (legs[i].kind == LEG_BODY) {
            h->body += legs[i].end - from;
            h->first_byte += from - span->begin;
            h->answered++;
        }
        from = legs[i].end;
    }
}

/* -- failures ------------------------------------------------------------------------------ */

static void add_failure(struct page_stats *s, const struct record *r)
{
    const enum err_kind kind = err_kind(r->error);
    const int status = kind == ERR_HTTP ? r->status : 0;
    const char *code = err_code(r->error);
    for (size_t i = 0; i < s->ncauses; i++) {
        struct cause *c = &s->causes[i];
        if (c->kind == kind && c->status == status && text_same(c->code, code)) {
            c->count++;
            return;
        }
    }
    if (s->ncauses == CAUSES_MOST) {
        s->causes[CAUSES_MOST - 1].count++;
        return;
    }
    s->causes[s->ncauses++] =
        (struct cause){kind, status, mem_dup(code), mem_dup(err_message(r->error)), 1};
}

void page_stats_add(struct page_stats *s, const struct record *r)
{
    for (size_t i = 0; r->spans && i < r->spans->n; i++) {
        if (r->spans->at[i].kind == SPAN_REQUEST) {
            add_request(s, &r->spans->at[i]);
        }
    }
    if (r->state == RECORD_FAILED && r->error) {
        add_failure(s, r);
    }
}

/* -- as JSON ------------------------------------------------------------------------------- */

static void add_host(struct buf *b, const struct host_sums *h)
{
    buf_addc(b, '[');
    json_string(b, h->origin);
    buf_addf(b, ",%llu,%llu,%lld,", (unsigned long long)h->requests, (unsigned long long)h->failed,
        (long long)h->bytes);
    json_seconds(b, h->seconds);
    buf_addc(b, ',');
    json_seconds(b, h->first_byte);
    buf_addf(b, ",%llu,", (unsigned long long)h->answered);
    json_seconds(b, h->body);
    buf_addc(b, ']');
}

static void add_cause(struct buf *b, const struct cause *c)
{
    buf_addc(b, '[');
    json_string(b, err_kind_name(c->kind));
    buf_addf(b, ",%d,", c->status);
    json_string(b, c->code);
    buf_addf(b, ",%llu,", (unsigned long long)c->count);
    json_string(b, c->message);
    buf_addc(b, ']');
}

void page_stats_json(const struct page_stats *s, struct buf *b)
{
    buf_adds(b, "\"hosts\":[");
    for (size_t i = 0; i < s->nhosts; i++) {
        static const struct host_sums none = {.origin = NULL};
        buf_adds(b, i > 0 ? "," : "");
        add_host(b, s->hosts[i].origin ? &s->hosts[i] : &none);
    }
    buf_adds(b, "],\"failures\":[");
    for (size_t i = 0; i < s->ncauses; i++) {
        buf_adds(b, i > 0 ? "," : "");
        add_cause(b, &s->causes[i]);
    }
    buf_addc(b, ']');
}
