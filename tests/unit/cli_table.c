/* SPDX-License-Identifier: MIT */
/* The list formats "tsv" and "csv": every row is an entry, whatever it looks like. */
#include "cli/table.h"
#include "store/store.h"
#include "support.h"

#include <stdlib.h>
#include <string.h>

struct got {
    struct entry *entries[16];
    size_t n;
};

static void got_entry(void *arg, struct entry *e)
{
    struct got *g = arg;
    ck_assert_str_eq(e->file, "list");
    ck_assert(e->json);
    ck_assert(!e->raw == !e->error);
    g->entries[g->n++] = e;
}

/* text: the list; its lines as split.h would give them. */
static void parse(struct got *g, char separator, const char *text)
{
    struct list_out out = {got_entry, NULL, g, "list"};
    struct table *t = table_new(&out, separator);
    uint64_t line = 0;
    *g = (struct got){.n = 0};
    while (*text) {
        size_t len = strcspn(text, "\n");
        struct split_line one = {text, len};
        err_is_none(table_push(t, &one, ++line));
        text += text[len] ? len + 1 : len;
    }
    err_is_none(table_end(t));
    ck_assert(!table_open(t));
    table_free(t);
}

static void drop(struct got *g)
{
    for (size_t i = 0; i < g->n; i++) {
        entry_free(g->entries[i]);
    }
}

static void is_bad(const struct entry *e, uint64_t line, const char *word)
{
    ck_assert_uint_eq(e->line, line);
    ck_assert_ptr_nonnull(e->error);
    ck_assert_int_eq(err_kind(e->error), ERR_INPUT);
    ck_assert_msg(strstr(err_message(e->error), word), "%s", err_message(e->error));
}

START_TEST(every_key)
{
    struct got g;
    parse(&g, ',',
        "url,out,dir,checksum,header,method,body,if_exists,task_timeout,user,id,url,header,mine\n"
        "http://h/1,o,d,sha256:00,A: 1,POST,x=1,overwrite,2.5,u:p,a\"b,http://m/1,B: 2,own\n"
        "\n"
        "http://h/2,,,,,,,,,,,,,\n");
    ck_assert_uint_eq(g.n, 2);
    const struct entry *e = g.entries[0];
    err_is_none(e->error);
    ck_assert_uint_eq(e->line, 2);
    ck_assert_str_eq(e->urls[0], "http://h/1");
    ck_assert_str_eq(e->urls[1], "http://m/1");
    ck_assert_ptr_null(e->urls[2]);
    ck_assert_str_eq(e->out, "o");
    ck_assert_str_eq(e->dir, "d");
    ck_assert_str_eq(e->checksum, "sha256:00");
    ck_assert_str_eq(e->headers[0], "A: 1");
    ck_assert_str_eq(e->headers[1], "B: 2");
    ck_assert_str_eq(e->method, "POST");
    ck_assert_str_eq(e->body, "x=1");
    ck_assert_int_eq(e->if_exists, IF_EXISTS_OVERWRITE);
    ck_assert_double_eq(e->task_timeout, 2.5);
    ck_assert_str_eq(e->user, "u:p");
    ck_assert_str_eq(e->id, "\"a\\\"b\"");
    ck_assert_uint_eq(e->nfields, 1);
    ck_assert_str_eq(e->fields[0].key, "mine");
    ck_assert_str_eq(e->fields[0].value, "own");
    e = g.entries[1]; /* empty cells say nothing */
    err_is_none(e->error);
    ck_assert_uint_eq(e->line, 4);
    ck_assert_ptr_null(e->urls[1]);
    ck_assert_ptr_null(e->out);
    ck_assert_ptr_null(e->id);
    ck_assert_ptr_null(e->headers);
    ck_assert_int_eq(e->if_exists, -1);
    ck_assert_str_eq(e->fields[0].value, "");
    drop(&g);
}
END_TEST

static const struct {
    const char *cell, *value;
} quotes[] = {
    {"\"a,b\"", "a,b"},
    {"\"a\"\"b\"", "a\"b"},
    {"\"\"\"\"", "\""},
    {"\"\"", ""},
    {"\"\"\"a\"\"\"", "\"a\""},
    {"\"a\nb\n\"", "a\nb\n"},
    {"a\"b\"", "a\"b\""}, /* not at its beginning */
    {" a ", " a "},
};

START_TEST(quoted)
{
    for (size_t tab = 0; tab < 2; tab++) {
        struct got g;
        struct buf text = BUF_INIT;
        const char *s = tab ? "\t" : ",";
        buf_addf(&text, "mine%surl%s\"more\"\n%s%shttp://h/%slast\n%s%shttp://h/2%s%s\n", s, s,
            quotes[_i].cell, s, s, quotes[_i].cell, s, s, quotes[_i].cell);
        parse(&g, *s, text.data);
        ck_assert_uint_eq(g.n, 2);
        for (size_t i = 0; i < 2; i++) {
            err_is_none(g.entries[i]->error);
            ck_assert_str_eq(g.entries[i]->fields[0].value, quotes[_i].value);
            ck_assert_str_eq(g.entries[i]->fields[1].key, "more");
        }
        ck_assert_str_eq(g.entries[0]->fields[1].value, "last");
        ck_assert_str_eq(g.entries[1]->fields[1].value, quotes[_i].value);
        drop(&g);
        buf_fini(&text);
    }
}
END_TEST

