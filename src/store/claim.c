/* SPDX-License-Identifier: MIT */
#include "store/claim.h"

#include "base/siphash.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER "%20" PRIu64 " "
#define OFFSET "%19" PRId64

static uint64_t check_of(const char *head, const char *text, size_t len)
{
    const struct siphash_key none = {0, 0};
    const struct siphash_key key = {siphash(&none, head, strlen(head)), 0};
    return siphash(&key, text, len);
}

void claim_put(const struct claim *c, const char *head, struct buf *b)
{
    const size_t begin = b->len;
    buf_addf(b, NUMBER "0-" OFFSET, c->number, c->present);
    for (size_t i = 0; i < c->more.n; i++) {
        buf_addf(b, "," OFFSET "-" OFFSET, c->more.at[i].from, c->more.at[i].to);
    }
    if (!buf_failed(b)) {
        buf_addf(b, " %016" PRIx64, check_of(head, b->data + begin, b->len - begin));
    }
}

/* Digits after blanks, as it is put; what is not is found by putting it again. */
static int64_t take_offset(const char **p)
{
    char *end;
    const int64_t n = strtoll(*p, &end, 10);
    *p = end;
    return n;
}

static bool take_ranges(const char *p, int64_t total, struct claim *c)
{
    int64_t before;
    if (strncmp(p, " 0-", 3) != 0) {
        return false;
    }
    p += 3;
    before = c->present = take_offset(&p);
    while (*p == ',') {
        p++;
        const int64_t from = take_offset(&p);
        const int64_t to = *p == '-' ? (p++, take_offset(&p)) : 0;
        if (from <= before || to <= from || !ranges_add(&c->more, from, to)) {
            return false;
        }
        before = to;
    }
    return c->present >= 0 && (total < 0 || before <= total);
}

bool claim_parse(const char *text, const char *head, int64_t total, struct claim *out)
{
    struct buf b = BUF_INIT;
    char *end;
    *out = (struct claim){.number = strtoull(text, &end, 10)};
    bool ok = take_ranges(end, total, out);
    if (ok) {
        claim_put(out, head, &b);
        ok = !buf_failed(&b) && strcmp(b.data, text) == 0;
    }
    buf_fini(&b);
    if (!ok) {
        ranges_fini(&out->more);
    }
    return ok;
}
