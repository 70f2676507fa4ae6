/* SPDX-License-Identifier: MIT */
/* src/store/nametable.c and base/siphash.c: who has which path. */
#include "base/siphash.h"
#include "store/nametable.h"

#include "failnth.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

START_TEST(siphash_as_published)
{
    /* vectors of the reference implementation: key 00 01 .. 0f, input 00 01 .. n-1 */
    static const struct {
        size_t n;
        uint64_t hash;
    } vectors[] = {
        {0, 0x726fdb47dd0e0e31u},
        {1, 0x74f839c593dc67fdu},
        {7, 0xab0200f58b01d137u},
        {8, 0x93f5f5799a932462u},
        {15, 0xa129ca6149be45e5u},
        {63, 0x958a324ceb064572u},
    };
    const struct siphash_key key = {0x0706050403020100u, 0x0f0e0d0c0b0a0908u};
    unsigned char in[64];
    for (size_t i = 0; i < sizeof(in); i++) {
        in[i] = (unsigned char)i;
    }
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        ck_assert(siphash(&key, in, vectors[i].n) == vectors[i].hash);
    }
    struct siphash_key a = siphash_random_key(), b = siphash_random_key();
    ck_assert(a.k0 != b.k0 && a.k1 != b.k1);
}
END_TEST

/* Marks on disk and shards depend on these: they may never change. */
START_TEST(key_hash_is_stable)
{
    ck_assert(key_hash("", 0) == 0x1e924b9d737700d7u);
    ck_assert(key_hash("http://example.org/a", 20) == 0x0a9ec159d9e4dd9au);
    ck_assert(key_hash("a", 1) != key_hash("b", 1));
}
END_TEST

START_TEST(nametable_verdicts)
{
    struct nametable *t = nametable_new();
    uint64_t first = 99;
    ck_assert_int_eq(nametable_claim(t, "a", 1, 1, &first), NAMETABLE_NEW);
    ck_assert_int_eq(nametable_claim(t, "b", 1, 2, &first), NAMETABLE_NEW);
    ck_assert_int_eq(nametable_claim(t, "a", 1, 3, &first), NAMETABLE_DUPLICATE);
    ck_assert_uint_eq(first, 1);
    ck_assert_int_eq(nametable_claim(t, "b", 7, 4, &first), NAMETABLE_COLLISION);
    ck_assert_uint_eq(first, 2);
    ck_assert_int_eq(nametable_claim(t, "b", 1, 5, &first), NAMETABLE_DUPLICATE);
    ck_assert_uint_eq(first, 2);
    ck_assert_int_eq(nametable_claim(t, "", 0, 6, &first), NAMETABLE_NEW);
    ck_assert_int_eq(nametable_claim(t, "", 0, 7, &first), NAMETABLE_DUPLICATE);
    ck_assert_uint_eq(first, 6);
    ck_assert_uint_eq(nametable_count(t), 3);
    nametable_free(t);
    nametable_free(NULL);
}
END_TEST

START_TEST(nametable_index_at_its_bounds)
{
    struct nametable *t = nametable_new();
    uint64_t first;
    uint64_t top = ((uint64_t)1 << 34) - 1;
    ck_assert_int_eq(nametable_claim(t, "a", UINT64_MAX, top, &first), NAMETABLE_NEW);
    ck_assert_int_eq(nametable_claim(t, "a", UINT64_MAX, 1, &first), NAMETABLE_DUPLICATE);
    ck_assert(first == top);
    ck_assert_int_eq(nametable_claim(t, "b", 3, UINT64_MAX, &first), NAMETABLE_NEW);
    ck_assert_int_eq(nametable_claim(t, "b", 3, 1, &first), NAMETABLE_DUPLICATE);
    ck_assert(first == top);
    /* each of the key's bits that are kept tells two keys apart */
    ck_assert_int_eq(nametable_claim(t, "c", 0, 1, &first), NAMETABLE_NEW);
    for (unsigned bit = 0; bit < 38; bit++) {
        ck_assert_int_eq(
            nametable_claim(t, "c", (uint64_t)1 << bit, 2, &first), NAMETABLE_COLLISION);
    }
    nametable_free(t);
}
END_TEST

