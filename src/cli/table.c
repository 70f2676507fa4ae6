/* SPDX-License-Identifier: MIT */
/*
 * The list formats "tsv" and "csv".
 *
 *   lines -> row: several lines while a quoted cell is open -> cells, unquoted in place
 *         -> the first: names of the columns -> every other: an entry
 *
 * Every row is an entry, a good one or a bad one: under a header that is of no use all are bad.
 */
#include "cli/table.h"

#include "base/alloc.h"
#include "base/json_write.h"
#include "cli/fields.h"

#include <stdlib.h>
#include <string.h>

enum { COLUMNS_MAX = 4096 };

/* Where in a cell the text stands. */
enum place { PLACE_BEGIN, PLACE_PLAIN, PLACE_QUOTED, PLACE_CLOSED, PLACE_WRONG };

/* The cells of one row. */
struct cells {
    struct buf text; /* owned: the row as it came, then each cell with a NUL behind it */
    const char **at; /* owned array, into text */
    size_t count, room;
};

struct table {
    struct list_out out;
    char separator;
    enum place place; /* at the end of what the row has so far */
    uint64_t line;    /* where the row began */
    struct cells header, row;
    bool header_read;
    const char *wrong; /* static: why the header is of no use; NULL: it is good */
};

struct table *table_new(const struct list_out *out, char separator)
{
    struct table *t = mem_new(sizeof(*t));
    if (t) {
        t->out = *out;
        t->separator = separator;
    }
    return t;
}

static void cells_fini(struct cells *c)
{
    buf_fini(&c->text);
    free(c->at);
}

void table_free(struct table *t)
{
    if (t) {
        cells_fini(&t->header);
        cells_fini(&t->row);
        free(t);
    }
}

bool table_open(const struct table *t)
{
    return t->place == PLACE_QUOTED;
}

/* -- cells --------------------------------------------------------------------------------- */

/* Quotes mean something at a cell's beginning, and inside the cell that they began. */
static enum place step(enum place at, char c, char separator)
{
    switch (at) {
    case PLACE_BEGIN:
        return c == '"' ? PLACE_QUOTED : c == separator ? PLACE_BEGIN : PLACE_PLAIN;
    case PLACE_PLAIN:
        return c == separator ? PLACE_BEGIN : PLACE_PLAIN;
    case PLACE_QUOTED:
        return c == '"' ? PLACE_CLOSED : PLACE_QUOTED;
    case PLACE_CLOSED:
        return c == '"' ? PLACE_QUOTED : c == separator ? PLACE_BEGIN : PLACE_WRONG;
    case PLACE_WRONG:
        break;
    }
    return PLACE_WRONG;
}

static bool cells_add(struct cells *c, const char *cell)
{
    if (c->count == c->room) {
        size_t room = c->room ? 2 * c->room : 16;
        const char **grown = mem_array(c->at, room, sizeof(*grown));
        if (!grown) {
            return false;
        }
        c->at = grown;
        c->room = room;
    }
    c->at[c->count++] = cell;
    return true;
}

/* Cuts the row. What is written stays behind what is read, as quotes and separators only go. */
static bool cells_cut(struct cells *c, char separator)
{
    char *to = c->text.data;
    const char *cell = to;
    enum place place = PLACE_BEGIN;
    c->count = 0;
    for (const char *from = to; *from; from++) {
        enum place next = step(place, *from, separator);
        if (next == PLACE_BEGIN) {
            *to++ = '\0';
            if (!cells_add(c, cell)) {
                return false;
            }
            cell = to;
        } else if (next == PLACE_PLAIN || (next == PLACE_QUOTED && place != PLACE_BEGIN)) {
            *to++ = *from;
        }
        place = next;
    }
    *to = '\0';
    return cells_add(c, cell);
}

/* -- the header ---------------------------------------------------------------------------- */

