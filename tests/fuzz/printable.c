/* SPDX-License-Identifier: MIT */
/* What reaches a terminal: nothing that it would obey, and harmless text as it is. */
#include "cli/printable.h"

#include "base/utf8.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

static void check_shown(const struct buf *b)
{
    for (size_t at = 0; at < b->len;) {
        uint32_t c;
        size_t n = utf8_next(b->data + at, b->len - at, &c);
        FUZZ_CHECK(n > 0 && printable_character(c));
        at += n;
    }
}

FUZZ_TARGET(printable)
{
    char *text = fuzz_text(data, size);
    struct buf once = BUF_INIT, twice = BUF_INIT, url = BUF_INIT;
    printable_add(&once, text);
    check_shown(&once);
    buf_adds(&once, "");
    printable_add(&twice, once.data);
    buf_adds(&twice, "");
    FUZZ_CHECK(strcmp(once.data, twice.data) == 0);
    printable_add_url(&url, text);
    check_shown(&url);
    FUZZ_CHECK(!url.data || !strpbrk(url.data, "?#"));
    buf_fini(&once);
    buf_fini(&twice);
    buf_fini(&url);
    free(text);
    return 0;
}
