/* SPDX-License-Identifier: MIT */
/* The list format "lines": a line becomes what it says, and never nothing. */
#include "cli/fields.h"
#include "cli/lines.h"
#include "store/store.h"
#include "support.h"

#include <string.h>

struct got {
    struct entry *entries[32];
    size_t n;
    unsigned warnings;
    uint64_t warned_line;
};

static void got_entry(void *arg, struct entry *e)
{
    struct got *g = arg;
    g->entries[g->n++] = e;
}

static void got_warning(void *arg, uint64_t line, const char *text)
{
    struct got *g = arg;
    (void)text;
    g->warnings++;
    g->warned_line = line;
}

static void drop(struct got *g)
{
    for (size_t i = 0; i < g->n; i++) {
        entry_free(g->entries[i]);
    }
}

/* Each string is a line. */
static void push_all(struct got *g, const char *const *lines)
{
    struct list_out out = {got_entry, got_warning, g, "list"};
    struct lines *p = lines_new(&out);
    uint64_t n = 0;
    *g = (struct got){.n = 0};
    for (; *lines; lines++) {
        struct split_line t = {*lines, strlen(*lines)};
        err_is_none(lines_push(p, &t, ++n));
    }
    lines_flush(p, false);
    lines_free(p);
}

#define PUSH(g, ...) push_all((g), (const char *const[]){__VA_ARGS__, NULL})

static void is_bad(const struct entry *e, uint64_t line, const char *word)
{
    ck_assert_uint_eq(e->line, line);
    ck_assert_ptr_nonnull(e->error);
    ck_assert_int_eq(err_kind(e->error), ERR_INPUT);
    ck_assert_msg(strstr(err_message(e->error), word), "%s", err_message(e->error));
}

START_TEST(urls_comments_and_blanks)
{
    struct got g;
    PUSH(
        &g, "http://h/1", "", "# no", "   ", "  http://h/2?a=b  ", "#", "http://h/3\thttp://m/3\t");
    ck_assert_uint_eq(g.n, 3);
    ck_assert_str_eq(g.entries[0]->urls[0], "http://h/1");
    ck_assert_ptr_null(g.entries[0]->urls[1]);
    ck_assert_str_eq(g.entries[0]->file, "list");
    ck_assert_str_eq(g.entries[1]->urls[0], "http://h/2?a=b");
    ck_assert_uint_eq(g.entries[1]->line, 5);
    ck_assert_str_eq(g.entries[2]->urls[0], "http://h/3");
    ck_assert_str_eq(g.entries[2]->urls[1], "http://m/3");
    ck_assert_ptr_null(g.entries[2]->urls[2]);
    for (size_t i = 0; i < g.n; i++) {
        ck_assert_ptr_null(g.entries[i]->error);
    }
    drop(&g);
}
END_TEST

START_TEST(aria2_options)
{
    struct got g;
    PUSH(&g, "http://h/1", "  out=a b=c", "# between", "", "\tdir = d ", " checksum=sha-1=00",
        " header=A: 1", " header=B: 2", " referer=http://r/", " user-agent=x", " http-passwd=p:q",
        " http-user=u", " split=4", "http://h/2", "  body=x", " if-exists=rename",
        " task-timeout=1.5s", " method=PUT", "http://h/3", " allow-overwrite=true");
    ck_assert_uint_eq(g.n, 3);
    const struct entry *e = g.entries[0];
    ck_assert_ptr_null(e->error);
    ck_assert_str_eq(e->out, "a b=c");
    ck_assert_str_eq(e->dir, "d");
    ck_assert_str_eq(e->checksum, "sha-1=00");
    ck_assert_str_eq(e->headers[0], "A: 1");
    ck_assert_str_eq(e->headers[1], "B: 2");
    ck_assert_ptr_null(e->headers[2]);
    ck_assert_str_eq(e->referer, "http://r/");
    ck_assert_str_eq(e->user_agent, "x");
    ck_assert_str_eq(e->user, "u:p:q");
    ck_assert_int_eq(e->if_exists, -1);
    ck_assert_uint_eq(g.warnings, 1);
    ck_assert_uint_eq(g.warned_line, 13);
    e = g.entries[1];
    ck_assert_str_eq(e->body, "x");
    ck_assert_uint_eq(e->body_len, 1);
    ck_assert_int_eq(e->if_exists, IF_EXISTS_RENAME);
    ck_assert_double_eq(e->task_timeout, 1.5);
    ck_assert_str_eq(e->method, "PUT");
    ck_assert_int_eq(g.entries[2]->if_exists, IF_EXISTS_OVERWRITE);
    drop(&g);
}
END_TEST

START_TEST(an_option_line_with_no_url)
{
    struct got g;
    PUSH(&g, " out=a", "http://h/1", " x=http://y/");
    ck_assert_uint_eq(g.n, 2);
    is_bad(g.entries[0], 1, "no URL above");
    ck_assert_ptr_null(g.entries[1]->error);
    ck_assert_uint_eq(g.warnings, 1);
    drop(&g);
}
END_TEST