static bool repeats(const char *name)
{
    return strcmp(name, "url") == 0 || strcmp(name, "header") == 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *check_names(const struct cells *c, const char **sorted)
{
    bool url = false;
    memcpy(sorted, c->at, c->count * sizeof(*sorted));
    qsort(sorted, c->count, sizeof(*sorted), by_name);
    for (size_t i = 0; i < c->count; i++) {
        url = url || strcmp(sorted[i], "url") == 0;
        if (!*sorted[i]) {
            return "a column without a name in the header row";
        }
        if (strchr(sorted[i], '\r')) { /* all of an old table is one line */
            return "a carriage return in the header row: rows end with a line feed";
        }
        if (i > 0 && strcmp(sorted[i - 1], sorted[i]) == 0 && !repeats(sorted[i])) {
            return "two columns with one name in the header row";
        }
    }
    return url ? NULL : "no column \"url\" in the header row";
}

static struct err *read_header(struct table *t)
{
    struct cells *c = &t->header;
    t->header_read = true;
    *c = t->row;
    t->row = (struct cells){.text = BUF_INIT};
    if (c->count > COLUMNS_MAX) {
        t->wrong = "too many columns in the header row";
        return NULL;
    }
    const char **sorted = mem_array(NULL, c->count, sizeof(*sorted));
    if (!sorted) {
        return err_plain(ERR_NOMEM);
    }
    t->wrong = check_names(c, sorted);
    free(sorted);
    return NULL;
}

/* -- entries ------------------------------------------------------------------------------- */

static struct err *take_cells(struct table *t, struct entry *e)
{
    struct err *error = NULL;
    if (t->row.count != t->header.count) {
        return err_new(
            ERR_INPUT, NULL, "%zu cells under a header row of %zu", t->row.count, t->header.count);
    }
    for (size_t i = 0; i < t->row.count && !error; i++) {
        error = field_text(e, t->header.at[i], t->row.at[i]);
    }
    return error || e->urls ? error : err_new(ERR_INPUT, NULL, "no \"url\"");
}

/* For --failures, which is written as JSON then: an object that is a bad entry there, too. */
static char *bad_row(const char *row)
{
    struct buf b = BUF_INIT;
    buf_adds(&b, "{\"row\":");
    json_string(&b, row);
    buf_addc(&b, '}');
    return buf_take(&b);
}

/* A bad entry comes out, with what is written down of it; all are taken over. */
static struct err *give_bad(struct table *t, struct entry *e, struct err *error, char *raw)
{
    if (err_is(error, ERR_INPUT) && raw) {
        e->error = error;
        e->raw = raw;
        t->out.on_entry(t->out.arg, e);
        return NULL;
    }
    entry_free(e);
    free(raw);
    err_unref(error);
    return err_plain(ERR_NOMEM); /* nothing else can go wrong with a row */
}

static struct entry *begin_entry(const struct table *t)
{
    struct entry *e = entry_new();
    if (e) {
        e->file = t->out.file;
        e->line = t->line;
        e->json = true;
    }
    return e;
}

/* A row that is wrong in itself: `message` is static. */
static struct err *give_wrong(struct table *t, const char *message)
{
    struct entry *e = begin_entry(t);
    if (!e) {
        return err_plain(ERR_NOMEM);
    }
    struct err *error = err_new(ERR_INPUT, NULL, "%s", message);
    char *raw = bad_row(t->row.text.data ? t->row.text.data : "");
    return give_bad(t, e, error, raw);
}

static struct err *give_row(struct table *t)
{
    struct entry *e = begin_entry(t);
    char *raw = e ? bad_row(t->row.text.data) : NULL;
    if (!raw || !cells_cut(&t->row, t->separator)) {
        entry_free(e);
        free(raw);
        return err_plain(ERR_NOMEM);
    }
    struct err *error = take_cells(t, e);
    if (error) {
        return give_bad(t, e, error, raw);
    }
    free(raw);
    t->out.on_entry(t->out.arg, e);
    return NULL;
}

/* -- rows ---------------------------------------------------------------------------------- */

static struct err *end_row(struct table *t, const char *wrong)
{
    if (!wrong && t->place == PLACE_WRONG) {
        wrong = "text behind the quote that closes a cell";
    }
    if (!wrong) {
        wrong = text_problem(t->row.text.data, t->row.text.len);
    }
    if (t->header_read) {
        wrong = t->wrong ? t->wrong : wrong;
        return wrong ? give_wrong(t, wrong) : give_row(t);
    }
    t->header_read = true;
    t->wrong = wrong;
    struct err *error = NULL;
    if (!wrong) {
        error = cells_cut(&t->row, t->separator) ? read_header(t) : err_plain(ERR_NOMEM);
    }
    return error || !t->wrong ? error : give_wrong(t, t->wrong);
}

/* The row is over, whatever became of it. */
static struct err *finish_row(struct table *t, const char *wrong)
{
    struct err *error = end_row(t, wrong);
    buf_clear(&t->row.text);
    t->place = PLACE_BEGIN;
    return error;
}

struct err *table_push(struct table *t, const struct split_line *text, uint64_t line)
{
    struct buf *row = &t->row.text;
    if (table_open(t)) {
        buf_addc(row, '\n');
    } else if (text->len == 0) {
        return NULL;
    } else {
        t->line = line;
    }
    if (row->len + text->len > SPLIT_LINE_MAX) {
        return finish_row(t, "a row longer than 1 MiB: is a quote not closed?");
    }
    buf_add(row, text->text, text->len);
    if (buf_failed(row)) {
        return err_plain(ERR_NOMEM);
    }
    for (size_t i = 0; i < text->len; i++) {
        t->place = step(t->place, text->text[i], t->separator);
    }
    return table_open(t) ? NULL : finish_row(t, NULL);
}

struct err *table_too_long(struct table *t, uint64_t line)
{
    if (!table_open(t)) {
        t->line = line;
    }
    return finish_row(t, "a line longer than 1 MiB");
}

struct err *table_end(struct table *t)
{
    return table_open(t) ? finish_row(t, "a quote is not closed") : NULL;
}
