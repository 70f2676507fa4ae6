/* SPDX-License-Identifier: MIT */
/* Lines of digests, sorted by the last component of their names. */
#include "store/checksums.h"

#include "base/alloc.h"
#include "base/buf.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct line {
    char *path;       /* owned */
    const char *name; /* its last component */
    struct digest_value digest;
};

struct checksums {
    struct line *lines; /* owned */
    size_t count, room;
};

/* A piece of the text. */
struct piece {
    const char *at;
    size_t len;
};

void checksums_free(struct checksums *c)
{
    if (c) {
        for (size_t i = 0; i < c->count; i++) {
            free(c->lines[i].path);
        }
        free(c->lines);
        free(c);
    }
}

size_t checksums_count(const struct checksums *c)
{
    return c->count;
}

/* -- one line ------------------------------------------------------------------------------ */

/* Without the "./" that find gives. "\\" and "\n" stand for a backslash and a newline in a line
 * that began with a backslash. NULL when memory ran out. */
static char *read_name(struct piece p, bool escaped)
{
    struct buf b = BUF_INIT;
    while (p.len > 2 && p.at[0] == '.' && p.at[1] == '/') {
        p.at += 2;
        p.len -= 2;
    }
    for (size_t i = 0; i < p.len; i++) {
        char c = p.at[i];
        if (escaped && c == '\\' && i + 1 < p.len) {
            c = p.at[++i];
            c = (char)(c == 'n' ? '\n' : c == 'r' ? '\r' : c);
        }
        buf_addc(&b, c);
    }
    return buf_take(&b);
}

/* A digest's text through digest_parse, with or without the name of its algorithm. */
static struct err *read_digest(const char *algo, struct piece hex, struct digest_value *out)
{
    char text[160];
    size_t n = algo ? strlen(algo) : 0;
    if (hex.len > 128 || n > 16) {
        return err_plain(ERR_INPUT);
    }
    memcpy(text, algo ? algo : "", n);
    if (algo) {
        text[n++] = ':';
    }
    memcpy(text + n, hex.at, hex.len);
    text[n + hex.len] = '\0';
    return digest_parse(text, out);
}

static size_t hex_digits(struct piece p)
{
    size_t n = 0;
    while (n < p.len && strchr("0123456789abcdefABCDEF", p.at[n]) && p.at[n]) {
        n++;
    }
    return n;
}

/* "<hex>  name" and "<hex> *name"; false: the line is something else. */
static bool split_gnu(struct piece p, struct piece *hex, struct piece *name)
{
    size_t digits = hex_digits(p);
    if (digits < 32 || p.len < digits + 3 || p.at[digits] != ' ' ||
        !strchr(" *", p.at[digits + 1]) || !p.at[digits + 1]) {
        return false;
    }
    *hex = (struct piece){p.at, digits};
    *name = (struct piece){p.at + digits + 2, p.len - digits - 2};
    return true;
}

/* "SHA256 (name) = <hex>"; the name may hold anything. */
static bool split_bsd(struct piece p, char *algo, struct piece *hex, struct piece *name)
{
    size_t tail = 0;
    const char *open = memmem(p.at, p.len, " (", 2);
    size_t n = open ? (size_t)(open - p.at) : 0;
    while (tail < p.len && hex_digits((struct piece){p.at + p.len - tail - 1, 1}) == 1) {
        tail++;
    }
    if (n < 3 || n > 10 || tail < 32 || p.len < n + 2 + 1 + 4 + tail ||
        memcmp(p.at + p.len - tail - 4, ") = ", 4) != 0) {
        return false;
    }
    memcpy(algo, p.at, n);
    algo[n] = '\0';
    *hex = (struct piece){p.at + p.len - tail, tail};
    *name = (struct piece){open + 2, p.len - tail - 4 - n - 2};
    return true;
}

