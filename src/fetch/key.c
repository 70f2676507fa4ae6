/* SPDX-License-Identifier: MIT */
#include "fetch/key.h"

#include "base/buf.h"
#include "store/nametable.h"

#include <stdlib.h>
#include <string.h>

static void add_without_query(struct buf *b, const char *text)
{
    buf_add(b, text, strcspn(text, "?#"));
}

struct err *key_of_entry(
    const struct entry *e, const struct url *url, enum key_mode mode, uint64_t *hash)
{
    struct buf key = BUF_INIT;
    struct err *error = NULL;

    switch (mode) {
    case KEY_DEFAULT:
        buf_adds(&key, e->id ? e->id : e->urls[0]);
        break;
    case KEY_ID:
        if (!e->id) {
            error = err_new(ERR_INPUT, NULL, "the entry has no id, and --key id asks for one");
            goto out;
        }
        buf_adds(&key, e->id);
        break;
    case KEY_URL:
        buf_adds(&key, e->urls[0]);
        break;
    case KEY_URL_NO_QUERY:
        add_without_query(&key, e->urls[0]);
        break;
    case KEY_PATH:
        buf_adds(&key, url_path(url));
        break;
    }
    if (buf_failed(&key)) {
        error = err_plain(ERR_NOMEM);
        goto out;
    }
    *hash = key_hash(key.data ? key.data : "", key.len);
out:
    buf_fini(&key);
    return error;
}

/* Workers on different machines, of different versions, share one list: this may never change. */
bool key_in_shard(uint64_t hash, unsigned shard, unsigned shards)
{
    return shards == 0 || hash % shards == shard;
}
