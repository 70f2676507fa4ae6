/* SPDX-License-Identifier: MIT */
/* The extended attributes by which a file says whose it is. */
#include "store/marks.h"

#include "base/alloc.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#define MARK_KEY    "user.garner.key"
#define MARK_ETAG   "user.garner.etag"
#define MARK_ORIGIN "user.xdg.origin.url"
#define KEY_DIGITS  16
#define ETAG_MOST   1024

void marks_set(int fd, uint64_t key, const char *etag, const char *origin_url)
{
    char text[KEY_DIGITS + 1];
    if (key) {
        (void)snprintf(text, sizeof(text), "%016" PRIx64, key);
        (void)fsetxattr(fd, MARK_KEY, text, KEY_DIGITS, 0);
    }
    if (etag && strlen(etag) <= ETAG_MOST) {
        (void)fsetxattr(fd, MARK_ETAG, etag, strlen(etag), 0);
    }
    if (origin_url) {
        (void)fsetxattr(fd, MARK_ORIGIN, origin_url, strlen(origin_url), 0);
    }
}

uint64_t marks_key(int fd)
{
    char text[KEY_DIGITS + 1] = "";
    if (fgetxattr(fd, MARK_KEY, text, KEY_DIGITS) != KEY_DIGITS ||
        strspn(text, "0123456789abcdef") != KEY_DIGITS) {
        return 0;
    }
    return strtoull(text, NULL, 16);
}

char *marks_etag(int fd)
{
    char text[ETAG_MOST + 1];
    ssize_t n = fgetxattr(fd, MARK_ETAG, text, ETAG_MOST);
    if (n <= 0) {
        return NULL;
    }
    text[n] = '\0';
    for (const char *c = text; c < text + n; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f) {
            return NULL; /* it goes into a request's header */
        }
    }
    return mem_dup(text);
}
