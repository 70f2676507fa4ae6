/* SPDX-License-Identifier: MIT */
/* Output templates: "{host}/{dirs:1}/{stem}.{index:06}{.ext}" (cli.md, Where bytes go). */
#ifndef STORE_TEMPLATE_H
#define STORE_TEMPLATE_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct template;

/* An entry's id, a JSON text, as {id} has it: a string without its quotes. False: it is none. */
bool template_add_id(struct buf *b, const char *id);

/* What the placeholders stand for. Borrowed; NULL where there is none. */
struct template_values {
    const char *host;
    const char *url_path;  /* percent-encoded, begins with '/' */
    const char *url_query; /* without '?' */
    const char *name;      /* overrides the URL's last segment (Content-Disposition, made safe) */
    uint64_t index;        /* from 1 */
    const char *id;        /* a JSON text: a string is used without its quotes */
    /* {.key}: the entry's own value as text, in b; false if it has none. May be NULL. */
    bool (*lookup)(void *arg, const char *key, struct buf *b);
    void *arg;
};

/* ERR_USAGE with a message that names the bad placeholder. "{{" and "}}" are literal braces. A
 * relative template with a ".." is refused: it would lead out of the output directory. */
struct err *template_parse(const char *text, struct template **out);
void template_free(struct template *t);

bool template_has_placeholder(const struct template *t);
bool template_has_index(const struct template *t);
bool template_is_absolute(const struct template *t);

/*
 * The relative (or, typed so, absolute) path, in b. Every component that holds a placeholder is
 * made safe as a name; what a placeholder brings never adds a directory, but for {dirs}, each of
 * whose components is made safe alone. A directory that comes out empty is left out. A trailing '/'
 * gets {name}. ERR_INPUT when a {.key} or {id} is missing from the entry. On an error b holds what
 * it held before.
 */
struct err *template_render(
    const struct template *t, const struct template_values *v, struct buf *b);

/* A list's own `out` or `dir`: literal text, to stay below the output directory. Normalises
 * ("a//./b/" -> "a/b"), makes each component safe as a name, and refuses an absolute path and any
 * "..": ERR_POLICY. "." and "" add nothing to b: the output directory itself. */
struct err *template_check_relative(const char *path, struct buf *b);

#endif
