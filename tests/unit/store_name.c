/* SPDX-License-Identifier: MIT */
/* src/store/name.c and base/utf8.c: whatever comes in, a safe name comes out. */
#include "base/utf8.h"
#include "store/name.h"

#include "failnth.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))

/* -- UTF-8 --------------------------------------------------------------------------------- */

static const struct {
    const char *bytes;
    size_t valid; /* length of the first character, 0: none */
} utf8_cases[] = {
    {"a", 1},
    {"\x7f", 1},
    {"\xc3\xa9", 2},
    {"\xe2\x82\xac", 3},
    {"\xf0\x9f\x98\x80", 4},
    {"\xed\x9f\xbf", 3},     /* U+D7FF */
    {"\xee\x80\x80", 3},     /* U+E000 */
    {"\xf4\x8f\xbf\xbf", 4}, /* U+10FFFF */
    {"\x80", 0},             /* a tail alone */
    {"\xc0\xaf", 0},         /* overlong '/' */
    {"\xc1\xbf", 0},
    {"\xe0\x80\xaf", 0},
    {"\xe0\x9f\xbf", 0},
    {"\xf0\x80\x80\xaf", 0},
    {"\xf0\x8f\xbf\xbf", 0},
    {"\xed\xa0\x80", 0}, /* surrogates */
    {"\xed\xbf\xbf", 0},
    {"\xf4\x90\x80\x80", 0}, /* past U+10FFFF */
    {"\xf5\x80\x80\x80", 0},
    {"\xff", 0},
    {"\xe2\x82", 0}, /* cut off */
    {"\xe2", 0},
    {"\xc3(", 0},
    {"\xf0\x9f(\x80", 0},
    {"", 0},
};

START_TEST(utf8_as_rfc_3629)
{
    const char *s = utf8_cases[_i].bytes;
    ck_assert_uint_eq(utf8_char(s, strlen(s)), utf8_cases[_i].valid);
    ck_assert(utf8_valid(s, strlen(s)) == (utf8_cases[_i].valid == strlen(s)));
}
END_TEST

START_TEST(utf8_put_and_read_back)
{
    for (uint32_t code = 0; code < 0x110400; code += code < 0x900 ? 1 : 61) {
        struct buf b = BUF_INIT;
        utf8_put(&b, code);
        ck_assert_uint_eq(utf8_char(b.data, b.len), b.len);
        bool replaced = strcmp(b.data, "\xef\xbf\xbd") == 0;
        bool odd = code > 0x10ffff || (code >= 0xd800 && code < 0xe000) || code == 0xfffd;
        ck_assert(replaced == odd);
        buf_fini(&b);
    }
}
END_TEST

START_TEST(utf8_cut_between_characters)
{
    const char *s = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80";
    static const size_t expected[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10};
    for (size_t at = 0; at <= strlen(s); at++) {
        ck_assert_uint_eq(utf8_boundary(s, at), expected[at]);
    }
}
END_TEST

/* -- safe names ---------------------------------------------------------------------------- */

static const struct {
    const char *raw, *safe;
    size_t len; /* 0: strlen(raw) */
} safe_cases[] = {
    {"", "index.html", 0},
    {"a", "a", 0},
    {"report.pdf", "report.pdf", 0},
    {".", "_", 0},
    {"..", "__", 0},
    {"...", "___", 0},
    {"a.", "a_", 0},
    {"a..", "a__", 0},
    {"a. .", "a___", 0},
    {" a", "_a", 0},
    {"  a  ", "__a__", 0},
    {" ", "_", 0},
    {"a b", "a b", 0},
    {".bashrc", ".bashrc", 0},
    {"..a", "..a", 0},
    {"CON", "CON", 0},
    {"a:b*c?d\"e", "a:b*c?d\"e", 0},
    {"a\\b", "a\\b", 0},
    {"-rf", "-rf", 0},
    {"a/b", "a_b", 0},
    {"/etc/passwd", "_etc_passwd", 0},
    {"../../x", ".._.._x", 0},
    {"a\0b", "a_b", 3},
    {"\0", "_", 1},
    {"a\nb\tc\x1b[31m\x7f", "a_b_c_[31m_", 0},
    {"a\xc2\x85z\xc2\x9b", "a_z_", 0}, /* C1 controls */
    {"\xc2\xa0"
     "a",
        "\xc2\xa0"
        "a",
        0},
    {"caf\xc3\xa9", "caf\xc3\xa9", 0},
    {"caf\xe9", "caf_", 0},
    {"\xc0\xae\xc0\xae", "____", 0},
    {"\xed\xa0\x80", "___", 0},
    {"\xe2\x82", "__", 0},
    {"x.part", "x.part_", 0},
    {"x.part.json", "x.part.json_", 0},
    {"x.PART", "x.PART_", 0},
    {".part", ".part_", 0},
    {".part.json", ".part.json_", 0},
    {"x.part.", "x.part_", 0},
    {"x.part ", "x.part_", 0},
    {"part", "part", 0},
    {"x.parts", "x.parts", 0},
    {"x.json", "x.json", 0},
};

