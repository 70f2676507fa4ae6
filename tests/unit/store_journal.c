/* SPDX-License-Identifier: MIT */
/* src/store/journal.c: what is finished stays finished, whatever a crash leaves of the file. */
#include "cli_options.h"
#include "store/journal.h"

#include "failnth.h"
#include "support.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const file = "journal.test";

static void write_file(const char *text)
{
    FILE *f = fopen(file, "w");
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    fclose(f);
}

static char *read_file(void)
{
    static const size_t most = 1 << 16;
    char *text = calloc(1, most);
    FILE *f = fopen(file, "r");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_lt(fread(text, 1, most - 1, f), most - 1);
    fclose(f);
    return text;
}

static struct journal *open_it(void)
{
    struct journal *j = NULL;
    err_is_none(journal_open(file, &j));
    return j;
}

static void remove_it(void)
{
    unlink(file);
}

static const struct journal_line one = {.key = 0x0123456789abcdefu,
    .url = "http://u:p@h/a\"b",
    .path = "d/a",
    .size = 7,
    .finished = 1};
static const struct journal_line two = {.key = 2, .size = -1};

/* The lines go out as a run would write them. */
static void add_both(struct journal *j)
{
    struct loop *l = loop_starts();
    struct executor *ex = executor_new(l, 2);
    journal_start(j, l, ex, NULL, NULL);
    journal_add(j, &one);
    journal_add(j, &two);
    struct future *f = journal_finish(j);
    loop_completes(l, f);
    future_unref(f);
    journal_free(j);
    executor_free(ex);
    loop_ends_empty(l);
}

START_TEST(journal_text_is_read_back)
{
    struct buf b = BUF_INIT;
    uint64_t key = 0;
    journal_format(&one, &b);
    ck_assert_ptr_nonnull(
        strstr(b.data, "\"url\":\"http://u:p@h/a\\\"b\",\"path\":\"d/a\",\"size\":7"));
    ck_assert_int_eq(b.data[b.len - 1], '\n');
    ck_assert(journal_parse(b.data, b.len - 1, &key));
    ck_assert_uint_eq(key, one.key);
    /* torn anywhere it is no line, but where a brace happens to stand in a name */
    for (size_t n = 0; n + 1 < b.len; n++) {
        ck_assert(!journal_parse(b.data, n - (n == b.len - 1), &key) || b.data[n - 1] == '}');
    }
    b.data[b.len - 3] = '\0'; /* zeros where the text was to be */
    ck_assert(!journal_parse(b.data, b.len - 1, &key));
    buf_fini(&b);
}
END_TEST

START_TEST(journal_nonsense_is_none)
{
    static const char *const bad[] = {
        "",
        "}",
        "{}",
        "{\"garner\":1,\"key\":\"0123456789abcdef\"",
        "{\"garner\":1,\"key\":\"0123456789ABCDEF\"}",
        "{\"garner\":1,\"key\":\"0123456789abcdeg\"}",
        "{\"garner\":2,\"key\":\"0123456789abcdef\"}",
        "{\"garner\":1,\"key\":\"0123456789abcde\"}",
        " {\"garner\":1,\"key\":\"0123456789abcdef\"}",
    };
    uint64_t key;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ck_assert_msg(!journal_parse(bad[i], strlen(bad[i]), &key), "%s", bad[i]);
    }
    const char *crlf = "{\"garner\":1,\"key\":\"0123456789abcdef\"}\r";
    ck_assert(journal_parse(crlf, strlen(crlf), &key));
}
END_TEST

START_TEST(journal_lists_what_was_added)
{
    struct stat st;
    remove_it();
    struct journal *j = open_it();
    ck_assert(!journal_has(j, one.key));
    add_both(j);
    ck_assert_int_eq(stat(file, &st), 0);
    ck_assert_int_eq(st.st_mode & 0777, 0600);
    j = open_it();
    ck_assert(journal_has(j, one.key) && journal_has(j, two.key) && !journal_has(j, 3));
    ck_assert_uint_eq(journal_count(j), 2);
    journal_free(j);
    remove_it();
}
END_TEST

START_TEST(journal_survives_a_torn_line)
{
    write_file("{\"garner\":1,\"key\":\"0000000000000005\"}\nnonsense\n"
               "{\"garner\":1,\"key\":\"0000000000000006\",\"url\":\"htt");
    struct journal *j = open_it();
    ck_assert(journal_has(j, 5) && !journal_has(j, 6));
    add_both(j);
    char *text = read_file();
    ck_assert_ptr_nonnull(strstr(text, "\"url\":\"htt\n{\"garner\":1,\"key\":\"0123"));
    free(text);
    j = open_it();
    ck_assert(journal_has(j, 5) && !journal_has(j, 6) && journal_has(j, one.key));
    journal_free(j);
    remove_it();
}
END_TEST

