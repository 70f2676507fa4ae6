/* SPDX-License-Identifier: MIT */
/* An entry's key: what journal, marks, shards and collision names go by (cli.md, Input). */
#ifndef FETCH_KEY_H
#define FETCH_KEY_H

#include "base/buf.h"
#include "fetch/entry.h"
#include "fetch/session.h"
#include "net/url.h"

/* The key's stable hash. By default the key is the id if the entry has one, else the URL. url: the
 * entry's first, parsed. */
struct err *key_of_entry(
    const struct entry *e, const struct url *url, enum key_mode mode, uint64_t *hash);

/* The key itself: so many bytes of the entry, the URL or scratch (empty, the caller's), borrowed.
 * ERR_INPUT, ERR_NOMEM. */
struct err *key_text(const struct entry *e, const struct url *url, enum key_mode mode,
    struct buf *scratch, const char **text, size_t *length);

/* Whether shard `shard` of `shards` (from 0; no shards: all is one's own) has the entry, by its
 * key's hash. */
bool key_in_shard(uint64_t hash, unsigned shard, unsigned shards);

#endif
