/* SPDX-License-Identifier: MIT */
/* src/store/digest.c: checksums as people write them, and as bytes come to them. */
#include "store/digest.h"

#include "failnth.h"
#include "support.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))

#define MD5_ABC    "900150983cd24fb0d6963f7d28e17f72"
#define SHA1_ABC   "a9993e364706816aba3e25717850c26c9cd0d89d"
#define SHA256_ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define SHA512_ABC                                                                                 \
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"                             \
    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"

static const struct {
    enum digest_algo algo;
    const char *text;
} of_abc[] = {
    {DIGEST_MD5, "md5:" MD5_ABC},
    {DIGEST_SHA1, "sha1:" SHA1_ABC},
    {DIGEST_SHA256, "sha256:" SHA256_ABC},
    {DIGEST_SHA512, "sha512:" SHA512_ABC},
};

static void text_is(const struct digest_value *d, const char *expected)
{
    char text[DIGEST_TEXT];
    digest_format(d, text);
    ck_assert_str_eq(text, expected);
}

START_TEST(digest_of_abc)
{
    struct digest *d = digest_new(of_abc[_i].algo);
    struct digest_value v, parsed;
    err_is_none(digest_update(d, "a", 1));
    err_is_none(digest_update(d, "", 0));
    err_is_none(digest_update(d, "bc", 2));
    err_is_none(digest_final(d, &v));
    text_is(&v, of_abc[_i].text);
    err_is_none(digest_parse(of_abc[_i].text, &parsed));
    ck_assert(digest_equal(&v, &parsed) && digest_equal(&parsed, &v));
    parsed.bytes[15] ^= 1;
    ck_assert(!digest_equal(&v, &parsed));
    /* once only */
    err_is_kind(digest_update(d, "x", 1), ERR_IO);
    err_is_kind(digest_final(d, &v), ERR_IO);
    ck_assert_int_eq(v.algo, DIGEST_NONE);
    digest_free(d);
    digest_free(NULL);
}
END_TEST

static const struct {
    const char *text;
    enum digest_algo algo; /* DIGEST_NONE: refused */
} parse_cases[] = {
    {"sha256:" SHA256_ABC, DIGEST_SHA256}, {"sha-256=" SHA256_ABC, DIGEST_SHA256},
    {"sha-256:" SHA256_ABC, DIGEST_SHA256}, {"SHA256=" SHA256_ABC, DIGEST_SHA256},
    {SHA256_ABC, DIGEST_SHA256}, {SHA512_ABC, DIGEST_SHA512}, {SHA1_ABC, DIGEST_SHA1},
    {MD5_ABC, DIGEST_MD5}, {"sha-512=" SHA512_ABC, DIGEST_SHA512}, {"sha-1=" SHA1_ABC, DIGEST_SHA1},
    {"md5:" MD5_ABC, DIGEST_MD5}, {"md5:900150983CD24FB0D6963F7D28E17F72", DIGEST_MD5},
    {"", DIGEST_NONE}, {":", DIGEST_NONE}, {"sha256", DIGEST_NONE}, {"sha256:", DIGEST_NONE},
    {"sha256:" MD5_ABC, DIGEST_NONE}, {"sha256:" SHA256_ABC "0", DIGEST_NONE},
    {"sha256: " SHA256_ABC, DIGEST_NONE}, {SHA256_ABC " ", DIGEST_NONE},
    {"sha3:" SHA256_ABC, DIGEST_NONE}, {"sha:" SHA1_ABC, DIGEST_NONE},
    {"crc32:00000000", DIGEST_NONE}, {"9001", DIGEST_NONE},
    {"90015098zcd24fb0d6963f7d28e17f72", DIGEST_NONE},
    {"0x0150983cd24fb0d6963f7d28e17f72", DIGEST_NONE},
    {MD5_ABC "0", DIGEST_NONE}, /* 33 digits are not 32 */
};

START_TEST(digest_is_parsed)
{
    struct digest_value v;
    struct err *e = digest_parse(parse_cases[_i].text, &v);
    ck_assert_int_eq(v.algo, parse_cases[_i].algo);
    if (parse_cases[_i].algo == DIGEST_NONE) {
        err_is_kind(e, ERR_INPUT);
        text_is(&v, "");
        return;
    }
    err_is_none(e);
    text_is(&v, of_abc[v.algo - 1].text);
}
END_TEST

START_TEST(digest_algorithms_by_name)
{
    enum digest_algo a;
    err_is_none(digest_parse_algo("sha512", &a));
    ck_assert_int_eq(a, DIGEST_SHA512);
    err_is_none(digest_parse_algo("MD5", &a));
    ck_assert_int_eq(a, DIGEST_MD5);
    err_is_kind(digest_parse_algo("sha", &a), ERR_INPUT);
    err_is_kind(digest_parse_algo("", &a), ERR_INPUT);
    err_is_kind(digest_parse_algo("sha2567", &a), ERR_INPUT);
}
END_TEST

START_TEST(digest_of_nothing_equals_nothing)
{
    struct digest_value a = {.algo = DIGEST_NONE}, b = a;
    ck_assert(!digest_equal(&a, &b));
    struct digest *d = digest_new(DIGEST_NONE);
    err_is_kind(digest_update(d, "a", 1), ERR_IO);
    digest_free(d);
}
END_TEST

static int file_of(size_t size)
{
    int fd = open(P_tmpdir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    char *bytes = malloc(size);
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (char)(i * 7 >> 3);
    }
    ck_assert_int_eq(write(fd, bytes, size), (ssize_t)size);
    free(bytes);
    return fd;
}

START_TEST(digest_of_a_file_is_that_of_its_bytes)
{
    size_t size = 300000;
    int fd = file_of(size);
    off_t at = lseek(fd, 1234, SEEK_SET);
    struct digest_value whole, pieces;
    err_is_none(digest_of_fd(fd, DIGEST_SHA256, &whole));
    ck_assert_int_eq(lseek(fd, 0, SEEK_CUR), at);
    struct digest *d = digest_new(DIGEST_SHA256);
    char block[777];
    (void)lseek(fd, 0, SEEK_SET);
    for (ssize_t n; (n = read(fd, block, sizeof(block))) > 0;) {
        err_is_none(digest_update(d, block, (size_t)n));
    }
    err_is_none(digest_final(d, &pieces));
    ck_assert(digest_equal(&whole, &pieces));
    digest_free(d);
    close(fd);
    err_is_kind(digest_of_fd(-1, DIGEST_SHA256, &whole), ERR_IO);
    ck_assert_int_eq(whole.algo, DIGEST_NONE);
}
END_TEST

static void read_back(void)
{
    struct digest_value v;
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    struct err *e = digest_of_fd(fd, DIGEST_MD5, &v);
    failnth_must((e == NULL) == !failnth_failed());
    err_unref(e);
    close(fd);
}

START_TEST(digest_when_memory_runs_out)
{
    failnth_each(read_back);
}
END_TEST

Suite *store_digest_suite(void)
{
    Suite *s = suite_create("store_digest");
    TCase *tc = tcase_create("digest");
    tcase_add_loop_test(tc, digest_of_abc, 0, COUNT(of_abc));
    tcase_add_loop_test(tc, digest_is_parsed, 0, COUNT(parse_cases));
    tcase_add_test(tc, digest_algorithms_by_name);
    tcase_add_test(tc, digest_of_nothing_equals_nothing);
    tcase_add_test(tc, digest_of_a_file_is_that_of_its_bytes);
    tcase_add_test(tc, digest_when_memory_runs_out);
    suite_add_tcase(s, tc);
    return s;
}
