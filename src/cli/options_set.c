/* SPDX-License-Identifier: MIT */
/* How an option's value is taken: the ways that many options share. */
#include "cli/options_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LARGEST_FILE (64 << 20)

static void *field(struct parse *p, const struct option_row *row)
{
    return (char *)p->o + row->at;
}

const char *option_shown(const struct option_row *row, char *text)
{
    if (row->name) {
        snprintf(text, 64, "--%s", row->name);
    } else {
        snprintf(text, 64, "-%c", row->letter);
    }
    return text;
}

struct err *option_error(const struct option_row *row, struct err *e)
{
    if (!e || err_is(e, ERR_NOMEM)) {
        return e;
    }
    char shown[64];
    struct err *named =
        err_new(ERR_USAGE, NULL, "%s: %s", option_shown(row, shown), err_message(e));
    err_unref(e);
    return named;
}

struct err *take_flag(struct parse *p, const struct option_row *row, const char *value)
{
    (void)value;
    *(bool *)field(p, row) = true;
    return NULL;
}

struct err *take_unflag(struct parse *p, const struct option_row *row, const char *value)
{
    (void)value;
    *(bool *)field(p, row) = false;
    return NULL;
}

struct err *take_string(struct parse *p, const struct option_row *row, const char *value)
{
    const char *copy = arena_dup(p->arena, value);
    if (!copy) {
        return err_plain(ERR_NOMEM);
    }
    *(const char **)field(p, row) = copy;
    return NULL;
}

bool option_is_url(const char *value)
{
    return strncmp(value, "http://", 7) == 0 || strncmp(value, "https://", 8) == 0;
}

bool option_is_stdout(const char *value)
{
    return strcmp(value, "-") == 0 || strcmp(value, "/dev/stdout") == 0;
}

bool strings_add(struct arena *a, struct strings *s, const char *text, size_t len)
{
    if (s->count + 2 > s->room) {
        size_t room = s->room ? 2 * s->room : 8;
        char **at = arena_new(a, room * sizeof *at);
        if (!at) {
            return false;
        }
        if (s->count) {
            memcpy(at, s->at, s->count * sizeof *at);
        }
        s->at = at;
        s->room = room;
    }
    s->at[s->count] = arena_dupn(a, text, len);
    if (!s->at[s->count]) {
        return false;
    }
    s->count++;
    return true;
}

struct err *take_list(struct parse *p, const struct option_row *row, const char *value)
{
    struct strings *s = (void *)((char *)p + row->at);
    return strings_add(p->arena, s, value, strlen(value)) ? NULL : err_plain(ERR_NOMEM);
}

/* The position of the value among "a|b|c" is the number that the field gets. */
struct err *take_choice(struct parse *p, const struct option_row *row, const char *value)
{
    size_t len = strlen(value);
    unsigned at = 0;
    for (const char *s = row->arg;; at++) {
        size_t n = strcspn(s, "|");
        if (n == len && memcmp(s, value, n) == 0) {
            break;
        }
        if (s[n] == '\0') {
            return option_error(
                row, err_new(ERR_USAGE, NULL, "'%s' is none of %s", value, row->arg));
        }
        s += n + 1;
    }
    *(unsigned *)field(p, row) = at;
    return NULL;
}

/* A whole number of the row's range. */
static struct err *whole(const struct option_row *row, const char *value, double *out)
{
    double n = 0;
    size_t digits = strspn(value, "0123456789");
    for (size_t i = 0; i < digits; i++) {
        n = n * 10 + (value[i] - '0');
    }
    if (!digits || value[digits] || n < row->min || n > row->max) {
        return option_error(row, err_new(ERR_USAGE, NULL, "'%s' is not a number from %.0f to %.0f",
                                     value, row->min, row->max));
    }
    *out = n;
    return NULL;
}

struct err *take_unsigned(struct parse *p, const struct option_row *row, const char *value)
{
    double n = 0;
    struct err *e = whole(row, value, &n);
    if (!e) {
        *(unsigned *)field(p, row) = (unsigned)n;
    }
    return e;
}

struct err *take_count(struct parse *p, const struct option_row *row, const char *value)
{
    double n = 0;
    struct err *e = whole(row, value, &n);
    if (!e) {
        *(size_t *)field(p, row) = (size_t)n;
    }
    return e;
}

struct err *option_size(const struct option_row *row, const char *value, int64_t *out)
{
    struct err *e = units_size(value, out);
    if (!e && (double)*out < row->min) {
        e = err_new(ERR_USAGE, NULL, "'%s' is too little: at least %.0fk", value, row->min / 1024);
    }
    return option_error(row, e);
}

struct err *take_size(struct parse *p, const struct option_row *row, const char *value)
{
    return option_size(row, value, field(p, row));
}

struct err *take_duration(struct parse *p, const struct option_row *row, const char *value)
{
    return option_error(row, units_duration(value, field(p, row)));
}

struct err *take_rate(struct parse *p, const struct option_row *row, const char *value)
{
    return option_error(row, units_rate(value, field(p, row)));
}

static struct err *read_all(int fd, const char *shown, struct buf *b)
{
    for (;;) {
        if (!buf_reserve(b, 65536)) {
            return err_plain(ERR_NOMEM);
        }
        ssize_t n = read(fd, b->data + b->len, 65536);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return err_errno(ERR_IO, errno, "%s", shown);
        }
        if (n == 0) {
            break;
        }
        b->len += (size_t)n;
        if (b->len > LARGEST_FILE) {
            return err_new(ERR_IO, NULL, "%s: more than %d bytes", shown, LARGEST_FILE);
        }
    }
    b->data[b->len] = '\0';
    return NULL;
}

struct err *option_read_file(
    struct parse *p, const struct option_row *row, const char *path, struct buf *b)
{
    char shown[64];
    bool standard = strcmp(path, "-") == 0;
    if (standard && p->stdin_taken) {
        return err_new(ERR_USAGE, NULL, "%s: standard input is read already",
            row ? option_shown(row, shown) : "--config");
    }
    p->stdin_taken |= standard;
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && !row) {
        return err_errno(ERR_IO, errno, "%s", path);
    }
    if (fd < 0) {
        return err_errno(ERR_IO, errno, "%s: %s", option_shown(row, shown), path);
    }
    struct err *e = read_all(fd, path, b);
    if (!standard) {
        close(fd);
    }
    return e;
}
