/* SPDX-License-Identifier: MIT */
/* Keys of entries, and whose shard has them: workers of different versions must agree. */
#include "fetch/key.h"

#include "store/nametable.h"
#include "support.h"

#include <stdio.h>
#include <string.h>

static const struct {
    enum key_mode mode;
    const char *url, *id, *key;
} keys[] = {
    {KEY_DEFAULT, "http://h/a?b", NULL, "http://h/a?b"},
    {KEY_DEFAULT, "http://h/a?b", "7", "7"},
    {KEY_URL, "http://h/a?b", "7", "http://h/a?b"},
    {KEY_URL_NO_QUERY, "http://h/a?b#c", "7", "http://h/a"},
    {KEY_URL_NO_QUERY, "http://h/a#c?d", NULL, "http://h/a"},
    {KEY_ID, "http://h/a?b", "\"x\"", "\"x\""},
    {KEY_ID, "http://h/a?b", NULL, NULL},
    {KEY_PATH, "http://h/a/b?c", "7", "/a/b"},
};

START_TEST(of_an_entry)
{
    struct entry *e = entry_new();
    struct url *url = NULL;
    uint64_t hash = 0;
    ck_assert(entry_add_url(e, keys[_i].url, strlen(keys[_i].url)));
    e->id = keys[_i].id ? strdup(keys[_i].id) : NULL;
    err_is_none(url_parse(keys[_i].url, &url));
    struct err *error = key_of_entry(e, url, keys[_i].mode, &hash);
    if (keys[_i].key) {
        err_is_none(error);
        ck_assert(hash == key_hash(keys[_i].key, strlen(keys[_i].key)));
    } else {
        ck_assert(err_is(error, ERR_INPUT));
        err_unref(error);
    }
    url_free(url);
    entry_free(e);
}
END_TEST

/* What the list asks of a URL is part of it, unless it says what its entries are known by. */
START_TEST(of_a_request)
{
    static const struct {
        const char *method, *body, *id;
    } asked[] = {{NULL, NULL, NULL}, {"PUT", NULL, NULL}, {"PUT", "1", NULL}, {"PUT", "2", NULL},
        {NULL, "1", NULL}, {"PUT", "1", "7"}};
    uint64_t hashes[6][2];
    for (size_t i = 0; i < 6; i++) {
        struct entry *e = entry_new();
        ck_assert(entry_add_url(e, "http://h/", 9));
        e->method = asked[i].method ? strdup(asked[i].method) : NULL;
        e->body = asked[i].body ? strdup(asked[i].body) : NULL;
        e->body_len = asked[i].body ? strlen(asked[i].body) : 0;
        e->id = asked[i].id ? strdup(asked[i].id) : NULL;
        err_is_none(key_of_entry(e, NULL, KEY_DEFAULT, &hashes[i][0]));
        err_is_none(key_of_entry(e, NULL, KEY_URL, &hashes[i][1]));
        ck_assert(hashes[i][1] == hashes[0][1]);
        for (size_t k = 0; k < i; k++) {
            ck_assert(hashes[i][0] != hashes[k][0]);
        }
        entry_free(e);
    }
    ck_assert(hashes[5][0] == key_hash("7", 1));
}
END_TEST

START_TEST(of_one_shard)
{
    unsigned counts[7] = {0};
    for (unsigned i = 0; i < 7000; i++) {
        char url[40];
        unsigned of = 0;
        int len = snprintf(url, sizeof(url), "http://h/%u", i);
        for (unsigned shard = 0; shard < 7; shard++) {
            if (key_in_shard(key_hash(url, (size_t)len), shard, 7)) {
                counts[shard]++;
                of++;
            }
        }
        ck_assert_uint_eq(of, 1);
    }
    for (unsigned shard = 0; shard < 7; shard++) {
        ck_assert_uint_ge(counts[shard], 850);
        ck_assert_uint_le(counts[shard], 1150);
    }
}
END_TEST

START_TEST(for_ever)
{
    ck_assert(key_in_shard(20, 6, 7));
    ck_assert(key_in_shard(UINT64_MAX, 15, 100));
    ck_assert(key_in_shard(0, 0, 1));
    ck_assert(!key_in_shard(20, 0, 7));
    ck_assert(key_in_shard(20, 0, 0)); /* no shards */
}
END_TEST

Suite *fetch_key_suite(void);
Suite *fetch_key_suite(void)
{
    Suite *s = suite_create("fetch_key");
    TCase *t = tcase_create("keys");
    tcase_add_loop_test(t, of_an_entry, 0, sizeof(keys) / sizeof(keys[0]));
    tcase_add_test(t, of_a_request);
    tcase_add_test(t, of_one_shard);
    tcase_add_test(t, for_ever);
    suite_add_tcase(s, t);
    return s;
}
