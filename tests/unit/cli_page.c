/* SPDX-License-Identifier: MIT */
/* src/cli/page.c, page_row.c, timeline.c, src/store/outfile.c: files that grow with the run. */
#include "cli/page.h"
#include "cli/page_row.h"
#include "cli/timeline.h"

#include "cli_options.h"
#include "failnth.h"
#include "support.h"

#include "aio/executor.h"
#include "base/alloc.h"
#include "fetch/spans.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *read_file(const char *name)
{
    FILE *f = fopen(name, "r");
    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(fseek(f, 0, SEEK_END), 0);
    long n = ftell(f);
    rewind(f);
    char *text = calloc(1, (size_t)n + 1);
    ck_assert_uint_eq(fread(text, 1, (size_t)n, f), (size_t)n);
    fclose(f);
    return text;
}

/* Not by strstr: AddressSanitizer's measures all that follows, each time. */
static size_t count(const char *text, const char *what)
{
    size_t n = 0;
    for (; (text = strchr(text, *what)); text++) {
        n += strncmp(text, what, strlen(what)) == 0;
    }
    return n;
}

START_TEST(text_stays_in_its_element)
{
    struct buf b = BUF_INIT;
    page_escape(&b, "[\"</script>&\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xa6\"]");
    ck_assert_str_eq(b.data, "[\"\\u003c/script\\u003e\\u0026\\u2028\\u2029\xe2\x80\xa6\"]");
    buf_fini(&b);
}
END_TEST

static struct record some(uint64_t index, enum record_state state, double seconds)
{
    return (struct record){.index = index,
        .url = (char *)"http://u:secret@h/x?token",
        .state = state,
        .size = -1,
        .timing.total = seconds};
}

/* More than a page lists: the rest counts, and the failed and the slow are there all the same. */
START_TEST(a_long_run_is_a_short_page)
{
    struct loop *l = loop_starts();
    struct executor *ex = executor_new(l, 1);
    struct page *p = NULL;
    const int more = 3000;
    err_is_none(page_open("page.html", &p));
    page_start(p, l, ex);
    for (int i = 1; i <= PAGE_FIRST + more; i++) {
        struct record r = some((uint64_t)i, RECORD_FINISHED, 1 + i % 7);
        if (i == PAGE_FIRST + 5) {
            r.state = RECORD_FAILED;
        }
        if (i == PAGE_FIRST + 9) {
            r.timing.total = 1000;
        }
        page_add(p, &r);
        struct future *f = page_ready(p);
        if (f) {
            loop_completes(l, f);
            future_unref(f);
        }
    }
    const struct session_totals totals = {.entries = PAGE_FIRST + more, .input_ended = true};
    struct future *f = page_finish(p, &totals, 7);
    loop_completes(l, f);
    future_unref(f);
    err_is_none(page_write(p));
    page_free(p);
    executor_free(ex);
    loop_ends_empty(l);
    char *text = read_file("page.html");
    ck_assert_uint_eq(count(text, "\"http://h/x\""), PAGE_FIRST + 2);
    ck_assert_ptr_nonnull(strstr(text, "\n[100005,1,"));
    ck_assert_ptr_nonnull(strstr(text, "\n[100009,0,"));
    ck_assert_ptr_nonnull(strstr(text, "\"peak\":7,\"listed\":100002,\"left_out\":2998"));
    ck_assert_ptr_null(strstr(text, "secret"));
    ck_assert_ptr_null(strstr(text, "token"));
    ck_assert_ptr_null(strstr(text, "@ROWS@"));
    free(text);
    unlink("page.html");
}
END_TEST

static void ends_like_json(const char *path)
{
    char *text = read_file(path);
    ck_assert_str_eq(text + strlen(text) - 4, "\n]}\n");
    free(text);
}

START_TEST(a_timeline_without_events_is_whole)
{
    struct loop *l = loop_starts();
    struct executor *ex = executor_new(l, 1);
    struct timeline *t = NULL;
    err_is_none(timeline_open("line.json", &t));
    ends_like_json("line.json"); /* whatever becomes of the run */
    timeline_start(t, l, ex);
    struct future *f = timeline_finish(t);
    loop_completes(l, f);
    future_unref(f);
    timeline_free(t);
    executor_free(ex);
    loop_ends_empty(l);
    ends_like_json("line.json");
    unlink("line.json");
}
END_TEST

/* Opened, one record, and gone: nothing is left of the page. */
static void opened(void)
{
    struct page *p = NULL;
    struct timeline *t = NULL;
    struct err *e = page_open("page.html", &p);
    struct err *other = timeline_open("line.json", &t);
    const struct record r = some(1, RECORD_FAILED, 1);
    failnth_must((!e && !other) || failnth_failed());
    if (p) {
        page_add(p, &r);
    }
    if (t) {
        timeline_add(t, &r);
    }
    err_unref(e);
    err_unref(other);
    page_free(p);
    timeline_free(t);
}

START_TEST(pages_when_memory_runs_out)
{
    failnth_each(opened);
    ck_assert_int_ne(access("page.html", F_OK), 0);
    unlink("line.json");
}
END_TEST

Suite *cli_page_suite(void);
Suite *cli_page_suite(void)
{
    Suite *s = suite_create("cli_page");
    TCase *t = tcase_create("page");
    tcase_add_checked_fixture(t, options_setup, options_teardown);
    tcase_set_timeout(t, 60); /* a hundred thousand, under sanitizers */
    tcase_add_test(t, text_stays_in_its_element);
    tcase_add_test(t, a_long_run_is_a_short_page);
    tcase_add_test(t, a_timeline_without_events_is_whole);
    tcase_add_test(t, pages_when_memory_runs_out);
    suite_add_tcase(s, t);
    return s;
}
