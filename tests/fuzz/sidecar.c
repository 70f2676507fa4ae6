/* SPDX-License-Identifier: MIT */
/* Sidecars: a text is one or it is none; one that is comes back the same from what is written. */
#include "store/sidecar.h"
#include "fuzz.h"

#include <stdlib.h>

static void check_text(const char *s)
{
    for (; s && *s; s++) {
        FUZZ_CHECK((unsigned char)*s >= 0x20 && *s != 0x7f);
    }
}

static void check_sense(const struct sidecar *s, size_t size)
{
    check_text(s->url);
    check_text(s->v.etag);
    check_text(s->v.last_modified);
    check_text(s->v.coding);
    FUZZ_CHECK(s->present >= 0);
    FUZZ_CHECK(s->v.total >= -1 && (s->v.total < 0 || s->present <= s->v.total));
    for (size_t i = 0; i < s->more.n; i++) {
        FUZZ_CHECK(s->more.at[i].from > (i > 0 ? s->more.at[i - 1].to : s->present));
        FUZZ_CHECK(s->more.at[i].to > s->more.at[i].from);
        FUZZ_CHECK(s->v.total < 0 || s->more.at[i].to <= s->v.total);
    }
    FUZZ_CHECK(s->v.modified >= -1 && s->v.date >= -1);
    FUZZ_CHECK(s->claim_at >= -1 && (s->claim_at < 0 || (size_t)s->claim_at + 40 <= size));
    FUZZ_CHECK(s->slot <= 1);
}

static void check_comes_back(struct sidecar *s)
{
    struct buf text = BUF_INIT;
    struct sidecar again;
    sidecar_format(s, &text);
    FUZZ_CHECK(!buf_failed(&text) && s->claim_at > 0);
    FUZZ_CHECK(sidecar_parse(text.data, text.len, &again));
    check_sense(&again, text.len);
    FUZZ_CHECK(again.claim_at == s->claim_at && again.present == s->present);
    FUZZ_CHECK(again.number == s->number && again.slot == 0 && again.claimed == s->more.n);
    FUZZ_CHECK(ranges_same(&again.more, &s->more));
    FUZZ_CHECK(again.key == s->key && fuzz_same(again.url, s->url));
    FUZZ_CHECK(validators_same(&again.v, &s->v));
    FUZZ_CHECK(again.v.modified == s->v.modified && again.v.date == s->v.date);
    FUZZ_CHECK(validators_resumable(&again.v) == validators_resumable(&s->v));
    sidecar_fini(&again);
    buf_fini(&text);
}

FUZZ_TARGET(sidecar)
{
    char *text = fuzz_text(data, size);
    struct sidecar s;
    if (sidecar_parse(text, size, &s)) {
        check_sense(&s, size);
        check_comes_back(&s);
    } else {
        FUZZ_CHECK(!s.url && !s.v.etag && !s.v.last_modified && !s.v.coding);
    }
    sidecar_fini(&s);
    free(text);
    return 0;
}
