/* SPDX-License-Identifier: MIT */
/* What a list may say about an entry. */
#include "cli/fields.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/json_write.h"
#include "base/utf8.h"
#include "cli/options.h"

#include <stdlib.h>
#include <string.h>

static struct err *set(char **slot, const char *value)
{
    char *copy = mem_dup(value);
    if (!copy) {
        return err_plain(ERR_NOMEM);
    }
    free(*slot);
    *slot = copy;
    return NULL;
}

static bool has_control(const char *value)
{
    for (const char *c = value; *c; c++) {
        if (((unsigned char)*c < 0x20 && *c != '\t') || *c == 0x7f) {
            return true;
        }
    }
    return false;
}

/* a field that goes into a header */
static struct err *set_header_text(char **slot, const char *name, const char *value)
{
    if (has_control(value)) {
        return err_new(ERR_INPUT, NULL, "%s: a control character in its value", name);
    }
    return set(slot, value);
}

struct err *field_out(struct entry *e, const char *value)
{
    if (!*value) {
        return err_new(ERR_INPUT, NULL, "out: the name is empty");
    }
    return set(&e->out, value);
}

struct err *field_dir(struct entry *e, const char *value)
{
    if (!*value) {
        return err_new(ERR_INPUT, NULL, "dir: the name is empty");
    }
    return set(&e->dir, value);
}

struct err *field_checksum(struct entry *e, const char *value)
{
    return set(&e->checksum, value);
}

struct err *field_referer(struct entry *e, const char *value)
{
    return set_header_text(&e->referer, "referer", value);
}

struct err *field_user_agent(struct entry *e, const char *value)
{
    return set_header_text(&e->user_agent, "user-agent", value);
}

struct err *field_method(struct entry *e, const char *value)
{
    /* a token of RFC 9110 */
    static const char token[] = "!#$%&'*+-.^_`|~0123456789"
                                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    if (!*value || value[strspn(value, token)]) {
        return err_new(ERR_INPUT, NULL, "method: not the name of a request method");
    }
    if (strcmp(value, "HEAD") == 0) {
        return err_new(ERR_INPUT, NULL, "method: HEAD is for a whole list, by --head");
    }
    return set(&e->method, value);
}

struct err *field_body(struct entry *e, const char *value)
{
    struct err *error = set(&e->body, value);
    if (!error) {
        e->body_len = strlen(value);
    }
    return error;
}

struct err *field_user(struct entry *e, const char *value)
{
    return set_header_text(&e->user, "user", value);
}

static struct err *set_user(struct entry *e, const char *user, size_t user_len, const char *passwd)
{
    struct buf both = BUF_INIT;
    buf_add(&both, user, user_len);
    buf_addc(&both, ':');
    buf_adds(&both, passwd);
    char *text = buf_take(&both);
    if (!text) {
        return err_plain(ERR_NOMEM);
    }
    struct err *error = field_user(e, text);
    free(text);
    return error;
}

struct err *field_http_user(struct entry *e, const char *value)
{
    const char *colon = e->user ? strchr(e->user, ':') : NULL;
    if (strchr(value, ':')) {
        return err_new(ERR_INPUT, NULL, "http-user: a user's name has no colon");
    }
    return set_user(e, value, strlen(value), colon ? colon + 1 : "");
}

struct err *field_http_passwd(struct entry *e, const char *value)
{
    size_t user_len = e->user ? strcspn(e->user, ":") : 0;
    return set_user(e, e->user ? e->user : "", user_len, value);
}

static size_t count(char *const *strings)
{
    size_t n = 0;
    while (strings && strings[n]) {
        n++;
    }
    return n;
}

struct err *field_header(struct entry *e, const char *value)
{
    size_t name = strcspn(value, ":;");
    if (name == 0 || !value[name] || strcspn(value, " \t") < name) {
        return err_new(ERR_INPUT, NULL, "header: \"Name: value\" was expected");
    }
    if (has_control(value)) {
        return err_new(ERR_INPUT, NULL, "header: a control character in its value");
    }
    if (count(e->headers) >= FIELDS_LIST_MAX) {
        return err_new(ERR_INPUT, NULL, "header: more than %d of them", FIELDS_LIST_MAX);
    }
    return entry_add_header(e, value, strlen(value)) ? NULL : err_plain(ERR_NOMEM);
}

