/* SPDX-License-Identifier: MIT */
/* src/store/template*.c: where bytes go. */
#include "store/name.h"
#include "store/template.h"

#include "failnth.h"
#include "support.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))

static bool lookup(void *arg, const char *key, struct buf *b)
{
    (void)arg;
    if (strcmp(key, "size") == 0) {
        buf_adds(b, "12/34");
        return true;
    }
    if (strcmp(key, "up") == 0) {
        buf_adds(b, "..");
        return true;
    }
    return strcmp(key, "empty") == 0;
}

static struct template_values values(void)
{
    return (struct template_values){
        .host = "example.org",
        .url_path = "/pub/iso/2024/disk%20one.tar.gz",
        .url_query = "page=a%2Fb+c&v=&q&sig=%00x&page=2",
        .index = 42,
        .id = "\"x\\/y\\u00e9\"",
        .lookup = lookup,
    };
}

static const struct {
    const char *template, *path;
} cases[] = {
    {"{name}", "disk one.tar.gz"},
    {"{stem}", "disk one"},
    {"{.ext}", ".tar.gz"},
    {"{stem}{.ext}", "disk one.tar.gz"},
    {"{stem}-{index:06}{.ext}", "disk one-000042.tar.gz"},
    {"{index}", "42"},
    {"{index:1}", "42"},
    {"{host}", "example.org"},
    {"{dirs}/{name}", "pub/iso/2024/disk one.tar.gz"},
    {"{dirs:2}/{name}", "2024/disk one.tar.gz"},
    {"{dirs:3}/{name}", "disk one.tar.gz"},
    {"{dirs:99}/{name}", "disk one.tar.gz"},
    {"{dirs}", "pub/iso/2024"},
    {"{dirs:9}", "index.html"},
    {"a-{dirs}-b/{name}", "a-pub/iso/2024-b/disk one.tar.gz"},
    {"{host}/{dirs}/{name}", "example.org/pub/iso/2024/disk one.tar.gz"},
    {"{query}", "page=a%2Fb+c&v=&q&sig=%00x&page=2"},
    {"{query:page}", "a_b c"},
    {"p{query:v}", "p"},
    {"p{query:q}", "p"},
    {"p{query:none}", "p"},
    {"{query:sig}", "_x"},
    {"{query:none}", "index.html"},
    {"{query:none}/{name}", "disk one.tar.gz"},
    {"{id}", "x_y\xc3\xa9"},
    {"{.size}", "12_34"},
    {"a/{.size}/b", "a/12_34/b"},
    {"{.up}/x", "__/x"},
    {"{.up}", "__"},
    {"{.empty}/x", "x"},
    {"x{.empty}", "x"},
    {"file", "file"},
    {"a/b/c", "a/b/c"},
    {"a//b", "a/b"},
    {"./a/./b", "a/b"},
    {"a/", "a/disk one.tar.gz"},
    {"./", "disk one.tar.gz"},
    {"/", "/disk one.tar.gz"},
    {"/abs/{name}", "/abs/disk one.tar.gz"},
    {"//abs//x", "/abs/x"},
    {"/a/../x", "/a/../x"},
    {"{{}}", "{}"},
    {"{{{index}}}", "{42}"},
    {"a{{name}}b", "a{name}b"},
    {"{{a/{{b", "{a/{b"},
    {"x.part", "x.part"}, /* typed by hand */
    {"{index}.part", "42.part_"},
    {"-{index}", "-42"},
    {"...", "..."},
    {"..a/b..", "..a/b.."},
    {"{index}..", "42__"},
};

START_TEST(template_is_rendered)
{
    struct template *t;
    err_is_none(template_parse(cases[_i].template, &t));
    struct template_values v = values();
    struct buf b = BUF_INIT;
    buf_adds(&b, "/before/");
    err_is_none(template_render(t, &v, &b));
    ck_assert_str_eq(b.data + strlen("/before/"), cases[_i].path);
    ck_assert(template_is_absolute(t) == (cases[_i].template[0] == '/'));
    buf_fini(&b);
    template_free(t);
}
END_TEST

