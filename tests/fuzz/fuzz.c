/* SPDX-License-Identifier: MIT */
/* What the fuzz targets share. */
#include "fuzz.h"

#include "base/utf8.h"
#include "store/name.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void fuzz_fail(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: it does not hold that %s\n", file, line, what);
    abort();
}

char *fuzz_text(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (!text) {
        abort();
    }
    if (size) {
        memcpy(text, data, size);
    }
    text[size] = '\0';
    return text;
}

void fuzz_split(struct fuzz_parts *p, const uint8_t *data, size_t size)
{
    *p = (struct fuzz_parts){.block = fuzz_text(data, size)};
    char *end = p->block + size;
    for (char *s = p->block; p->count < FUZZ_PARTS && s <= end; s += strlen(s) + 1) {
        p->part[p->count++] = s;
    }
    for (size_t i = p->count; i < FUZZ_PARTS; i++) {
        p->part[i] = "";
    }
}

void fuzz_split_fini(struct fuzz_parts *p)
{
    free(p->block);
}

void fuzz_refused(struct err *e, enum err_kind kind)
{
    FUZZ_CHECK(err_is(e, kind));
    FUZZ_CHECK(err_message(e)[0]);
    err_unref(e);
}

bool fuzz_same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

bool fuzz_has_control(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c < 0x20 || c == 0x7f) {
            return true;
        }
        if (c == 0xc2 && i + 1 < n && (unsigned char)s[i + 1] < 0xa0) {
            return true;
        }
    }
    return false;
}

static bool ends_with(const char *s, size_t len, const char *suffix)
{
    size_t n = strlen(suffix);
    return len >= n && strncasecmp(s + len - n, suffix, n) == 0;
}

void fuzz_check_name(const char *name, size_t len, size_t most)
{
    FUZZ_CHECK(len > 0);
    FUZZ_CHECK(len <= most);
    FUZZ_CHECK(!memchr(name, '/', len));
    FUZZ_CHECK(!fuzz_has_control(name, len));
    FUZZ_CHECK(utf8_valid(name, len));
    FUZZ_CHECK(name[0] != ' ');
    FUZZ_CHECK(name[len - 1] != ' ' && name[len - 1] != '.');
    FUZZ_CHECK(!ends_with(name, len, NAME_PART));
    FUZZ_CHECK(!ends_with(name, len, NAME_SIDECAR));
}
