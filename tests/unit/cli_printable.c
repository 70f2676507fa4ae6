/* SPDX-License-Identifier: MIT */
/* What a terminal gets to see. */
#include "cli/printable.h"
#include "support.h"

static const struct {
    const char *text, *shown;
} texts[] = {
    {"plain text", "plain text"},
    {"caf\xc3\xa9 \xf0\x9f\x98\x80", "caf\xc3\xa9 \xf0\x9f\x98\x80"},
    {"a\nb\tc\rd", "a\\nb\\tc\\rd"},
    {"\x1b[31m\x7f\x07", "\\x1b[31m\\x7f\\x07"},
    {"\xc2\x9b"
     "31m",
        "\\u{9b}31m"},
    {"\xe2\x80\xae"
     "gpj",
        "\\u{202e}gpj"},
    {"\xff\xc3(\xc0\x80", "\\xff\\xc3(\\xc0\\x80"},
    {"", ""},
};

START_TEST(escapes)
{
    struct buf b = BUF_INIT;
    buf_adds(&b, "<");
    printable_add(&b, texts[_i].text);
    ck_assert_str_eq(b.data + 1, texts[_i].shown);
    buf_fini(&b);
}
END_TEST

static const struct {
    const char *url, *shown;
} urls[] = {
    {"http://h/a", "http://h/a"},
    {"http://user:secret@h:8080/a?token=secret#secret", "http://h:8080/a"},
    {"ftp://user:secret@h/a?secret", "ftp://h/a"},
    {"user:secret@h/a b?secret", "h/a b"},
    {"http://us@er:secret@h h/a@b", "http://h h/a@b"},
    {"http://h h?secret@x", "http://h h"},
    {"http://h/\x1b]0;x\x07", "http://h/\\x1b]0;x\\x07"},
};

START_TEST(urls_without_secrets)
{
    struct buf b = BUF_INIT;
    printable_add_url(&b, urls[_i].url);
    ck_assert_str_eq(b.data, urls[_i].shown);
    buf_fini(&b);
}
END_TEST

Suite *cli_printable_suite(void)
{
    Suite *s = suite_create("cli_printable");
    TCase *t = tcase_create("printable");
    tcase_add_loop_test(t, escapes, 0, sizeof(texts) / sizeof(texts[0]));
    tcase_add_loop_test(t, urls_without_secrets, 0, sizeof(urls) / sizeof(urls[0]));
    suite_add_tcase(s, t);
    return s;
}