static const struct {
    const char *row, *word;
} bad_rows[] = {
    {"http://h/", "1 cells under a header row of 3"},
    {"http://h/,a,b,c", "4 cells"},
    {",a,", "no \"url\""},
    {"http://h/,\"a\"b,c", "behind the quote"},
    {"http://h/,,A: \x01", "header: a control character"},
    {"http://h/,,nonsense", "header: "},
    {"http://h/,\xff,A: 1", "UTF-8"},
};

START_TEST(a_bad_row_stops_nobody)
{
    struct got g;
    struct buf text = BUF_INIT;
    buf_addf(&text, "url,out,header\n%s\nhttp://h/2,,\n", bad_rows[_i].row);
    parse(&g, ',', text.data);
    ck_assert_uint_eq(g.n, 2);
    is_bad(g.entries[0], 2, bad_rows[_i].word);
    ck_assert_int_eq(strncmp(g.entries[0]->raw, "{\"row\":\"", 8), 0);
    err_is_none(g.entries[1]->error);
    ck_assert_uint_eq(g.entries[1]->line, 3);
    drop(&g);
    buf_fini(&text);
}
END_TEST

static const struct {
    const char *header, *word;
} bad_headers[] = {
    {"http://h/1,x", "no column \"url\""},
    {"url,a,a", "two columns with one name"},
    {"url,", "without a name"},
    {"url,out\rhttp://h/,x", "a carriage return"},
    {"url,\"a\"b", "behind the quote"},
    {"url,\xff", "UTF-8"},
};

START_TEST(a_bad_header_spoils_all)
{
    struct got g;
    struct buf text = BUF_INIT;
    buf_addf(&text, "%s\nhttp://h/1,x\nhttp://h/2,y\n", bad_headers[_i].header);
    parse(&g, ',', text.data);
    ck_assert_uint_eq(g.n, 3);
    for (size_t i = 0; i < 3; i++) {
        is_bad(g.entries[i], i + 1, bad_headers[_i].word);
    }
    drop(&g);
    buf_fini(&text);
}
END_TEST

START_TEST(a_quote_without_an_end)
{
    struct got g;
    parse(&g, ',', "url,out\nhttp://h/1,a\nhttp://h/2,\"b\nhttp://h/3,c\n");
    ck_assert_uint_eq(g.n, 2);
    err_is_none(g.entries[0]->error);
    is_bad(g.entries[1], 3, "a quote is not closed");
    ck_assert_ptr_nonnull(strstr(g.entries[1]->raw, "http://h/3"));
    drop(&g);
}
END_TEST

START_TEST(long_rows)
{
    struct got g = {.n = 0};
    struct list_out out = {got_entry, NULL, &g, "list"};
    struct table *t = table_new(&out, ',');
    char *many = malloc(SPLIT_LINE_MAX);
    memset(many, 'x', SPLIT_LINE_MAX);
    const struct split_line lines[] = {
        {"url", 3}, {"\"http", 5}, {many, SPLIT_LINE_MAX - 6}, {many, 1}, {"http://h/", 9}};
    for (size_t i = 0; i < 5; i++) {
        err_is_none(table_push(t, &lines[i], i + 1));
    }
    err_is_none(table_too_long(t, 6));
    ck_assert_uint_eq(g.n, 3);
    is_bad(g.entries[0], 2, "longer than 1 MiB");
    err_is_none(g.entries[1]->error);
    is_bad(g.entries[2], 6, "longer than 1 MiB");
    free(many);
    table_free(t);
    drop(&g);
}
END_TEST

START_TEST(only_a_header)
{
    struct got g;
    parse(&g, ',', "url\n");
    ck_assert_uint_eq(g.n, 0);
    parse(&g, ',', "");
    ck_assert_uint_eq(g.n, 0);
    parse(&g, '\t', "url\nhttp://h/a,b\n");
    ck_assert_uint_eq(g.n, 1);
    ck_assert_str_eq(g.entries[0]->urls[0], "http://h/a,b");
    drop(&g);
}
END_TEST

Suite *cli_table_suite(void);
Suite *cli_table_suite(void)
{
    Suite *s = suite_create("cli_table");
    TCase *t = tcase_create("tables");
    tcase_add_test(t, every_key);
    tcase_add_loop_test(t, quoted, 0, sizeof(quotes) / sizeof(quotes[0]));
    tcase_add_loop_test(t, a_bad_row_stops_nobody, 0, sizeof(bad_rows) / sizeof(bad_rows[0]));
    tcase_add_loop_test(
        t, a_bad_header_spoils_all, 0, sizeof(bad_headers) / sizeof(bad_headers[0]));
    tcase_add_test(t, a_quote_without_an_end);
    tcase_add_test(t, long_rows);
    tcase_add_test(t, only_a_header);
    suite_add_tcase(s, t);
    return s;
}