struct err *field_if_exists(struct entry *e, const char *value)
{
    static const struct {
        const char *name;
        enum if_exists value;
    } names[] = {{"skip", IF_EXISTS_SKIP}, {"verify", IF_EXISTS_VERIFY},
        {"update", IF_EXISTS_UPDATE}, {"rename", IF_EXISTS_RENAME},
        {"overwrite", IF_EXISTS_OVERWRITE}, {"fail", IF_EXISTS_FAIL}};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i].name, value) == 0) {
            e->if_exists = (int)names[i].value;
            return NULL;
        }
    }
    return err_new(ERR_INPUT, NULL,
        "if_exists: one of skip, verify, update, rename, overwrite, fail was expected");
}

struct err *field_task_timeout(struct entry *e, const char *value)
{
    double seconds;
    struct err *error = units_duration(value, &seconds);
    if (error) {
        err_unref(error);
        return err_new(
            ERR_INPUT, NULL, "task_timeout: a duration such as 30, 1.5s or 2m was expected");
    }
    e->task_timeout = seconds;
    return NULL;
}

struct err *field_url(struct entry *e, const char *url, size_t len)
{
    if (count(e->urls) >= FIELDS_LIST_MAX) {
        return err_new(ERR_INPUT, NULL, "more than %d mirrors", FIELDS_LIST_MAX);
    }
    return entry_add_url(e, url, len) ? NULL : err_plain(ERR_NOMEM);
}

static struct err *field_url_text(struct entry *e, const char *value)
{
    if (!*value) {
        return err_new(ERR_INPUT, NULL, "url: it is empty");
    }
    return field_url(e, value, strlen(value));
}

field_fn *field_named(const char *key)
{
    static const struct {
        const char *key;
        field_fn *set;
    } fields[] = {
        {"url", field_url_text},
        {"out", field_out},
        {"dir", field_dir},
        {"checksum", field_checksum},
        {"header", field_header},
        {"method", field_method},
        {"body", field_body},
        {"if_exists", field_if_exists},
        {"task_timeout", field_task_timeout},
        {"user", field_user},
    };
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (strcmp(fields[i].key, key) == 0) {
            return fields[i].set;
        }
    }
    return NULL;
}

struct err *field_other(struct entry *e, const char *key, char *value)
{
    if ((e->nfields & (e->nfields - 1)) == 0) {
        struct entry_field *grown =
            mem_array(e->fields, e->nfields ? e->nfields * 2 : 1, sizeof(*grown));
        if (!grown) {
            free(value);
            return err_plain(ERR_NOMEM);
        }
        e->fields = grown;
    }
    struct entry_field *f = &e->fields[e->nfields++];
    f->key = mem_dup(key);
    f->value = value;
    return f->key && f->value ? NULL : err_plain(ERR_NOMEM);
}

static struct err *set_id(struct entry *e, const char *value)
{
    struct buf b = BUF_INIT;
    json_string(&b, value);
    free(e->id);
    e->id = buf_take(&b);
    buf_fini(&b);
    return e->id ? NULL : err_plain(ERR_NOMEM);
}

struct err *field_text(struct entry *e, const char *name, const char *value)
{
    field_fn *fn = field_named(name);
    bool id = strcmp(name, "id") == 0;
    if (!fn && !id) {
        return field_other(e, name, mem_dup(value));
    }
    if (!*value) {
        return NULL;
    }
    return id ? set_id(e, value) : fn(e, value);
}

const char *text_problem(const char *text, size_t len)
{
    if (memchr(text, '\0', len)) {
        return "the line holds a NUL: not a text file?";
    }
    if (!utf8_valid(text, len)) {
        return "the line is not valid UTF-8";
    }
    return NULL;
}