START_TEST(journal_of_many_is_small)
{
    enum { MANY = 100000 };
    FILE *f = fopen(file, "w");
    for (unsigned i = 0; i < MANY; i++) {
        fprintf(f, "{\"garner\":1,\"key\":\"%016llx\",\"url\":\"http://h/%u\"}\n",
            (unsigned long long)i * 0x9e3779b97f4a7c15u, i);
    }
    fclose(f);
    struct journal *j = open_it();
    ck_assert_uint_eq(journal_count(j), MANY);
    ck_assert_uint_le(journal_bytes(j), 16u * MANY + 1024);
    for (unsigned i = 0; i < MANY; i += 77) {
        ck_assert(journal_has(j, i * 0x9e3779b97f4a7c15u));
        ck_assert(!journal_has(j, i * 0x9e3779b97f4a7c15u + 2));
    }
    journal_free(j);
    remove_it();
}
END_TEST

START_TEST(journal_skips_endless_lines)
{
    FILE *f = fopen(file, "w");
    for (unsigned i = 0; i < 6u << 20; i++) {
        fputc('x', f);
    }
    fputs("\n{\"garner\":1,\"key\":\"0000000000000005\"}\n", f);
    fclose(f);
    struct journal *j = open_it();
    ck_assert(journal_has(j, 5));
    journal_free(j);
    remove_it();
}
END_TEST

struct told {
    unsigned count;
};

static void on_failed(void *arg, struct err *e)
{
    struct told *told = arg;
    told->count++;
    ck_assert(err_is(e, ERR_IO));
}

static int descriptor_of_file(void)
{
    struct stat want, st;
    ck_assert_int_eq(stat(file, &want), 0);
    for (int fd = 3; fd < 256; fd++) {
        if (fstat(fd, &st) == 0 && st.st_ino == want.st_ino && st.st_dev == want.st_dev) {
            return fd;
        }
    }
    ck_abort_msg("the journal is not open");
    return -1;
}

/* A full disk. */
START_TEST(journal_that_cannot_be_written)
{
    struct told told = {0};
    struct loop *l = loop_starts();
    struct executor *ex = executor_new(l, 1);
    struct journal *j = open_it();
    int full = open("/dev/full", O_WRONLY);
    ck_assert_int_ge(full, 0);
    dup2(full, descriptor_of_file());
    journal_start(j, l, ex, on_failed, &told);
    journal_add(j, &one);
    for (int i = 0; i < 2; i++) { /* and it stays so */
        struct future *f = journal_finish(j);
        err_is_none(loop_run_until_complete(l, f));
        err_is_kind(future_error(f), ERR_IO);
        ck_assert_uint_eq(told.count, 1);
        future_unref(f);
        journal_add(j, &two);
    }
    close(full);
    journal_free(j);
    executor_free(ex);
    loop_ends_empty(l);
    remove_it();
}
END_TEST

START_TEST(journal_of_something_else)
{
    struct journal *j = NULL;
    err_is_kind(journal_open("/dev/null", &j), ERR_IO);
    err_is_kind(journal_open("/nonexistent/j", &j), ERR_IO);
    err_is_kind(journal_open("/", &j), ERR_IO);
    ck_assert_ptr_null(j);
}
END_TEST

static struct err *open_and_close(void *arg)
{
    struct journal *j = NULL;
    (void)arg;
    struct err *e = journal_open(file, &j);
    journal_free(j);
    return e;
}

START_TEST(journal_when_memory_runs_out)
{
    write_file("{\"garner\":1,\"key\":\"0000000000000005\"}\n");
    for (unsigned n = 1;; n++) {
        failnth_arm(n);
        struct err *e = open_and_close(NULL);
        bool failed = failnth_disarm();
        if (!failed) {
            err_is_none(e);
            break;
        }
        err_is_kind(e, ERR_NOMEM);
    }
    remove_it();
}
END_TEST

Suite *store_journal_suite(void);
Suite *store_journal_suite(void)
{
    Suite *s = suite_create("store_journal");
    TCase *t = tcase_create("journal");
    tcase_add_checked_fixture(t, options_setup, options_teardown);
    tcase_add_test(t, journal_text_is_read_back);
    tcase_add_test(t, journal_nonsense_is_none);
    tcase_add_test(t, journal_lists_what_was_added);
    tcase_add_test(t, journal_survives_a_torn_line);
    tcase_add_test(t, journal_of_many_is_small);
    tcase_add_test(t, journal_skips_endless_lines);
    tcase_add_test(t, journal_that_cannot_be_written);
    tcase_add_test(t, journal_of_something_else);
    tcase_add_test(t, journal_when_memory_runs_out);
    suite_add_tcase(s, t);
    return s;
}
