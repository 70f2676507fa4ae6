/* SPDX-License-Identifier: MIT */
#include "fetch/key.h"

#include "base/buf.h"
#include "store/nametable.h"

#include <string.h>

/* One URL gives different files for different requests. */
static struct err *key_of_request(const struct entry *e, uint64_t *hash)
{
    struct buf key = BUF_INIT;
    struct err *error = NULL;

    buf_adds(&key, e->urls[0]);
    buf_addc(&key, '\n');
    buf_adds(&key, e->method ? e->method : "");
    buf_addc(&key, '\n');
    buf_add(&key, e->body ? e->body : "", e->body_len);
    if (buf_failed(&key)) {
        error = err_plain(ERR_NOMEM);
    } else {
        *hash = key_hash(key.data, key.len);
    }
    buf_fini(&key);
    return error;
}

struct err *key_of_entry(
    const struct entry *e, const struct url *url, enum key_mode mode, uint64_t *hash)
{
    const char *key = e->urls[0];
    size_t len = strlen(key);

    switch (mode) {
    case KEY_DEFAULT:
        if (!e->id && (e->method || e->body)) {
            return key_of_request(e, hash);
        }
        key = e->id ? e->id : key;
        len = strlen(key);
        break;
    case KEY_ID:
        if (!e->id) {
            return err_new(ERR_INPUT, NULL, "the entry has no id, and --key id asks for one");
        }
        key = e->id;
        len = strlen(key);
        break;
    case KEY_URL:
        break;
    case KEY_URL_NO_QUERY:
        len = strcspn(key, "?#");
        break;
    case KEY_PATH:
        key = url_path(url);
        len = strlen(key);
        break;
    }
    *hash = key_hash(key, len);
    return NULL;
}

/* Workers on different machines, of different versions, share one list: this may never change. */
bool key_in_shard(uint64_t hash, unsigned shard, unsigned shards)
{
    return shards == 0 || hash % shards == shard;
}
