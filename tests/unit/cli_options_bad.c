/* SPDX-License-Identifier: MIT */
/* The command line: what is refused, and what is said of it. */
#include "cli_options.h"
#include "queue/redis.h"
#include "support.h"

#include <stdio.h>
#include <string.h>

#define URL " http://h/x"

/* clang-format off */
static const struct {
    const char *line, *why;
} bad[] = {
    /* names */
    {"--nonsense" URL, "unknown option --nonsense"},
    {"--job 3" URL, "did you mean --jobs?"},
    {"--jobs3" URL, "did you mean --jobs?"},
    {"--jbos=3" URL, "unknown option --jbos; did you mean --jobs?"},
    {"--quie" URL, "unknown option --quie"},
    {"--time 3" URL, "unknown option --time"},
    {"--inpu", "unknown option --inpu"},
    {"-W" URL, "unknown option -W"},
    {"-w", "-w: a value is missing"}, {"-w @missing" URL, "--write-out: missing"},
    {"-w x --json" URL, "--write-out: goes without --json"},
    {"--quiet=3" URL, "--quiet: takes no value"},
    {"--jobs", "--jobs: a value is missing"},
    {"-j", "-j: a value is missing"},
    {"--help nonsense", "--help: there is no group 'nonsense'"},
    /* letters of other programs; more: cli_habits.c */
    {"-c" URL, "-c: "}, {"-T 3" URL, "--stall-timeout"}, {"-fsSLZ" URL, "-Z: "},
    {"-x 16" URL, "--proxy: '16'"}, {"-d [1]" URL, "did you mean --data?"},
    {"-d @f" URL, "did you mean --data?"}, {"-d " URL, "--dir: "},
    /* words that are no URLs */
    {"example.org/x", "did you mean https://example.org/x?"},
    {"//example.org/x", "did you mean https://example.org/x?"},
    {"localhost", "did you mean https://localhost?"},
    {"http://h/x nonsense", "'nonsense' is not a URL"},
    {"http://h/x ", "'' is not a URL"},
    {"http://h/x -", "-i -"},
    {"1http://h/x", "is not a URL"},
    {"http:/h/x", "is not a URL"},
    /* values */
    {"-i " URL, "--input: "}, {"-i - -i -" URL, "--input: standard input can be read once"},
    {"--input-format xls" URL, "'xls' is none of auto|lines|jsonl|tsv|csv"},
    {"--input-format " URL, "'' is none of auto|lines|jsonl|tsv|csv"},
    {"--journal " URL, "--journal: "}, {"--journal -" URL, "--journal: "},
    {"--timeline -" URL, "--timeline: "}, {"--report " URL, "--report: "},
    {"--timeline f --report f" URL, "--report: is the file of --timeline"},
    {"--records f --events f" URL, "--records: is the file of --events"},
    {"--failures f --records f -i list --json", "--failures: is the file of --records"},
    {"-i list --records list --json", "--records: is the file of --input"},
    {"-i list --events ./list", "--events: is the file of --input"},
    {"-i list --report list", "--report: is the file of --input"},
    {"-i list --tar list", "--tar: is the file of --input"},
    {"-i list --journal list", "--journal: is the file of --input"},
    {"--checksums list --events list" URL, "--events: is the file of --checksums"},
    {"--dry-run --report f" URL, "--dry-run: does nothing that --timeline"},
    {"--failures -" URL, "--failures: "}, {"--checksums " URL, "--checksums: "},
    {"--checksums-partial" URL, "goes with --checksums"},
    {"--checksums f --checksum md5:d41d8cd98f00b204e9800998ecf8427e" URL, "goes without"},
    {"--allow-dir " URL, "--allow-dir: "}, {"--if-exists nonsense" URL, "'nonsense'"},
    {"--deny-private -x p:1" URL, "goes without a proxy"},
    {"--deny-private --unix-socket s" URL, "goes without --unix-socket"},
    {"--shard 3/3" URL, "--shard: '3/3'"}, {"--shard 0/0" URL, "--shard: "},
    {"--shard 1" URL, "--shard: "}, {"--shard -1/3" URL, "--shard: "},
    {"--shard 1/3x" URL, "--shard: "}, {"--shard /3" URL, "--shard: "},
    {"--shard 1/" URL, "--shard: "}, {"--shard 1/1000001" URL, "--shard: "},
    {"--shard 4294967296/4294967297" URL, "--shard: "}, {"--shard " URL, "--shard: "},
    {"--key nonsense" URL, "--key: 'nonsense'"},
    {"-o a -o b" URL, "--output: given twice"}, {"-o " URL, "--output: "},
    {"-o {nonsense}" URL, "--output: "}, {"-o {name" URL, "--output: "},
    {"-o x --tree" URL, "--tree: goes without --output"},
    {"--if-exists nonsense" URL, "--if-exists: 'nonsense'"},
    {"--if-exists skip|update" URL, "--if-exists: 'skip|update'"},
    {"--checksum nonsense" URL, "--checksum: "}, {"--hash nonsense" URL, "--hash: "},
    {"--max-filesize x" URL, "--max-filesize: 'x'"},
    {"--return-when now" URL, "--return-when: 'now'"},
    {"--timeout x" URL, "--timeout: 'x'"}, {"--task-timeout x" URL, "--task-timeout: 'x'"},
    {"--attempt-timeout x" URL, "--attempt-timeout: 'x'"}, {"-m x" URL, "--max-time: 'x'"},
    {"--connect-timeout -1" URL, "--connect-timeout: '-1'"},
    {"--first-byte-timeout x" URL, "--first-byte-timeout: 'x'"},
    {"--stall-timeout 1w" URL, "--stall-timeout: '1w'"},
    {"-Y x" URL, "--speed-limit: 'x'"}, {"-y x" URL, "--speed-time: 'x'"},
    {"--on-interrupt stop" URL, "--on-interrupt: 'stop' is none of cancel|drain"},
    {"-j 0" URL, "--jobs: '0' is not a number from 1 to 65535"},
    {"-j x" URL, "--jobs: 'x' is not a number from 1 to 65535"},
    {"-j 65536" URL, "--jobs: "}, {"-j -1" URL, "--jobs: "}, {"-j 1.5" URL, "--jobs: "},
    {"-j " URL, "--jobs: '' is not a number"}, {"-j 99999999999999999999" URL, "--jobs: "},
    {"--per-host 0" URL, "--per-host: '0'"}, {"--look-ahead 0" URL, "--look-ahead: '0'"},
    {"--limit-rate x" URL, "--limit-rate: 'x'"}, {"--rate 5" URL, "--rate: '5'"},
    {"--per-host-rate 5/x" URL, "--per-host-rate: '5/x'"},
    {"--segments 0" URL, "--segments: '0'"}, {"--segments 65" URL, "--segments: '65'"},
    {"--segment-size x" URL, "--segment-size: 'x'"},
    {"--segment-size 65535" URL, "--segment-size: '65535' is too little: at least 64k"},
    {"--host-failures x" URL, "--host-failures: 'x'"},
    {"--loops 0" URL, "--loops: '0'"}, {"--loops 65" URL, "--loops: '65'"},
    {"--loops x" URL, "--loops: 'x' is not a number from 1 to 64, or auto"}, {"--loops " URL, "--loops: ''"},
    {"--executor-threads 0" URL, "--executor-threads: '0'"},
    {"--buffer x" URL, "--buffer: 'x'"}, {"--buffer 1k" URL, "--buffer: '1k' is too little"},
    {"--retry x" URL, "--retry: 'x'"}, {"--retry -1" URL, "--retry: '-1'"},
    {"--retry 99999999999" URL, "--retry: "},
    {"--retry-delay x" URL, "--retry-delay: 'x'"},
    {"--retry-max-delay x" URL, "--retry-max-delay: 'x'"},
    {"--retry-max-time x" URL, "--retry-max-time: 'x'"},
    {"--retry-max-wait x" URL, "--retry-max-wait: 'x'"},
    {"--retry-on x" URL, "--retry-on: 'x'"}, {"--retry-on 503," URL, "--retry-on: "},
    {"--retry-on 5030" URL, "--retry-on: "}, {"--retry-on 999" URL, "--retry-on: "},
    {"--retry-on " URL, "--retry-on: "},
    {"-r 5" URL, "--range: '5'"}, {"-r -" URL, "--range: "}, {"-r 1-2," URL, "--range: "},
    {"-r a-b" URL, "--range: "},
    {"-X a~b" URL, "--request: 'a b'"}, {"-X " URL, "--request: "},
    {"--data @missing" URL, "--data: missing: No such file"},
    {"-H nonsense" URL, "--header: "}, {"-H :x" URL, "--header: "}, {"-H a;b" URL, "--header: "},
    {"-H a:\r\nb:" URL, "--header: "}, {"-H @missing" URL, "--header: missing"},
    {"-e ;auto" URL, "--referer: "},
    {"-u a" URL, "--user: "}, {"--oauth2-bearer a~b" URL, "--oauth2-bearer: "},
    {"--oauth2-bearer " URL, "--oauth2-bearer: "},
    {"--oauth2-bearer @missing" URL, "--oauth2-bearer: missing"},
    {"--auth-host a,,b" URL, "--auth-host: "}, {"--auth-host http://a/" URL, "--auth-host: "},
    {"-b a=1\nb=2" URL, "--cookie: "}, {"--cookie-jar " URL, "--cookie-jar: "},
    {"--max-redirs x" URL, "--max-redirs: 'x'"}, {"--max-redirs -2" URL, "--max-redirs: '-2'"},
    {"--cacert missing" URL, "--cacert: missing: No such file"},
    {"--cert missing" URL, "--cert: missing"}, {"--cert missing:secret" URL, "--cert: missing: No such file"},
    {"--cert :secret" URL, "--cert: it is FILE or FILE:PASSWORD"}, {"--key-file missing" URL, "--key-file: missing"},
    {"--netrc-file missing" URL, "--netrc-file: missing"},
    {"--resolve h" URL, "--resolve: 'h'"}, {"--resolve h:80" URL, "--resolve: "},
    {"--connect-to a:1" URL, "--connect-to: "},
    {"--events " URL, "--events: a file name is needed"}, {"--events -" URL, "--events: "},
    {"--exec " URL, "--exec: a command is needed"},
    {"--exec a~'b" URL, "--exec: a quote (') is not closed"},
    {"--exec a~{pth}" URL, "--exec: unknown placeholder {pth}"},
    {"--exec-jobs 0" URL, "--exec-jobs: '0'"},
    {"--exec true -I" URL, "--exec: is run for files"},
    {"--exec true --discard" URL, "--exec: is run for files"},
    {"--print all" URL, "--print: 'all'"}, {"--progress rich" URL, "--progress: 'rich'"},
    {"-K missing" URL, "missing: No such file"},
    {"--body=x --json" URL, "--body: 'x'"}, {"--body=0 --json" URL, "--body: '0' is too little"},
    {"--tar " URL, "--tar: "}, {"--spool x" URL, "--spool: 'x'"},
    {"--spool 1k" URL, "--spool: '1k' is too little: at least 64k"},
    /* contradictions */
    {"-o - --json" URL, "records need --records"}, {"-o - -w x" URL, "records need --records"},
    {"-o - --print new" URL, "records need"}, {"-o - --print0" URL, "records need"},
    {"--tar - --json" URL, "--tar: with the archive"}, {"--tar /dev/stdout -w x" URL, "--tar: with"},
    {"-o /dev/stdout --json" URL, "records need --records"}, {"-o - --tar x" URL, "goes without --output"},
    {"--tar x -o /a/{name}" URL, "names in an archive are relative"},
    {"--tar x --journal j" URL, "goes without --journal"},
    {"--body" URL, "--body: goes with --json"}, {"--json --body -o x" URL, "and nowhere else"},
    {"--json --body --tar x" URL, "and nowhere else"},
    {"-o - -I --records r" URL, "--head: "}, {"--tar x --discard" URL, "--discard: goes without"},
    {"-o - --if-exists update" URL, "--if-exists: is about files"},
    {"--tar x --exec true" URL, "--exec: "},
    {"-o x http://h/x http://h/y", "--output: 'x' names one file"},
    {"-I --data x" URL, "--head: "}, {"-I -X PUT" URL, "--head: "},
    {"--no-resume --resume-unsafe" URL, "--resume-unsafe: "},
    {"--return-when first-completed --gather" URL, "--return-when: "},
    {"--checksum d41d8cd98f00b204e9800998ecf8427e http://h/x http://h/y", "--checksum: is of one"},
    {"--checksum d41d8cd98f00b204e9800998ecf8427e -i list", "--checksum: is of one"},
    {"--dry-run --failures f" URL, "--dry-run: goes without --failures"},
    {"--dry-run --checksums http://h/s" URL, "--dry-run: makes no request"},
    {"--same-file -i list", "--same-file: is about URLs of the command line"},
    {"--data @- -i -", "--input: standard input is read already"},
    {"--data @-", "nothing to download"},
    {"-H @- --data @-" URL, "--data: standard input is read already"},
    /* queues */
    {"--queue h/s", "--queue: a queue is redis://"}, {"--queue ", "--queue: "},
    {"--queue redis://h", "--queue: it names no stream"},
    {"--enqueue redis://h/" URL, "--enqueue: it names no stream"},
    {"--queue rediss://h/s", "--queue: rediss:// needs a hiredis with TLS"},
    {"--queue redis://h/s" URL, "--queue: goes without URLs"},
    {"--queue redis://h/s -i list", "--queue: goes without URLs and --input"},
    {"--queue redis://h/s --wait", "--queue: goes without --wait"},
    {"--queue redis://h/s --dry-run", "--queue: goes without --dry-run"},
    {"--queue redis://h/s --failures f", "--queue: goes without --failures"},
    {"--queue redis://h/s -o x", "--queue: --output has to name many files"},
    {"--queue redis://h/s --shard 0/2", "--queue: --shard goes with --partitions"},
    {"--queue redis://h/s --shard 0/2 --partitions 1", "--queue: more shards than"},
    {"--queue redis://h/s --enqueue redis://h/s", "--enqueue: goes without --queue"},
    {"--queue redis://h/s --unique u", "--unique: goes with --enqueue"},
    {"--queue redis://h/s --idle-claim 0", "--idle-claim: '0' is too short"},
    {"--queue redis://h/s --idle-claim x", "--idle-claim: 'x'"},
    {"--queue redis://h/s --max-deliveries 0", "--max-deliveries: '0'"},
    {"--queue redis://h/s --partitions 4097", "--partitions: '4097'"},
    {"--queue redis://h/s --group ", "--group: a name is needed"},
    {"--enqueue redis://h/s --shard 0/2" URL, "--enqueue: goes without --shard"},
    {"--enqueue redis://h/s --failures f" URL, "--enqueue: goes without --failures"},
    {"--enqueue redis://h/s --dry-run" URL, "--enqueue: goes without --dry-run"},
    {"--group g" URL, "--group: goes with --queue"},
    {"--consumer c" URL, "--consumer: goes with"}, {"--results r" URL, "--results: goes with"},
    {"--dead d" URL, "--dead: goes with"}, {"--idle-claim 9" URL, "--idle-claim: goes with"},
    {"--max-deliveries 9" URL, "--max-deliveries: goes with"},
    {"--exit-when-empty" URL, "--exit-when-empty: goes with"},
    {"--partitions 8" URL, "--partitions: goes with"},
};
/* clang-format on */