static bool grow(struct checksums *c)
{
    if (c->count < c->room) {
        return true;
    }
    size_t room = c->room ? 2 * c->room : 16;
    struct line *lines = mem_array(c->lines, room, sizeof(*lines));
    if (lines) {
        c->lines = lines;
        c->room = room;
    }
    return lines != NULL;
}

/* Takes a line that is one of a digest. False when memory ran out. */
static bool take(struct checksums *c, struct piece p)
{
    char algo[16];
    struct piece hex, name;
    struct digest_value digest;
    bool escaped = p.len > 0 && p.at[0] == '\\';
    struct err *e;
    if (escaped) {
        p.at++;
        p.len--;
    }
    if (split_gnu(p, &hex, &name)) {
        e = read_digest(NULL, hex, &digest);
    } else if (split_bsd(p, algo, &hex, &name)) {
        e = read_digest(algo, hex, &digest);
    } else {
        return true;
    }
    if (e) {
        bool lost = err_is(e, ERR_NOMEM);
        err_unref(e);
        return !lost;
    }
    char *path = grow(c) ? read_name(name, escaped) : NULL;
    if (!path) {
        return false;
    }
    const char *slash = strrchr(path, '/');
    c->lines[c->count++] = (struct line){path, slash ? slash + 1 : path, digest};
    return true;
}

/* -- all of them --------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    const struct line *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : strcmp(x->path, y->path);
}

struct err *checksums_parse(const char *text, size_t len, struct checksums **out)
{
    *out = NULL;
    struct checksums *c = mem_new(sizeof(*c));
    if (!c) {
        return err_plain(ERR_NOMEM);
    }
    for (const char *at = text, *end = text + len; at < end;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        struct piece p = {at, (size_t)((newline ? newline : end) - at)};
        at += p.len + (newline ? 1 : 0);
        while (p.len > 0 && strchr(" \t\r", p.at[p.len - 1]) && p.at[p.len - 1]) {
            p.len--;
        }
        if (!take(c, p)) {
            checksums_free(c);
            return err_plain(ERR_NOMEM);
        }
    }
    if (c->count == 0) {
        checksums_free(c);
        return err_new(ERR_INPUT, NULL, "there is no line like \"<hex>  name\" in it");
    }
    qsort(c->lines, c->count, sizeof(*c->lines), by_name);
    *out = c;
    return NULL;
}

/* -- finding ------------------------------------------------------------------------------- */

static size_t first_of(const struct checksums *c, const char *name)
{
    size_t low = 0, high = c->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(c->lines[middle].name, name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* How many components two paths share, from the last one on; one more if they are the same. */
static size_t shared(const char *a, const char *b)
{
    size_t i = strlen(a), j = strlen(b), n = 0;
    while (i > 0 && j > 0 && a[i - 1] == b[j - 1]) {
        n += a[i - 1] == '/';
        i--;
        j--;
    }
    bool whole = (i == 0 || a[i - 1] == '/') && (j == 0 || b[j - 1] == '/');
    return n + (whole ? 1 : 0) + (i == 0 && j == 0 ? 1 : 0);
}

enum checksums_found checksums_find(
    const struct checksums *c, const char *path, struct digest_value *out)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    size_t best = 0;
    bool differ = false;
    *out = (struct digest_value){.algo = DIGEST_NONE};
    for (size_t i = first_of(c, name); i < c->count && strcmp(c->lines[i].name, name) == 0; i++) {
        const struct digest_value *d = &c->lines[i].digest;
        size_t fit = shared(c->lines[i].path, path);
        if (fit > best || (fit == best && d->algo > out->algo)) {
            differ = false;
            best = fit;
            *out = *d;
        } else if (fit == best && d->algo == out->algo) {
            differ = differ || !digest_equal(d, out);
        }
    }
    return out->algo == DIGEST_NONE ? CHECKSUMS_NONE : differ ? CHECKSUMS_SEVERAL : CHECKSUMS_ONE;
}
