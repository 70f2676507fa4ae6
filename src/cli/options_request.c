/* SPDX-License-Identifier: MIT */
/*
 * How an option's value is taken: what is sent, and over what. What may be a secret is not repeated
 * in a message.
 */
#include "cli/options_private.h"

#include <limits.h>
#include <string.h>

#define TOKEN "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

static struct err *wrong(const struct option_row *row, const char *why)
{
    return option_error(row, err_new(ERR_USAGE, NULL, "%s", why));
}

struct err *take_method(struct parse *p, const struct option_row *row, const char *value)
{
    if (!*value || value[strspn(value, TOKEN)]) {
        return option_error(row, err_new(ERR_USAGE, NULL, "'%s' is not a method", value));
    }
    return take_string(p, row, value);
}

/* As curl's: several are joined by '&', and a file comes without its line ends. */
struct err *take_data(struct parse *p, const struct option_row *row, const char *value)
{
    if (!p->body_here) {
        p->body_here = true;
        buf_clear(&p->body);
    } else {
        buf_addc(&p->body, '&');
    }
    p->has_body = true;
    if (*value != '@') {
        buf_adds(&p->body, value);
        return NULL;
    }
    struct buf file = BUF_INIT;
    struct err *e = option_read_file(p, row, value + 1, &file);
    for (size_t i = 0; !e && i < file.len; i++) {
        if (file.data[i] != '\n' && file.data[i] != '\r' && file.data[i] != '\0') {
            buf_addc(&p->body, file.data[i]);
        }
    }
    buf_fini(&file);
    return e;
}

static struct err *add_header(
    struct parse *p, const struct option_row *row, const char *line, size_t len)
{
    size_t name = 0;
    while (name < len && strchr(TOKEN, line[name])) {
        name++;
    }
    bool good = name && name < len && (line[name] == ':' || (line[name] == ';' && name + 1 == len));
    if (!good || memchr(line, '\0', len) || memchr(line, '\n', len) || memchr(line, '\r', len)) {
        return wrong(row, "a header is 'Name: value', 'Name:' (none) or 'Name;' (empty), one line");
    }
    return strings_add(p->arena, &p->headers, line, len) ? NULL : err_plain(ERR_NOMEM);
}

struct err *take_header(struct parse *p, const struct option_row *row, const char *value)
{
    if (*value != '@') {
        return add_header(p, row, value, strlen(value));
    }
    struct buf file = BUF_INIT;
    struct err *e = option_read_file(p, row, value + 1, &file);
    size_t at = 0;
    while (!e && at < file.len) {
        const char *line = file.data + at;
        const char *end = memchr(line, '\n', file.len - at);
        size_t len = end ? (size_t)(end - line) : file.len - at;
        at += len + 1;
        if (len && line[len - 1] == '\r') {
            len--;
        }
        if (len) {
            e = add_header(p, row, line, len);
        }
    }
    buf_fini(&file);
    return e;
}

struct err *take_referer(struct parse *p, const struct option_row *row, const char *value)
{
    size_t len = strlen(value);
    if (len >= 5 && strcmp(value + len - 5, ";auto") == 0) {
        return wrong(row, "';auto' is not known here");
    }
    return take_string(p, row, value);
}

struct err *take_user(struct parse *p, const struct option_row *row, const char *value)
{
    if (!strchr(value, ':')) {
        return wrong(row, "USER:PASSWORD is needed (nobody is asked; --netrc keeps passwords "
                          "out of the command line)");
    }
    return take_string(p, row, value);
}

struct err *take_bearer(struct parse *p, const struct option_row *row, const char *value)
{
    struct buf file = BUF_INIT;
    struct err *e = NULL;
    const char *token = value;
    size_t len = strlen(value);
    if (*value == '@') {
        e = option_read_file(p, row, value + 1, &file);
        token = file.data ? file.data : "";
        token += strspn(token, " \t\r\n");
        len = strcspn(token, " \t\r\n");
    }
    if (!e && (!len || strspn(token, TOKEN "/=:") < len)) {
        e = wrong(row, "that is not a token");
    }
    if (!e) {
        p->o->session.request.bearer = arena_dupn(p->arena, token, len);
        e = p->o->session.request.bearer ? NULL : err_plain(ERR_NOMEM);
    }
    buf_fini(&file);
    return e;
}

