/* SPDX-License-Identifier: MIT */
/* src/store/checksums.c: digests by name, as other programs write them. */
#include "store/checksums.h"

#include "failnth.h"
#include "support.h"

#include <string.h>

#define A32 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B32 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C32 "cccccccccccccccccccccccccccccccc"

static const char sums[] = "-----BEGIN PGP SIGNED MESSAGE-----\n"
                           "Hash: SHA256\n"
                           "\n"
                           "# a comment\n" //
    A32 A32 "  plain.iso\r\n"              //
    B32 B32 " *binary.iso\n"
                           "SHA256 (bsd (1).iso) = " A32 B32 "\n"
                           "MD5 (plain.iso) = " C32 "\n"
                           "\\" C32 C32 "  back\\\\slash\\nline\n" //
    A32 A32 "  ./a/same.deb\n"                                     //
    B32 B32 "  b/same.deb\n"                                       //
    C32 C32 "  twice\n"                                            //
    A32 A32 "  twice\n"                                            //
    A32 A32 "  agreed\n"                                           //
    A32 A32 "  agreed\n"                                           //
    A32 "zz  nonsense\n"                                           //
    A32 "\n"
                           "  " A32 "  indented\n" //
    C32 C32 "  last";

static const struct {
    const char *path;
    enum checksums_found found;
    const char *digest; /* its beginning */
} cases[] = {
    {"plain.iso", CHECKSUMS_ONE, "sha256:aaaa"}, /* not the MD5 */
    {"some/where/plain.iso", CHECKSUMS_ONE, "sha256:aaaa"},
    {"/pub/binary.iso", CHECKSUMS_ONE, "sha256:bbbb"},
    {"bsd (1).iso", CHECKSUMS_ONE, "sha256:aaaa"},
    {"back\\slash\nline", CHECKSUMS_ONE, "sha256:cccc"},
    {"a/same.deb", CHECKSUMS_ONE, "sha256:aaaa"},
    {"/pool/b/same.deb", CHECKSUMS_ONE, "sha256:bbbb"},
    {"same.deb", CHECKSUMS_SEVERAL, NULL},
    {"/pool/c/same.deb", CHECKSUMS_SEVERAL, NULL},
    {"twice", CHECKSUMS_SEVERAL, NULL},
    {"agreed", CHECKSUMS_ONE, "sha256:aaaa"},
    {"last", CHECKSUMS_ONE, "sha256:cccc"},
    {"nonsense", CHECKSUMS_NONE, NULL},
    {"indented", CHECKSUMS_NONE, NULL},
    {"lain.iso", CHECKSUMS_NONE, NULL},
    {"", CHECKSUMS_NONE, NULL},
};

START_TEST(checksums_by_name)
{
    struct checksums *c = NULL;
    struct digest_value d;
    char text[DIGEST_TEXT];
    err_is_none(checksums_parse(sums, sizeof(sums) - 1, &c));
    enum checksums_found found = checksums_find(c, cases[_i].path, &d);
    ck_assert_msg(found == cases[_i].found, "%s: %d", cases[_i].path, (int)found);
    if (cases[_i].digest) {
        digest_format(&d, text);
        ck_assert_msg(strncmp(text, cases[_i].digest, strlen(cases[_i].digest)) == 0, "%s: %s",
            cases[_i].path, text);
    }
    checksums_free(c);
}
END_TEST

START_TEST(checksums_exact_path_first)
{
    static const char text[] = A32 "  a/x\n" B32 "  x\n";
    struct checksums *c = NULL;
    struct digest_value d;
    err_is_none(checksums_parse(text, sizeof(text) - 1, &c));
    ck_assert_uint_eq(checksums_count(c), 2);
    ck_assert_int_eq(checksums_find(c, "x", &d), CHECKSUMS_ONE);
    ck_assert_uint_eq(d.bytes[0], 0xbb);
    ck_assert_int_eq(checksums_find(c, "a/x", &d), CHECKSUMS_ONE);
    ck_assert_uint_eq(d.bytes[0], 0xaa);
    checksums_free(c);
}
END_TEST

START_TEST(checksums_without_a_line)
{
    struct checksums *c = NULL;
    err_is_kind(checksums_parse("", 0, &c), ERR_INPUT);
    err_is_kind(checksums_parse("<html>\n404\n", 11, &c), ERR_INPUT);
    ck_assert_ptr_null(c);
    checksums_free(NULL);
}
END_TEST

static void parse(void)
{
    struct checksums *c = NULL;
    struct err *e = checksums_parse(sums, sizeof(sums) - 1, &c);
    failnth_must(failnth_failed() ? !e || err_is(e, ERR_NOMEM) : !e);
    err_unref(e);
    checksums_free(c);
}

START_TEST(checksums_when_memory_runs_out)
{
    failnth_each(parse);
}
END_TEST

Suite *store_checksums_suite(void);
Suite *store_checksums_suite(void)
{
    Suite *s = suite_create("store_checksums");
    TCase *t = tcase_create("checksums");
    tcase_add_loop_test(t, checksums_by_name, 0, sizeof(cases) / sizeof(cases[0]));
    tcase_add_test(t, checksums_exact_path_first);
    tcase_add_test(t, checksums_without_a_line);
    tcase_add_test(t, checksums_when_memory_runs_out);
    suite_add_tcase(s, t);
    return s;
}