static const struct {
    const char *template, *message; /* in it */
} bad_cases[] = {
    {"", "empty"},
    {"{", "lone"},
    {"}", "lone"},
    {"a{name", "lone"},
    {"a}b", "lone"},
    {"{a{b}}", "lone"},
    {"{}", "{}"},
    {"{nam}", "{nam}: unknown"},
    {"{Name}", "unknown"},
    {"{.}", "unknown"},
    {"{name:3}", "{name:3}"},
    {"{host:}", "colon"},
    {"{index:}", "number"},
    {"{index:x}", "number"},
    {"{index:-1}", "number"},
    {"{index:21}", "20 digits"},
    {"{index:99999}", "number"},
    {"{dirs:}", "number"},
    {"{query:}", "parameter"},
    {"..", "output directory"},
    {"../x", "output directory"},
    {"a/../x", "output directory"},
    {"a/..", "output directory"},
    {"../", "output directory"},
    {".", "names a directory"},
    {"a/.", "names a directory"},
    {"/a/..", "names a directory"},
};

START_TEST(template_is_refused)
{
    struct template *t;
    struct err *e = template_parse(bad_cases[_i].template, &t);
    ck_assert_ptr_null(t);
    ck_assert_msg(e && strstr(err_message(e), bad_cases[_i].message), "%s: %s",
        bad_cases[_i].template, e ? err_message(e) : "");
    err_is_kind(e, ERR_USAGE);
}
END_TEST

static const struct {
    const char *template;
    bool placeholder, index;
} what_cases[] = {
    {"a/b", false, false},
    {"a{{b", false, false},
    {"a/", true, false},
    {"{host}/a", true, false},
    {"{index:03}", true, true},
    {"{name}-{index}", true, true},
};

START_TEST(template_knows_what_is_in_it)
{
    struct template *t;
    err_is_none(template_parse(what_cases[_i].template, &t));
    ck_assert(template_has_placeholder(t) == what_cases[_i].placeholder);
    ck_assert(template_has_index(t) == what_cases[_i].index);
    template_free(t);
}
END_TEST

static char *render(const char *text, const struct template_values *v)
{
    struct template *t;
    err_is_none(template_parse(text, &t));
    struct buf b = BUF_INIT;
    err_is_none(template_render(t, v, &b));
    template_free(t);
    return buf_take(&b);
}

START_TEST(template_with_nothing_known)
{
    struct template_values v = {.index = 1};
    char *s = render("{host}/{dirs}/{query}/{query:a}/{name}", &v);
    ck_assert_str_eq(s, "index.html");
    free(s);
}
END_TEST

START_TEST(template_needs_what_the_entry_lacks)
{
    static const char *const needs[] = {"a/{.none}", "a/{id}"};
    for (int i = 0; i < COUNT(needs); i++) {
        struct template *t;
        err_is_none(template_parse(needs[i], &t));
        struct template_values v = {.lookup = i ? NULL : lookup, .id = i ? "null" : NULL};
        struct buf b = BUF_INIT;
        buf_adds(&b, "keep");
        err_is_kind(template_render(t, &v, &b), ERR_INPUT);
        ck_assert_str_eq(b.data, "keep");
        buf_fini(&b);
        template_free(t);
    }
}
END_TEST

START_TEST(template_id_of_each_kind)
{
    struct template_values v = {.id = "12.50"};
    char *s = render("{id}", &v);
    ck_assert_str_eq(s, "12.50");
    free(s);
    v.id = "{\"a\":\"/\"}";
    s = render("{id}", &v);
    ck_assert_str_eq(s, "{\"a\":\"_\"}");
    free(s);
    v.id = "\"../..\"";
    s = render("d/{id}", &v);
    ck_assert_str_eq(s, "d/.._"
                        "__");
    free(s);
}
END_TEST

START_TEST(template_dirs_are_made_safe)
{
    struct template_values v = {.url_path = "//%2e%2e/a%2fb/./c%00d/../x.part/"};
    char *s = render("{dirs}/{name}", &v);
    ck_assert_str_eq(s, "__/a_b/_/c_d/__/x.part_/index.html");
    free(s);
}
END_TEST

