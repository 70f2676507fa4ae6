/* SPDX-License-Identifier: MIT */
/* Command lines as people who know curl, wget, aria2c, xargs and parallel type them: each that does
 * not mean the same here is answered with what does. */
#include "cli_options.h"

#include "cli/options_private.h"
#include "support.h"

#include <stdlib.h>
#include <string.h>

#define URL " http://h/x"

/* clang-format off */
static const struct {
    const char *line, *why;
} wrong[] = {
    /* curl */
    {"-C -" URL, "-C: what was cut off is resumed anyway"},
    {"--continue-at -" URL, "unknown option --continue-at: what was cut off is resumed anyway"},
    {"-c jar" URL, "curl's -c is --cookie-jar"},
    {"-F a=b" URL, "-F: nothing is uploaded; the body of a request is --data"},
    {"-T file" URL, "nothing is uploaded"},
    {"--upload-file file" URL, "nothing is uploaded"},
    {"-D headers" URL, "in the records of --json"},
    {"--dump-header=h" URL, "in the records of --json"},
    {"-G" URL, "a query is part of the URL"},
    {"-Z" URL, "--jobs"}, {"--parallel-max 3" URL, "how many run at once is --jobs"},
    {"-z x" URL, "--if-exists update"},
    {"--create-dirs" URL, "directories are made anyway"},
    {"--output-dir d" URL, "the directory is --dir"},
    {"--data-binary @f" URL, "--data STRING|@FILE"},
    {"--data-urlencode a=b" URL, "--data STRING|@FILE"},
    {"--json {}" URL, "'{}' is not a URL; an option before it, perhaps, takes no value here"},
    {"--url http://h/x", "URLs are words of their own"},
    {"-K- --next" URL, "a list (--input) says what is particular to each URL"},
    {"--fail-with-body" URL, "what comes with an error is never saved"},
    {"--retry-all-errors" URL, "--retry-on is about HTTP statuses"},
    {"--trace-ascii -" URL, "-vv"},
    {"--key f" URL, "--key: 'f' is a file; curl's --key is --key-file"},
    {"-E f" URL, "--cert"},
    {"--socks5-hostname h:1" URL, "socks5h://HOST:PORT"},
    {"-d {\"a\":1}" URL, "did you mean --data?"},
    {"-u" URL, "--user: a URL follows where its value (USER:PASSWORD) is expected"},
    {"-b" URL, "--cookie: a URL follows"}, {"-H" URL, "--header: a URL follows"},
    /* wget */
    {"-O x" URL, "'x' is not a URL"}, {"-O -" URL, "are -o -"}, {"-qO-" URL, "-qO-: bodies go to standard output with --output -"},
    {"-P d" URL, "the directory is --dir"}, {"--directory-prefix=d" URL, "the directory is --dir"},
    {"-nc" URL, "-c: what was cut off is resumed anyway"},
    {"-t 3" URL, "--retry"}, {"--tries=3" URL, "the number of retries is --retry"},
    {"--waitretry 1" URL, "--retry-delay"}, {"--wait 1" URL, "'1' is not a URL; an option before"},
    {"--no-check-certificate" URL, "--insecure"}, {"--spider" URL, "--head"},
    {"-N" URL, "--if-exists update"}, {"--timestamping" URL, "--if-exists update"},
    {"--no-clobber" URL, "--if-exists skip"}, {"--password b" URL, "--user USER:PASSWORD"},
    {"--post-data x" URL, "--data"}, {"--method POST" URL, "--request"},
    {"--mirror" URL, "links are not followed"}, {"-m" URL, "--max-time: a URL follows"},
    {"-r -l 1" URL, "links are not followed"}, {"-p" URL, "links are not followed"},
    {"--input-file list", "a list is read by --input"}, {"--background" URL, "garner ... &"},
    {"--output-document x" URL, "--output"}, {"--cut-dirs=2" URL, "{dirs:1}/{name}"},
    {"--base=http://h/" URL, "they are whole"}, {"--ask-password" URL, "nobody is asked"},
    {"--no-host-directories" URL, "--tree"}, {"--append-output=f" URL, "2> FILE"},
    {"-U me" URL, "--user-agent"}, {"-i http://h/list", "--input: a list is a file here"},
    {"--no-proxy" URL, "--noproxy '*'"}, {"--read-timeout=5" URL, "--stall-timeout"},
    /* aria2c */
    {"-x16 -s16 -k1M" URL, "--segments"}, {"-x 16" URL, "for aria2's -x see --segments"},
    {"-s16" URL, "--segments"}, {"-k 1M" URL, "'1M' is not a URL; an option before it"},
    {"--split=4" URL, "--segments"}, {"--min-split-size=1M" URL, "--segment-size"},
    {"--max-concurrent-downloads=5" URL, "--jobs"}, {"--out=x" URL, "--output"},
    {"--allow-overwrite=true" URL, "--if-exists overwrite"},
    {"--max-overall-download-limit=1M" URL, "--limit-rate"}, {"--max-tries=0" URL, "--retry"},
    {"--on-download-complete=x" URL, "--exec"}, {"--save-session=f" URL, "--failures"},
    {"--check-integrity" URL, "--if-exists verify"}, {"--stop=9" URL, "--timeout"},
    /* xargs, parallel */
    {"-P8" URL, "how many run at once is --jobs"}, {"--max-procs=8" URL, "--jobs"},
    {"-n1" URL, "takes no number here"}, {"-I {}" URL, "'{}' is not a URL"},
    {"-L 1" URL, "'1' is not a URL"}, {"-0", "--print0"}, {"-a list", "--input"},
    {"--halt now" URL, "--fail-fast"}, {"-j4 --keep-order" URL, "--gather"},
    {"--joblog f" URL, "--journal"}, {"--bar" URL, "--progress bar"},
    /* lists and words */
    {"list", "say -i 'list'"}, {"@list", "say -i 'list'"}, {"http://h/x list", "say -i 'list'"},
    {"missing.txt", "there is no such file; a list is read with -i FILE"},
    {"urls.csv.gz", "there is no such file"}, {"./missing", "there is no such file"},
    {"/missing/list", "there is no such file"},
    {"example.org", "did you mean https://example.org?"}, {"help", "shown by --help"},
    {"--usage", "shown by --help"}, {"-?", "shown by --help"},
    {"--timeout 10 minutes" URL, "'minutes' is not a URL"},
    /* slips */
    {"--jbos 3" URL, "did you mean --jobs?"}, {"--exce x" URL, "did you mean --exec?"},
    {"--chekcsum x" URL, "did you mean --checksum?"}, {"--Gather" URL, "did you mean --gather?"},
    {"--retires 3" URL, "the number of retries is --retry"}, {"--segment 3" URL, "did you mean --segments?"},
    {"--compress" URL, "did you mean --compressed?"}, {"--nothing-like-it" URL, "unknown option"},
};

