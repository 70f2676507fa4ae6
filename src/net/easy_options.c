/* SPDX-License-Identifier: MIT */
/* The options of the run, given to an easy handle once, when it is made. */
#include "base/buf.h"
#include "net/private.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The first refusal counts; later calls do nothing. */
struct setter {
    CURL *h;
    struct err *error;
};

static void done(struct setter *s, CURLcode rc, const char *what)
{
    if (rc != CURLE_OK && !s->error) {
        s->error = net__usage(rc, what);
    }
}

static void set_text(struct setter *s, CURLoption o, const char *value, const char *what)
{
    if (value && !s->error) {
        done(s, curl_easy_setopt(s->h, o, value), what);
    }
}

static void set_long(struct setter *s, CURLoption o, long value, const char *what)
{
    if (!s->error) {
        done(s, curl_easy_setopt(s->h, o, value), what);
    }
}

static void set_pointer(struct setter *s, CURLoption o, void *value, const char *what)
{
    if (value && !s->error) {
        done(s, curl_easy_setopt(s->h, o, value), what);
    }
}

/* What one read may bring of a limited rate: a 512th of a second's, so that many have equal shares
 * soon; but no less than pays for the read, unless that would be more than a 20th. */
static long limited_step(int64_t rate, long least)
{
    const int64_t step = rate / 512 > least ? rate / 512 : rate / 20 < least ? rate / 20 : least;

    return step < 2048 ? 2048 : step > 1 << 20 ? 1 << 20 : (long)step;
}

/* Large reads save system calls, but every handle has its buffer, and libcurl keeps as much again
 * of a transfer that is held: all together keep to a few MiB, and a limited rate wants small steps.
 */
static long buffer_size(const struct net_options *o)
{
    const long most = 512 * 1024, least = 16 * 1024, together = 4 * 1024 * 1024;
    long size = o->together ? together / (long)o->together : most;

    size = size > most ? most : size < least ? least : size;
    const long step = o->limit_rate > 0 ? limited_step(o->limit_rate, least) : size;
    return step < size ? step : size;
}

long easy__http_version(enum http_version v)
{
    switch (v) {
    case HTTP_VERSION_1_1:
        return CURL_HTTP_VERSION_1_1;
    case HTTP_VERSION_2:
        return CURL_HTTP_VERSION_2_0;
    case HTTP_VERSION_3:
        return CURL_HTTP_VERSION_3;
    case HTTP_VERSION_AUTO:
        break;
    }
    return CURL_HTTP_VERSION_2TLS;
}

static long connect_timeout(const struct net_options *o)
{
    double ms = o->connect_timeout * 1000;
    /* 0 would be libcurl's own default, not "none". */
    return ms <= 0 || ms > 2e9 ? 2000000000L : ms < 1 ? 1 : (long)ms;
}

static bool environment_names_proxy(void)
{
    static const char *const names[] = {
        "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        if (getenv(names[i])) {
            return true;
        }
    }
    return false;
}

/* Where there is no proxy, libcurl need not look for one before each request. */
static void set_proxy(struct setter *s, const struct net_options *o)
{
    const bool none = !o->proxy && !environment_names_proxy();
    set_text(s, CURLOPT_PROXY, o->proxy, "--proxy");
    set_text(s, CURLOPT_PROXYUSERPWD, o->proxy_user, "--proxy-user");
    set_text(s, CURLOPT_NOPROXY, none ? "*" : o->noproxy, "--noproxy");
}

static void set_connecting(struct setter *s, const struct multi *m)
{
    const struct net_options *o = m->options;
    set_proxy(s, o);
    set_text(s, CURLOPT_INTERFACE, o->interface, "--interface");
    set_text(s, CURLOPT_UNIX_SOCKET_PATH, o->unix_socket, "--unix-socket");
    set_pointer(s, CURLOPT_CONNECT_TO, m->connect_to, "--connect-to");
    if (o->ip_version) {
        set_long(s, CURLOPT_IPRESOLVE, o->ip_version == 4 ? CURL_IPRESOLVE_V4 : CURL_IPRESOLVE_V6,
            "-4 or -6");
    }
    set_long(s, CURLOPT_CONNECTTIMEOUT_MS, connect_timeout(o), "--connect-timeout");
    set_long(s, CURLOPT_DNS_CACHE_TIMEOUT, NET_DNS_CACHE_SECONDS, "the DNS cache time");
    set_long(s, CURLOPT_TCP_KEEPALIVE, 1, "TCP keep-alive");
    set_long(s, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1, "hidden proxy headers");
}