START_TEST(template_name_overrides_the_url)
{
    struct template_values v = values();
    v.name = "from the server.pdf";
    char *s = render("{stem}_{dirs:2}{.ext}", &v);
    ck_assert_str_eq(s, "from the server_2024.pdf");
    free(s);
    v.name = "a/../b";
    s = render("{name}", &v);
    ck_assert_str_eq(s, "a_.._b");
    free(s);
}
END_TEST

START_TEST(template_keeps_the_index_of_a_name_that_is_cut)
{
    char path[1002] = "/";
    memset(path + 1, 'a', sizeof(path) - 2);
    struct template_values v = {.url_path = path, .index = 7};
    char *a = render("{name}-{index}.x", &v);
    v.index = 8;
    char *b = render("{name}-{index}.x", &v);
    ck_assert_str_ne(a, b);
    ck_assert(strlen(a) + strlen(NAME_SIDECAR) <= 255);
    ck_assert_str_eq(a + strlen(a) - 11, ".00000007.x");
    free(a);
    free(b);
}
END_TEST

static const struct {
    const char *path, *normal; /* NULL: refused */
} relative_cases[] = {
    {"a", "a"},
    {"a/b", "a/b"},
    {"a//./b/", "a/b"},
    {"./a", "a"},
    {".", ""},
    {"", ""},
    {"./", ""},
    {"...", "___"},
    {"a/ b", "a/_b"},
    {"a.part", "a.part_"},
    {"a\nb", "a_b"},
    {"..a/b", "..a/b"},
    {"/", NULL},
    {"/a", NULL},
    {"..", NULL},
    {"../a", NULL},
    {"a/..", NULL},
    {"a/../b", NULL},
    {"a/b/../../../c", NULL},
};

START_TEST(template_relative_paths_of_lists)
{
    struct buf b = BUF_INIT;
    buf_adds(&b, "d:");
    struct err *e = template_check_relative(relative_cases[_i].path, &b);
    if (relative_cases[_i].normal) {
        err_is_none(e);
        ck_assert_str_eq(b.data + 2, relative_cases[_i].normal);
    } else {
        err_is_kind(e, ERR_POLICY);
        ck_assert_str_eq(b.data, "d:");
    }
    buf_fini(&b);
}
END_TEST

static void parse_and_render(void)
{
    struct template *t;
    struct template_values v = values();
    v.id = "12";
    struct err *e =
        template_parse("a{{/{host}/{dirs}/{query:page}{.size}/{id}-{stem}{index}{.ext}", &t);
    failnth_must(!e || failnth_failed());
    if (e) {
        failnth_must(err_is(e, ERR_NOMEM) && !t);
        err_unref(e);
        return;
    }
    struct buf b = BUF_INIT;
    e = template_render(t, &v, &b);
    failnth_must((e == NULL) == !failnth_failed());
    failnth_must(!e || (err_is(e, ERR_NOMEM) && b.len == 0));
    err_unref(e);
    buf_fini(&b);
    template_free(t);
}

START_TEST(template_when_memory_runs_out)
{
    failnth_each(parse_and_render);
}
END_TEST

Suite *store_template_suite(void)
{
    Suite *s = suite_create("store_template");
    TCase *tc = tcase_create("template");
    tcase_add_loop_test(tc, template_is_rendered, 0, COUNT(cases));
    tcase_add_loop_test(tc, template_is_refused, 0, COUNT(bad_cases));
    tcase_add_loop_test(tc, template_knows_what_is_in_it, 0, COUNT(what_cases));
    tcase_add_test(tc, template_with_nothing_known);
    tcase_add_test(tc, template_needs_what_the_entry_lacks);
    tcase_add_test(tc, template_id_of_each_kind);
    tcase_add_test(tc, template_dirs_are_made_safe);
    tcase_add_test(tc, template_name_overrides_the_url);
    tcase_add_test(tc, template_keeps_the_index_of_a_name_that_is_cut);
    tcase_add_loop_test(tc, template_relative_paths_of_lists, 0, COUNT(relative_cases));
    tcase_add_test(tc, template_when_memory_runs_out);
    suite_add_tcase(s, tc);
    return s;
}
