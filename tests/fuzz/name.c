/* SPDX-License-Identifier: MIT */
/* Whatever bytes come, the name is a safe one, and a safe one stays as it is. */
#include "store/name.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

static void check_made_safe(const char *raw, size_t len)
{
    struct buf once = BUF_INIT, twice = BUF_INIT;
    buf_adds(&once, "before/");
    name_make_safe(&once, raw, len);
    FUZZ_CHECK(memcmp(once.data, "before/", 7) == 0);
    const char *name = once.data + 7;
    FUZZ_CHECK(strlen(name) == once.len - 7);
    fuzz_check_name(name, once.len - 7, NAME_LONGEST);
    name_make_safe(&twice, name, strlen(name));
    FUZZ_CHECK(strcmp(name, twice.data) == 0);
    buf_fini(&once);
    buf_fini(&twice);
}

/* A cut takes nothing from the extension. */
static void check_extension_kept(const char *raw)
{
    struct buf safe = BUF_INIT, long_one = BUF_INIT, cut = BUF_INIT;
    name_make_safe(&safe, raw, strlen(raw));
    const char *ext = safe.data + name_extension(safe.data);
    for (size_t i = 0; i < NAME_LONGEST; i++) {
        buf_addc(&long_one, 'x');
    }
    buf_adds(&long_one, safe.data);
    name_make_safe(&cut, long_one.data, long_one.len);
    size_t n = strlen(ext);
    FUZZ_CHECK(n <= cut.len && strcmp(cut.data + cut.len - n, ext) == 0);
    buf_fini(&safe);
    buf_fini(&long_one);
    buf_fini(&cut);
}

static void check_hash(const char *path, uint64_t hash)
{
    char *with = name_with_hash(path, hash);
    char *other = name_with_hash(path, hash ^ (UINT64_C(1) << 40));
    FUZZ_CHECK(strlen(with) == strlen(path) + 9);
    FUZZ_CHECK(strcmp(with, other) != 0);
    const char *slash = strrchr(path, '/');
    size_t dir = slash ? (size_t)(slash - path) + 1 : 0;
    FUZZ_CHECK(memcmp(with, path, dir) == 0);
    FUZZ_CHECK(!strchr(with + dir, '/'));
    free(with);
    free(other);
}

FUZZ_TARGET(name)
{
    char *text = fuzz_text(data, size);
    check_made_safe(text, size);
    check_extension_kept(text);
    check_hash(text, size * UINT64_C(0x9e3779b97f4a7c15));
    FUZZ_CHECK(name_extension(text) <= strlen(text));

    struct buf decoded = BUF_INIT, from_path = BUF_INIT;
    name_percent_decode(&decoded, text, size);
    FUZZ_CHECK(decoded.len <= size);
    name_from_url_path(&from_path, text);
    fuzz_check_name(from_path.data, from_path.len, NAME_LONGEST);
    buf_fini(&decoded);
    buf_fini(&from_path);

    char *shown = name_shown(text);
    FUZZ_CHECK(shown[0] != '-');
    FUZZ_CHECK(strcmp(shown + (text[0] == '-' ? 2 : 0), text) == 0);
    free(shown);
    free(text);
    return 0;
}
