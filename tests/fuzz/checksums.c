/* SPDX-License-Identifier: MIT */
/*
 * Files of digests, and digests: whatever is in them, a digest found is one of a known kind; a line
 * as sha256sum writes it is found under its name, also with other lines around it.
 *
 * Parts: other lines, a name, a directory of it.
 */
#include "store/checksums.h"
#include "base/buf.h"
#include "fuzz.h"
#include "store/name.h"

#include <stdlib.h>
#include <string.h>

static const char hex[] = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

static void check_digest(const char *text)
{
    struct digest_value d, again;
    char shown[DIGEST_TEXT];
    struct err *e = digest_parse(text, &d);
    if (e) {
        FUZZ_CHECK(d.algo == DIGEST_NONE);
        fuzz_refused(e, ERR_INPUT);
        return;
    }
    digest_format(&d, shown);
    FUZZ_CHECK(strlen(shown) < DIGEST_TEXT);
    FUZZ_CHECK(!digest_parse(shown, &again) && digest_equal(&d, &again));
}

/* The line that sha256sum (GNU) or sha256 (BSD) writes for that file. */
static void add_line(struct buf *b, const char *path, bool bsd)
{
    if (bsd) {
        buf_addf(b, "SHA256 (%s) = %s\n", path, hex);
        return;
    }
    bool escaped = strpbrk(path, "\\\n\r");
    buf_addf(b, "%s%s  ", escaped ? "\\" : "", hex);
    for (const char *s = path; *s; s++) {
        const char *as = *s == '\\' ? "\\\\" : *s == '\n' ? "\\n" : *s == '\r' ? "\\r" : NULL;
        as ? buf_adds(b, as) : buf_addc(b, *s);
    }
    buf_addc(b, '\n');
}

static void check_found(const char *other, const char *path, bool bsd)
{
    struct buf text = BUF_INIT;
    struct checksums *c;
    struct digest_value expected, got;
    FUZZ_CHECK(!digest_parse(hex, &expected));
    buf_adds(&text, other);
    buf_addc(&text, '\n');
    add_line(&text, path, bsd);
    FUZZ_CHECK(!checksums_parse(text.data, text.len, &c));
    FUZZ_CHECK(checksums_count(c) > 0);
    enum checksums_found found = checksums_find(c, path, &got);
    FUZZ_CHECK(found != CHECKSUMS_NONE);
    /* another line may be about the same file */
    FUZZ_CHECK(checksums_count(c) > 1 || (found == CHECKSUMS_ONE && digest_equal(&got, &expected)));
    checksums_free(c);
    buf_fini(&text);
}

static void check_text(const char *text, size_t size, const char *path)
{
    struct checksums *c;
    struct digest_value d;
    struct err *e = checksums_parse(text, size, &c);
    if (e) {
        FUZZ_CHECK(!c);
        fuzz_refused(e, ERR_INPUT);
        return;
    }
    FUZZ_CHECK(checksums_count(c) > 0);
    FUZZ_CHECK((checksums_find(c, path, &d) == CHECKSUMS_NONE) == (d.algo == DIGEST_NONE));
    checksums_free(c);
}

FUZZ_TARGET(checksums)
{
    struct fuzz_parts p;
    struct buf path = BUF_INIT, name = BUF_INIT;
    fuzz_split(&p, data, size);
    check_digest(p.part[0]);
    check_text(p.block, size, p.part[1]);
    check_text(p.part[0], strlen(p.part[0]), p.part[1]);
    name_make_safe(&name, p.part[1], strlen(p.part[1]));
    if (*p.part[2]) {
        name_make_safe(&path, p.part[2], strlen(p.part[2]));
        buf_addc(&path, '/');
    }
    buf_adds(&path, name.data);
    check_found(p.part[0], path.data, false);
    check_found(p.part[0], path.data, true);
    buf_fini(&path);
    buf_fini(&name);
    fuzz_split_fini(&p);
    return 0;
}
