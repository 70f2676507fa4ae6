/* SPDX-License-Identifier: MIT */
/*
 * Output templates: what they come to for an entry.
 *
 * Invariant: only a SLASH part and the joints of {dirs} end a component. Everything else is
 * gathered, as it is, into the component at hand; ending it makes it safe as one name, if anything
 * in it came from a placeholder.
 */
#include "store/name.h"
#include "store/template_impl.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct rendering {
    const struct template_values *v;
    struct buf *out;
    size_t start;     /* of the path in out */
    struct buf piece; /* the component at hand, raw */
    bool held;        /* a placeholder is in it */
    bool counted;     /* {index} is in it */
    struct buf name;  /* {name}, made once; empty: not yet */
};

/* An index that a cut may have taken away is put back before the extension: it is what tells this
 * path from the others. It has the place of the hash, which is never needed next to an index. */
static void put_index_back(struct rendering *r, struct buf *name)
{
    char *whole = buf_failed(name) ? NULL : name_with_hash(name->data, r->v->index << 32);
    buf_clear(name);
    if (whole) {
        buf_adds(name, whole);
    } else {
        name->failed = true;
    }
    free(whole);
}

static void add_safe(struct rendering *r)
{
    struct buf safe = BUF_INIT;
    name_make_safe(&safe, r->piece.data, r->piece.len);
    if (r->counted && r->piece.len > NAME_LONGEST) {
        put_index_back(r, &safe);
    }
    if (buf_failed(&safe)) {
        r->out->failed = true;
    } else {
        buf_add(r->out, safe.data, safe.len);
    }
    buf_fini(&safe);
}

static void end_component(struct rendering *r, bool last)
{
    bool dot = !r->held && r->piece.len == 1 && r->piece.data[0] == '.';
    if (!last && (r->piece.len == 0 || dot)) {
        goto out;
    }
    if (r->out->len > r->start && r->out->data[r->out->len - 1] != '/') {
        buf_addc(r->out, '/');
    }
    if (r->held || r->piece.len == 0) {
        add_safe(r);
    } else {
        buf_add(r->out, r->piece.data, r->piece.len);
    }
out:
    r->out->failed = r->out->failed || buf_failed(&r->piece);
    buf_clear(&r->piece);
    r->held = r->counted = false;
}

static const char *name_of(struct rendering *r)
{
    if (r->name.len == 0) {
        if (r->v->name) {
            buf_adds(&r->name, r->v->name);
        } else {
            name_from_url_path(&r->name, r->v->url_path ? r->v->url_path : "");
        }
    }
    r->out->failed = r->out->failed || buf_failed(&r->name);
    return r->name.data && !buf_failed(&r->name) ? r->name.data : "";
}

/* The directories of the URL's path but the first `drop`, each a component of its own. */
static void add_dirs(struct rendering *r, unsigned drop)
{
    const char *s = r->v->url_path ? r->v->url_path : "";
    bool joint = false;
    for (const char *slash; (slash = strchr(s, '/')); s = slash + 1) {
        if (slash == s || (drop && drop--)) {
            continue;
        }
        if (joint) {
            end_component(r, false);
        }
        name_percent_decode(&r->piece, s, (size_t)(slash - s));
        r->held = joint = true;
    }
}

/* Form encoding: a '+' is a blank. */
static void decode_form(struct buf *b, const char *s, size_t n)
{
    struct buf blanks = BUF_INIT;
    buf_add(&blanks, s, n);
    for (size_t i = 0; i < blanks.len; i++) {
        if (blanks.data[i] == '+') {
            blanks.data[i] = ' ';
        }
    }
    if (buf_failed(&blanks)) {
        b->failed = true;
    } else {
        name_percent_decode(b, blanks.data, blanks.len);
    }
    buf_fini(&blanks);
}

/* The first parameter of that name; nothing if there is none. */
static void add_query_parameter(struct buf *b, const char *query, const char *key)
{
    struct buf name = BUF_INIT;
    while (*query) {
        size_t len = strcspn(query, "&");
        const char *equals = memchr(query, '=', len);
        size_t name_len = equals ? (size_t)(equals - query) : len;
        buf_clear(&name);
        buf_adds(&name, ""); /* so that it is a string even if nothing comes */
        decode_form(&name, query, name_len);
        if (buf_failed(&name) || strcmp(name.data, key) == 0) {
            b->failed = b->failed || buf_failed(&name);
            if (equals) {
                decode_form(b, equals + 1, len - name_len - 1);
            }
            break;
        }
        query += len + (query[len] == '&');
    }
    buf_fini(&name);
}

