/* SPDX-License-Identifier: MIT */
/* src/cli/leftover.c, failures.c: what is left to do is a list that says the same again. */
#include "cli/failures.h"
#include "cli/jsonl.h"
#include "cli/leftover.h"
#include "cli/lines.h"
#include "cli_options.h"

#include "failnth.h"
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void on_entry(void *arg, struct entry *e)
{
    struct entry **out = arg;
    ck_assert_ptr_null(*out);
    *out = e;
}

static void on_warning(void *arg, uint64_t line, const char *text)
{
    (void)arg;
    ck_abort_msg("line %d: %s", (int)line, text);
}

static struct entry *of_lines(const char *text)
{
    struct entry *e = NULL;
    struct list_out out = {on_entry, on_warning, &e, "list"};
    struct lines *p = lines_new(&out);
    uint64_t line = 1;
    for (const char *at = text; *at; line++) {
        size_t len = strcspn(at, "\n");
        struct split_line one = {at, len};
        err_is_none(lines_push(p, &one, line));
        at += len + (at[len] == '\n');
    }
    lines_flush(p, false);
    lines_free(p);
    ck_assert_ptr_nonnull(e);
    return e;
}

static struct entry *of_json(const char *text)
{
    struct entry *e = NULL;
    struct list_out out = {on_entry, on_warning, NULL, "list"};
    struct split_line one = {text, strcspn(text, "\n")};
    err_is_none(jsonl_entry(&out, &one, 1, &e));
    ck_assert_ptr_nonnull(e);
    return e;
}

static void text_is(struct buf *b, const char *text)
{
    ck_assert(!buf_failed(b));
    ck_assert_str_eq(b->data ? b->data : "", text);
    buf_clear(b);
    buf_reserve(b, 1);
    b->data[0] = '\0';
}

START_TEST(leftover_of_lines)
{
    static const char text[] = "http://u:p@h/a?b=c\thttp://m/a\n"
                               "  out=x/y z\n"
                               "  checksum=sha-256=00\n"
                               "  header=A: 1\n"
                               "  header=B: =2\n"
                               "  referer=http://r/\n"
                               "  user-agent=me\n"
                               "  user=u:p\n"
                               "  method=PUT\n"
                               "  body=data\n"
                               "  if-exists=overwrite\n"
                               "  task-timeout=1.500\n";
    struct buf b = BUF_INIT;
    struct entry *e = of_lines(text);
    leftover_lines(e, NULL, &b);
    text_is(&b, text);
    leftover_json(e, NULL, &b);
    text_is(&b, "{\"url\":[\"http://u:p@h/a?b=c\",\"http://m/a\"],\"out\":\"x/y z\","
                "\"checksum\":\"sha-256=00\",\"header\":[\"A: 1\",\"B: =2\",\"Referer: http://r/\","
                "\"User-Agent: me\"],\"user\":\"u:p\",\"method\":\"PUT\",\"body\":\"data\","
                "\"if_exists\":\"overwrite\",\"task_timeout\":1.500}\n");
    entry_free(e);
    buf_fini(&b);
}
END_TEST

START_TEST(leftover_target_takes_the_place)
{
    struct buf b = BUF_INIT;
    struct entry *e = of_lines("http://h/a\n  dir=d\n  out=o\n");
    leftover_lines(e, NULL, &b);
    text_is(&b, "http://h/a\n  out=o\n  dir=d\n");
    leftover_lines(e, "d/o.12345678", &b);
    text_is(&b, "http://h/a\n  out=d/o.12345678\n");
    leftover_json(e, "d/o", &b);
    text_is(&b, "{\"url\":\"http://h/a\",\"out\":\"d/o\"}\n");
    entry_free(e);
    buf_fini(&b);
}
END_TEST

START_TEST(leftover_of_json)
{
    struct buf b = BUF_INIT;
    struct entry *e =
        of_json("{\"k\":\"v\\t\",\"url\":\"http://h/\\u00e9\",\"id\":{\"a\":[1.0, 2]},"
                "\"n\":10}");
    leftover_json(e, "o", &b);
    text_is(&b, "{\"url\":\"http://h/\xc3\xa9\",\"out\":\"o\",\"id\":{\"a\":[1.0, 2]},"
                "\"k\":\"v\\t\",\"n\":\"10\"}\n");
    entry_free(e);
    buf_fini(&b);
}
END_TEST