static char *safe_of(const char *raw, size_t len)
{
    struct buf b = BUF_INIT;
    name_make_safe(&b, raw, len);
    char *s = buf_take(&b);
    ck_assert_ptr_nonnull(s);
    return s;
}

START_TEST(name_is_made_safe)
{
    size_t len = safe_cases[_i].len ? safe_cases[_i].len : strlen(safe_cases[_i].raw);
    char *s = safe_of(safe_cases[_i].raw, len);
    ck_assert_str_eq(s, safe_cases[_i].safe);
    char *again = safe_of(s, strlen(s));
    ck_assert_str_eq(again, s);
    free(s);
    free(again);
}
END_TEST

static void must_be_safe(const char *s)
{
    size_t n = strlen(s);
    ck_assert(n > 0 && n <= NAME_LONGEST);
    ck_assert(utf8_valid(s, n));
    ck_assert_ptr_null(strchr(s, '/'));
    ck_assert(s[0] != ' ' && s[n - 1] != ' ' && s[n - 1] != '.');
    for (size_t i = 0; i < n; i++) {
        ck_assert((unsigned char)s[i] >= 0x20 && s[i] != 0x7f);
    }
    ck_assert(n < 5 || strcmp(s + n - 5, ".part") != 0);
    ck_assert(n < 10 || strcmp(s + n - 10, ".part.json") != 0);
}

START_TEST(name_of_noise_is_safe)
{
    unsigned seed = (unsigned)_i + 1;
    static const char favourites[] = "../. \\\0%\xc3\xa9\xe2\x82\xac\xed\xa0\x80.part.json\x1b";
    for (int round = 0; round < 500; round++) {
        char raw[400];
        size_t n = (size_t)rand_r(&seed) % sizeof(raw) + 1;
        for (size_t i = 0; i < n; i++) {
            int r = rand_r(&seed);
            raw[i] =
                r & 1 ? favourites[(size_t)(r >> 1) % (sizeof(favourites) - 1)] : (char)(r >> 1);
        }
        char *s = safe_of(raw, n);
        must_be_safe(s);
        char *again = safe_of(s, strlen(s));
        ck_assert_str_eq(again, s);
        free(s);
        free(again);
    }
}
END_TEST

static char *long_name(const char *unit, size_t times, const char *tail)
{
    struct buf b = BUF_INIT;
    while (times--) {
        buf_adds(&b, unit);
    }
    buf_adds(&b, tail);
    return buf_take(&b);
}

