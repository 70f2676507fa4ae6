/* SPDX-License-Identifier: MIT */
/*
 * One request, given to an easy handle. What a request does not need is put back only if the
 * handle's last request had set it.
 */
#include "base/alloc.h"
#include "net/private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    EASY_METHOD = 1 << 0, /* not a plain GET */
    EASY_USER = 1 << 1,
    EASY_BEARER = 1 << 2,
    EASY_COOKIE = 1 << 3,
    EASY_REFERER = 1 << 4,
    EASY_AGENT = 1 << 5,
    EASY_RANGE = 1 << 6,
    EASY_IDENTITY = 1 << 7,
    EASY_PIPEWAIT = 1 << 8,
    EASY_NETRC = 1 << 9,
    EASY_SIGV4 = 1 << 10,
    EASY_ALONE = 1 << 11,
    EASY_FRESH = 1 << 12,
    EASY_PARTS = 1 << 13,
};

/* The first failure of a run of calls. */
#define SET(rc, h, option, value)                                                                  \
    do {                                                                                           \
        if ((rc) == CURLE_OK) {                                                                    \
            (rc) = curl_easy_setopt((h), (option), (value));                                       \
        }                                                                                          \
    } while (0)

/* True if the option has to be touched: it is wanted, or was set for the request before. */
static bool touch(struct easy *e, unsigned flag, bool wanted)
{
    bool was = (e->set & flag) != 0;
    e->set = wanted ? e->set | flag : e->set & ~flag;
    return was || wanted;
}

/* For an option that is either on or off: it is touched only when that changes. */
static bool change(struct easy *e, unsigned flag, bool wanted)
{
    bool was = (e->set & flag) != 0;
    touch(e, flag, wanted);
    return was != wanted;
}

/* -- the URL ------------------------------------------------------------------------------- */

/* True if the parts are of that host. */
static bool same_head(const struct easy *e, const char *bare, size_t head)
{
    return e->head && strncmp(e->head, bare, head) == 0 && !e->head[head];
}

/* As libcurl would take it apart itself. Setting a part changes escapes in it: then all is set, as
 * with another host. When that fails the parts are still those of the host before. */
static CURLUcode take_apart(struct easy *e, const struct url *u)
{
    const char *bare = url__bare(u);
    const size_t head = url__head(u);
    CURLUcode rc;
    if (same_head(e, bare, head) && !strchr(bare + head, '%')) {
        rc = curl_url_set(e->parts, CURLUPART_PATH, url_path(u), 0);
        return rc ? rc : curl_url_set(e->parts, CURLUPART_QUERY, url_query(u), 0);
    }
    free(e->head);
    e->head = NULL;
    rc = curl_url_set(e->parts, CURLUPART_URL, bare, CURLU_PATH_AS_IS | CURLU_NON_SUPPORT_SCHEME);
    if (rc == CURLUE_OK) {
        e->head = mem_dup_bytes(bare, head);
    }
    return rc;
}

/* libcurl would take each URL apart and put it together again. It gets the parts, which are mostly
 * those of the handle's last request, and the text too, where it looks when it repeats a request.
 * Of an address in brackets it would forget the zone. */
static CURLcode set_url(struct easy *e, const struct url *u)
{
    CURLcode rc = curl_easy_setopt(e->handle, CURLOPT_URL, url__bare(u));
    const bool parts = !memchr(url__bare(u), '[', url__head(u)) && take_apart(e, u) == CURLUE_OK;
    if (change(e, EASY_PARTS, parts)) {
        SET(rc, e->handle, CURLOPT_CURLU, parts ? e->parts : NULL);
    }
    return rc;
}

/* ------------------------------------------------------------------------------------------ */

