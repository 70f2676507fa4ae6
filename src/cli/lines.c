/* SPDX-License-Identifier: MIT */
/*
 * The list format "lines".
 *
 *   URL [TAB mirror]...      opens an entry; what was open comes out
 *       key=value            belongs to the open entry
 *   # comment, blank line    nothing, wherever they stand
 *
 * A line that is wrong makes the entry it belongs to a bad one: a file is never fetched with half
 * of what the list says about it.
 */
#include "cli/lines.h"

#include "base/alloc.h"
#include "cli/fields.h"

#include <stdlib.h>
#include <string.h>

struct lines {
    struct list_out out;
    struct entry *open; /* owned */
    size_t bytes;       /* of the open entry's lines */
    bool late;          /* the last entry came out because of silence */
    bool blank_told;
};

struct lines *lines_new(const struct list_out *out)
{
    struct lines *p = mem_new(sizeof(*p));
    if (p) {
        p->out = *out;
    }
    return p;
}

void lines_free(struct lines *p)
{
    if (p) {
        entry_free(p->open);
        free(p);
    }
}

bool lines_open(const struct lines *p)
{
    return p->open != NULL;
}

uint64_t lines_opened_at(const struct lines *p)
{
    return p->open ? p->open->line : 0;
}

static bool indents(char c)
{
    return c == ' ' || c == '\t';
}

bool lines_ends_with(char first)
{
    return !indents(first) && first != '#' && first != '\r' && first != '\n';
}

void lines_flush(struct lines *p, bool late)
{
    if (p->open) {
        struct entry *e = p->open;
        p->open = NULL;
        p->late = late;
        p->out.on_entry(p->out.arg, e);
    }
}

/* the first thing that went wrong is what is said */
static void entry_spoil(struct entry *e, struct err *error)
{
    if (e->error) {
        err_unref(error);
    } else {
        e->error = error;
    }
}

struct entry *list_bad_entry(const struct list_out *out, uint64_t line, const char *message)
{
    struct entry *e = entry_new();
    if (e) {
        e->file = out->file;
        e->line = line;
        e->error = err_new(ERR_INPUT, NULL, "%s", message);
    }
    return e;
}

/* An open entry that is bad, so that its option lines have where to go. */
static struct err *open_bad(struct lines *p, uint64_t line, const char *message)
{
    lines_flush(p, false);
    p->open = list_bad_entry(&p->out, line, message);
    p->bytes = 0;
    return p->open ? NULL : err_plain(ERR_NOMEM);
}

/* An option line is wrong: its entry is, or it comes out as a bad entry itself. */
static struct err *bad_option(struct lines *p, uint64_t line, struct err *error)
{
    if (!err_is(error, ERR_INPUT)) {
        return error;
    }
    if (p->open) {
        entry_spoil(p->open, err_new(ERR_INPUT, NULL, "line %llu: %s", (unsigned long long)line,
                                 err_message(error)));
        err_unref(error);
        return NULL;
    }
    struct entry *e = list_bad_entry(&p->out, line, err_message(error));
    err_unref(error);
    if (!e) {
        return err_plain(ERR_NOMEM);
    }
    p->out.on_entry(p->out.arg, e);
    return NULL;
}

static void strip(struct split_line *t)
{
    while (t->len > 0 && indents(t->text[0])) {
        t->text++;
        t->len--;
    }
    while (t->len > 0 && (indents(t->text[t->len - 1]) || t->text[t->len - 1] == '\r')) {
        t->len--;
    }
}

/* A cell of the line is "url", with cells beside it: the header row of a table. */
static bool is_header_row(const struct split_line *t, char separator)
{
    bool found = false;
    size_t cells = 0;
    for (size_t at = 0; at <= t->len; cells++) {
        const char *end = memchr(t->text + at, separator, t->len - at);
        const size_t len = end ? (size_t)(end - t->text) - at : t->len - at;
        found = found || (len == 3 && memcmp(t->text + at, "url", 3) == 0);
        at += len + 1;
    }
    return found && cells > 1;
}

/* t: the first line. */
static void hint_at_tables(const struct lines *p, const struct split_line *t, uint64_t line)
{
    if (memmem(t->text, t->len, "://", 3)) {
        return; /* a URL may well have commas */
    }
    if (is_header_row(t, ',')) {
        p->out.on_warning(p->out.arg, line, "if this is a table, say --input-format csv");
    } else if (is_header_row(t, '\t')) {
        p->out.on_warning(p->out.arg, line, "if this is a table, say --input-format tsv");
    }
}

/* Beside its URL is where other programs' lists have a name. */
static void hint_at_blanks(struct lines *p, const struct split_line *url, uint64_t line)
{
    if (!p->blank_told && memchr(url->text, ' ', url->len)) {
        p->blank_told = true;
        p->out.on_warning(p->out.arg, line,
            "a blank in a URL is sent as %20; a name goes on a line below it: \"  out=NAME\"");
    }
}

static struct err *push_mirror(struct lines *p, const struct split_line *t, bool first)
{
    if (!first && !memmem(t->text, t->len, "://", 3)) {
        return err_new(ERR_INPUT, NULL,
            "what follows a tab is no URL of a mirror; a name goes on a line below: \"  "
            "out=NAME\"");
    }
    return field_url(p->open, t->text, t->len);
}