START_TEST(test_bad)
{
    file_write("list", "http://h/x\n");
    if ((strstr(bad[_i].line, "queue ") && !redis_version()) ||
        (strstr(bad[_i].line, "rediss:") && redis_has_tls())) {
        return; /* this build says something else */
    }
    options_are_bad(bad[_i].line, bad[_i].why);
}
END_TEST

START_TEST(test_no_secret_in_a_message)
{
    struct options *o = NULL;
    static const char *const lines[] = {"-u sesame" URL, "-H sesame" URL,
        "-H Authorization~sesame" URL, "--oauth2-bearer sesame~x" URL, "-b sesame=1\n2" URL,
        "me:sesame@example.org/x", "--queue redis://me:sesame@h:x/s",
        "--queue redis://me:sesame@h"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct err *e = options_of(lines[i], &o);
        ck_assert_ptr_nonnull(e);
        ck_assert_msg(!strstr(err_message(e), "sesame"), "%s", err_message(e));
        err_unref(e);
    }
}
END_TEST

Suite *cli_options_bad_suite(void);
struct remarks {
    const char *begin; /* of each */
    unsigned count;
};

static void note_remark(void *arg, const char *text)
{
    struct remarks *r = arg;
    ck_assert_msg(r->begin && strstr(text, r->begin) == text, "%s", text);
    r->count++;
}