static void set_tls(struct setter *s, const struct net_options *o)
{
    set_text(s, CURLOPT_CAINFO, o->cacert, "--cacert");
    set_text(s, CURLOPT_SSLCERT, o->cert, "--cert");
    set_text(s, CURLOPT_SSLKEY, o->key_file, "--key-file");
    if (o->cert) { /* without one OpenSSL would ask the terminal, and everything would wait */
        set_text(s, CURLOPT_KEYPASSWD, o->key_password ? o->key_password : "", "--cert");
    }
    if (o->insecure) {
        set_long(s, CURLOPT_SSL_VERIFYPEER, 0, "-k");
        set_long(s, CURLOPT_SSL_VERIFYHOST, 0, "-k");
    }
}

static void set_http(struct setter *s, const struct multi *m)
{
    const struct net_options *o = m->options;
    set_text(s, CURLOPT_PROTOCOLS_STR, m->protocols, "--proto");
    set_long(s, CURLOPT_HTTP_VERSION, easy__http_version(o->http_version), "the HTTP version");
    set_long(s, CURLOPT_FOLLOWLOCATION, 0, "no redirects");
    set_long(s, CURLOPT_PATH_AS_IS, 1, "paths as they are");
    set_long(s, CURLOPT_BUFFERSIZE, buffer_size(o), "the buffer size");
    set_text(s, CURLOPT_USERAGENT, o->user_agent ? o->user_agent : NET_AGENT, "--user-agent");
    set_text(s, CURLOPT_ACCEPT_ENCODING, o->compressed ? DECODER_ACCEPT : NULL, "--compressed");
    set_long(s, CURLOPT_HTTP_CONTENT_DECODING, 0, "bodies as they are");
    /* No file, but it switches the engine on; the cookies are the share's. */
    set_text(s, CURLOPT_COOKIEFILE, share__has_cookies(o) ? "" : NULL, "cookies");
    set_text(s, CURLOPT_NETRC_FILE, o->netrc_file, "--netrc-file");
}

struct err *easy__apply_options(struct easy *e)
{
    const struct multi *m = e->m;
    struct setter s = {e->handle, NULL};
    set_long(&s, CURLOPT_NOSIGNAL, 1, "no signals");
    set_long(&s, CURLOPT_QUICK_EXIT, 1, "the quick exit");
    set_pointer(&s, CURLOPT_PRIVATE, e, "private data");
    set_pointer(&s, CURLOPT_ERRORBUFFER, e->error, "the error buffer");
    set_pointer(&s, CURLOPT_SHARE, m->share->handle, "the share");
    set_connecting(&s, m);
    set_tls(&s, m->options);
    set_http(&s, m);
    return s.error;
}

/* One of libcurl's, so that curl's lists work as they are and a slip of the pen is noticed. */
static bool protocol_known(const char *name, size_t len)
{
    const char *const *known = curl_version_info(CURLVERSION_NOW)->protocols;
    while (*known && (strlen(*known) != len || strncasecmp(*known, name, len) != 0)) {
        known++;
    }
    return *known != NULL;
}

/* curl's --proto: names separated by commas; "=" before one drops all others, "-" forbids it, "+"
 * or nothing allows it. */
struct err *easy__protocols(const char *proto, char **out)
{
    bool http = true, https = true;
    while (proto && *proto) {
        size_t n = strcspn(proto, ",");
        const char *name = proto;
        size_t len = n;
        char mode = '+';
        while (len && strchr("+-=", *name)) {
            mode = *name++;
            len--;
        }
        bool all = len == 3 && strncasecmp(name, "all", 3) == 0;
        if (!all && !protocol_known(name, len)) {
            return err_new(ERR_USAGE, NULL, "--proto: there is no protocol '%.*s'", (int)len, name);
        }
        if (mode == '=') {
            http = https = false;
        }
        if (all || (len == 4 && strncasecmp(name, "http", 4) == 0)) {
            http = mode != '-';
        }
        if (all || (len == 5 && strncasecmp(name, "https", 5) == 0)) {
            https = mode != '-';
        }
        proto += n + (proto[n] == ',');
    }
    if (!http && !https) {
        return err_new(ERR_USAGE, NULL, "--proto leaves neither http nor https");
    }
    *out = strdup(http && https ? "http,https" : http ? "http" : "https");
    return *out ? NULL : err_plain(ERR_NOMEM);
}
