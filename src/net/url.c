/* SPDX-License-Identifier: MIT */
/*
 * URLs. libcurl's URL API takes them apart once; what it found is packed behind the struct in one
 * block, and parts that are equal share their bytes:
 *
 *     [struct url][scheme][host][origin][bare: scheme://host:port/path?query][only if they differ:
 *      public, text, user, password]
 *
 * All before the path stands in one piece, so that a list's next URL of the same host can have it.
 */
#include "net/url.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "net/private.h"

#include <assert.h>
#include <ctype.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct url {
    /* All point into the block that the struct begins. */
    const char *text, *bare, *public;
    const char *scheme, *host, *path, *query;
    const char *user, *password; /* decoded; NULL if there are none */
    const char *origin;
    unsigned port;
    unsigned refs; /* the home loop's thread only */
    size_t head;   /* bytes of bare before the path */
};

/* What libcurl hands out, each owned. */
struct parts {
    char *scheme, *host, *port, *path, *query;
    char *user, *password;                /* decoded */
    char *raw_user, *raw_password, *zone; /* as written */
};

static void parts_fini(struct parts *p)
{
    curl_free(p->scheme);
    curl_free(p->host);
    curl_free(p->port);
    curl_free(p->path);
    curl_free(p->query);
    curl_free(p->user);
    curl_free(p->password);
    curl_free(p->raw_user);
    curl_free(p->raw_password);
    curl_free(p->zone);
}

static struct err *wrong(CURLUcode rc)
{
    switch (rc) {
    case CURLUE_OUT_OF_MEMORY:
        return err_plain(ERR_NOMEM);
    case CURLUE_BAD_SCHEME:
        return err_new(ERR_INPUT, NULL, "not a URL: it has no scheme (https://...)");
    case CURLUE_BAD_PORT_NUMBER:
        return err_new(ERR_INPUT, NULL, "bad port number in the URL");
    case CURLUE_NO_HOST:
        return err_new(ERR_INPUT, NULL, "the URL names no host");
    case CURLUE_BAD_HOSTNAME:
        return err_new(ERR_INPUT, NULL, "bad host name in the URL");
    default:
        return err_new(ERR_INPUT, NULL, "bad URL: %s", curl_url_strerror(rc));
    }
}

static bool http_scheme(const char *scheme)
{
    return strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0;
}

/* A part that may be absent. */
static CURLUcode optional(CURLU *h, CURLUPart what, char **out, unsigned flags)
{
    CURLUcode rc = curl_url_get(h, what, out, flags);
    switch (rc) {
    case CURLUE_NO_USER:
    case CURLUE_NO_PASSWORD:
    case CURLUE_NO_QUERY:
    case CURLUE_NO_PORT:
    case CURLUE_NO_ZONEID:
        *out = NULL;
        return CURLUE_OK;
    default:
        return rc;
    }
}

/* libcurl decodes a host once at each parsing, lets DEL through there, and takes whatever stands
 * for a zone: what could be read in another way later is refused. */