/* begin: what the only remark begins with; NULL: there is none. */
static void remarks_are(const char *words, const char *begin)
{
    struct remarks r = {begin, 0};
    struct options *o = NULL;
    char text[200], *argv[16] = {(char[]){"garner"}}, *save = NULL;
    int argc = 1;
    snprintf(text, sizeof text, "%s", words);
    for (char *w = strtok_r(text, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
        argv[argc++] = w;
    }
    err_is_none(options_parse(argc, argv, note_remark, &r, &o));
    ck_assert_msg(r.count == (begin ? 1 : 0), "%u of %s", r.count, words);
    options_free(o);
}

START_TEST(test_remarks)
{
    const char *segments = "--segments: without effect", *race = "--race: without effect";
    remarks_are("--look-ahead=2 http://h/x", "--look-ahead is less than --jobs");
    remarks_are("--segments 2 http://h/x", NULL);
    remarks_are("--segments 2 -o - http://h/x", segments);
    remarks_are("--segments 2 --tar x.tar http://h/x", segments);
    remarks_are("--segments 2 --json --body http://h/x", segments);
    remarks_are("--segments 2 --discard http://h/x", segments);
    remarks_are("--segments 2 -r 0-9 http://h/x", segments);
    remarks_are("--segments 1 --discard http://h/x", NULL);
    remarks_are("--segments 2 -q --discard http://h/x", NULL);
    remarks_are("--race http://h/x http://h/y", race);
    remarks_are("--race http://h/x", NULL);
    remarks_are("--race --same-file http://h/x http://h/y", NULL);
    remarks_are("--race -i list http://h/x http://h/y", NULL);
}
END_TEST

Suite *cli_options_bad_suite(void)
{
    Suite *s = suite_create("cli_options_bad");
    TCase *t = tcase_create("options");
    tcase_add_checked_fixture(t, options_setup, options_teardown);
    tcase_add_loop_test(t, test_bad, 0, sizeof bad / sizeof *bad);
    tcase_add_test(t, test_no_secret_in_a_message);
    tcase_add_test(t, test_remarks);
    suite_add_tcase(s, t);
    return s;
}
