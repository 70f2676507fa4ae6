/* SPDX-License-Identifier: MIT */
#include "cli/timeline.h"

#include "base/alloc.h"
#include "base/json_write.h"
#include "cli/printable.h"
#include "fetch/spans.h"
#include "store/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Rows of hosts lie together. */
enum { ROWS_A_HOST = 65536 };

struct timeline {
    struct outfile *file; /* owned */
    double zero;          /* loop_time() */
    struct buf named;     /* a byte for each row: it has its name */
    struct buf url, name; /* of the record at hand; kept for their memory */
};

/* -- life ---------------------------------------------------------------------------------- */

struct err *timeline_open(const char *path, struct timeline **out)
{
    *out = NULL;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666);
    if (fd < 0) {
        return err_errno(ERR_IO, errno, "cannot open %s", path);
    }
    struct timeline *t = mem_new(sizeof(*t));
    if (!t || !(t->file = outfile_new(fd, true, path, "\n]}\n"))) {
        free(t);
        close(fd);
        return err_plain(ERR_NOMEM);
    }
    buf_adds(outfile_buf(t->file),
        "{\"displayTimeUnit\":\"ms\",\"otherData\":{\"producer\":\"garner " PACKAGE_VERSION
        "\"},\"traceEvents\":[\n"
        "{\"ph\":\"M\",\"pid\":1,\"tid\":0,\"name\":\"process_name\",\"args\":{\"name\":"
        "\"garner\"}}");
    outfile_begin(t->file);
    *out = t;
    return NULL;
}

void timeline_start(struct timeline *t, struct loop *l, struct executor *ex)
{
    t->zero = loop_time(l);
    outfile_start(t->file, l, ex);
}

void timeline_free(struct timeline *t)
{
    if (t) {
        outfile_free(t->file);
        buf_fini(&t->named);
        buf_fini(&t->url);
        buf_fini(&t->name);
        free(t);
    }
}

struct future *timeline_ready(struct timeline *t)
{
    return outfile_ready(t->file);
}

struct future *timeline_finish(struct timeline *t)
{
    return outfile_finish(t->file);
}

/* -- events -------------------------------------------------------------------------------- */

/* Whole microseconds, so that what lies within something still does when it is written down. */
static int64_t micros(const struct timeline *t, double when)
{
    return when > t->zero ? llround((when - t->zero) * 1e6) : 0;
}

static void begin_event(struct buf *b, const char *ph, unsigned tid, const char *name)
{
    buf_addf(b, ",\n{\"ph\":\"%s\",\"pid\":1,\"tid\":%u,\"name\":", ph, tid);
    json_string(b, name);
}

/* A complete event up to its arguments. */
static void begin_complete(
    struct buf *b, unsigned tid, const char *name, const char *cat, int64_t from, int64_t to)
{
    begin_event(b, "X", tid, name);
    buf_addf(b, ",\"cat\":\"%s\",\"ts\":%lld,\"dur\":%lld", cat, (long long)from,
        (long long)(to - from));
}

static void name_row(struct timeline *t, const struct lane *lane)
{
    struct buf *b = outfile_buf(t->file);
    while (t->named.len <= lane->row && !buf_failed(&t->named)) {
        buf_addc(&t->named, '\0');
    }
    if (buf_failed(&t->named) || t->named.data[lane->row]) {
        return;
    }
    t->named.data[lane->row] = 1;
    buf_clear(&t->name);
    buf_addf(&t->name, "%s %u", lane->origin, lane->number);
    begin_event(b, "M", lane->row, "thread_name");
    buf_adds(b, ",\"args\":{\"name\":");
    json_string(b, buf_failed(&t->name) ? lane->origin : t->name.data);
    buf_adds(b, "}}");
    begin_event(b, "M", lane->row, "thread_sort_index");
    buf_addf(b, ",\"args\":{\"sort_index\":%llu}}",
        (unsigned long long)lane->host * ROWS_A_HOST + lane->number);
}

static void add_field(struct buf *b, const char *name, const char *value)
{
    if (value) {
        buf_addf(b, ",\"%s\":", name);
        json_string(b, value);
    }
}