static bool host_is_plain(const struct parts *p)
{
    static const char zone[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
    return !strpbrk(p->host, "%\x7f") && (!p->zone || !p->zone[strspn(p->zone, zone)]);
}

/* A percent-encoded host may come out as a number that would be an address, had it been written so:
 * it is then neither. */
static bool host_is_settled(const char *host)
{
    if (host[strspn(host, "0123456789abcdefxABCDEFX.")] || host[0] < '0' || host[0] > '9') {
        return true;
    }
    CURLU *h = curl_url();
    char *same = NULL;
    char url[512];
    int n = snprintf(url, sizeof(url), "http://%s/", host);
    bool settled = h && n > 0 && (size_t)n < sizeof(url) &&
                   curl_url_set(h, CURLUPART_URL, url, 0) == CURLUE_OK &&
                   curl_url_get(h, CURLUPART_HOST, &same, 0) == CURLUE_OK &&
                   strcmp(same, host) == 0;
    curl_free(same);
    curl_url_cleanup(h);
    return settled;
}

static struct err *take_apart(CURLU *h, struct parts *p)
{
    CURLUcode rc = curl_url_get(h, CURLUPART_SCHEME, &p->scheme, 0);
    if (rc != CURLUE_OK) {
        return wrong(rc);
    }
    if (!http_scheme(p->scheme)) {
        return err_new(ERR_POLICY, "CURLE_UNSUPPORTED_PROTOCOL",
            "scheme %.40s is not supported; http and https are", p->scheme);
    }
    if ((rc = curl_url_get(h, CURLUPART_HOST, &p->host, 0)) != CURLUE_OK ||
        (rc = optional(h, CURLUPART_PORT, &p->port, 0)) != CURLUE_OK ||
        (rc = curl_url_get(h, CURLUPART_PATH, &p->path, 0)) != CURLUE_OK ||
        (rc = optional(h, CURLUPART_QUERY, &p->query, 0)) != CURLUE_OK ||
        (rc = optional(h, CURLUPART_USER, &p->raw_user, 0)) != CURLUE_OK ||
        (rc = optional(h, CURLUPART_PASSWORD, &p->raw_password, 0)) != CURLUE_OK) {
        return wrong(rc);
    }
    if (p->host[0] == '[' && (rc = optional(h, CURLUPART_ZONEID, &p->zone, 0)) != CURLUE_OK) {
        return wrong(rc);
    }
    if (!host_is_plain(p) || !host_is_settled(p->host)) {
        return wrong(CURLUE_BAD_HOSTNAME);
    }
    if ((p->raw_user &&
            (rc = curl_url_get(h, CURLUPART_USER, &p->user, CURLU_URLDECODE)) != CURLUE_OK) ||
        (p->raw_password && (rc = curl_url_get(h, CURLUPART_PASSWORD, &p->password,
                                 CURLU_URLDECODE)) != CURLUE_OK)) {
        return wrong(rc);
    }
    return NULL;
}

/* scheme://host:port as they stand in a URL: an address in brackets gets its zone back. */
static void add_authority(struct buf *b, const struct parts *p)
{
    size_t n = strlen(p->host);
    buf_adds(b, p->scheme);
    buf_adds(b, "://");
    if (p->zone && n && p->host[n - 1] == ']') {
        buf_add(b, p->host, n - 1);
        buf_addf(b, "%%25%s]", p->zone);
    } else {
        buf_add(b, p->host, n);
    }
    if (p->port) {
        buf_addc(b, ':');
        buf_adds(b, p->port);
    }
}

/* Lower case, no brackets. */
static void add_bare_host(struct buf *b, const char *host)
{
    size_t n = strlen(host);
    if (n >= 2 && host[0] == '[' && host[n - 1] == ']') {
        host++;
        n -= 2;
    }
    if (!buf_reserve(b, n)) {
        return;
    }
    for (size_t i = 0; i < n; i++) {
        b->data[b->len++] = (char)tolower((unsigned char)host[i]);
    }
    b->data[b->len] = '\0';
}

/* Offsets into the block's bytes while it is being put together. */
struct layout {
    size_t scheme, host, origin, bare, head, tail, public, path, query, text, user, password;
};

/* Of what is behind the struct: no need to grow on the way. */
#define USUAL_SIZE 500

#define SHARED ((size_t)-1) /* the part is the one that it is compared with, or absent */

static void lay_out_credentials(struct buf *b, const struct parts *p, struct layout *at)
{
    at->text = at->user = at->password = SHARED;
    if (!p->raw_user && !p->raw_password) {
        return;
    }
    at->text = b->len;
    buf_addf(b, "%s://%s", p->scheme, p->raw_user ? p->raw_user : "");
    if (p->raw_password) {
        buf_addf(b, ":%s", p->raw_password);
    }
    buf_addc(b, '@');
    size_t from = at->bare + strlen(p->scheme) + 3, n = at->tail - from;
    if (buf_reserve(b, n)) {
        buf_add(b, b->data + from, n);
    }
    buf_addc(b, '\0');
    at->user = b->len;
    buf_adds(b, p->user ? p->user : "");
    buf_addc(b, '\0');
    at->password = b->len;
    buf_adds(b, p->password ? p->password : "");
    buf_addc(b, '\0');
}

static void lay_out(struct buf *b, const struct parts *p, unsigned port, struct layout *at)
{
    at->scheme = b->len;
    buf_adds(b, p->scheme);
    buf_addc(b, '\0');
    at->host = b->len;
    add_bare_host(b, p->host);
    buf_addc(b, '\0');
    at->origin = b->len;
    buf_adds(b, p->scheme);
    buf_adds(b, "://");
    add_bare_host(b, p->host);
    buf_addf(b, ":%u", port);
    buf_addc(b, '\0');
    at->bare = b->len;
    add_authority(b, p);
    size_t path = b->len;
    at->head = path - at->bare;
    at->public = at->path = at->query = SHARED;
    buf_adds(b, p->path);
    if (p->query) {
        buf_addc(b, '?');
        at->query = b->len;
        buf_adds(b, p->query);
    } else {
        at->path = path;
    }
    at->tail = b->len;
    buf_addc(b, '\0');
    if (p->query) {
        at->public = b->len;
        add_authority(b, p);
        at->path = b->len;
        buf_adds(b, p->path);
        buf_addc(b, '\0');
    }
    lay_out_credentials(b, p, at);
}

static struct err *pack(const struct parts *p, struct url **out)
{
    assert(p->scheme && p->host && p->path);
    unsigned port = strcmp(p->scheme, "https") == 0 ? 443 : 80;
    if (p->port) {
        port = (unsigned)strtoul(p->port, NULL, 10);
    }
    struct buf b = BUF_INIT;
    struct layout at;
    buf_reserve(&b, USUAL_SIZE);
    lay_out(&b, p, port, &at);
    struct url *u = b.data && !buf_failed(&b) ? malloc(sizeof(*u) + b.len) : NULL;
    if (!u) {
        buf_fini(&b);
        return err_plain(ERR_NOMEM);
    }
    char *block = (char *)(u + 1);
    memcpy(block, b.data, b.len);
    buf_fini(&b);
    u->refs = 1;
    u->head = at.head;
    u->bare = block + at.bare;
    u->text = at.text == SHARED ? u->bare : block + at.text;
    u->public = at.public == SHARED ? u->bare : block + at.public;
    u->path = block + at.path;
    u->query = at.query == SHARED ? NULL : block + at.query;
    u->scheme = block + at.scheme;
    u->host = block + at.host;
    u->origin = block + at.origin;
    u->user = at.user == SHARED ? NULL : block + at.user;
    u->password = at.password == SHARED ? NULL : block + at.password;
    u->port = port;
    *out = u;
    return NULL;
}

/* Blanks are encoded rather than refused: lists and Location headers hold them. */
#define SET_FLAGS (CURLU_NON_SUPPORT_SCHEME | CURLU_URLENCODE | CURLU_ALLOW_SPACE)

static struct err *parse(const char *base, const char *text, struct url **out)
{
    *out = NULL;
    struct err *e = NULL;
    struct parts p = {0};
    CURLU *h = curl_url();
    if (!h) {
        return err_plain(ERR_NOMEM);
    }
    CURLUcode rc = CURLUE_OK;
    if (base) {
        rc = curl_url_set(h, CURLUPART_URL, base, 0);
    }
    if (rc == CURLUE_OK) {
        rc = curl_url_set(h, CURLUPART_URL, text, SET_FLAGS);
    }
    e = rc == CURLUE_OK ? take_apart(h, &p) : wrong(rc);
    if (!e) {
        e = pack(&p, out);
    }
    parts_fini(&p);
    curl_url_cleanup(h);
    return e;
}

struct err *url_parse(const char *text, struct url **out)
{
    return parse(NULL, text, out);
}

struct err *url_resolve(const struct url *base, const char *location, struct url **out)
{
    return parse(base->text, location, out);
}

static const char *moved(const char *part, const struct url *from, const struct url *to)
{
    return (const char *)to + (part - (const char *)from);
}

/* What libcurl would leave as it is: a path of visible characters, nothing escaped, no segment that
 * begins with a dot; perhaps a query; no fragment. *n: its length, *path: that of the path. */
static bool rest_is_plain(const char *rest, size_t *n, size_t *path)
{
    const char *query = NULL, *s = rest;
    for (; *s; s++) {
        if (*s <= ' ' || *s > '~' || *s == '%' || *s == '#' || (*s == '.' && s[-1] == '/')) {
            return false;
        }
        query = *s == '?' && !query ? s : query;
    }
    *n = (size_t)(s - rest);
    *path = query ? (size_t)(query - rest) : *n;
    return *rest == '/' && (!query || query[1]); /* libcurl may leave an empty query out */
}

/* Another URL of the same host. */
static struct url *sibling(const struct url *near, const char *rest, size_t n, size_t path)
{
    size_t start = (size_t)(near->bare - near->scheme) + near->head;
    size_t public = path < n ? near->head + path + 1 : 0;
    struct url *u = malloc(sizeof(*u) + start + n + 1 + public);
    if (!u) {
        return NULL;
    }
    char *block = (char *)(u + 1), *end = block + start + n + 1;
    memcpy(block, near->scheme, start);
    memcpy(block + start, rest, n + 1);
    *u = (struct url){.refs = 1, .port = near->port, .head = near->head};
    u->scheme = moved(near->scheme, near, u);
    u->host = moved(near->host, near, u);
    u->origin = moved(near->origin, near, u);
    u->text = u->bare = u->public = moved(near->bare, near, u);
    u->path = u->bare + u->head;
    if (public) {
        u->query = u->path + path + 1;
        u->public = memcpy(end, u->bare, public - 1);
        end[public - 1] = '\0';
        u->path = u->public + u->head;
    }
    return u;
}

struct err *url_parse_near(const struct url *near, const char *text, struct url **out)
{
    size_t n, path;
    if (!near || strncmp(text, near->bare, near->head) != 0 ||
        !rest_is_plain(text + near->head, &n, &path)) {
        return url_parse(text, out);
    }
    *out = sibling(near, text + near->head, n, path);
    return *out ? NULL : err_plain(ERR_NOMEM);
}

struct url *url_ref(struct url *u)
{
    if (u) {
        u->refs++;
    }
    return u;
}

void url_free(struct url *u)
{
    if (u && --u->refs == 0) {
        free(u);
    }
}

const char *url_text(const struct url *u)
{
    return u->text;
}

const char *url_public(const struct url *u)
{
    return u->public;
}

const char *url_scheme(const struct url *u)
{
    return u->scheme;
}

const char *url_host(const struct url *u)
{
    return u->host;
}

const char *url_path(const struct url *u)
{
    return u->path;
}

const char *url_query(const struct url *u)
{
    return u->query;
}

const char *url_user(const struct url *u)
{
    return u->user;
}

const char *url__password(const struct url *u)
{
    return u->password;
}

const char *url__bare(const struct url *u)
{
    return u->bare;
}

size_t url__head(const struct url *u)
{
    return u->head;
}

unsigned url_port(const struct url *u)
{
    return u->port;
}

bool url_has_credentials(const struct url *u)
{
    return u->user != NULL;
}

const char *url_origin(const struct url *u)
{
    return u->origin;
}

bool url_same_origin(const struct url *a, const struct url *b)
{
    return strcmp(a->origin, b->origin) == 0;
}

char *url_without_credentials(const struct url *u)
{
    return strdup(u->bare);
}
