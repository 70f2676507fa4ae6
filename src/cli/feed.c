/* SPDX-License-Identifier: MIT */
/* One list file. */
#include "cli/feed.h"

#include "base/alloc.h"
#include "cli/jsonl.h"
#include "cli/table.h"

#include <stdlib.h>
#include <string.h>

struct feed {
    struct source *source; /* owned */
    struct split split;
    struct lines *lines; /* owned */
    struct table *table; /* owned; NULL unless the format is one */
    struct list_out out;
    enum input_format format;
    uint64_t open_at; /* where the entry that waits for options begins */
    bool ended;       /* the source has no more */
};

struct err *feed_open(struct loop *l, struct executor *ex, const struct list_out *out,
    enum input_format format, struct feed **feed)
{
    struct feed *f = mem_new(sizeof(*f));
    *feed = NULL;
    if (!f) {
        return err_plain(ERR_NOMEM);
    }
    split_init(&f->split);
    f->out = *out;
    f->format = format;
    f->lines = lines_new(out);
    bool table = format == INPUT_TSV || format == INPUT_CSV;
    f->table = table ? table_new(out, format == INPUT_TSV ? '\t' : ',') : NULL;
    bool ready = f->lines && !f->table == !table;
    struct err *error = ready ? source_open(l, ex, out->file, &f->source) : err_plain(ERR_NOMEM);
    if (error) {
        feed_free(f);
        return error;
    }
    *feed = f;
    return NULL;
}

void feed_free(struct feed *f)
{
    if (f) {
        source_free(f->source);
        split_fini(&f->split);
        lines_free(f->lines);
        table_free(f->table);
        free(f);
    }
}

/* The first byte that is not white space decides for the whole file. */
static void decide(struct feed *f, const struct split_line *t)
{
    for (size_t i = 0; i < t->len && f->format == INPUT_AUTO; i++) {
        char c = t->text[i];
        if (c != ' ' && c != '\t' && c != '\r') {
            f->format = c == '{' ? INPUT_JSONL : INPUT_LINES;
        }
    }
}

static struct err *take_line(struct feed *f, const struct split_line *t)
{
    decide(f, t);
    if (f->table) {
        return table_push(f->table, t, f->split.line);
    }
    if (f->format != INPUT_JSONL) {
        struct err *failed = lines_push(f->lines, t, f->split.line);
        if (lines_opened_at(f->lines) == f->split.line) {
            f->open_at = f->split.begin;
        }
        return failed;
    }
    struct entry *e;
    struct err *error = jsonl_entry(&f->out, t, f->split.line, &e);
    if (e) {
        f->out.on_entry(f->out.arg, e);
    }
    return error;
}

static struct err *take_too_long(struct feed *f)
{
    if (f->table) {
        return table_too_long(f->table, f->split.line);
    }
    if (f->format != INPUT_JSONL) {
        return lines_too_long(f->lines, f->split.first, f->split.line);
    }
    struct entry *e = list_bad_entry(&f->out, f->split.line, "a line longer than 1 MiB");
    if (!e) {
        return err_plain(ERR_NOMEM);
    }
    f->out.on_entry(f->out.arg, e);
    return NULL;
}

static struct err *take(struct feed *f, enum split_got got, const struct split_line *t)
{
    switch (got) {
    case SPLIT_LINE:
        return take_line(f, t);
    case SPLIT_TOO_LONG:
        return take_too_long(f);
    case SPLIT_NOMEM:
        return err_plain(ERR_NOMEM);
    case SPLIT_NONE:
        break;
    }
    return NULL;
}

/* The line that has begun may already show that the open entry is complete. */
static enum feed_got wait_or_flush(struct feed *f)
{
    char first;
    if (lines_open(f->lines) && split_begun(&f->split, &first) && lines_ends_with(first)) {
        lines_flush(f->lines, false);
        return FEED_MORE;
    }
    return FEED_WAIT;
}

/* Nothing is left to split: more bytes, or an end. */
static enum feed_got refill(struct feed *f, struct err **error)
{
    const char *bytes;
    size_t n;
    switch (source_get(f->source, &bytes, &n)) {
    case SOURCE_BYTES:
        split_feed(&f->split, bytes, n);
        return FEED_MORE;
    case SOURCE_WAIT:
        return wait_or_flush(f);
    case SOURCE_END:
        f->ended = true;
        return FEED_MORE;
    case SOURCE_FAILED:
        break;
    }
    if (lines_open(f->lines)) {
        lines_break(f->lines);
        return FEED_MORE;
    }
    if (f->table && table_open(f->table)) {
        *error = table_end(f->table);
        return *error ? FEED_FAILED : FEED_MORE;
    }
    *error = source_error(f->source);
    return FEED_FAILED;
}

enum feed_got feed_advance(struct feed *f, struct err **error)
{
    struct split_line t = {NULL, 0};
    enum split_got got = f->ended ? split_finish(&f->split, &t) : split_next(&f->split, &t);
    if (got == SPLIT_NONE && !f->ended) {
        return refill(f, error);
    }
    if (got == SPLIT_NONE && f->table && table_open(f->table)) {
        *error = table_end(f->table);
        return *error ? FEED_FAILED : FEED_MORE;
    }
    if (got == SPLIT_NONE) {
        if (!lines_open(f->lines)) {
            return FEED_END;
        }
        lines_flush(f->lines, false);
        return FEED_MORE;
    }
    *error = take(f, got, &t);
    return *error ? FEED_FAILED : FEED_MORE;
}

struct err *feed_wait(struct feed *f, loop_fn fn, void *arg)
{
    return source_wait(f->source, fn, arg);
}

void feed_stop(struct feed *f)
{
    source_stop(f->source);
}

bool feed_rest(const struct feed *f, struct feed_rest *out)
{
    uint64_t start;
    if (f->format == INPUT_AUTO || !source_is_plain(f->source, &out->fd, &start)) {
        return false;
    }
    out->at = start + (lines_open(f->lines) ? f->open_at : f->split.next);
    out->json = f->format == INPUT_JSONL;
    return true;
}

bool feed_is_live(const struct feed *f)
{
    return source_is_live(f->source);
}

bool feed_may_fall_silent(const struct feed *f)
{
    char first;
    return source_is_live(f->source) && lines_open(f->lines) && !split_begun(&f->split, &first);
}

void feed_silence(struct feed *f)
{
    lines_flush(f->lines, true);
}