/* As curl's: text if there is a '=' in it, else a file to read cookies from. */
struct err *take_cookie(struct parse *p, const struct option_row *row, const char *value)
{
    if (strpbrk(value, "\r\n")) {
        return wrong(row, "cookies are one line");
    }
    if (strchr(value, '=')) {
        buf_adds(&p->cookies, p->cookies.len ? "; " : "");
        buf_adds(&p->cookies, value);
        return NULL;
    }
    p->o->net.cookie_engine = true;
    return *value ? take_string(p, row, value) : NULL;
}

struct err *take_cookie_jar(struct parse *p, const struct option_row *row, const char *value)
{
    if (!*value || strcmp(value, "-") == 0) {
        return wrong(row, "the name of a file is needed");
    }
    p->o->net.cookie_engine = true;
    return take_string(p, row, value);
}

struct err *take_netrc_file(struct parse *p, const struct option_row *row, const char *value)
{
    p->o->net.netrc = true;
    return take_string(p, row, value);
}

struct err *take_proxy(struct parse *p, const struct option_row *row, const char *value)
{
    if (*value && !value[strspn(value, "0123456789")]) {
        return option_error(
            row, err_new(ERR_USAGE, NULL,
                     "'%s' is not a proxy: it is HOST:PORT; for aria2's -x see --segments", value));
    }
    return take_string(p, row, value);
}

struct err *take_http_version(struct parse *p, const struct option_row *row, const char *value)
{
    (void)value;
    p->o->net.http_version = (enum http_version)row->min;
    return NULL;
}

struct err *take_ip_version(struct parse *p, const struct option_row *row, const char *value)
{
    (void)value;
    p->o->net.ip_version = (int)row->min;
    return NULL;
}

/* Colons that separate: not those of an address in brackets. */
static unsigned colons(const char *s)
{
    unsigned n = 0;
    bool inside = false;
    for (; *s; s++) {
        inside = *s == '[' || (inside && *s != ']');
        n += *s == ':' && !inside;
    }
    return n;
}

struct err *take_resolve(struct parse *p, const struct option_row *row, const char *value)
{
    if (colons(value) < (*value == '-' ? 1u : 2u) || strspn(value, "+-:") > 1) {
        return option_error(
            row, err_new(ERR_USAGE, NULL, "'%s' is not HOST:PORT:ADDRESS[,ADDRESS]", value));
    }
    return take_list(p, row, value);
}

struct err *take_connect_to(struct parse *p, const struct option_row *row, const char *value)
{
    if (colons(value) != 3) {
        return option_error(
            row, err_new(ERR_USAGE, NULL, "'%s' is not HOST1:PORT1:HOST2:PORT2", value));
    }
    return take_list(p, row, value);
}

struct err *take_max_redirs(struct parse *p, const struct option_row *row, const char *value)
{
    if (strcmp(value, "-1") == 0) {
        p->o->session.request.max_redirs = UINT_MAX;
        return NULL;
    }
    return take_unsigned(p, row, value);
}

struct err *take_auth_host(struct parse *p, const struct option_row *row, const char *value)
{
    for (const char *s = value;; s++) {
        size_t n = strcspn(s, ",");
        if (!n || strcspn(s, "/@ ") < n) {
            return option_error(
                row, err_new(ERR_USAGE, NULL,
                         "'%s' is not a list of hosts like a.example,b.example:8080", value));
        }
        if (!strings_add(p->arena, &p->auth_hosts, s, n)) {
            return err_plain(ERR_NOMEM);
        }
        s += n;
        if (!*s) {
            return NULL;
        }
    }
}

struct err *take_location_trusted(struct parse *p, const struct option_row *row, const char *value)
{
    p->o->session.request.location = true;
    return take_flag(p, row, value);
}

/* As curl's: a colon of the file's name is written "\\:". */
struct err *take_cert(struct parse *p, const struct option_row *row, const char *value)
{
    struct buf file = BUF_INIT;
    while (*value && *value != ':') {
        value += *value == '\\' && (value[1] == ':' || value[1] == '\\');
        buf_addc(&file, *value++);
    }
    struct net_options *n = &p->o->net;
    const char *password = *value ? arena_dup(p->arena, value + 1) : NULL;
    struct err *e = NULL;
    if (buf_failed(&file) || (*value && !password)) {
        e = err_plain(ERR_NOMEM);
    } else if (file.len == 0) {
        e = wrong(row, "it is FILE or FILE:PASSWORD");
    } else {
        n->key_password = password;
        e = take_string(p, row, file.data);
    }
    buf_fini(&file);
    return e;
}
