/* SPDX-License-Identifier: MIT */
/* --exec's command: its words, its placeholders, what is refused. */
#include "fetch/command.h"

#include "base/buf.h"
#include "support.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))

static const struct command_values values = {"dir/a b.gz", "http://h/x?y=1", "i d"};

/* The words come out with a bar behind each. */
static const struct {
    const char *text, *words;
} good[] = {
    /* words */
    {"gunzip", "gunzip|dir/a b.gz|"},
    {" gunzip \t-k\n{path}  ", "gunzip|-k|dir/a b.gz|"},
    {"'a b' \"c d\" e\\ f {path}", "a b|c d|e f|dir/a b.gz|"},
    {"a'b'\"c\"d {path}", "abcd|dir/a b.gz|"},
    {"a '' \"\" {path}", "a|||dir/a b.gz|"},
    {"a \"\\\"\\\\\\$\\`\\n\" {path}", "a|\"\\$`\\n|dir/a b.gz|"},
    {"a '\\' {path}", "a|\\|dir/a b.gz|"},
    {"a b\\\nc {path}", "a|bc|dir/a b.gz|"},
    {"a $HOME * ~ # {path}", "a|$HOME|*|~|#|dir/a b.gz|"},
    /* placeholders */
    {"mv {path} {id}.{url}", "mv|dir/a b.gz|i d.http://h/x?y=1|"},
    {"a '{path}' \"x{path}y\"", "a|dir/a b.gz|xdir/a b.gzy|"},
    {"a {url}", "a|http://h/x?y=1|"},
    {"a{path}", "adir/a b.gz|"},
    {"{path} x", "dir/a b.gz|x|"},
    /* braces that are none */
    {"awk '{ print $1 }' {path}", "awk|{ print $1 }|dir/a b.gz|"},
    {"a \\{path} \"\\{url}\" {a,b} { } {path", "a|{path}|{url}|{a,b}|{|}|{path|dir/a b.gz|"},
    {"jq '{a: {b: 1}}' {path}", "jq|{a: {b: 1}}|dir/a b.gz|"},
    /* shells */
    {"sh -c 'gunzip \"$1\"' sh {path}", "sh|-c|gunzip \"$1\"|sh|dir/a b.gz|"},
    {"nice /bin/bash -ec 'x' bash", "nice|/bin/bash|-ec|x|bash|dir/a b.gz|"},
    {"sh script", "sh|script|dir/a b.gz|"},
    {"grep -c x {path}", "grep|-c|x|dir/a b.gz|"},
};

START_TEST(test_words)
{
    struct command *c = NULL;
    struct buf b = BUF_INIT;

    err_is_none(command_parse(good[_i].text, &c));
    char **words = command_words(c, &values);
    ck_assert_ptr_nonnull(words);
    for (size_t i = 0; words[i]; i++) {
        buf_adds(&b, words[i]);
        buf_addc(&b, '|');
    }
    ck_assert_str_eq(b.data, good[_i].words);
    free(words);
    buf_fini(&b);
    command_free(c);
}
END_TEST

static const struct {
    const char *text, *why;
} bad[] = {
    {"", "a command is needed"},
    {" \n", "a command is needed"},
    {"''", "a command is needed"},
    {"a 'b", "quote (') is not closed"},
    {"a \"b\\\"", "quote (\") is not closed"},
    {"a \\", "a backslash at the end"},
    {"a {}", "the file's path is {path} here"},
    {"a {Path}", "unknown placeholder {Path}"},
    {"a '{.ext}'", "unknown placeholder {.ext}"},
    {"a {name_of_which_there_is_much_more_than_fits_here_and_more}",
        "unknown placeholder {name_of"},
    {"sh -c 'gunzip {path}'", "would run what a name says"},
    {"env X=1 /bin/dash -xec \"rm {id}\" x", "would run what a name says"},
    {"bash -c 'gunzip \"$1\"'", "would be its $0"},
};

START_TEST(test_refused)
{
    struct command *c = NULL;
    struct err *e = command_parse(bad[_i].text, &c);

    ck_assert_ptr_nonnull(e);
    ck_assert_msg(strstr(err_message(e), bad[_i].why), "%s: %s", bad[_i].text, err_message(e));
    ck_assert_ptr_null(c);
    err_is_kind(e, ERR_USAGE);
}
END_TEST

START_TEST(test_particulars)
{
    const struct command_values odd = {"-rf", "http://h/", NULL};
    struct command *c = NULL;

    err_is_none(command_parse("rm {path} && x", &c));
    ck_assert_str_eq(command_name(c), "rm");
    ck_assert(!command_needs_id(c));
    ck_assert_ptr_nonnull(strstr(command_remark(c), "without a shell"));
    char **words = command_words(c, &odd);
    ck_assert_str_eq(words[1], "./-rf"); /* no option of rm's */
    free(words);
    command_free(c);
    err_is_none(command_parse("{path}", &c));
    words = command_words(c, &(struct command_values){"program", "http://h/", NULL});
    ck_assert_str_eq(words[0], "./program"); /* not that of PATH */
    free(words);
    command_free(c);
    err_is_none(command_parse("rm '&&' {id}", &c));
    ck_assert_ptr_null(command_remark(c));
    ck_assert(command_needs_id(c));
    command_free(c);
    command_free(NULL);
}
END_TEST

Suite *fetch_command_suite(void);
Suite *fetch_command_suite(void)
{
    Suite *s = suite_create("fetch_command");
    TCase *t = tcase_create("command");

    tcase_add_loop_test(t, test_words, 0, COUNT(good));
    tcase_add_loop_test(t, test_refused, 0, COUNT(bad));
    tcase_add_test(t, test_particulars);
    suite_add_tcase(s, t);
    return s;
}