static CURLcode set_method(struct easy *e, const struct request *rq)
{
    CURLcode rc = CURLE_OK;
    CURL *h = e->handle;
    const char *method = rq->method ? rq->method : rq->body ? "POST" : "GET";
    bool head = strcmp(method, "HEAD") == 0, get = strcmp(method, "GET") == 0 && !rq->body;
    if (!touch(e, EASY_METHOD, !get)) {
        return CURLE_OK;
    }
    SET(rc, h, CURLOPT_CUSTOMREQUEST, NULL);
    SET(rc, h, CURLOPT_POSTFIELDS, NULL);
    SET(rc, h, CURLOPT_HTTPGET, 1L);
    if (get) {
        return rc;
    }
    if (head && !rq->body) {
        SET(rc, h, CURLOPT_NOBODY, 1L);
        return rc;
    }
    if (rq->body || strcmp(method, "POST") == 0) {
        SET(rc, h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)(rq->body ? rq->body_len : 0));
        SET(rc, h, CURLOPT_POSTFIELDS, rq->body ? rq->body : "");
    }
    if (strcmp(method, "POST") != 0) {
        SET(rc, h, CURLOPT_CUSTOMREQUEST, method);
    }
    return rc;
}

static CURLcode set_credentials(struct easy *e, const struct request *rq)
{
    CURLcode rc = CURLE_OK;
    CURL *h = e->handle;
    const struct net_options *o = e->m->options;
    const char *user = rq->credentials && !rq->userpwd ? url_user(rq->url) : NULL;
    if (touch(e, EASY_USER, rq->userpwd || user)) {
        SET(rc, h, CURLOPT_USERPWD, rq->userpwd);
        if (user) {
            SET(rc, h, CURLOPT_USERNAME, user);
            SET(rc, h, CURLOPT_PASSWORD, url__password(rq->url));
        }
    }
    if (touch(e, EASY_BEARER, rq->bearer)) {
        SET(rc, h, CURLOPT_XOAUTH2_BEARER, rq->bearer);
        SET(rc, h, CURLOPT_HTTPAUTH, rq->bearer ? CURLAUTH_BEARER : CURLAUTH_BASIC);
    }
    if (o->netrc && change(e, EASY_NETRC, rq->credentials)) {
        SET(rc, h, CURLOPT_NETRC,
            (long)(rq->credentials ? CURL_NETRC_OPTIONAL : CURL_NETRC_IGNORED));
    }
    bool sign = o->aws_sigv4 && rq->credentials;
    if (touch(e, EASY_SIGV4, sign)) {
        SET(rc, h, CURLOPT_AWS_SIGV4, sign ? o->aws_sigv4 : NULL);
        if (!sign) {
            SET(rc, h, CURLOPT_HTTPAUTH, rq->bearer ? CURLAUTH_BEARER : CURLAUTH_BASIC);
        }
    }
    if (touch(e, EASY_COOKIE, rq->cookie)) {
        SET(rc, h, CURLOPT_COOKIE, rq->cookie);
    }
    return rc;
}

/* -- headers ------------------------------------------------------------------------------- */

/* Compares with the list that the handle has while it can, and builds anew from the first line that
 * differs. */
struct lines {
    struct curl_slist *old, *first, **end;
    bool same, failed;
};

static void add_line(struct lines *l, const char *text)
{
    if (l->same && l->old && strcmp(l->old->data, text) == 0) {
        l->end = &l->old->next;
        l->old = l->old->next;
        return;
    }
    if (l->same) {
        curl_slist_free_all(l->old);
        l->old = *l->end = NULL;
        l->same = false;
    }
    struct curl_slist *one = curl_slist_append(NULL, text);
    if (!one) {
        l->failed = true;
        return;
    }
    *l->end = one;
    l->end = &one->next;
}

static void add_date(struct lines *l, time_t when)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct tm tm;
    char line[80];
    if (gmtime_r(&when, &tm)) {
        snprintf(line, sizeof(line), "If-Modified-Since: %.3s, %02d %.3s %04d %02d:%02d:%02d GMT",
            days + tm.tm_wday * 3, tm.tm_mday, months + tm.tm_mon * 3, tm.tm_year + 1900,
            tm.tm_hour, tm.tm_min, tm.tm_sec);
        add_line(l, line);
    }
}

