/* SPDX-License-Identifier: MIT */
/*
 * -w. The format is taken apart once, into literal texts and variables; a record's text is their
 * values in a row. Numbers are written as curl writes them: what is not known is 0, not empty.
 */
#include "cli/write_out.h"

#include "base/alloc.h"
#include "base/json_write.h"
#include "cli/printable.h"
#include "cli/records.h"
#include "net/multi.h"
#include "net/url.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef void value_fn(const struct record *r, struct buf *b);

struct part {
    value_fn *add;  /* NULL: a literal text */
    size_t at, len; /* which stands there */
};

struct write_out {
    struct buf text; /* owned: the literal parts */
    struct part *parts;
    size_t count, room;
};

/* -- values -------------------------------------------------------------------------------- */

static void add_text(struct buf *b, const char *text)
{
    buf_adds(b, text ? text : "");
}

static void add_number(struct buf *b, int64_t n)
{
    json_int(b, n < 0 ? 0 : n);
}

static void add_seconds(struct buf *b, double seconds)
{
    json_seconds(b, seconds > 0 ? seconds : 0);
}

static void add_time(struct buf *b, double epoch)
{
    size_t at = b->len;
    if (epoch > 0) {
        json_time(b, epoch);
    }
    if (!buf_failed(b) && b->len > at + 1 && b->data[at] == '"') { /* without its quotes */
        memmove(b->data + at, b->data + at + 1, b->len - at - 2);
        b->len -= 2;
        b->data[b->len] = '\0';
    }
}

static void add_path(const struct record *r, struct buf *b)
{
    if (r->path && r->path[0] == '-') {
        buf_adds(b, "./"); /* no option of who reads it */
    }
    add_text(b, r->path);
}

static void add_effective(const struct record *r, struct buf *b)
{
    char *url = record_effective_url(r);
    add_text(b, url ? url : r->url);
    free(url);
}

static void add_scheme(const struct record *r, struct buf *b)
{
    const char *s = r->url, *end = s ? strstr(s, "://") : NULL;
    if (r->at) {
        buf_adds(b, url_scheme(r->at));
        return;
    }
    for (; end && s < end; s++) {
        buf_addc(b, (char)(*s >= 'A' && *s <= 'Z' ? *s | 0x20 : *s));
    }
}

static void add_status(const struct record *r, struct buf *b)
{
    buf_addf(b, "%03d", r->status);
}

static void add_speed(const struct record *r, struct buf *b)
{
    double seconds = r->timing.total;
    add_number(b, seconds > 0 ? (int64_t)((double)r->received / seconds) : 0);
}

static void add_retries(const struct record *r, struct buf *b)
{
    add_number(b, (int64_t)r->attempts - r->redirects - 1);
}

static void add_pretransfer(const struct record *r, struct buf *b)
{
    add_seconds(b, r->timing.tls > 0 ? r->timing.tls : r->timing.connect);
}

/* curl's exit status for such an end. */
static int exit_code(const struct err *e)
{
    static const struct {
        enum err_kind kind;
        int code;
    } codes[] = {{ERR_INPUT, 3}, {ERR_DNS, 6}, {ERR_CONNECT, 7}, {ERR_HOST, 7}, {ERR_HTTP, 22},
        {ERR_IO, 23}, {ERR_TIMEOUT, 28}, {ERR_TLS, 35}, {ERR_CANCELLED, 42}, {ERR_NETWORK, 56}};
    int code = e && err_code(e) ? net_code_number(err_code(e)) : 0;
    for (size_t i = 0; e && !code && i < sizeof(codes) / sizeof(codes[0]); i++) {
        code = codes[i].kind == err_kind(e) ? codes[i].code : 0;
    }
    return e && !code ? 1 : code;
}

static void add_exit_code(const struct record *r, struct buf *b)
{
    add_number(b, exit_code(r->error));
}

static void add_error_kind(const struct record *r, struct buf *b)
{
    add_text(b, r->error ? err_kind_name(err_kind(r->error)) : NULL);
}

static void add_error_code(const struct record *r, struct buf *b)
{
    add_text(b, r->error ? err_code(r->error) : NULL);
}

static void add_error_message(const struct record *r, struct buf *b)
{
    add_text(b, r->error ? err_message(r->error) : NULL);
}

