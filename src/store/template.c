/* SPDX-License-Identifier: MIT */
/* Output templates: how they are read. */
#include "store/template.h"

#include "base/alloc.h"
#include "store/template_impl.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const struct placeholder {
    const char *name;
    enum part_kind kind;
    enum { PLAIN, NUMBER, PARAMETER } argument; /* what may follow a ':' */
} placeholders[] = {
    {"name", PART_NAME, PLAIN},
    {"stem", PART_STEM, PLAIN},
    {".ext", PART_EXT, PLAIN},
    {"host", PART_HOST, PLAIN},
    {"dirs", PART_DIRS, NUMBER},
    {"query", PART_QUERY, PARAMETER},
    {"index", PART_INDEX, NUMBER},
    {"id", PART_ID, PLAIN},
};

/* text: copied n bytes; NULL for none. */
static struct err *add_part(
    struct template *t, enum part_kind kind, const char *text, size_t n, unsigned number)
{
    struct part *parts = mem_array(t->parts, t->count + 1, sizeof(*parts));
    if (!parts) {
        return err_plain(ERR_NOMEM);
    }
    t->parts = parts;
    char *copy = text ? mem_dup_bytes(text, n) : NULL;
    if (text && !copy) {
        return err_plain(ERR_NOMEM);
    }
    parts[t->count++] = (struct part){.kind = kind, .text = copy, .number = number};
    return NULL;
}

static struct err *bad(const char *inside, size_t n, const char *why)
{
    return err_new(
        ERR_USAGE, NULL, "output template: {%.*s}: %s", (int)(n < 80 ? n : 80), inside, why);
}

/* At most four digits, so that no template asks for a name of a million zeros. */
static bool parse_number(const char *s, size_t n, unsigned *out)
{
    *out = 0;
    if (n == 0 || n > 4) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (!isdigit((unsigned char)s[i])) {
            return false;
        }
        *out = *out * 10 + (unsigned)(s[i] - '0');
    }
    return true;
}

static struct err *add_placeholder(
    struct template *t, const struct placeholder *p, const char *inside, size_t n, size_t name)
{
    unsigned number = 0;
    if (name == n) {
        return add_part(t, p->kind, NULL, 0, 0);
    }
    const char *argument = inside + name + 1;
    size_t len = n - name - 1;
    if (p->argument == PLAIN) {
        return bad(inside, n, "takes nothing after a colon");
    }
    if (p->argument == PARAMETER) {
        return len ? add_part(t, p->kind, argument, len, 0) : bad(inside, n, "no parameter named");
    }
    if (!parse_number(argument, len, &number)) {
        return bad(inside, n, "a number is expected after the colon");
    }
    if (p->kind == PART_INDEX && number > 20) {
        return bad(inside, n, "at most 20 digits");
    }
    return add_part(t, p->kind, NULL, 0, number);
}

/* inside: what stands between the braces. */
static struct err *parse_placeholder(struct template *t, const char *inside, size_t n)
{
    const char *colon = memchr(inside, ':', n);
    size_t name = colon ? (size_t)(colon - inside) : n;
    for (size_t i = 0; i < sizeof(placeholders) / sizeof(placeholders[0]); i++) {
        const struct placeholder *p = &placeholders[i];
        if (strlen(p->name) == name && memcmp(p->name, inside, name) == 0) {
            return add_placeholder(t, p, inside, n, name);
        }
    }
    if (n > 1 && inside[0] == '.') {
        return add_part(t, PART_KEY, inside + 1, n - 1, 0);
    }
    return bad(inside, n,
        "unknown (known: {name} {stem} {.ext} {host} {dirs} {query} {index} {id} {.key})");
}

/* The literal text at s, without its doubled braces; *used is what of s it took. */
static struct err *parse_text(struct template *t, const char *s, size_t *used)
{
    struct buf b = BUF_INIT;
    struct err *e = NULL;
    size_t i = 0;
    while (s[i] && s[i] != '/') {
        bool brace = s[i] == '{' || s[i] == '}';
        if (brace && s[i + 1] != s[i]) {
            break;
        }
        buf_addc(&b, s[i]);
        i += brace ? 2 : 1;
    }
    *used = i;
    if (buf_failed(&b)) {
        e = err_plain(ERR_NOMEM);
    } else if (b.len) {
        e = add_part(t, PART_TEXT, b.data, b.len, 0);
    }
    buf_fini(&b);
    return e;
}

static struct err *parse_one(struct template *t, const char *s, size_t *used)
{
    if (*s == '/') {
        *used = 1;
        return add_part(t, PART_SLASH, NULL, 0, 0);
    }
    bool brace = *s == '{' || *s == '}';
    if (!brace || s[1] == *s) {
        return parse_text(t, s, used);
    }
    size_t n = strcspn(s + 1, "{}");
    if (*s == '}' || s[1 + n] != '}') {
        return err_new(
            ERR_USAGE, NULL, "output template: a lone \"%c\" (a literal one is written twice)", *s);
    }
    *used = n + 2;
    return parse_placeholder(t, s + 1, n);
}

/* True if the component that ends before part `end` is just the text `what`. */
static bool component_is(const struct template *t, size_t end, const char *what)
{
    return end > 0 && t->parts[end - 1].kind == PART_TEXT &&
           (end < 2 || t->parts[end - 2].kind == PART_SLASH) &&
           strcmp(t->parts[end - 1].text, what) == 0;
}

static struct err *check_components(const struct template *t)
{
    for (size_t end = 1; end <= t->count; end++) {
        bool last = end == t->count;
        if (!last && t->parts[end].kind != PART_SLASH) {
            continue;
        }
        bool up = component_is(t, end, "..");
        if (up && !t->absolute) {
            return err_new(ERR_USAGE, NULL,
                "output template: \"..\" leads out of the output directory (see --dir)");
        }
        if (last && (up || component_is(t, end, "."))) {
            return err_new(
                ERR_USAGE, NULL, "output template: it names a directory (end it with a \"/\")");
        }
    }
    return NULL;
}

static struct err *parse_all(struct template *t, const char *text)
{
    if (!*text) {
        return err_new(ERR_USAGE, NULL, "output template: it is empty");
    }
    t->absolute = *text == '/';
    for (const char *s = text; *s;) {
        size_t used = 0;
        struct err *e = parse_one(t, s, &used);
        if (e) {
            return e;
        }
        s += used;
    }
    if (t->parts[t->count - 1].kind == PART_SLASH) {
        struct err *e = add_part(t, PART_NAME, NULL, 0, 0);
        if (e) {
            return e;
        }
    }
    return check_components(t);
}

struct err *template_parse(const char *text, struct template **out)
{
    *out = NULL;
    struct template *t = mem_new(sizeof(*t));
    if (!t) {
        return err_plain(ERR_NOMEM);
    }
    struct err *e = parse_all(t, text);
    if (e) {
        template_free(t);
        return e;
    }
    *out = t;
    return NULL;
}

void template_free(struct template *t)
{
    if (!t) {
        return;
    }
    for (size_t i = 0; i < t->count; i++) {
        free(t->parts[i].text);
    }
    free(t->parts);
    free(t);
}

bool template_has_placeholder(const struct template *t)
{
    for (size_t i = 0; i < t->count; i++) {
        if (t->parts[i].kind > PART_SLASH) {
            return true;
        }
    }
    return false;
}

bool template_has_index(const struct template *t)
{
    for (size_t i = 0; i < t->count; i++) {
        if (t->parts[i].kind == PART_INDEX) {
            return true;
        }
    }
    return false;
}

bool template_is_absolute(const struct template *t)
{
    return t->absolute;
}