static void add_legs(struct timeline *t, const struct span *s)
{
    static const char *const names[LEGS] = {"dns", "connect", "tls", "first byte", "body"};
    struct leg legs[LEGS];
    const size_t n = span_legs(s, legs);
    int64_t from = micros(t, s->begin);
    for (size_t i = 0; i < n; i++) {
        const int64_t to = micros(t, legs[i].end);
        if (to > from) {
            begin_complete(
                outfile_buf(t->file), s->lane->row, names[legs[i].kind], "leg", from, to);
            buf_addc(outfile_buf(t->file), '}');
        }
        from = to;
    }
}

static const char *last_part(const char *path)
{
    const char *slash = path ? strrchr(path, '/') : NULL;
    return slash && slash[1] ? slash + 1 : path ? path : "?";
}

static void add_request(struct timeline *t, const struct record *r, const struct span *s)
{
    struct buf *b = outfile_buf(t->file);
    name_row(t, s->lane);
    begin_complete(b, s->lane->row, last_part(t->url.data), s->helps ? "helper" : "request",
        micros(t, s->begin), micros(t, s->end));
    buf_addf(b, ",\"args\":{\"index\":%llu", (unsigned long long)r->index);
    add_field(b, "url", t->url.data);
    buf_addf(b, ",\"status\":%d,\"bytes\":%lld", s->status, (long long)s->received);
    add_field(b, "version", s->version);
    if (s->port > 0) {
        buf_addf(b, ",\"local_port\":%d,\"kept\":%s", s->port, s->kept ? "true" : "false");
    }
    add_field(b, "error", s->error);
    buf_adds(b, "}}");
    add_legs(t, s);
}

static void add_part(struct timeline *t, const struct span *s, const char *name)
{
    begin_complete(
        outfile_buf(t->file), s->lane->row, name, "leg", micros(t, s->begin), micros(t, s->end));
    buf_addc(outfile_buf(t->file), '}');
}

/* The last of a download: its file is written, and gets its name. write may be NULL. */
static void add_commit(
    struct timeline *t, const struct record *r, const struct span *write, const struct span *commit)
{
    struct buf *b = outfile_buf(t->file);
    name_row(t, commit->lane);
    begin_complete(b, commit->lane->row, last_part(r->path ? r->path : t->url.data), "file",
        micros(t, write ? write->begin : commit->begin), micros(t, commit->end));
    buf_addf(b, ",\"args\":{\"index\":%llu", (unsigned long long)r->index);
    add_field(b, "url", t->url.data);
    add_field(b, "path", r->path);
    add_field(b, "state", record_state_name(r->state));
    buf_addf(b, ",\"size\":%lld}}", (long long)r->size);
    if (write) {
        add_part(t, write, "write");
    }
    add_part(t, commit, "commit");
}

static void add_wait(
    struct timeline *t, const struct record *r, const struct span *s, const char *name)
{
    struct buf *b = outfile_buf(t->file);
    const int64_t times[] = {micros(t, s->begin), micros(t, s->end)};
    for (int i = 0; i < 2; i++) {
        begin_event(b, i == 0 ? "b" : "e", 0, name);
        buf_addf(b, ",\"cat\":\"wait\",\"id\":\"%llu\",\"ts\":%lld", (unsigned long long)r->index,
            (long long)times[i]);
        if (i == 0) {
            buf_addf(b, ",\"args\":{\"index\":%llu", (unsigned long long)r->index);
            add_field(b, "url", t->url.data);
            buf_addc(b, '}');
        }
        buf_addc(b, '}');
    }
}

void timeline_add(struct timeline *t, const struct record *r)
{
    static const char *const names[] = {
        [SPAN_QUEUE] = "queue",
        [SPAN_VERIFY] = "verify",
        [SPAN_BACKOFF] = "backoff",
        [SPAN_EXEC] = "exec",
    };
    buf_clear(&t->url);
    if (r->url) {
        printable_add_url(&t->url, r->url);
    }
    for (size_t i = 0; r->spans && i < r->spans->n; i++) {
        const struct span *s = &r->spans->at[i];
        switch (s->kind) {
        case SPAN_REQUEST:
            add_request(t, r, s);
            break;
        case SPAN_WRITE:
            break; /* the commit follows */
        case SPAN_COMMIT:
            add_commit(t, r, i > 0 && s[-1].kind == SPAN_WRITE ? &s[-1] : NULL, s);
            break;
        default:
            add_wait(t, r, s, names[s->kind]);
        }
    }
    outfile_added(t->file);
}