START_TEST(a_table_is_known_by_its_header_row)
{
    static const char *const rows[] = {"url,out", "id\turl", "url\tout", "id,url,out"};
    struct got g;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        PUSH(&g, rows[i]);
        ck_assert_uint_eq(g.warnings, 1);
        ck_assert_uint_eq(g.warned_line, 1);
        drop(&g);
    }
    PUSH(&g, "url");
    ck_assert_uint_eq(g.warnings, 0);
    drop(&g);
    PUSH(&g, "# a comment", "url,out");
    ck_assert_uint_eq(g.warnings, 0);
    drop(&g);
    PUSH(&g, "urls,out");
    ck_assert_uint_eq(g.warnings, 0);
    drop(&g);
    PUSH(&g, "http://h/1,url");
    ck_assert_uint_eq(g.warnings, 0);
    drop(&g);
}
END_TEST

START_TEST(a_bad_option_spoils_its_entry)
{
    struct got g;
    PUSH(&g, "http://h/1", " nonsense", " out=x", "http://h/2", " header=a\x01: b", "http://h/3",
        " if-exists=perhaps", "http://h/4", " task-timeout=soon", "http://h/5", " out=\xff",
        "http://h/6");
    ck_assert_uint_eq(g.n, 6);
    is_bad(g.entries[0], 1, "line 2: neither");
    ck_assert_str_eq(g.entries[0]->out, "x");
    is_bad(g.entries[1], 4, "control");
    is_bad(g.entries[2], 6, "if_exists");
    is_bad(g.entries[3], 8, "task_timeout");
    is_bad(g.entries[4], 10, "UTF-8");
    ck_assert_ptr_null(g.entries[5]->error);
    drop(&g);
}
END_TEST

START_TEST(garbage)
{
    struct got g = {.n = 0};
    struct list_out out = {got_entry, got_warning, &g, "list"};
    struct lines *p = lines_new(&out);
    struct split_line nul = {"http://h/\0a", 11};
    struct split_line option = {" out=a", 6};
    struct split_line url = {"http://h/1", 10};
    err_is_none(lines_push(p, &nul, 1));
    err_is_none(lines_push(p, &option, 2));
    err_is_none(lines_push(p, &url, 3));
    err_is_none(lines_too_long(p, ' ', 4));
    err_is_none(lines_too_long(p, 'h', 5));
    err_is_none(lines_push(p, &url, 6));
    ck_assert(lines_open(p));
    lines_break(p);
    ck_assert(!lines_open(p));
    lines_free(p);
    ck_assert_uint_eq(g.n, 4);
    is_bad(g.entries[0], 1, "NUL");
    is_bad(g.entries[1], 3, "1 MiB");
    is_bad(g.entries[2], 5, "1 MiB");
    is_bad(g.entries[3], 6, "no");
    drop(&g);
}
END_TEST

START_TEST(options_after_silence_are_late)
{
    struct got g = {.n = 0};
    struct list_out out = {got_entry, got_warning, &g, "list"};
    struct lines *p = lines_new(&out);
    struct split_line option = {" out=a", 6};
    struct split_line url = {"http://h/1", 10};
    err_is_none(lines_push(p, &url, 1));
    ck_assert_uint_eq(g.n, 0);
    lines_flush(p, true);
    ck_assert_uint_eq(g.n, 1);
    err_is_none(lines_push(p, &option, 2));
    lines_free(p);
    ck_assert_uint_eq(g.n, 2);
    is_bad(g.entries[1], 2, "200 ms");
    drop(&g);
}
END_TEST

START_TEST(many_mirrors_are_bounded)
{
    static char line[40000];
    struct got g;
    for (size_t i = 0; i < 2 * FIELDS_LIST_MAX; i++) {
        memcpy(line + 11 * i, "http://h/1\t", 11);
    }
    PUSH(&g, line, " out=x", "http://h/2");
    ck_assert_uint_eq(g.n, 2);
    is_bad(g.entries[0], 1, "mirrors");
    drop(&g);
}
END_TEST

Suite *cli_lines_suite(void)
{
    Suite *s = suite_create("cli_lines");
    TCase *t = tcase_create("lines");
    tcase_add_test(t, urls_comments_and_blanks);
    tcase_add_test(t, aria2_options);
    tcase_add_test(t, an_option_line_with_no_url);
    tcase_add_test(t, a_table_is_known_by_its_header_row);
    tcase_add_test(t, a_bad_option_spoils_its_entry);
    tcase_add_test(t, garbage);
    tcase_add_test(t, options_after_silence_are_late);
    tcase_add_test(t, many_mirrors_are_bounded);
    suite_add_tcase(s, t);
    return s;
}
