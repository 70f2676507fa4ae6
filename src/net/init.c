/* SPDX-License-Identifier: MIT */
/* libcurl as a whole: set-up, version, features. */
#include "net/multi.h"

#include <curl/curl.h>
#include <locale.h>
#include <malloc.h>

/* libcurl takes and frees a receive buffer (easy_options.c) for every request. Without this the
 * heap would be given back to the system and asked for again each time: a tenth of a small request.
 */
static void keep_heap(void)
{
#ifdef M_TRIM_THRESHOLD
    mallopt(M_MMAP_THRESHOLD, 1024 * 1024);
    mallopt(M_TRIM_THRESHOLD, 32 * 1024 * 1024);
#endif
}

/* Names of hosts are UTF-8, whatever the environment says: libcurl's look-up (IDN) goes by the
 * locale, and knows no letters in that of C. */
static void speak_utf8(void)
{
    if (!setlocale(LC_CTYPE, "C.UTF-8")) {
        setlocale(LC_CTYPE, "");
    }
}

struct err *net_init(void)
{
    keep_heap();
    speak_utf8();
    CURLcode rc = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (rc != CURLE_OK) {
        return err_new(ERR_RUNTIME, NULL, "libcurl cannot start: %s", curl_easy_strerror(rc));
    }
    return NULL;
}

void net_fini(void)
{
    curl_global_cleanup();
}

const char *net_version(void)
{
    return curl_version();
}

static bool has(int feature)
{
    return (curl_version_info(CURLVERSION_NOW)->features & feature) != 0;
}

const char *net_feature(size_t i)
{
    static const struct {
        int bit;
        const char *name;
    } known[] = {
        {CURL_VERSION_ASYNCHDNS, "AsynchDNS"},
        {CURL_VERSION_BROTLI, "brotli"},
        {CURL_VERSION_HTTP2, "HTTP2"},
        {CURL_VERSION_HTTP3, "HTTP3"},
        {CURL_VERSION_IDN, "IDN"},
        {CURL_VERSION_IPV6, "IPv6"},
        {CURL_VERSION_LIBZ, "gzip"},
        {CURL_VERSION_PSL, "PSL"},
        {CURL_VERSION_SSL, "SSL"},
        {CURL_VERSION_UNIX_SOCKETS, "UnixSockets"},
        {CURL_VERSION_ZSTD, "zstd"},
    };
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        if (has(known[k].bit) && i-- == 0) {
            return known[k].name;
        }
    }
    return NULL;
}

bool net_has_http2(void)
{
    return has(CURL_VERSION_HTTP2);
}

bool net_has_http3(void)
{
    return has(CURL_VERSION_HTTP3);
}

void net_authorities(const char **file, const char **dir)
{
    const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
    *file = info->cainfo;
    *dir = info->capath;
}