static enum nametable_verdict claim(struct nametable *t, uint64_t i, uint64_t key, uint64_t *first)
{
    char path[64];
    (void)snprintf(path, sizeof(path), "host/file-%llu.bin", (unsigned long long)i);
    return nametable_claim(t, path, key, i, first);
}

enum { MILLION = 1000000 };

START_TEST(nametable_of_a_million)
{
    struct nametable *t = nametable_new();
    uint64_t first;
    for (uint64_t i = 1; i <= MILLION; i++) {
        if (claim(t, i, i * 31, &first) != NAMETABLE_NEW) {
            ck_abort_msg("entry %llu is not new", (unsigned long long)i);
        }
        if (i >= 200 && nametable_bytes(t) > i * 32) {
            ck_abort_msg("%zu bytes for %llu", nametable_bytes(t), (unsigned long long)i);
        }
    }
    ck_assert_uint_eq(nametable_count(t), MILLION);
    ck_assert_uint_le(nametable_bytes(t), 32u * MILLION);
    for (uint64_t i = 1; i <= MILLION; i++) {
        enum nametable_verdict v = claim(t, i, i * 31 + i % 2, &first);
        if (v != (i % 2 ? NAMETABLE_COLLISION : NAMETABLE_DUPLICATE) || first != i) {
            ck_abort_msg("entry %llu is lost", (unsigned long long)i);
        }
    }
    ck_assert_uint_eq(nametable_count(t), MILLION);
    nametable_free(t);
}
END_TEST

START_TEST(nametable_at_every_size)
{
    for (uint64_t n = 1; n < 400; n += 3) {
        struct nametable *t = nametable_new();
        uint64_t first;
        for (uint64_t i = 1; i <= n; i++) {
            ck_assert_int_eq(claim(t, i, i, &first), NAMETABLE_NEW);
        }
        for (uint64_t i = 1; i <= n; i++) {
            ck_assert_int_eq(claim(t, i, i, &first), NAMETABLE_DUPLICATE);
            ck_assert_uint_eq(first, i);
        }
        nametable_free(t);
    }
}
END_TEST

static void claim_some(void)
{
    enum { SOME = 300 };
    bool refused[SOME] = {false};
    struct nametable *t = nametable_new();
    failnth_must(t || failnth_failed());
    uint64_t first;
    for (uint64_t i = 0; t && i < SOME; i++) {
        enum nametable_verdict v = claim(t, i, i, &first);
        refused[i] = v == NAMETABLE_NOMEM;
        failnth_must(v == NAMETABLE_NEW || (refused[i] && failnth_failed()));
    }
    for (uint64_t i = 0; t && i < SOME; i++) {
        enum nametable_verdict v = claim(t, i, i, &first);
        failnth_must(v == (refused[i] ? NAMETABLE_NEW : NAMETABLE_DUPLICATE));
    }
    nametable_free(t);
}

START_TEST(nametable_when_memory_runs_out)
{
    failnth_each(claim_some);
}
END_TEST

Suite *store_nametable_suite(void)
{
    Suite *s = suite_create("store_nametable");
    TCase *tc = tcase_create("nametable");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, siphash_as_published);
    tcase_add_test(tc, key_hash_is_stable);
    tcase_add_test(tc, nametable_verdicts);
    tcase_add_test(tc, nametable_index_at_its_bounds);
    tcase_add_test(tc, nametable_of_a_million);
    tcase_add_test(tc, nametable_at_every_size);
    tcase_add_test(tc, nametable_when_memory_runs_out);
    suite_add_tcase(s, tc);
    return s;
}