static const struct {
    const char *unit;
    size_t times;
    const char *tail, *end;
    size_t len;
} long_cases[] = {
    {"a", NAME_LONGEST, "", "a", NAME_LONGEST},
    {"a", NAME_LONGEST + 1, "", "a", NAME_LONGEST},
    {"a", 5000, ".pdf", "a.pdf", NAME_LONGEST},
    {"a", 5000, ".tar.gz", "a.tar.gz", NAME_LONGEST},
    {"\xc3\xa9", 5000, "", "\xc3\xa9", NAME_LONGEST},
    {"\xe2\x82\xac", 5000, "", "\xe2\x82\xac", NAME_LONGEST - 2}, /* 236 = 78 * 3 + 2 */
    {"\xe2\x82\xac", 5000, ".x", "\xe2\x82\xac.x", NAME_LONGEST},
    {"\xf0\x9f\x98\x80", 5000, ".x", "\xf0\x9f\x98\x80.x", NAME_LONGEST - 2},
    {"a", 5000, ".part", "a.part_", NAME_LONGEST},
    {"a", NAME_LONGEST - 5, ".part", "a.part_", NAME_LONGEST},
    {".", 5000, "", "_", NAME_LONGEST},
    {" a", 5000, "", "a", NAME_LONGEST},
    {"a ", 5000, "", "a_", NAME_LONGEST},
    {"x.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 100, "", "a", NAME_LONGEST},
};

START_TEST(name_is_cut)
{
    char *raw = long_name(long_cases[_i].unit, long_cases[_i].times, long_cases[_i].tail);
    char *s = safe_of(raw, strlen(raw));
    must_be_safe(s);
    const char *end = long_cases[_i].end;
    ck_assert_uint_eq(strlen(s), long_cases[_i].len);
    ck_assert_str_eq(s + strlen(s) - strlen(end), end);
    free(raw);
    free(s);
}
END_TEST

/* -- from URLs ----------------------------------------------------------------------------- */

static const struct {
    const char *path, *name;
} url_cases[] = {
    {"/", "index.html"},
    {"", "index.html"},
    {"/a/b/", "index.html"},
    {"/a/b.iso", "b.iso"},
    {"b.iso", "b.iso"},
    {"/a%20b.txt", "a b.txt"},
    {"/%20b", "_b"},
    {"/a+b", "a+b"},
    {"/a%2Fb", "a_b"},
    {"/..%2f..%2fetc%2fpasswd", ".._.._etc_passwd"},
    {"/a%00b", "a_b"},
    {"/%00", "_"},
    {"/%2e%2e", "__"},
    {"/%2E", "_"},
    {"/%252e", "%2e"}, /* once */
    {"/100%", "100%"},
    {"/a%4", "a%4"},
    {"/a%zz", "a%zz"},
    {"/a%c3%a9", "a\xc3\xa9"},
    {"/a%e9", "a_"},
    {"/a%0d%0ab", "a__b"},
    {"/x.part", "x.part_"},
    {"/a;v=1", "a;v=1"},
};

START_TEST(name_from_url)
{
    struct buf b = BUF_INIT;
    name_from_url_path(&b, url_cases[_i].path);
    ck_assert_str_eq(b.data, url_cases[_i].name);
    buf_fini(&b);
}
END_TEST

/* -- extensions ---------------------------------------------------------------------------- */

static const struct {
    const char *name, *ext, *hashed;
} extension_cases[] = {
    {"report.pdf", ".pdf", "report.9f3a61c2.pdf"},
    {"report", "", "report.9f3a61c2"},
    {".bashrc", "", ".bashrc.9f3a61c2"},
    {".a.b", ".b", ".a.9f3a61c2.b"},
    {"a.tar.gz", ".tar.gz", "a.9f3a61c2.tar.gz"},
    {"a.TAR.Zst", ".TAR.Zst", "a.9f3a61c2.TAR.Zst"},
    {"a.tar", ".tar", "a.9f3a61c2.tar"},
    {".tar.gz", ".gz", ".tar.9f3a61c2.gz"},
    {"a.b.gz", ".gz", "a.b.9f3a61c2.gz"},
    {"a.tar.html", ".html", "a.tar.9f3a61c2.html"},
    {"v1.2.3", ".3", "v1.2.9f3a61c2.3"},
    {"a.", "", "a..9f3a61c2"},
    {"Mr. Smith goes", "", "Mr. Smith goes.9f3a61c2"},
    {"a.0123456789012345678901234567890123456789", "",
        "a.0123456789012345678901234567890123456789.9f3a61c2"},
};

START_TEST(name_has_extension)
{
    const char *name = extension_cases[_i].name;
    ck_assert_str_eq(name + name_extension(name), extension_cases[_i].ext);
    char *hashed = name_with_hash(name, 0x9f3a61c2deadbeefu);
    ck_assert_str_eq(hashed, extension_cases[_i].hashed);
    free(hashed);
}
END_TEST

START_TEST(name_hash_goes_into_the_last_component)
{
    char *s = name_with_hash("a.b/c.d/report", 0xffffffffu);
    ck_assert_str_eq(s, "a.b/c.d/report.00000000");
    free(s);
    s = name_with_hash("a.b/report.x", 0x100000000u);
    ck_assert_str_eq(s, "a.b/report.00000001.x");
    free(s);
}
END_TEST

START_TEST(name_is_shown)
{
    char *s = name_shown("-x");
    ck_assert_str_eq(s, "./-x");
    free(s);
    s = name_shown("a/-x");
    ck_assert_str_eq(s, "a/-x");
    free(s);
}
END_TEST

static void make_names(void)
{
    struct buf b = BUF_INIT;
    name_from_url_path(
        &b, "/a/%20name-that-is-longer-than-the-first-room-of-a-buffer-0123456789.part");
    failnth_must(buf_failed(&b) == failnth_failed());
    failnth_must(buf_failed(&b) || strlen(b.data) == b.len);
    buf_fini(&b);
    char *s = name_with_hash("a.b", 1);
    failnth_must(s || failnth_failed());
    free(s);
    s = name_shown("-a");
    failnth_must(s || failnth_failed());
    free(s);
}

START_TEST(name_when_memory_runs_out)
{
    failnth_each(make_names);
}
END_TEST

Suite *store_name_suite(void)
{
    Suite *s = suite_create("store_name");
    TCase *tc = tcase_create("utf8");
    tcase_add_loop_test(tc, utf8_as_rfc_3629, 0, COUNT(utf8_cases));
    tcase_add_test(tc, utf8_put_and_read_back);
    tcase_add_test(tc, utf8_cut_between_characters);
    suite_add_tcase(s, tc);
    tc = tcase_create("name");
    tcase_add_loop_test(tc, name_is_made_safe, 0, COUNT(safe_cases));
    tcase_add_loop_test(tc, name_of_noise_is_safe, 0, 4);
    tcase_add_loop_test(tc, name_is_cut, 0, COUNT(long_cases));
    tcase_add_loop_test(tc, name_from_url, 0, COUNT(url_cases));
    tcase_add_loop_test(tc, name_has_extension, 0, COUNT(extension_cases));
    tcase_add_test(tc, name_hash_goes_into_the_last_component);
    tcase_add_test(tc, name_is_shown);
    tcase_add_test(tc, name_when_memory_runs_out);
    suite_add_tcase(s, tc);
    return s;
}
