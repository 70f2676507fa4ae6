/* SPDX-License-Identifier: MIT */
/* Content-Disposition: a safe name without directories, or none; and a safe name comes through. */
#include "store/disposition.h"
#include "fuzz.h"
#include "store/name.h"

#include <stdlib.h>
#include <string.h>

/* The name as a server would send it, in both forms, gives the name. */
static void check_comes_back(const char *name)
{
    struct buf field = BUF_INIT, again = BUF_INIT;
    buf_adds(&field, "attachment; filename*=UTF-8''");
    for (const char *s = name; *s; s++) {
        buf_addf(&field, "%%%02X", (unsigned)(unsigned char)*s);
    }
    FUZZ_CHECK(disposition_name(field.data, &again));
    FUZZ_CHECK(strcmp(again.data, name) == 0);
    buf_clear(&field);
    buf_clear(&again);
    buf_adds(&field, "attachment; filename=\"");
    for (const char *s = name; *s; s++) {
        buf_addf(&field, *s == '"' ? "\\%c" : "%c", *s);
    }
    buf_adds(&field, "\"");
    FUZZ_CHECK(disposition_name(field.data, &again));
    FUZZ_CHECK(strcmp(again.data, name) == 0);
    buf_fini(&field);
    buf_fini(&again);
}

FUZZ_TARGET(disposition)
{
    char *value = fuzz_text(data, size);
    struct buf b = BUF_INIT;
    buf_adds(&b, "dir/");
    bool found = disposition_name(value, &b);
    FUZZ_CHECK(!buf_failed(&b));
    FUZZ_CHECK(memcmp(b.data, "dir/", 4) == 0);
    if (found) {
        const char *name = b.data + 4;
        FUZZ_CHECK(strlen(name) == b.len - 4);
        fuzz_check_name(name, b.len - 4, NAME_LONGEST);
        FUZZ_CHECK(!strchr(name, '\\'));
        check_comes_back(name);
    } else {
        FUZZ_CHECK(b.len == 4);
    }
    buf_fini(&b);
    free(value);
    return 0;
}
