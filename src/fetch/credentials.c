/* SPDX-License-Identifier: MIT */
#include "fetch/credentials.h"

#include "base/alloc.h"

#include <string.h>
#include <strings.h>

static bool host_named(char *const *hosts, const char *host)
{
    for (; *hosts; hosts++) {
        if (strcasecmp(*hosts, host) == 0) {
            return true;
        }
    }
    return false;
}

bool credentials_allowed(
    const struct request_options *o, const struct url *from, const struct url *to)
{
    if (o->auth_hosts && !host_named(o->auth_hosts, url_host(to))) {
        return false;
    }
    return o->location_trusted || url_same_origin(from, to);
}

bool credentials_present(const struct request_options *o)
{
    return o->userpwd || o->bearer || o->cookie || (o->headers && o->headers[0]);
}

char *credentials_referer(const char *referer)
{
    struct url *url;
    struct err *error = url_parse(referer, &url);
    char *text;

    if (error) {
        err_unref(error);
        return mem_dup(referer); /* not a URL: sent as the user wrote it */
    }
    text = url_without_credentials(url);
    url_free(url);
    return text;
}
