/* SPDX-License-Identifier: MIT */
/*
 * What all easy handles of a run have in common: the DNS cache, TLS sessions and, if asked for,
 * cookies. --resolve is loaded into the DNS cache here, once, rather than by every request.
 */
#include "net/private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
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

struct err *share__new(const struct net_options *o, CURLSH **out)
{
    struct err *e = NULL;
    CURLSH *share = curl_share_init();
    if (!share) {
        return err_plain(ERR_NOMEM);
    }
    if (curl_share_setopt(share, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS) != CURLSHE_OK ||
        curl_share_setopt(share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION) != CURLSHE_OK ||
        (share__has_cookies(o) &&
            curl_share_setopt(share, CURLSHOPT_SHARE, CURL_LOCK_DATA_COOKIE) != CURLSHE_OK)) {
        e = err_plain(ERR_NOMEM);
    }
    if (!e && o->cookie_file) {
        e = read_cookies(share, o->cookie_file);
    }
    if (!e && o->resolve && o->resolve[0]) {
        e = load_resolve(share, o->resolve);
    }
    if (e) {
        curl_share_cleanup(share);
        share = NULL;
    }
    *out = share;
    return e;
}

struct err *share__write_jar(CURLSH *share, const char *path)
{
    struct err *e = NULL;
    struct curl_slist *cookies = NULL;
    FILE *f = NULL;
    int fd = -1;
    bool failed = false;
    CURL *h = curl_easy_init();
    if (!h || curl_easy_setopt(h, CURLOPT_SHARE, share) != CURLE_OK ||
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
