/* SPDX-License-Identifier: MIT */
/*
 * What all easy handles of a run have in common: the DNS cache, TLS sessions and, if asked for,
 * cookies, with real locks if they run in several threads; and the rate that they keep to together.
 * Connections are never shared between threads: libcurl does not bear it. --resolve is loaded into
 * the DNS cache here, once, rather than by every request.
 */
#include "base/alloc.h"
#include "net/private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

bool share__has_cookies(const struct net_options *o)
{
    return o->cookie_engine || o->cookie_file || o->cookie_jar;
}

static struct err *read_cookies(CURLSH *share, const char *path)
{
    CURL *h = curl_easy_init();
    if (!h) {
        return err_plain(ERR_NOMEM);
    }
    CURLcode rc = curl_easy_setopt(h, CURLOPT_SHARE, share);
    if (rc == CURLE_OK) {
        rc = curl_easy_setopt(h, CURLOPT_COOKIEFILE, path);
    }
    if (rc == CURLE_OK) {
        rc = curl_easy_setopt(h, CURLOPT_COOKIELIST, "RELOAD");
    }
    curl_easy_cleanup(h);
    return rc == CURLE_OK ? NULL : net__usage(rc, "the cookie file");
}

static struct curl_slist *list_of(char *const *entries)
{
    struct curl_slist *list = NULL;
    for (size_t i = 0; entries[i]; i++) {
        struct curl_slist *longer = curl_slist_append(list, entries[i]);
        if (!longer) {
            curl_slist_free_all(list);
            return NULL;
        }
        list = longer;
    }
    return list;
}

/* libcurl loads CURLOPT_RESOLVE when a transfer begins: one that fails at once will do. */
static struct err *load_resolve(CURLSH *share, char *const *entries)
{
    CURL *h = curl_easy_init();
    struct curl_slist *list = list_of(entries);
    CURLcode rc = h && list ? CURLE_OK : CURLE_OUT_OF_MEMORY;
    if (rc == CURLE_OK) {
        rc = curl_easy_setopt(h, CURLOPT_SHARE, share);
    }
    if (rc == CURLE_OK) {
        rc = curl_easy_setopt(h, CURLOPT_RESOLVE, list);
    }
    if (rc == CURLE_OK) {
        rc = curl_easy_setopt(h, CURLOPT_URL, "no-such-scheme://h/");
    }
    if (rc == CURLE_OK) {
        rc = curl_easy_perform(h);
    }
    curl_easy_cleanup(h);
    curl_slist_free_all(list);
    return rc == CURLE_UNSUPPORTED_PROTOCOL ? NULL : net__usage(rc, "--resolve");
}

/* -- locks --------------------------------------------------------------------------------- */

static void on_lock(CURL *h, curl_lock_data data, curl_lock_access access, void *share)
{
    (void)h;
    (void)access;
    pthread_mutex_lock(&((struct share *)share)->locks[data]);
}

static void on_unlock(CURL *h, curl_lock_data data, void *share)
{
    (void)h;
    pthread_mutex_unlock(&((struct share *)share)->locks[data]);
}

static bool set_locks(struct share *s)
{
    return curl_share_setopt(s->handle, CURLSHOPT_USERDATA, s) == CURLSHE_OK &&
           curl_share_setopt(s->handle, CURLSHOPT_LOCKFUNC, on_lock) == CURLSHE_OK &&
           curl_share_setopt(s->handle, CURLSHOPT_UNLOCKFUNC, on_unlock) == CURLSHE_OK;
}

/* -- life ---------------------------------------------------------------------------------- */

static bool set_shared(struct share *s, const struct net_options *o)
{
    static const curl_lock_data always[] = {CURL_LOCK_DATA_DNS, CURL_LOCK_DATA_SSL_SESSION};
    for (size_t i = 0; i < sizeof(always) / sizeof(*always); i++) {
        if (curl_share_setopt(s->handle, CURLSHOPT_SHARE, always[i]) != CURLSHE_OK) {
            return false;
        }
    }
    return !share__has_cookies(o) ||
           curl_share_setopt(s->handle, CURLSHOPT_SHARE, CURL_LOCK_DATA_COOKIE) == CURLSHE_OK;
}

struct err *share__new(const struct net_options *o, struct share **out)
{
    struct err *e = NULL;
    struct timespec now;
    struct share *s = mem_new(sizeof(*s));
    *out = NULL;
    if (!s) {
        return err_plain(ERR_NOMEM);
    }
    for (size_t i = 0; i < CURL_LOCK_DATA_LAST; i++) {
        pthread_mutex_init(&s->locks[i], NULL);
    }
    pthread_mutex_init(&s->limit_lock, NULL);
    clock_gettime(CLOCK_MONOTONIC, &now);
    rate_init(&s->limit, (double)o->limit_rate, 0.1, (double)now.tv_sec);
    s->handle = curl_share_init();
    if (!s->handle || (o->loops > 1 && !set_locks(s)) || !set_shared(s, o)) {
        e = err_plain(ERR_NOMEM);
    }
    if (!e && o->cookie_file) {
        e = read_cookies(s->handle, o->cookie_file);
    }
    if (!e && o->resolve && o->resolve[0]) {
        e = load_resolve(s->handle, o->resolve);
    }
    if (e) {
        share__free(s);
        return e;
    }
    *out = s;
    return NULL;
}

void share__free(struct share *s)
{
    if (!s) {
        return;
    }
    if (s->handle) {
        curl_share_cleanup(s->handle);
    }
    for (size_t i = 0; i < CURL_LOCK_DATA_LAST; i++) {
        pthread_mutex_destroy(&s->locks[i]);
    }
    pthread_mutex_destroy(&s->limit_lock);
    free(s);
}

struct err *share__write_jar(struct share *s, const char *path)
{
    struct err *e = NULL;
    struct curl_slist *cookies = NULL;
    FILE *f = NULL;
    int fd = -1;
    bool failed = false;
    CURL *h = curl_easy_init();
    if (!h || curl_easy_setopt(h, CURLOPT_SHARE, s->handle) != CURLE_OK ||
        curl_easy_getinfo(h, CURLINFO_COOKIELIST, &cookies) != CURLE_OK) {
        e = err_plain(ERR_NOMEM);
        goto out;
    }
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    f = fd < 0 ? NULL : fdopen(fd, "w");
    if (!f) {
        e = err_errno(ERR_IO, errno, "cannot write the cookie jar %s", path);
        goto out;
    }
    fd = -1;
    fputs("# Netscape HTTP Cookie File\n\n", f);
    for (struct curl_slist *c = cookies; c; c = c->next) {
        fprintf(f, "%s\n", c->data);
    }
    failed = ferror(f) != 0;
    failed |= fclose(f) != 0;
    if (failed) {
        e = err_errno(ERR_IO, errno, "cannot write the cookie jar %s", path);
    }
out:
    if (fd >= 0) {
        close(fd);
    }
    curl_slist_free_all(cookies);
    curl_easy_cleanup(h);
    return e;
}