static void add_state(const struct record *r, struct buf *b)
{
    add_text(b, record_state_name(r->state));
}

static void add_ok(const struct record *r, struct buf *b)
{
    json_bool(b, record_ok(r));
}

static void add_version(const struct record *r, struct buf *b)
{
    add_text(b, r->http_version ? r->http_version : "0");
}

#define VALUE(name, how, what)                                                                     \
    static void name(const struct record *r, struct buf *b)                                        \
    {                                                                                              \
        how(b, what);                                                                              \
    }
VALUE(add_url, add_text, r->url)
VALUE(add_content_type, add_text, r->content_type)
VALUE(add_etag, add_text, r->etag)
VALUE(add_last_modified, add_text, r->last_modified)
VALUE(add_remote_ip, add_text, r->remote_ip)
VALUE(add_checksum, add_text, r->checksum)
VALUE(add_reason, add_text, r->reason)
VALUE(add_id, add_text, r->id)
VALUE(add_received, add_number, r->received)
VALUE(add_size, add_number, r->size)
VALUE(add_resumed_at, add_number, r->resumed_at)
VALUE(add_redirects, add_number, r->redirects)
VALUE(add_attempts, add_number, r->attempts)
VALUE(add_segments, add_number, r->segments)
VALUE(add_index, add_number, (int64_t)r->index)
VALUE(add_url_number, add_number, (int64_t)r->index - 1)
VALUE(add_duplicate_of, add_number, (int64_t)r->duplicate_of)
VALUE(add_queued, add_seconds, r->timing.queued)
VALUE(add_dns, add_seconds, r->timing.dns)
VALUE(add_connect, add_seconds, r->timing.connect)
VALUE(add_tls, add_seconds, r->timing.tls)
VALUE(add_first_byte, add_seconds, r->timing.ttfb)
VALUE(add_total, add_seconds, r->timing.total)
VALUE(add_started, add_time, r->started)
VALUE(add_finished, add_time, r->finished)
#undef VALUE

static void add_error_only(const struct record *r, struct buf *b)
{
    (void)r;
    (void)b;
}

static const struct variable {
    const char *name;
    value_fn *add;
} variables[] =
    {
        /* curl's */
        {"url", add_url},
        {"url_effective", add_effective},
        {"urlnum", add_url_number},
        {"filename_effective", add_path},
        {"http_code", add_status},
        {"response_code", add_status},
        {"http_version", add_version},
        {"scheme", add_scheme},
        {"content_type", add_content_type},
        {"remote_ip", add_remote_ip},
        {"num_redirects", add_redirects},
        {"num_retries", add_retries},
        {"size_download", add_received},
        {"speed_download", add_speed},
        {"time_queue", add_queued},
        {"time_namelookup", add_dns},
        {"time_connect", add_connect},
        {"time_appconnect", add_tls},
        {"time_pretransfer", add_pretransfer},
        {"time_starttransfer", add_first_byte},
        {"time_total", add_total},
        {"exitcode", add_exit_code},
        {"errormsg", add_error_message},
        {"onerror", add_error_only},
        {"json", record_to_json},
        /* the record's own */
        {"index", add_index},
        {"id", add_id},
        {"state", add_state},
        {"ok", add_ok},
        {"path", add_path},
        {"size", add_size},
        {"received", add_received},
        {"resumed_at", add_resumed_at},
        {"etag", add_etag},
        {"last_modified", add_last_modified},
        {"attempts", add_attempts},
        {"segments", add_segments},
        {"checksum", add_checksum},
        {"reason", add_reason},
        {"duplicate_of", add_duplicate_of},
        {"started", add_started},
        {"finished", add_finished},
        {"error_kind", add_error_kind},
        {"error_code", add_error_code},
},
  headers[] = {
      {"content-type", add_content_type},
      {"etag", add_etag},
      {"last-modified", add_last_modified},
};

/* -- the format ---------------------------------------------------------------------------- */

static value_fn *find(const struct variable *in, size_t n, const char *name, size_t len)
{
    for (size_t i = 0; i < n; i++) {
        if (strncasecmp(in[i].name, name, len) == 0 && in[i].name[len] == '\0') {
            return in[i].add;
        }
    }
    return NULL;
}

