/* SPDX-License-Identifier: MIT */
/*
 * A record as one JSON object. The keys, their order and their types are a contract with whoever
 * reads them (cli.md, --json): every key is always there, and what is not known is null. A change
 * that is not an addition raises `v`.
 */
#include "base/buf.h"
#include "base/json_write.h"
#include "base/utf8.h"
#include "cli/records.h"

#include <stdlib.h>
#include <string.h>

/* A key as it stands in the text, for the functions below. */
#define KEY(name) ",\"" name "\":"

static void key(struct buf *b, const char *text)
{
    const bool first = b->len == 0 || b->data[b->len - 1] == '{';
    buf_adds(b, text + first);
}

static void member(struct buf *b, const char *key_text, const char *text)
{
    key(b, key_text);
    json_string(b, text);
}

static void member_uint(struct buf *b, const char *key_text, uint64_t n)
{
    key(b, key_text);
    json_uint(b, n);
}

/* below `least`: not known */
static void member_int(struct buf *b, const char *key_text, int64_t n, int64_t least)
{
    key(b, key_text);
    if (n < least) {
        json_null(b);
    } else {
        json_int(b, n);
    }
}

static void member_seconds(struct buf *b, const char *key_text, double seconds)
{
    key(b, key_text);
    json_seconds(b, seconds);
}

/* a name that begins with '-' must not become an option of who reads it */
static void add_path(struct buf *b, const char *path)
{
    struct buf full = BUF_INIT;
    if (path && path[0] == '-') {
        buf_adds(&full, "./");
        buf_adds(&full, path);
        path = full.data;
    }
    member(b, KEY("path"), path);
    if (path && !utf8_valid(path, strlen(path))) {
        key(b, KEY("path_b64"));
        json_base64(b, path, strlen(path));
    }
    b->failed |= buf_failed(&full);
    buf_fini(&full);
}

static void add_effective_url(struct buf *b, const struct record *r)
{
    char *url = record_effective_url(r);
    member(b, KEY("effective_url"), url);
    free(url);
}

static void add_http(struct buf *b, const struct record *r)
{
    key(b, KEY("http"));
    buf_addc(b, '{');
    member_int(b, KEY("status"), r->status, 1);
    member(b, KEY("version"), r->http_version);
    member(b, KEY("content_type"), r->content_type);
    member(b, KEY("etag"), r->etag);
    member(b, KEY("last_modified"), r->last_modified);
    buf_addc(b, '}');
}

static void add_timing(struct buf *b, const struct record_timing *t)
{
    key(b, KEY("timing"));
    buf_addc(b, '{');
    member_seconds(b, KEY("queued"), t->queued);
    member_seconds(b, KEY("dns"), t->dns);
    member_seconds(b, KEY("connect"), t->connect);
    member_seconds(b, KEY("tls"), t->tls);
    member_seconds(b, KEY("ttfb"), t->ttfb);
    member_seconds(b, KEY("body"), t->body);
    member_seconds(b, KEY("write"), t->write);
    member_seconds(b, KEY("total"), t->total);
    buf_addc(b, '}');
}

static void add_error(struct buf *b, const struct record *r)
{
    key(b, KEY("error"));
    if (!r->error) {
        json_null(b);
        return;
    }
    buf_addc(b, '{');
    member(b, KEY("kind"), err_kind_name(err_kind(r->error)));
    member(b, KEY("code"), err_code(r->error));
    member(b, KEY("message"), err_message(r->error));
    key(b, KEY("retryable"));
    json_bool(b, r->retryable);
    buf_addc(b, '}');
}

/* Only with --body. A text is one as long as JSON can say it without loss. */
static void add_body(struct buf *b, const struct record *r)
{
    if (!r->body) {
        return;
    }
    if (utf8_valid(r->body, r->body_len) && !memchr(r->body, '\0', r->body_len)) {
        member(b, KEY("body"), r->body);
    } else {
        key(b, KEY("body_base64"));
        json_base64(b, r->body, r->body_len);
    }
}

static void add_source(struct buf *b, const struct record *r)
{
    key(b, KEY("source"));
    buf_addc(b, '{');
    member(b, KEY("file"), r->file);
    member_uint(b, KEY("line"), r->line);
    buf_addc(b, '}');
}

void record_to_json(const struct record *r, struct buf *b)
{
    buf_adds(b, "{\"v\":1");
    member_uint(b, KEY("index"), r->index);
    key(b, KEY("id"));
    buf_adds(b, r->id ? r->id : "null");
    member(b, KEY("url"), r->url);
    add_effective_url(b, r);
    member(b, KEY("state"), record_state_name(r->state));
    key(b, KEY("ok"));
    json_bool(b, record_ok(r));
    add_path(b, r->path);
    member_int(b, KEY("size"), r->size, 0);
    member_int(b, KEY("received"), r->received, 0);
    member_int(b, KEY("resumed_at"), r->resumed_at, 0);
    add_http(b, r);
    member_uint(b, KEY("attempts"), r->attempts);
    member_uint(b, KEY("segments"), r->segments);
    member(b, KEY("remote_ip"), r->remote_ip[0] ? r->remote_ip : NULL);
    member(b, KEY("checksum"), r->checksum);
    member(b, KEY("reason"), r->reason);
    key(b, KEY("duplicate_of"));
    if (r->duplicate_of) {
        json_uint(b, r->duplicate_of);
    } else {
        json_null(b);
    }
    add_source(b, r);
    key(b, KEY("length_known"));
    if (r->length_known < 0) {
        json_null(b);
    } else {
        json_bool(b, r->length_known > 0);
    }
    key(b, KEY("started"));
    json_time(b, r->started);
    key(b, KEY("finished"));
    json_time(b, r->finished);
    add_timing(b, &r->timing);
    add_error(b, r);
    add_body(b, r);
    buf_addc(b, '}');
}
