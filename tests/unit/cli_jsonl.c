/* SPDX-License-Identifier: MIT */
/* The list format "jsonl". */
#include "cli/jsonl.h"
#include "store/store.h"
#include "support.h"

#include <stdio.h>
#include <string.h>

static struct entry *parse(const char *text)
{
    struct list_out out = {NULL, NULL, NULL, "list"};
    struct split_line t = {text, strlen(text)};
    struct entry *e;
    err_is_none(jsonl_entry(&out, &t, 7, &e));
    if (e) {
        ck_assert_str_eq(e->file, "list");
        ck_assert_uint_eq(e->line, 7);
    }
    return e;
}

static void is_bad(const char *text, const char *word)
{
    struct entry *e = parse(text);
    ck_assert_ptr_nonnull(e);
    ck_assert_msg(e->error != NULL, "no error: %s", text);
    ck_assert_int_eq(err_kind(e->error), ERR_INPUT);
    ck_assert_msg(strstr(err_message(e->error), word), "%s: %s", text, err_message(e->error));
    entry_free(e);
}

START_TEST(whole)
{
    struct entry *e =
        parse(" {\"url\": [\"http://h/1\",\"http://m/1\"], \"out\":\"o\\u00e9\", "
              "\"dir\":\"d\", \"checksum\":\"sha256:00\", \"header\":[\"A: 1\",\"B:2\"],"
              "\"method\":\"POST\",\"body\":\"x\\ny\",\"task_timeout\":2.5,"
              "\"if_exists\":\"overwrite\",\"user\":\"u:p\",\"page\":12345678901234567890,"
              "\"title\":\"t\\\"\",\"deep\":{ \"a\" : [1, 2]},\"none\":null}\t");
    ck_assert_ptr_nonnull(e);
    err_is_none(e->error);
    ck_assert_str_eq(e->urls[0], "http://h/1");
    ck_assert_str_eq(e->urls[1], "http://m/1");
    ck_assert_str_eq(e->out, "o\xc3\xa9");
    ck_assert_str_eq(e->dir, "d");
    ck_assert_str_eq(e->headers[1], "B:2");
    ck_assert_str_eq(e->method, "POST");
    ck_assert_str_eq(e->body, "x\ny");
    ck_assert_uint_eq(e->body_len, 3);
    ck_assert_double_eq(e->task_timeout, 2.5);
    ck_assert_int_eq(e->if_exists, IF_EXISTS_OVERWRITE);
    ck_assert_str_eq(e->user, "u:p");
    ck_assert_ptr_null(e->id);
    ck_assert_uint_eq(e->nfields, 3);
    ck_assert_str_eq(e->fields[0].key, "page");
    ck_assert_str_eq(e->fields[0].value, "12345678901234567890");
    ck_assert_str_eq(e->fields[1].value, "t\"");
    ck_assert_str_eq(e->fields[2].value, "{ \"a\" : [1, 2]}");
    entry_free(e);
}
END_TEST

START_TEST(blank_lines_are_nothing)
{
    ck_assert_ptr_null(parse(""));
    ck_assert_ptr_null(parse(" \t\r"));
}
END_TEST

/* the id comes back byte for byte, whatever it is */
static const char *const ids[] = {"12345678901234567890123", "1.0e+5", "-0", "\"a\\u00e9\\/\"",
    "[1, {\"a\" :\"}\"} ]", "{\"id\": \"inner\"}", "true", "\"\"", "1E400"};

START_TEST(ids_come_back)
{
    char text[200];
    snprintf(text, sizeof(text), "{\"x\":{\"id\":0},\"\\u0069d\" :  %s ,\"url\":\"http://h/\"}",
        ids[_i]);
    struct entry *e = parse(text);
    ck_assert_ptr_nonnull(e);
    err_is_none(e->error);
    ck_assert_str_eq(e->id, ids[_i]);
    entry_free(e);
}
END_TEST