static CURLcode set_headers(struct easy *e, const struct request *rq)
{
    struct curl_slist *before = e->headers;
    struct lines l = {before, before, &l.first, true, false};
    if (rq->identity) {
        add_line(&l, "Accept-Encoding: identity");
    }
    if (rq->body) {
        /* A server that refuses "Expect" would be asked twice within one transfer. */
        add_line(&l, "Expect:");
    }
    if (rq->if_modified_since) {
        add_date(&l, rq->if_modified_since);
    }
    for (size_t i = 0; rq->headers && rq->headers[i]; i++) {
        add_line(&l, rq->headers[i]);
    }
    if (l.same && l.old) {
        curl_slist_free_all(l.old);
        *l.end = NULL;
        l.same = false;
    }
    e->headers = l.first;
    if (l.failed) {
        return CURLE_OUT_OF_MEMORY;
    }
    return l.same ? CURLE_OK : curl_easy_setopt(e->handle, CURLOPT_HTTPHEADER, e->headers);
}

/* ------------------------------------------------------------------------------------------ */

static CURLcode set_rest(struct easy *e, const struct request *rq)
{
    CURLcode rc = CURLE_OK;
    CURL *h = e->handle;
    const struct net_options *o = e->m->options;
    if (touch(e, EASY_REFERER, rq->referer)) {
        SET(rc, h, CURLOPT_REFERER, rq->referer);
    }
    if (touch(e, EASY_AGENT, rq->user_agent)) {
        const char *agent = rq->user_agent ? rq->user_agent : o->user_agent;
        SET(rc, h, CURLOPT_USERAGENT, agent ? agent : NET_AGENT);
    }
    if (touch(e, EASY_RANGE, rq->range)) {
        SET(rc, h, CURLOPT_RANGE, rq->range);
    }
    if (o->compressed && change(e, EASY_IDENTITY, rq->identity)) {
        SET(rc, h, CURLOPT_ACCEPT_ENCODING, rq->identity ? NULL : DECODER_ACCEPT);
    }
    /* Cleartext requests must never queue for a connection that cannot be shared. */
    if (change(e, EASY_ALONE, rq->alone)) {
        SET(rc, h, CURLOPT_HTTP_VERSION,
            rq->alone ? (long)CURL_HTTP_VERSION_1_1 : easy__http_version(o->http_version));
    }
    if (change(e, EASY_FRESH, rq->fresh)) {
        SET(rc, h, CURLOPT_FRESH_CONNECT, (long)rq->fresh);
    }
    bool wait = o->http_version != HTTP_VERSION_1_1 && !rq->alone && o->limit_rate <= 0 &&
                strcmp(url_scheme(rq->url), "https") == 0;
    if (change(e, EASY_PIPEWAIT, wait)) {
        SET(rc, h, CURLOPT_PIPEWAIT, (long)wait);
    }
    return rc;
}

static struct err *taken(struct easy *e, CURLcode rc)
{
    e->unknown = e->unknown || rc != CURLE_OK;
    return rc == CURLE_OK ? NULL : net__usage(rc, "the request");
}

struct err *easy__apply_request(struct easy *e, const struct request *rq)
{
    CURLcode rc = set_url(e, rq->url);
    if (rc == CURLE_OK) {
        rc = set_method(e, rq);
    }
    if (rc == CURLE_OK) {
        rc = set_credentials(e, rq);
    }
    if (rc == CURLE_OK) {
        rc = set_headers(e, rq);
    }
    if (rc == CURLE_OK) {
        rc = set_rest(e, rq);
    }
    e->error[0] = '\0';
    return taken(e, rc);
}

struct err *easy__alone(struct easy *e)
{
    CURLcode rc = CURLE_OK;
    if (change(e, EASY_PIPEWAIT, false)) {
        SET(rc, e->handle, CURLOPT_PIPEWAIT, 0L);
    }
    return taken(e, rc);
}
