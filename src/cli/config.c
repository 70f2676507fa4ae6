/* SPDX-License-Identifier: MIT */
/*
 * Configuration files: long options, one a line.
 *
 *   # a comment
 *   jobs 32
 *   header = "Accept: text/html"
 *   --compressed
 *
 * A value goes to the end of its line, without the blanks around it; in double quotes \\ \" \n \r
 * and \t are understood, in single quotes nothing is.
 */
#include "cli/options_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BLANKS " \t\r\v\f"

/* One line, cut into its parts in place. */
struct line {
    char *name;
    char *value; /* NULL: none */
};

/* The value in quotes at s, without them; false if it does not end with the line. */
static bool unquote(char *s)
{
    char quote = *s;
    char *to = s;
    const char *from = s + 1;
    for (; *from && *from != quote; from++) {
        if (quote == '"' && *from == '\\' && from[1]) {
            from++;
            *to++ = (char)(*from == 'n' ? '\n' : *from == 'r' ? '\r' : *from == 't' ? '\t' : *from);
        } else {
            *to++ = *from;
        }
    }
    bool good = *from == quote && from[1] == '\0';
    *to = '\0';
    return good;
}

/* False for a line that is blank or a comment. */
static bool split(char *s, struct line *l, const char **wrong)
{
    s += strspn(s, BLANKS);
    size_t len = strlen(s);
    while (len && strchr(BLANKS, s[len - 1])) {
        s[--len] = '\0';
    }
    if (!*s || *s == '#') {
        return false;
    }
    if (strncmp(s, "--", 2) == 0) {
        s += 2;
    } else if (*s == '-') {
        *wrong = "only long options are understood here";
    }
    l->name = s;
    l->value = NULL;
    s += strcspn(s, BLANKS "=");
    if (*s) {
        bool sign = *s == '=';
        *s++ = '\0';
        s += strspn(s, BLANKS);
        if (!sign && *s == '=') {
            s++;
            s += strspn(s, BLANKS);
        }
        l->value = s;
        if ((*s == '"' || *s == '\'') && !unquote(s)) {
            *wrong = "a quote is not closed, or something follows it";
        }
    }
    return true;
}

static struct err *take_line(struct parse *p, char *text)
{
    struct line l;
    const char *wrong = NULL;
    if (!split(text, &l, &wrong)) {
        return NULL;
    }
    if (wrong) {
        return err_new(ERR_USAGE, NULL, "%s", wrong);
    }
    size_t len = strlen(l.name);
    const struct option_row *row = option_by_name(l.name, len);
    if (!row) {
        return option_unknown("", l.name, len);
    }
    if (row->flags & ROW_COMMAND_LINE) {
        return err_new(ERR_USAGE, NULL, "--%s: is for the command line only", row->name);
    }
    if (row->arg && !l.value && !(row->flags & ROW_OPTIONAL)) {
        return err_new(ERR_USAGE, NULL, "--%s: a value is missing (%s)", row->name, row->arg);
    }
    if (!row->arg && l.value) {
        return err_new(ERR_USAGE, NULL, "--%s: takes no value", row->name);
    }
    return row->take(p, row, l.value);
}

/* e with the place in front of its message. */
static struct err *at_line(struct err *e, const char *path, size_t number)
{
    if (!e || err_is(e, ERR_NOMEM)) {
        return e;
    }
    struct err *placed = err_new(ERR_USAGE, NULL, "%s:%zu: %s", path, number, err_message(e));
    err_unref(e);
    return placed;
}

struct err *config_read(struct parse *p, const char *path, bool missing_ok)
{
    struct buf file = BUF_INIT;
    struct err *e = option_read_file(p, NULL, path, &file);
    if (e && missing_ok && (err_errnum(e) == ENOENT || err_errnum(e) == ENOTDIR)) {
        err_unref(e);
        buf_fini(&file);
        return NULL;
    }
    if (e && missing_ok) {
        struct err *more =
            err_new(ERR_USAGE, NULL, "%s (--no-config leaves it out)", err_message(e));
        err_unref(e);
        e = more;
    }
    size_t at = file.len >= 3 && memcmp(file.data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    for (size_t number = 1; !e && at < file.len; number++) {
        char *line = file.data + at;
        char *end = memchr(line, '\n', file.len - at);
        size_t len = end ? (size_t)(end - line) : file.len - at;
        line[len] = '\0';
        at += len + 1;
        e = memchr(line, '\0', len) ? err_new(ERR_USAGE, NULL, "a NUL: is this a text file?")
                                    : take_line(p, line);
        e = at_line(e, path, number);
    }
    buf_fini(&file);
    return e;
}

char *config_default_path(void)
{
    const char *base = getenv("XDG_CONFIG_HOME");
    const char *below = "/garner/config";
    if (!base || *base != '/') {
        base = getenv("HOME");
        below = "/.config/garner/config";
    }
    if (!base || !*base) {
        return NULL;
    }
    struct buf b = BUF_INIT;
    buf_adds(&b, base);
    buf_adds(&b, below);
    return buf_take(&b);
}

struct err *take_config(struct parse *p, const struct option_row *row, const char *value)
{
    (void)row;
    return config_read(p, value, false);
}
