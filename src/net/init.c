/* SPDX-License-Identifier: MIT */
/* libcurl as a whole: set-up, version, features. */
#include "net/multi.h"

#include <curl/curl.h>

struct err *net_init(void)
{
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

bool net_has_http2(void)
{
    return has(CURL_VERSION_HTTP2);
}

bool net_has_http3(void)
{
    return has(CURL_VERSION_HTTP3);
}
