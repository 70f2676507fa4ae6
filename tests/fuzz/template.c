/* SPDX-License-Identifier: MIT */
/*
 * Output templates: what they come to stays below the output directory, and {index} tells two
 * entries apart, whatever else they say.
 *
 * Parts: template, host, path, query, name, id, value of every {.key}; the last is also taken for a
 * list's own `out`.
 */
#include "store/template.h"
#include "fuzz.h"
#include "store/name.h"

#include <string.h>

static bool lookup(void *arg, const char *key, struct buf *b)
{
    FUZZ_CHECK(*key);
    buf_adds(b, arg);
    return true;
}

static size_t count(const char *s, char c)
{
    size_t n = 0;
    for (; *s; s++) {
        n += *s == c;
    }
    return n;
}

/* Only dots and other harmless characters outside of placeholders: then whatever is odd in the
 * path came from a placeholder. */
static bool is_plain(const char *text)
{
    return text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                             "_-/{}:.")] == '\0';
}

static void check_component(const char *s, size_t n, bool plain)
{
    FUZZ_CHECK(n > 0);
    FUZZ_CHECK(!(n == 1 && s[0] == '.'));
    FUZZ_CHECK(!(n == 2 && memcmp(s, "..", 2) == 0));
    FUZZ_CHECK(!plain || !fuzz_has_control(s, n));
    FUZZ_CHECK(!plain || (s[0] != ' ' && s[n - 1] != ' '));
}

static void check_inside(const char *path, bool plain)
{
    FUZZ_CHECK(*path != '/');
    for (;;) {
        size_t n = strcspn(path, "/");
        check_component(path, n, plain);
        if (!path[n]) {
            return;
        }
        path += n + 1;
    }
}

static void check_rendered(const struct template *t, const char *text,
    const struct template_values *v, const struct buf *b)
{
    FUZZ_CHECK(memcmp(b->data, "dir/", 4) == 0);
    const char *path = b->data + 4;
    FUZZ_CHECK(strlen(path) == b->len - 4);
    if (!template_is_absolute(t)) {
        check_inside(path, is_plain(text));
    }
    bool dirs = strstr(text, "{dirs") != NULL;
    if (!dirs) {
        FUZZ_CHECK(count(path, '/') <= count(text, '/'));
    }
    if (!strchr(text, '/') && !dirs && template_has_placeholder(t)) {
        fuzz_check_name(path, strlen(path), NAME_LONGEST + (template_has_index(t) ? 9 : 0));
    }
    (void)v;
}

/* The same entry further down the list has another path. */
static void check_index(const struct template *t, struct template_values v, const char *path)
{
    struct buf other = BUF_INIT;
    v.index += 1;
    err_unref(template_render(t, &v, &other));
    FUZZ_CHECK(!template_has_index(t) || (other.data && strcmp(other.data, path) != 0));
    buf_fini(&other);
}

static void check_template(const char *text, const struct template_values *v)
{
    struct template *t;
    struct err *e = template_parse(text, &t);
    if (e) {
        FUZZ_CHECK(!t);
        fuzz_refused(e, ERR_USAGE);
        return;
    }
    struct buf b = BUF_INIT;
    buf_adds(&b, "dir/");
    e = template_render(t, v, &b);
    if (e) {
        FUZZ_CHECK(strcmp(b.data, "dir/") == 0 && b.len == 4);
        fuzz_refused(e, ERR_INPUT);
    } else {
        check_rendered(t, text, v, &b);
        check_index(t, *v, b.data + 4);
    }
    buf_fini(&b);
    template_free(t);
}

static void check_relative(const char *path)
{
    struct buf b = BUF_INIT;
    struct err *e = template_check_relative(path, &b);
    if (e) {
        FUZZ_CHECK(b.len == 0);
        fuzz_refused(e, ERR_POLICY);
    } else if (b.len > 0) {
        check_inside(b.data, true);
        for (const char *s = b.data;; s++) {
            size_t n = strcspn(s, "/");
            fuzz_check_name(s, n, NAME_LONGEST);
            s += n;
            if (!*s) {
                break;
            }
        }
    }
    buf_fini(&b);
}

FUZZ_TARGET(template)
{
    struct fuzz_parts p;
    fuzz_split(&p, data, size);
    union {
        const char *text;
        void *arg;
    } value = {p.part[6]};
    struct template_values v = {
        .host = p.part[1],
        .url_path = p.part[2],
        .url_query = p.count > 3 ? p.part[3] : NULL,
        .name = NULL,
        .index = 1 + size,
        .id = p.count > 5 ? p.part[5] : NULL,
        .lookup = lookup,
        .arg = value.arg,
    };
    struct buf name = BUF_INIT;
    if (*p.part[4]) {
        name_make_safe(&name, p.part[4], strlen(p.part[4]));
        v.name = name.data;
    }
    check_template(p.part[0], &v);
    check_relative(value.text);
    buf_fini(&name);
    fuzz_split_fini(&p);
    return 0;
}