/* Lines that mean the same here. */
static const char *const right[] = {
    "-fsSL" URL, "--fail --silent --show-error --location" URL, "-LO" URL, "--remote-name" URL,
    "-A Mozilla/5.0 -e http://r/ -k" URL, "--limit-rate=200k" URL, "--header a:b" URL,
    "-x http://proxy:3128" URL, "--data http://h/y" URL, "-w http://m/%{path}" URL,
    "--max-time 5 --retry 3 --retry-delay 1" URL, "-j 16 -i list",
};
/* clang-format on */

START_TEST(test_wrong)
{
    file_write("list", "http://h/x\n");
    file_write("f", "");
    options_are_bad(wrong[_i].line, wrong[_i].why);
}
END_TEST

START_TEST(test_sequences)
{
    static const char *const many[] = {"http://h/[1-9]", "http://h/a[01-99:3].jpg",
        "https://h/?p=[a-z]", "http://h/{a,b}/c", "http://h/]{[1-2]"};
    static const char *const one[] = {"http://h/a", "http://[::1]/a", "http://[fe80::1-2]:80/",
        "http://h/[1]", "http://h/[-1]", "http://h/[1-", "http://h/{a}", "http://h/{a,b",
        "http://h/a[]=1-2", "http://h"};
    for (size_t i = 0; i < sizeof many / sizeof *many; i++) {
        ck_assert_msg(habit_in_url(many[i]), "%s", many[i]);
    }
    for (size_t i = 0; i < sizeof one / sizeof *one; i++) {
        ck_assert_msg(!habit_in_url(one[i]), "%s", one[i]);
    }
}
END_TEST

START_TEST(test_right)
{
    file_write("list", "http://h/x\n");
    options_free(options_are_good(right[_i]));
}
END_TEST

/* An answer names options that there are, for a name that is none of ours. */
static void check_answer(void *arg, const char *names, const char *answer)
{
    unsigned *count = arg;
    for (size_t n; *names; names += n + (names[n] == ' ')) {
        n = strcspn(names, " ");
        ck_assert_msg(!option_by_name(names, n), "--%.*s is an option", (int)n, names);
        (*count)++;
    }
    for (const char *at = answer; (at = strstr(at, "--")); at += 2) {
        size_t n = strspn(at + 2, "abcdefghijklmnopqrstuvwxyz0123456789-.");
        ck_assert_msg(option_by_name(at + 2, n), "no option %.*s: %s", (int)n + 2, at, answer);
    }
}

START_TEST(test_answers)
{
    unsigned count = 0;
    habit_each_name(check_answer, &count);
    ck_assert_int_gt(count, 100);
    for (int letter = '!'; letter <= '~'; letter++) {
        const char *answer = habit_of_letter(letter);
        if (answer) {
            ck_assert_msg(
                letter == '4' || letter == '6' || !option_by_letter(letter), "-%c", letter);
            check_answer(&count, "", answer);
        }
    }
}
END_TEST

Suite *cli_habits_suite(void);
Suite *cli_habits_suite(void)
{
    Suite *s = suite_create("cli_habits");
    TCase *t = tcase_create("habits");
    tcase_add_checked_fixture(t, options_setup, options_teardown);
    tcase_add_loop_test(t, test_wrong, 0, sizeof wrong / sizeof *wrong);
    tcase_add_loop_test(t, test_right, 0, sizeof right / sizeof *right);
    tcase_add_test(t, test_answers);
    tcase_add_test(t, test_sequences);
    suite_add_tcase(s, t);
    return s;
}
