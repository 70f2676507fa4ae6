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

static void key(struct buf *b, const char *name)
{
    char last = b->len > 0 ? b->data[b->len - 1] : '{';
    if (last != '{') {
        buf_addc(b, ',');
    }
    buf_addc(b, '"');
    buf_adds(b, name);
    buf_add(b, "\":", 2);
}

static void member(struct buf *b, const char *name, const char *text)
{
    key(b, name);
    json_string(b, text);
}

static void member_uint(struct buf *b, const char *name, uint64_t n)
{
    key(b, name);
    json_uint(b, n);
}

/* below `least`: not known */
static void member_int(struct buf *b, const char *name, int64_t n, int64_t least)
{
    key(b, name);
    if (n < least) {
        json_null(b);
    } else {
        json_int(b, n);
    }
}

static void member_seconds(struct buf *b, const char *name, double seconds)
{
    key(b, name);
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
    member(b, "path", path);
    if (path && !utf8_valid(path, strlen(path))) {
        key(b, "path_b64");
        json_base64(b, path, strlen(path));
    }
    b->failed |= buf_failed(&full);
    buf_fini(&full);
}

static void add_effective_url(struct buf *b, const struct record *r)
{
    char *url = record_effective_url(r);
    member(b, "effective_url", url);
    free(url);
}

static void add_http(struct buf *b, const struct record *r)
{
    key(b, "http");
    buf_addc(b, '{');
    member_int(b, "status", r->status, 1);
    member(b, "version", r->http_version);
    member(b, "content_type", r->content_type);
    member(b, "etag", r->etag);
    member(b, "last_modified", r->last_modified);
    buf_addc(b, '}');
}

static void add_timing(struct buf *b, const struct record_timing *t)
{
    key(b, "timing");
    buf_addc(b, '{');
    member_seconds(b, "queued", t->queued);
    member_seconds(b, "dns", t->dns);
    member_seconds(b, "connect", t->connect);
    member_seconds(b, "tls", t->tls);
    member_seconds(b, "ttfb", t->ttfb);
    member_seconds(b, "body", t->body);
    member_seconds(b, "write", t->write);
    member_seconds(b, "total", t->total);
    buf_addc(b, '}');
}

static void add_error(struct buf *b, const struct record *r)
{
    key(b, "error");
    if (!r->error) {
        json_null(b);
        return;
    }
    buf_addc(b, '{');
    member(b, "kind", err_kind_name(err_kind(r->error)));
    member(b, "code", err_code(r->error));
    member(b, "message", err_message(r->error));
    key(b, "retryable");
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
        member(b, "body", r->body);
    } else {
        key(b, "body_base64");
        json_base64(b, r->body, r->body_len);
    }
}

static void add_source(struct buf *b, const struct record *r)
{
    key(b, "source");
    buf_addc(b, '{');
    member(b, "file", r->file);
    member_uint(b, "line", r->line);
    buf_addc(b, '}');
}

void record_to_json(const struct record *r, struct buf *b)
{
    buf_adds(b, "{\"v\":1");
    member_uint(b, "index", r->index);
    key(b, "id");
    buf_adds(b, r->id ? r->id : "null");
    member(b, "url", r->url);
    add_effective_url(b, r);
    member(b, "state", record_state_name(r->state));
    key(b, "ok");
    json_bool(b, record_ok(r));
    add_path(b, r->path);
    member_int(b, "size", r->size, 0);
    member_int(b, "received", r->received, 0);
    member_int(b, "resumed_at", r->resumed_at, 0);
    add_http(b, r);
    member_uint(b, "attempts", r->attempts);
    member_uint(b, "segments", r->segments);
    member(b, "remote_ip", r->remote_ip[0] ? r->remote_ip : NULL);
    member(b, "checksum", r->checksum);
    member(b, "reason", r->reason);
    key(b, "duplicate_of");
    if (r->duplicate_of) {
        json_uint(b, r->duplicate_of);
    } else {
        json_null(b);
    }
    add_source(b, r);
    key(b, "length_known");
    if (r->length_known < 0) {
        json_null(b);
    } else {
        json_bool(b, r->length_known > 0);
    }
    key(b, "started");
    json_time(b, r->started);
    key(b, "finished");
    json_time(b, r->finished);
    add_timing(b, &r->timing);
    add_error(b, r);
    add_body(b, r);
    buf_addc(b, '}');
}