static const struct {
    const char *text, *word;
} bad[] = {
    {"[]", "object"},
    {"\"http://h/\"", "object"},
    {"{", "expected"},
    {"{}", "no \"url\""},
    {"{\"url\":[]}", "no \"url\""},
    {"{\"url\":\"\"}", "empty"},
    {"{\"url\":null}", "no \"url\""},
    {"{\"url\":7}", "url: "},
    {"{\"url\":[\"http://h/\",7]}", "url: "},
    {"{\"url\":\"http://h/\"} x", "follows"},
    {"{\"url\":\"http://h/\"}{\"url\":\"http://h/\"}", "follows"},
    {"{\"url\":\"http://h/\",}", "expected"},
    {"{\"url\":\"http://h/\"", "expected"},
    {"{\"url\":\"http://h/\",\"url\":\"http://h/2\"}", "twice"},
    {"{\"url\":\"http://h/\",\"a\":1,\"\\u0061\":2}", "twice"},
    {"{\"url\":\"http://h/\\u0000\"}", "\\u0000"},
    {"{\"url\":\"http://h/\",\"id\":\"\\u0000\"}", "\\u0000"},
    {"{\"url\":\"http://h/\",\"id\":01}", "expected"},
    {"{\"url\":\"http://h/\",\"id\":1.}", "number"},
    {"{\"url\":\"http://h/\",\"id\":+1}", "expected"},
    {"{\"url\":\"http://h/\",\"id\":nan}", "expected"},
    {"{\"url\":\"http://h/\",\"id\":\"\t\"}", "control"},
    {"{\"url\":\"http://h/\",\"id\":\"\\x\"}", "escape"},
    {"{\"url\":\"http://h/\",\"id\":\"\\ud800\"}", "surrogate"},
    {"{'url':'http://h/'}", "string"},
    {"{\"url\":\"http://h/\",\"header\":\"A\"}", "header"},
    {"{\"url\":\"http://h/\",\"header\":[\"A: b\\r\\nC: d\"]}", "control"},
    {"{\"url\":\"http://h/\",\"header\":{}}", "header"},
    {"{\"url\":\"http://h/\",\"method\":\"G T\"}", "method"},
    {"{\"url\":\"http://h/\",\"if_exists\":\"maybe\"}", "if_exists"},
    {"{\"url\":\"http://h/\",\"task_timeout\":-1}", "task_timeout"},
    {"{\"url\":\"http://h/\",\"task_timeout\":\"x\"}", "task_timeout"},
    {"{\"url\":\"http://h/\",\"out\":7}", "out: "},
    {"{\"url\":\"http://h/\",\"out\":\"\"}", "out: "},
    {"{\"url\":\"http://h/\xff\"}", "UTF-8"},
    {"\x01\x02", "object"},
};

START_TEST(bad_lines)
{
    is_bad(bad[_i].text, bad[_i].word);
}
END_TEST

START_TEST(a_bad_entry_keeps_what_tells_it_apart)
{
    struct entry *e = parse("{\"id\":5,\"out\":7,\"url\":\"http://h/\"}");
    ck_assert_ptr_nonnull(e->error);
    ck_assert_str_eq(e->id, "5");
    ck_assert_str_eq(e->urls[0], "http://h/");
    entry_free(e);
    e = parse("{\"id\":5,\"id\":6,\"url\":\"http://h/\"}");
    ck_assert_ptr_nonnull(e->error);
    ck_assert_str_eq(e->id, "5");
    entry_free(e);
}
END_TEST

START_TEST(depth_is_bounded)
{
    static char text[200000];
    memset(text, '[', sizeof(text) - 1);
    memcpy(text, "{\"url\":", 7);
    is_bad(text, "deeply");
}
END_TEST

Suite *cli_jsonl_suite(void)
{
    Suite *s = suite_create("cli_jsonl");
    TCase *t = tcase_create("jsonl");
    tcase_add_test(t, whole);
    tcase_add_test(t, blank_lines_are_nothing);
    tcase_add_loop_test(t, ids_come_back, 0, sizeof(ids) / sizeof(ids[0]));
    tcase_add_loop_test(t, bad_lines, 0, sizeof(bad) / sizeof(bad[0]));
    tcase_add_test(t, a_bad_entry_keeps_what_tells_it_apart);
    tcase_add_test(t, depth_is_bounded);
    suite_add_tcase(s, t);
    return s;
}