START_TEST(leftover_of_bad_entries)
{
    struct buf b = BUF_INIT;
    struct entry *e = of_lines("http://h/a\n  nonsense\n");
    leftover_lines(e, NULL, &b);
    ck_assert_int_eq(b.data[0], '#');
    ck_assert_ptr_eq(strchr(b.data, '\n'), b.data + b.len - 1);
    buf_clear(&b);
    leftover_json(e, NULL, &b);
    ck_assert_uint_eq(b.len, 0);
    entry_free(e);
    e = of_json("{\"url\": nonsense }");
    leftover_json(e, NULL, &b);
    text_is(&b, "{\"url\": nonsense }\n");
    entry_free(e);
    buf_fini(&b);
}
END_TEST

/* -- the file ------------------------------------------------------------------------------ */

static void file_is(const char *name, const char *text)
{
    char have[4096] = "";
    struct stat st;
    FILE *f = fopen(name, "r");
    ck_assert_ptr_nonnull(f);
    size_t n = fread(have, 1, sizeof(have) - 1, f);
    have[n] = '\0';
    fclose(f);
    ck_assert_str_eq(have, text);
    ck_assert_int_eq(stat(name, &st), 0);
    ck_assert_int_eq(st.st_mode & 0777, 0600);
}

static void write_one(const char *name, struct entry *first, struct entry *second)
{
    struct failures *f = NULL;
    err_is_none(failures_open(name, &f));
    if (first) {
        failures_add(f, first, NULL);
    }
    if (second) {
        failures_add(f, second, "o");
    }
    err_is_none(failures_write(f));
    failures_free(f);
}

START_TEST(failures_replace_the_file)
{
    struct entry *line = of_lines("http://h/a"), *json = of_json("{\"url\":\"http://h/b\"}");
    file_write("list", "http://h/old\n");
    write_one("list", line, NULL);
    file_is("list", "http://h/a\n");
    write_one("list", line, json);
    file_is("list", "{\"url\":\"http://h/a\"}\n{\"url\":\"http://h/b\",\"out\":\"o\"}\n");
    write_one("list", NULL, NULL);
    file_is("list", "");
    ck_assert_int_eq(symlink("list", "link"), 0);
    write_one("link", line, NULL);
    file_is("list", "http://h/a\n");
    ck_assert_int_eq(unlink("link"), 0);
    entry_free(line);
    entry_free(json);
}
END_TEST

START_TEST(failures_not_written_leave_nothing)
{
    struct failures *f = NULL;
    struct entry *line = of_lines("http://h/a");
    err_is_none(failures_open("new", &f));
    for (unsigned i = 0; i < 20000; i++) {
        failures_add(f, line, NULL);
    }
    failures_free(f);
    entry_free(line);
    ck_assert_int_ne(access("new", F_OK), 0);
}
END_TEST

START_TEST(failures_of_no_file)
{
    struct failures *f = NULL;
    err_is_kind(failures_open("/dev/null", &f), ERR_USAGE);
    err_is_kind(failures_open("/", &f), ERR_USAGE);
    err_is_kind(failures_open("nothing/there", &f), ERR_IO);
    ck_assert_ptr_null(f);
}
END_TEST

Suite *cli_failures_suite(void);
Suite *cli_failures_suite(void)
{
    Suite *s = suite_create("cli_failures");
    TCase *t = tcase_create("failures");
    tcase_add_checked_fixture(t, options_setup, options_teardown);
    tcase_add_test(t, leftover_of_lines);
    tcase_add_test(t, leftover_target_takes_the_place);
    tcase_add_test(t, leftover_of_json);
    tcase_add_test(t, leftover_of_bad_entries);
    tcase_add_test(t, failures_replace_the_file);
    tcase_add_test(t, failures_not_written_leave_nothing);
    tcase_add_test(t, failures_of_no_file);
    suite_add_tcase(s, t);
    return s;
}