static struct err *push_url(struct lines *p, struct split_line t, uint64_t line)
{
    bool first = true;
    lines_flush(p, false);
    struct entry *e = entry_new();
    if (!e) {
        return err_plain(ERR_NOMEM);
    }
    e->file = p->out.file;
    e->line = line;
    p->open = e;
    p->bytes = t.len;
    if (line == 1) {
        hint_at_tables(p, &t, line);
    }
    while (t.len > 0) {
        const char *tab = memchr(t.text, '\t', t.len);
        size_t len = tab ? (size_t)(tab - t.text) : t.len;
        struct split_line one = {t.text, len};
        strip(&one);
        hint_at_blanks(p, &one, line);
        struct err *error = one.len > 0 ? push_mirror(p, &one, first) : NULL;
        first = false;
        if (err_is(error, ERR_INPUT)) {
            entry_spoil(e, error);
            return NULL;
        }
        if (error) {
            return error;
        }
        t.text += tab ? len + 1 : len;
        t.len -= tab ? len + 1 : len;
    }
    return NULL;
}

static struct err *field_allow_overwrite(struct entry *e, const char *value)
{
    return field_if_exists(e, strcmp(value, "true") == 0 ? "overwrite" : "skip");
}

static struct err *field_conditional_get(struct entry *e, const char *value)
{
    return strcmp(value, "true") == 0 ? field_if_exists(e, "update") : NULL;
}

/* aria2's names, and ours for what aria2 has no name for */
static const struct option_line {
    const char *key;
    struct err *(*set)(struct entry *e, const char *value);
} option_lines[] = {
    {"out", field_out},
    {"dir", field_dir},
    {"checksum", field_checksum},
    {"header", field_header},
    {"referer", field_referer},
    {"user-agent", field_user_agent},
    {"http-user", field_http_user},
    {"http-passwd", field_http_passwd},
    {"allow-overwrite", field_allow_overwrite},
    {"conditional-get", field_conditional_get},
    {"user", field_user},
    {"method", field_method},
    {"body", field_body},
    {"if-exists", field_if_exists},
    {"if_exists", field_if_exists},
    {"task-timeout", field_task_timeout},
    {"task_timeout", field_task_timeout},
};

static struct err *set_option(struct lines *p, const char *key, const char *value, uint64_t line)
{
    for (size_t i = 0; i < sizeof(option_lines) / sizeof(option_lines[0]); i++) {
        if (strcmp(option_lines[i].key, key) == 0) {
            struct err *error = option_lines[i].set(p->open, value);
            return error ? bad_option(p, line, error) : NULL;
        }
    }
    struct buf text = BUF_INIT;
    buf_addf(&text, "unknown option \"%.100s\" is ignored", key);
    if (!buf_failed(&text)) {
        p->out.on_warning(p->out.arg, line, text.data);
    }
    buf_fini(&text);
    return NULL;
}

static struct err *push_option(struct lines *p, struct split_line t, uint64_t line)
{
    if (!p->open) {
        return bad_option(p, line,
            err_new(ERR_INPUT, NULL, "%s",
                p->late ? "this option line came more than 200 ms after its URL, which was started"
                        : "an option line with no URL above it"));
    }
    p->bytes += t.len;
    if (p->bytes > SPLIT_LINE_MAX) {
        return bad_option(p, line, err_new(ERR_INPUT, NULL, "an entry longer than 1 MiB"));
    }
    const char *equals = memchr(t.text, '=', t.len);
    if (!equals) {
        return bad_option(p, line, err_new(ERR_INPUT, NULL, "neither key=value nor a URL"));
    }
    struct split_line key = {t.text, (size_t)(equals - t.text)};
    struct split_line value = {equals + 1, t.len - key.len - 1};
    strip(&key);
    strip(&value);
    char *copy = malloc(key.len + value.len + 2);
    if (!copy) {
        return err_plain(ERR_NOMEM);
    }
    memcpy(copy, key.text, key.len);
    copy[key.len] = '\0';
    char *text = copy + key.len + 1;
    memcpy(text, value.text, value.len);
    text[value.len] = '\0';
    struct err *error = set_option(p, copy, text, line);
    free(copy);
    return error;
}

static bool is_url(const struct split_line *t)
{
    const char *scheme = memmem(t->text, t->len, "://", 3);
    const char *equals = memchr(t->text, '=', t->len);
    return scheme && (!equals || scheme < equals);
}

struct err *lines_push(struct lines *p, const struct split_line *text, uint64_t line)
{
    struct split_line t = *text;
    bool indented = t.len > 0 && indents(t.text[0]);
    const char *problem = text_problem(t.text, t.len);
    if (problem) {
        return indented ? bad_option(p, line, err_new(ERR_INPUT, NULL, "%s", problem))
                        : open_bad(p, line, problem);
    }
    strip(&t);
    if (t.len == 0 || t.text[0] == '#') {
        return NULL;
    }
    return indented && !is_url(&t) ? push_option(p, t, line) : push_url(p, t, line);
}

struct err *lines_too_long(struct lines *p, char first, uint64_t line)
{
    static const char message[] = "a line longer than 1 MiB";
    if (first == '#') {
        return NULL;
    }
    return indents(first) ? bad_option(p, line, err_new(ERR_INPUT, NULL, message))
                          : open_bad(p, line, message);
}

void lines_break(struct lines *p)
{
    if (p->open) {
        entry_spoil(p->open, err_new(ERR_INPUT, NULL, "the list could not be read any further"));
    }
    lines_flush(p, false);
}
