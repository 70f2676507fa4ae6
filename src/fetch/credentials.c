/* SPDX-License-Identifier: MIT */
#include "fetch/credentials.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* named: HOST, HOST:PORT, an IPv6 address with or without brackets. */
static bool is_named(const struct url *url, const char *named)
{
    const char *host = url_host(url);
    const char *port = strrchr(named, ':');
    size_t len = strlen(named);

    if (*named == '[') {
        named++;
        len = strcspn(named, "]");
        port = named[len] && named[len + 1] == ':' ? named + len + 1 : NULL;
    } else if (port && strchr(named, ':') == port) {
        len = (size_t)(port - named);
    } else {
        port = NULL; /* none, or an address */
    }
    return strncasecmp(host, named, len) == 0 && host[len] == '\0' &&
           (!port || strtoul(port + 1, NULL, 10) == url_port(url));
}

static bool host_named(char *const *hosts, const struct url *url)
{
    for (; *hosts; hosts++) {
        if (is_named(url, *hosts)) {
            return true;
        }
    }
    return false;
}

bool credentials_allowed(
    const struct request_options *o, const struct url *from, const struct url *to)
{
    if (o->auth_hosts && !host_named(o->auth_hosts, to)) {
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
