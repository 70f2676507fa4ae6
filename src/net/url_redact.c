/* SPDX-License-Identifier: MIT */
/* Passwords in texts that may hold URLs. */
#include "base/buf.h"
#include "net/url.h"

#include <string.h>

/* Where the next authority of the text may begin, behind its slashes; NULL: nowhere. libcurl takes
 * one slash to three for two. */
static const char *next_authority(const char *text)
{
    for (const char *s = text; (s = strchr(s, '/')); s += strspn(s, "/")) {
        if (s[1] == '/' || (s > text && s[-1] == ':')) {
            return s + strspn(s, "/");
        }
    }
    return NULL;
}

char *url_redact(const char *text)
{
    struct buf b = BUF_INIT;
    const char *from;
    while ((from = next_authority(text))) {
        /* Blanks and quotes end none: user and password may hold them. */
        size_t n = strcspn(from, "/?#\r\n");
        const char *at = memrchr(from, '@', n);
        const char *colon = at ? memchr(from, ':', (size_t)(at - from)) : NULL;
        if (colon) {
            buf_add(&b, text, (size_t)(colon - text));
            buf_adds(&b, ":***");
            text = at;
        }
        buf_add(&b, text, (size_t)(from + n - text));
        text = from + n;
    }
    buf_adds(&b, text);
    return buf_take(&b);
}
