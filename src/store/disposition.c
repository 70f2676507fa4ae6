/* SPDX-License-Identifier: MIT */
/*
 * The file name in a Content-Disposition field.
 *
 *     attachment ; filename = "a \"b\".txt" ; filename* = UTF-8''a%20%C2%A3.txt
 *     type         parameter   value
 *
 * What servers send is read as far as it has one meaning: an unquoted value may hold blanks, the
 * type may be missing, bytes that are no UTF-8 are ISO-8859-1. A value with more than one meaning
 * (a quote that never ends, a bad %XX, an unknown charset) is as if it were not there. The first of
 * two parameters of one name counts.
 */
#include "store/disposition.h"

#include "base/utf8.h"
#include "store/name.h"

#include <string.h>
#include <strings.h>

/* A piece of the field, borrowed. */
struct span {
    const char *s;
    size_t n;
};

struct parameter {
    struct span name;
    struct span value; /* of a quoted one: what stands between the quotes, escapes and all */
    bool quoted, broken;
};

static const char *skip_blanks(const char *s)
{
    return s + strspn(s, " \t\r\n");
}

static struct span trim_right(const char *s, const char *end)
{
    while (end > s && strchr(" \t\r\n", end[-1])) {
        end--;
    }
    return (struct span){s, (size_t)(end - s)};
}

/* The end of the quoted text that begins at s, behind its quote: the closing quote, or NULL. */
static const char *closing_quote(const char *s)
{
    for (; *s && *s != '"'; s++) {
        if (*s == '\\' && s[1]) {
            s++;
        }
    }
    return *s ? s : NULL;
}

/* Reads one parameter (or the type, which has no value) up to its ';' and returns what follows. */
static const char *next_parameter(const char *s, struct parameter *p)
{
    s = skip_blanks(s);
    *p = (struct parameter){.value = {s, 0}};
    size_t n = strcspn(s, ";=\"");
    p->name = trim_right(s, s + n);
    s += n;
    if (*s == '=') {
        s = skip_blanks(s + 1);
        if (*s == '"') {
            const char *end = closing_quote(s + 1);
            p->quoted = true;
            p->broken = !end;
            p->value = (struct span){s + 1, end ? (size_t)(end - s - 1) : 0};
            s = end ? end + 1 : s + strlen(s);
        } else {
            n = strcspn(s, ";");
            p->value = trim_right(s, s + n);
            s += n;
        }
    }
    /* What stands between a closing quote and the ';' means nothing. */
    s += strcspn(s, ";");
    return *s ? s + 1 : NULL;
}

static bool is_named(const struct parameter *p, const char *name)
{
    return p->name.n == strlen(name) && strncasecmp(p->name.s, name, p->name.n) == 0;
}

static void add_latin1(struct buf *b, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        utf8_put(b, (unsigned char)s[i]);
    }
}

/* -- filename ------------------------------------------------------------------------------ */

static bool read_plain(const struct parameter *p, struct buf *out)
{
    struct buf raw = BUF_INIT;
    for (size_t i = 0; i < p->value.n; i++) {
        if (p->quoted && p->value.s[i] == '\\' && i + 1 < p->value.n) {
            i++;
        }
        buf_addc(&raw, p->value.s[i]);
    }
    if (buf_failed(&raw)) {
        out->failed = true;
    } else if (utf8_valid(raw.data, raw.len)) {
        buf_add(out, raw.data, raw.len);
    } else {
        add_latin1(out, raw.data, raw.len);
    }
    buf_fini(&raw);
    return out->len > 0;
}

/* -- filename* ----------------------------------------------------------------------------- */

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* attr-char of RFC 8187, more kindly: whatever is printable ASCII needs no guess. */
static bool is_well_formed(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bool hex = i + 2 < n && is_hex(s[i + 1]) && is_hex(s[i + 2]);
        unsigned char c = (unsigned char)s[i];
        if ((c == '%' && !hex) || c < 0x20 || c >= 0x7f) {
            return false;
        }
    }
    return true;
}

/* charset'language'percent-encoded */
static bool read_extended(const struct parameter *p, struct buf *out)
{
    const char *s = p->value.s, *end = s + p->value.n;
    const char *first = p->value.n ? memchr(s, '\'', p->value.n) : NULL;
    const char *second = first ? memchr(first + 1, '\'', (size_t)(end - first - 1)) : NULL;
    if (!second || !is_well_formed(second + 1, (size_t)(end - second - 1))) {
        return false;
    }
    size_t charset = (size_t)(first - s);
    bool utf8 = charset == 5 && strncasecmp(s, "UTF-8", 5) == 0;
    bool latin1 = charset == 10 && strncasecmp(s, "ISO-8859-1", 10) == 0;
    struct buf raw = BUF_INIT;
    name_percent_decode(&raw, second + 1, (size_t)(end - second - 1));
    if (buf_failed(&raw)) {
        out->failed = true;
    } else if (latin1) {
        add_latin1(out, raw.data, raw.len);
    } else if (utf8 && utf8_valid(raw.data, raw.len)) {
        buf_add(out, raw.data, raw.len);
    }
    buf_fini(&raw);
    return out->len > 0;
}

/* -- both ---------------------------------------------------------------------------------- */

/* The name without directories, made safe; false if nothing but dots is left of it. */
static bool add_last_component(struct buf *b, const struct buf *name)
{
    size_t start = name->len;
    while (start > 0 && name->data[start - 1] != '/' && name->data[start - 1] != '\\') {
        start--;
    }
    const char *last = name->data + start;
    size_t n = name->len - start;
    size_t meaningless = 0;
    while (meaningless < n && strchr(". ", last[meaningless])) {
        meaningless++;
    }
    if (meaningless == n) {
        return false;
    }
    name_make_safe(b, last, n);
    return true;
}

bool disposition_name(const char *value, struct buf *b)
{
    struct buf plain = BUF_INIT, extended = BUF_INIT;
    bool has_plain = false, has_extended = false;
    while (value) {
        struct parameter p;
        value = next_parameter(value, &p);
        if (p.broken) {
            continue;
        }
        if (!has_plain && is_named(&p, "filename")) {
            has_plain = read_plain(&p, &plain);
        } else if (!has_extended && is_named(&p, "filename*")) {
            has_extended = read_extended(&p, &extended);
        }
    }
    bool found = false;
    if (buf_failed(&plain) || buf_failed(&extended)) {
        b->failed = true;
    } else {
        found = (has_extended && add_last_component(b, &extended)) ||
                (has_plain && add_last_component(b, &plain));
    }
    buf_fini(&plain);
    buf_fini(&extended);
    return found;
}