bool template_add_id(struct buf *b, const char *id)
{
    if (*id != '"') {
        buf_adds(b, id);
        return true;
    }
    cJSON *json = cJSON_Parse(id);
    const char *text = json ? cJSON_GetStringValue(json) : NULL;
    const bool good = text != NULL;
    buf_adds(b, good ? text : "");
    cJSON_Delete(json);
    return good;
}

static struct err *add_id(struct rendering *r)
{
    const char *id = r->v->id;
    if (!id || strcmp(id, "null") == 0) {
        return err_new(ERR_INPUT, NULL, "the output template needs an id, the entry has none");
    }
    return template_add_id(&r->piece, id)
               ? NULL
               : err_new(ERR_INPUT, NULL, "the output template cannot use the entry's id");
}

static struct err *add_key(struct rendering *r, const char *key)
{
    const struct template_values *v = r->v;
    if (!v->lookup || !v->lookup(v->arg, key, &r->piece)) {
        return err_new(
            ERR_INPUT, NULL, "the output template needs \"%.60s\", the entry has none", key);
    }
    return NULL;
}

static struct err *add_placeholder(struct rendering *r, const struct part *p)
{
    const char *name = "";
    const char *query = r->v->url_query ? r->v->url_query : "";
    r->held = true;
    switch (p->kind) {
    case PART_NAME:
        buf_adds(&r->piece, name_of(r));
        return NULL;
    case PART_STEM:
        name = name_of(r);
        buf_add(&r->piece, name, name_extension(name));
        return NULL;
    case PART_EXT:
        name = name_of(r);
        buf_adds(&r->piece, name + name_extension(name));
        return NULL;
    case PART_HOST:
        buf_adds(&r->piece, r->v->host ? r->v->host : "");
        return NULL;
    case PART_DIRS:
        add_dirs(r, p->number);
        return NULL;
    case PART_QUERY:
        if (p->text) {
            add_query_parameter(&r->piece, query, p->text);
        } else {
            buf_adds(&r->piece, query);
        }
        return NULL;
    case PART_INDEX:
        buf_addf(&r->piece, "%0*" PRIu64, (int)p->number, r->v->index);
        r->counted = true;
        return NULL;
    case PART_ID:
        return add_id(r);
    default:
        return add_key(r, p->text);
    }
}

/* {name} and nothing else: the default. */
static bool is_just_name(const struct template *t)
{
    return t->count == 1 && t->parts[0].kind == PART_NAME && !t->absolute;
}

struct err *template_render(
    const struct template *t, const struct template_values *v, struct buf *b)
{
    if (is_just_name(t) && v->url_path && !v->name) {
        name_from_url_path(b, v->url_path); /* safe as it is */
        return buf_failed(b) ? err_plain(ERR_NOMEM) : NULL;
    }
    struct rendering r = {.v = v, .out = b, .start = b->len};
    struct err *e = NULL;
    if (t->absolute) {
        buf_addc(b, '/');
    }
    for (size_t i = 0; i < t->count && !e; i++) {
        const struct part *p = &t->parts[i];
        if (p->kind == PART_SLASH) {
            end_component(&r, false);
        } else if (p->kind == PART_TEXT) {
            buf_adds(&r.piece, p->text);
        } else {
            e = add_placeholder(&r, p);
        }
    }
    if (!e) {
        end_component(&r, true);
    }
    if (!e && buf_failed(b)) {
        e = err_plain(ERR_NOMEM);
    }
    if (e && b->data) {
        b->len = r.start;
        b->data[b->len] = '\0';
    }
    buf_fini(&r.piece);
    buf_fini(&r.name);
    return e;
}

struct err *template_check_relative(const char *path, struct buf *b)
{
    size_t start = b->len;
    const char *why = *path == '/' ? "it is absolute" : NULL;
    for (size_t len; *path && !why; path += len + (path[len] == '/')) {
        len = strcspn(path, "/");
        if (len == 2 && memcmp(path, "..", 2) == 0) {
            why = "it goes up";
        } else if (len > 1 || (len == 1 && *path != '.')) {
            if (b->len > start) {
                buf_addc(b, '/');
            }
            name_make_safe(b, path, len);
        }
    }
    if (!why) {
        return buf_failed(b) ? err_plain(ERR_NOMEM) : NULL;
    }
    if (b->data) {
        b->len = start;
        b->data[b->len] = '\0';
    }
    return err_new(ERR_POLICY, NULL, "the path would leave the output directory: %s", why);
}
