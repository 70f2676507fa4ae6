/* SPDX-License-Identifier: MIT */
#include "fetch/key.h"

#include "store/nametable.h"

#include <string.h>

/* One URL gives different files for different requests. */
static bool add_request(const struct entry *e, struct buf *b)
{
    buf_adds(b, e->urls[0]);
    buf_addc(b, '\n');
    buf_adds(b, e->method ? e->method : "");
    buf_addc(b, '\n');
    buf_add(b, e->body ? e->body : "", e->body_len);
    return !buf_failed(b);
}

struct err *key_text(const struct entry *e, const struct url *url, enum key_mode mode,
    struct buf *scratch, const char **text, size_t *length)
{
    const char *key = e->urls[0];
    size_t len = strlen(key);

    switch (mode) {
    case KEY_DEFAULT:
        if (!e->id && (e->method || e->body)) {
            if (!add_request(e, scratch)) {
                return err_plain(ERR_NOMEM);
            }
            key = scratch->data;
            len = scratch->len;
            break;
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
    *text = key;
    *length = len;
    return NULL;
}

struct err *key_of_entry(
    const struct entry *e, const struct url *url, enum key_mode mode, uint64_t *hash)
{
    struct buf scratch = BUF_INIT;
    const char *key = NULL;
    size_t len = 0;
    struct err *error = key_text(e, url, mode, &scratch, &key, &len);

    if (!error) {
        *hash = key_hash(key, len);
    }
    buf_fini(&scratch);
    return error;
}

/* Workers on different machines, of different versions, share one list: this may never change. */
bool key_in_shard(uint64_t hash, unsigned shard, unsigned shards)
{
    return shards == 0 || hash % shards == shard;
}