/* False when memory ran out. */
static bool push(struct write_out *w, struct part part)
{
    if (!w->parts || w->count == w->room) {
        size_t room = w->room ? 2 * w->room : 16;
        struct part *grown = mem_array(w->parts, room, sizeof(*grown));
        if (!grown) {
            return false;
        }
        w->parts = grown;
        w->room = room;
    }
    w->parts[w->count++] = part;
    return true;
}

static bool push_literal(struct write_out *w, char c)
{
    struct part *last = w->count ? &w->parts[w->count - 1] : NULL;
    if (last && !last->add) {
        last->len++;
    } else if (!push(w, (struct part){.at = w->text.len, .len = 1})) {
        return false;
    }
    buf_addc(&w->text, c);
    return !buf_failed(&w->text);
}

struct reader {
    const char *at;
    void (*unknown)(void *arg, const char *text);
    void *arg;
};

static bool tell_unknown(const struct reader *r, const char *what, const char *name, size_t len)
{
    struct buf b = BUF_INIT;
    if (!r->unknown) {
        return true;
    }
    buf_addf(&b, "unknown --write-out %s: '%.*s'", what, (int)(len > 100 ? 100 : len), name);
    bool done = !buf_failed(&b);
    if (done) {
        r->unknown(r->arg, b.data);
    }
    buf_fini(&b);
    return done;
}

/* "{name}" behind `skip` bytes: true if there is one, taken. */
static bool take_braced(struct reader *r, size_t skip, const char **name, size_t *len)
{
    const char *open = r->at + skip;
    const char *close = *open == '{' ? strchr(open, '}') : NULL;
    if (close) {
        *name = open + 1;
        *len = (size_t)(close - open) - 1;
        r->at = close + 1;
    }
    return close != NULL;
}

/* At a '%'. */
static bool take_percent(struct write_out *w, struct reader *r)
{
    const char *name;
    size_t len;
    value_fn *add;
    if (r->at[1] == '%') {
        r->at += 2;
        return push_literal(w, '%');
    }
    if (take_braced(r, 1, &name, &len)) {
        add = find(variables, sizeof(variables) / sizeof(variables[0]), name, len);
        return add ? push(w, (struct part){.add = add}) : tell_unknown(r, "variable", name, len);
    }
    if (strncmp(r->at, "%header{", 8) == 0 && take_braced(r, 7, &name, &len)) {
        add = find(headers, sizeof(headers) / sizeof(headers[0]), name, len);
        return add ? push(w, (struct part){.add = add}) : tell_unknown(r, "header", name, len);
    }
    r->at++;
    return push_literal(w, '%');
}

static bool take_one(struct write_out *w, struct reader *r)
{
    static const char letters[] = "nrt", characters[] = "\n\r\t";
    if (*r->at == '%') {
        return take_percent(w, r);
    }
    const char *letter = *r->at == '\\' && r->at[1] ? strchr(letters, r->at[1]) : NULL;
    if (letter) {
        r->at += 2;
        return push_literal(w, characters[letter - letters]);
    }
    return push_literal(w, *r->at++);
}

struct write_out *write_out_new(
    const char *format, void (*unknown)(void *arg, const char *text), void *arg)
{
    struct reader r = {format, unknown, arg};
    struct write_out *w = mem_new(sizeof(*w));
    while (w && *r.at) {
        if (!take_one(w, &r)) {
            write_out_free(w);
            w = NULL;
        }
    }
    return w;
}

void write_out_free(struct write_out *w)
{
    if (w) {
        buf_fini(&w->text);
        free(w->parts);
        free(w);
    }
}

static void add_escaped(const struct part *p, const struct record *r, struct buf *b)
{
    struct buf value = BUF_INIT;
    p->add(r, &value);
    printable_add(b, value.data);
    b->failed = b->failed || buf_failed(&value);
    buf_fini(&value);
}

void write_out_add(const struct write_out *w, const struct record *r, bool terminal, struct buf *b)
{
    for (size_t i = 0; i < w->count; i++) {
        const struct part *p = &w->parts[i];
        if (!p->add) {
            buf_add(b, w->text.data + p->at, p->len);
        } else if (p->add == add_error_only) {
            if (!r->error) {
                break;
            }
        } else if (terminal) {
            add_escaped(p, r, b);
        } else {
            p->add(r, b);
        }
    }
}
