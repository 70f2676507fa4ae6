/* SPDX-License-Identifier: MIT */
/* The command line: every option with good values, habits, defaults. */
#include "cli_options.h"

#include "cli/options_private.h"
#include "queue/redis.h"
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define URL " http://h/x"

enum as { AS_BOOL, AS_UNSIGNED, AS_INT, AS_COUNT, AS_BYTES, AS_SECONDS, AS_STRING };

static void field_is(const char *line, const struct options *o, size_t at, enum as as,
    double number, const char *text)
{
    const char *field = (const char *)o + at;
    double value = 0;
    switch (as) {
    case AS_BOOL:
        value = *(const bool *)(const void *)field;
        break;
    case AS_UNSIGNED:
        value = *(const unsigned *)(const void *)field;
        break;
    case AS_INT:
        value = *(const int *)(const void *)field;
        break;
    case AS_COUNT:
        value = (double)*(const size_t *)(const void *)field;
        break;
    case AS_BYTES:
        value = (double)*(const int64_t *)(const void *)field;
        break;
    case AS_SECONDS:
        value = *(const double *)(const void *)field;
        break;
    case AS_STRING: {
        const char *s = *(const char *const *)(const void *)field;
        ck_assert_msg(text ? s && strcmp(s, text) == 0 : !s, "%s: is '%s'", line, s ? s : "NULL");
        return;
    }
    }
    ck_assert_msg(fabs(value - number) < 1e-9, "%s: is %f", line, value);
}

#define F(field) offsetof(struct options, field)

/* clang-format off */
static const struct {
    const char *line;
    size_t at;
    enum as as;
    double number;
    const char *text;
} fields[] = {
    /* what holds unless told otherwise */
    {"http://h/x", F(hosts.jobs), AS_UNSIGNED, 64, 0},
    {"http://h/x", F(hosts.per_host), AS_UNSIGNED, 8, 0},
    {"http://h/x", F(session.look_ahead), AS_COUNT, 4096, 0},
    {"http://h/x", F(session.fail_fast), AS_BOOL, 0, 0},
    {"http://h/x", F(session.mode), AS_UNSIGNED, AWAIT_AS_COMPLETED, 0},
    {"http://h/x", F(session.if_exists), AS_UNSIGNED, IF_EXISTS_SKIP, 0},
    {"http://h/x", F(session.retry.retries), AS_INT, 4, 0},
    {"http://h/x", F(session.retry.delay), AS_SECONDS, 1, 0},
    {"http://h/x", F(session.retry.max_delay), AS_SECONDS, 60, 0},
    {"http://h/x", F(session.retry.max_wait), AS_SECONDS, 600, 0},
    {"http://h/x", F(session.request.max_redirs), AS_UNSIGNED, 10, 0},
    {"http://h/x", F(session.request.location), AS_BOOL, 1, 0},
    {"http://h/x", F(session.request.method), AS_STRING, 0, NULL},
    {"http://h/x", F(session.resume), AS_BOOL, 1, 0},
    {"http://h/x", F(session.marks), AS_BOOL, 1, 0},
    {"http://h/x", F(session.single), AS_BOOL, 1, 0},
    {"http://h/x http://h/y", F(session.single), AS_BOOL, 0, 0},
    {"-i list http://h/x", F(session.single), AS_BOOL, 0, 0},
    {"http://h/x", F(store.buffer), AS_COUNT, 64 << 20, 0},
    {"http://h/x", F(store.dir), AS_STRING, 0, "."},
    {"http://h/x", F(net.connect_timeout), AS_SECONDS, 15, 0},
    {"http://h/x", F(net.first_byte_timeout), AS_SECONDS, 120, 0},
    {"http://h/x", F(net.stall_timeout), AS_SECONDS, 30, 0},
    {"http://h/x", F(net.user_agent), AS_STRING, 0, NULL},
    /* input */
    {"--input-format jsonl" URL, F(input.format), AS_UNSIGNED, INPUT_JSONL, 0},
    {"--input-format=lines" URL, F(input.format), AS_UNSIGNED, INPUT_LINES, 0},
    {"--input-format tsv" URL, F(input.format), AS_UNSIGNED, INPUT_TSV, 0},
    {"--input-format csv" URL, F(input.format), AS_UNSIGNED, INPUT_CSV, 0},
    {"--shard 2/3" URL, F(session.shard), AS_UNSIGNED, 2, 0},
    {"--shard 0/1000000" URL, F(session.shards), AS_UNSIGNED, 1000000, 0},
    {"--key url" URL, F(session.key), AS_UNSIGNED, KEY_URL, 0},
    {"--key path" URL, F(session.key), AS_UNSIGNED, KEY_PATH, 0},
    {"--key id --key url-no-query" URL, F(session.key), AS_UNSIGNED, KEY_URL_NO_QUERY, 0},
    /* files */
    {"-d out" URL, F(session.dir), AS_STRING, 0, "out"},
    {"--dir=out" URL, F(store.dir), AS_STRING, 0, "out"},
    {"-o {index}" URL, F(session.output), AS_STRING, 0, "{index}"},
    {"-o /tmp/x" URL, F(store.absolute), AS_BOOL, 1, 0},
    {"-o x" URL, F(store.absolute), AS_BOOL, 0, 0},
    {"-o -" URL, F(output.bodies), AS_BOOL, 1, 0},
    {"-o -" URL, F(output.stdout_taken), AS_BOOL, 1, 0},
    {"-o -" URL, F(output.gather), AS_BOOL, 1, 0},
    {"-o -" URL, F(session.discard), AS_BOOL, 1, 0},
    {"-o -" URL, F(store.look_only), AS_BOOL, 1, 0},
    {"-o -" URL, F(net.http_version), AS_UNSIGNED, HTTP_VERSION_1_1, 0},
    {"-o - --http2" URL, F(net.http_version), AS_UNSIGNED, HTTP_VERSION_2, 0},
    {"-o - --as-completed" URL, F(output.gather), AS_BOOL, 0, 0},
    {"-o - --json --records r" URL, F(output.json), AS_BOOL, 1, 0},
    {"-o ./-" URL, F(output.bodies), AS_BOOL, 0, 0},
    {"--tar x" URL, F(output.tar), AS_STRING, 0, "x"},
    {"--tar x" URL, F(session.archive), AS_BOOL, 1, 0},
    {"--tar x" URL, F(output.gather), AS_BOOL, 0, 0},
    {"--tar x" URL, F(output.stdout_taken), AS_BOOL, 0, 0},
    {"--json --body" URL, F(session.body_most), AS_BYTES, 1 << 20, 0},
    {"--json --body=5k" URL, F(session.body_most), AS_BYTES, 5 << 10, 0},
    {"--json --body" URL, F(net.http_version), AS_UNSIGNED, HTTP_VERSION_AUTO, 0},
    {"http://h/x", F(session.body_most), AS_BYTES, 0, 0},
    {"http://h/x", F(output.spool), AS_BYTES, 1 << 30, 0},
    {"--spool 1M" URL, F(output.spool), AS_BYTES, 1 << 20, 0},
    {"-o /dev/null" URL, F(session.discard), AS_BOOL, 1, 0},
    {"-o /dev/null" URL, F(session.output), AS_STRING, 0, NULL},
    {"--discard" URL, F(session.discard), AS_BOOL, 1, 0},
    {"--dry-run" URL, F(session.dry_run), AS_BOOL, 1, 0},
    {"--dry-run" URL, F(store.look_only), AS_BOOL, 1, 0},
    {"--dry-run --cookie-jar j" URL, F(net.cookie_jar), AS_STRING, 0, NULL},
    {"--tree" URL, F(session.output), AS_STRING, 0, "{host}/{dirs}/{name}"},
    {"--if-exists fail" URL, F(session.if_exists), AS_UNSIGNED, IF_EXISTS_FAIL, 0},
    {"--if-exists update" URL, F(session.remote_time), AS_BOOL, 1, 0},
    {"--if-exists overwrite" URL, F(session.if_exists), AS_UNSIGNED, IF_EXISTS_OVERWRITE, 0},
    {"--if-exists skip" URL, F(session.if_exists), AS_UNSIGNED, IF_EXISTS_SKIP, 0},
    {"--if-exists rename" URL, F(session.if_exists), AS_UNSIGNED, IF_EXISTS_RENAME, 0},
    {"--if-exists update" URL, F(session.if_exists), AS_UNSIGNED, IF_EXISTS_UPDATE, 0},
    {"-J" URL, F(session.content_disposition), AS_BOOL, 1, 0},
    {"-R" URL, F(session.remote_time), AS_BOOL, 1, 0},
    {"--checksum md5:d41d8cd98f00b204e9800998ecf8427e" URL, F(session.checksum), AS_STRING, 0,
        "md5:d41d8cd98f00b204e9800998ecf8427e"},
    {"--hash sha256" URL, F(session.hash), AS_STRING, 0, "sha256"},
    {"--require-length" URL, F(session.require_length), AS_BOOL, 1, 0},
    {"--max-filesize 10M" URL, F(net.max_filesize), AS_BYTES, 10 << 20, 0},
    {"--no-resume" URL, F(session.resume), AS_BOOL, 0, 0},
    {"--no-resume" URL, F(store.resume), AS_BOOL, 0, 0},
    {"--resume-unsafe" URL, F(session.resume_unsafe), AS_BOOL, 1, 0},
    {"--fsync" URL, F(store.fsync), AS_BOOL, 1, 0},
    {"--xattr" URL, F(session.xattr), AS_BOOL, 1, 0},
    {"--no-marks" URL, F(session.marks), AS_BOOL, 0, 0},
    /* awaiting */
    {"--gather" URL, F(session.mode), AS_UNSIGNED, AWAIT_GATHER, 0},
    {"--gather" URL, F(output.gather), AS_BOOL, 1, 0},
    {"--gather --as-completed" URL, F(output.gather), AS_BOOL, 0, 0},
    {"--wait" URL, F(session.mode), AS_UNSIGNED, AWAIT_WAIT, 0},
    {"--return-when first-completed" URL, F(session.mode), AS_UNSIGNED, AWAIT_WAIT, 0},
    {"--return-when first-success" URL, F(session.return_when), AS_UNSIGNED, WAIT_FIRST_SUCCESS,
        0},
    {"--return-when first-exception" URL, F(session.return_when), AS_UNSIGNED,
        WAIT_FIRST_EXCEPTION, 0},
    {"--fail-fast" URL, F(session.fail_fast), AS_BOOL, 1, 0},
    {"--fail-early" URL, F(session.fail_fast), AS_BOOL, 1, 0},
    {"--fail-early --return-exceptions" URL, F(session.fail_fast), AS_BOOL, 0, 0},
    {"--same-file http://h/x http://m/x", F(input.same_file), AS_BOOL, 1, 0},
    {"--same-file http://h/x http://m/x", F(session.single), AS_BOOL, 1, 0},
    {"--same-file -o x http://h/x http://m/x", F(session.output), AS_STRING, 0, "x"},
    {"--same-file --checksum d41d8cd98f00b204e9800998ecf8427e http://h/x http://m/x",
        F(session.checksum), AS_STRING, 0, "d41d8cd98f00b204e9800998ecf8427e"},
    {"--timeout 2m" URL, F(session.timeout), AS_SECONDS, 120, 0},
    {"--task-timeout 1.5s" URL, F(session.task_timeout), AS_SECONDS, 1.5, 0},
    {"--attempt-timeout 3" URL, F(net.attempt_timeout), AS_SECONDS, 3, 0},
    {"--max-time 3" URL, F(net.attempt_timeout), AS_SECONDS, 3, 0},
    {"-m3" URL, F(net.attempt_timeout), AS_SECONDS, 3, 0},
    {"--connect-timeout 500ms" URL, F(net.connect_timeout), AS_SECONDS, 0.5, 0},
    {"--first-byte-timeout 1h" URL, F(net.first_byte_timeout), AS_SECONDS, 3600, 0},
    {"--stall-timeout 0" URL, F(net.stall_timeout), AS_SECONDS, 0, 0},
    {"-Y 1k" URL, F(net.speed_limit), AS_BYTES, 1024, 0},
    {"-Y 1k" URL, F(net.speed_time), AS_SECONDS, 30, 0},
    {"-y 5" URL, F(net.speed_time), AS_SECONDS, 5, 0},
    {"-y 5" URL, F(net.speed_limit), AS_BYTES, 1, 0},
    {"--speed-limit 7 --speed-time 9" URL, F(net.speed_time), AS_SECONDS, 9, 0},
    {"--on-interrupt drain" URL, F(drain), AS_BOOL, 1, 0},
    {"--on-interrupt cancel" URL, F(drain), AS_BOOL, 0, 0},
    /* pace */
    {"-j 1000" URL, F(hosts.jobs), AS_UNSIGNED, 1000, 0},
    {"-j1000" URL, F(hosts.per_host), AS_UNSIGNED, 1000, 0},
    {"-j 1000" URL, F(session.look_ahead), AS_COUNT, 16000, 0},
    {"-j 1000 --per-host 3" URL, F(hosts.per_host), AS_UNSIGNED, 3, 0},
    {"--per-host 3 -j 1000" URL, F(hosts.per_host), AS_UNSIGNED, 3, 0},
    {"-j 1000" URL, F(hosts.earn), AS_BOOL, 1, 0},
    {"http://h/x", F(hosts.earn), AS_BOOL, 1, 0},
    {"--per-host 3" URL, F(hosts.earn), AS_BOOL, 0, 0},
    {"-j 1 --look-ahead 5" URL, F(session.look_ahead), AS_COUNT, 5, 0},
    {"--limit-rate 500k" URL, F(net.limit_rate), AS_BYTES, 500 * 1024, 0},
    {"--rate 120/m" URL, F(hosts.rate), AS_SECONDS, 2, 0},
    {"--per-host-rate 3/s" URL, F(hosts.per_host_rate), AS_SECONDS, 3, 0},
    {"http://h/x", F(hosts.failures), AS_UNSIGNED, 0, 0},
    {"--segments 16" URL, F(session.segments), AS_UNSIGNED, 16, 0},
    {"--segments 16" URL, F(hosts.per_host), AS_UNSIGNED, 16, 0},
    {"--segments 4" URL, F(hosts.per_host), AS_UNSIGNED, 8, 0},
    {"-j 1 --segments 16" URL, F(hosts.per_host), AS_UNSIGNED, 16, 0},
    {"-j 20 --segments 16" URL, F(hosts.per_host), AS_UNSIGNED, 20, 0},
    {"--per-host 4 -j 1 --segments 16" URL, F(hosts.per_host), AS_UNSIGNED, 4, 0},
    {"-j 3 --segments 16" URL, F(hosts.jobs), AS_UNSIGNED, 3, 0},
    {"-j 3 --segments 16" URL, F(hosts.requests), AS_UNSIGNED, 48, 0},
    {"-j 3 --segments 16" URL, F(net.max_connections), AS_UNSIGNED, 48, 0},
    {"-j 3 --segments 16" URL, F(net.together), AS_UNSIGNED, 16, 0},
    {"-j 3" URL, F(hosts.requests), AS_UNSIGNED, 3, 0},
    {"-j 1 --segments 4 --loops 3" URL, F(net.loops), AS_UNSIGNED, 3, 0},
    {"-q" URL, F(session.segments), AS_UNSIGNED, 1, 0},
    {"--segment-size 4M" URL, F(session.segment_size), AS_BYTES, 4 << 20, 0},
    {"--segment-size 64k" URL, F(session.segment_size), AS_BYTES, 65536, 0},
    {"--race" URL, F(session.race), AS_BOOL, 1, 0},
    {"--host-failures 3" URL, F(hosts.failures), AS_UNSIGNED, 3, 0},
    {"--loops 8 -j 2" URL, F(net.loops), AS_UNSIGNED, 2, 0},
    {"--loops 3" URL, F(net.loops), AS_UNSIGNED, 3, 0},
    {"--executor-threads 2" URL, F(executor_threads), AS_UNSIGNED, 2, 0},
    {"--buffer 1M" URL, F(store.buffer), AS_COUNT, 1 << 20, 0},
    /* retrying */
    {"--retry 0" URL, F(session.retry.retries), AS_INT, 0, 0},
    {"--retry inf" URL, F(session.retry.retries), AS_INT, -1, 0},
    {"--retry-delay 100ms" URL, F(session.retry.delay), AS_SECONDS, 0.1, 0},
    {"--retry-max-delay 5" URL, F(session.retry.max_delay), AS_SECONDS, 5, 0},
    {"--retry-max-time 1m" URL, F(session.retry.max_time), AS_SECONDS, 60, 0},
    {"--retry-max-wait 1m" URL, F(session.retry.max_wait), AS_SECONDS, 60, 0},
    {"--retry-unsafe" URL, F(session.retry.unsafe), AS_BOOL, 1, 0},
    /* requests */
    {"-I" URL, F(session.head), AS_BOOL, 1, 0},
    {"-I -X HEAD" URL, F(session.head), AS_BOOL, 1, 0},
    {"-r 0-499" URL, F(session.request.range), AS_STRING, 0, "0-499"},
    {"-r -500,0-1" URL, F(session.resume), AS_BOOL, 0, 0},
    {"-X PATCH" URL, F(session.request.method), AS_STRING, 0, "PATCH"},
    {"--data a=1" URL, F(session.request.method), AS_STRING, 0, "POST"},
    {"--data a=1 --data b" URL, F(session.request.body), AS_STRING, 0, "a=1&b"},
    {"--data a=1 --data b" URL, F(session.request.body_len), AS_COUNT, 5, 0},
    {"--data= -X PUT" URL, F(session.request.body), AS_STRING, 0, ""},
    {"--data= -X PUT" URL, F(session.request.method), AS_STRING, 0, "PUT"},
    {"-A me" URL, F(net.user_agent), AS_STRING, 0, "me"},
    {"-A " URL, F(net.user_agent), AS_STRING, 0, ""},
    {"-e http://r/" URL, F(session.request.referer), AS_STRING, 0, "http://r/"},
    {"-u a:b:c" URL, F(session.request.userpwd), AS_STRING, 0, "a:b:c"},
    {"--oauth2-bearer abc" URL, F(session.request.bearer), AS_STRING, 0, "abc"},
    {"-b a=1 -b b=2" URL, F(session.request.cookie), AS_STRING, 0, "a=1; b=2"},
    {"-b a=1" URL, F(net.cookie_engine), AS_BOOL, 0, 0},
    {"-b jar.txt" URL, F(net.cookie_file), AS_STRING, 0, "jar.txt"},
    {"-b jar.txt" URL, F(net.cookie_engine), AS_BOOL, 1, 0},
    {"-b " URL, F(net.cookie_engine), AS_BOOL, 1, 0},
    {"-b " URL, F(net.cookie_file), AS_STRING, 0, NULL},
    {"--cookie-jar j" URL, F(net.cookie_jar), AS_STRING, 0, "j"},
    {"--cookie-jar j" URL, F(net.cookie_engine), AS_BOOL, 1, 0},
    {"-n" URL, F(net.netrc), AS_BOOL, 1, 0},
    {"--netrc-file f" URL, F(net.netrc), AS_BOOL, 1, 0},
    {"--netrc-file f" URL, F(net.netrc_file), AS_STRING, 0, "f"},
    {"--compressed" URL, F(net.compressed), AS_BOOL, 1, 0},
    {"--no-location" URL, F(session.request.location), AS_BOOL, 0, 0},
    {"--location-trusted" URL, F(session.request.location_trusted), AS_BOOL, 1, 0},
    {"--max-redirs 0" URL, F(session.request.max_redirs), AS_UNSIGNED, 0, 0},
    {"--max-redirs -1" URL, F(session.request.max_redirs), AS_UNSIGNED, 4294967295.0, 0},
    {"--aws-sigv4 aws:amz" URL, F(net.aws_sigv4), AS_STRING, 0, "aws:amz"},
    /* trust */
    {"--timeline f" URL, F(timeline), AS_STRING, 0, "f"},
    {"--timeline f" URL, F(session.spans), AS_BOOL, 1, 0},
    {"--report f" URL, F(report), AS_STRING, 0, "f"},
    {"--report f" URL, F(session.spans), AS_BOOL, 1, 0},
    {"http://h/x", F(session.spans), AS_BOOL, 0, 0},
    {"--journal f" URL, F(journal), AS_STRING, 0, "f"},
    {"--failures f" URL, F(failures), AS_STRING, 0, "f"},
    {"--checksums f" URL, F(checksums), AS_STRING, 0, "f"},
    {"--checksums http://h/S --checksums-partial" URL, F(session.checksums_partial), AS_BOOL, 1, 0},
    {"http://h/x", F(session.checksums_partial), AS_BOOL, 0, 0},
    {"--if-exists verify" URL, F(session.if_exists), AS_UNSIGNED, IF_EXISTS_VERIFY, 0},
    {"--deny-private" URL, F(net.deny_private), AS_BOOL, 1, 0},
    {"--deny-private -x " URL, F(net.deny_private), AS_BOOL, 1, 0},
    {"--no-sandbox" URL, F(sandbox), AS_BOOL, 0, 0},
    {"http://h/x", F(sandbox), AS_BOOL, 1, 0},
    /* connections */
    {"-x p:3128" URL, F(net.proxy), AS_STRING, 0, "p:3128"},
    {"-x " URL, F(net.proxy), AS_STRING, 0, ""},
    {"--proxy-user a:b" URL, F(net.proxy_user), AS_STRING, 0, "a:b"},
    {"--noproxy *" URL, F(net.noproxy), AS_STRING, 0, "*"},
    {"--cacert f" URL, F(net.cacert), AS_STRING, 0, "f"},
    {"--cert f" URL, F(net.cert), AS_STRING, 0, "f"},
    {"--cert f:pass:word" URL, F(net.cert), AS_STRING, 0, "f"},
    {"--cert f:pass:word" URL, F(net.key_password), AS_STRING, 0, "pass:word"},
    {"--cert f: --cert f" URL, F(net.key_password), AS_STRING, 0, NULL},
    {"--key-file f" URL, F(net.key_file), AS_STRING, 0, "f"},
    {"-k" URL, F(net.insecure), AS_BOOL, 1, 0},
    {"--http1.1" URL, F(net.http_version), AS_UNSIGNED, HTTP_VERSION_1_1, 0},
    {"-4" URL, F(net.ip_version), AS_INT, 4, 0},
    {"-4 -6" URL, F(net.ip_version), AS_INT, 6, 0},
    {"--interface lo" URL, F(net.interface), AS_STRING, 0, "lo"},
    {"--unix-socket s" URL, F(net.unix_socket), AS_STRING, 0, "s"},
    {"--proto =https" URL, F(net.proto), AS_STRING, 0, "=https"},
    /* more than one machine */
    {"--queue redis://h/s", F(queue.from), AS_STRING, 0, "redis://h/s"},
    {"--queue redis://h/s", F(queue.group), AS_STRING, 0, "garner"},
    {"--queue redis://h/s", F(queue.idle_claim), AS_SECONDS, 60, 0},
    {"--queue redis://h/s", F(queue.max_deliveries), AS_UNSIGNED, 5, 0},
    {"--queue redis://h/s -j 10", F(session.look_ahead), AS_COUNT, 20, 0},
    {"--queue redis://h/s --look-ahead 7", F(session.look_ahead), AS_COUNT, 7, 0},
    {"--queue redis://h/s --group g", F(queue.group), AS_STRING, 0, "g"},
    {"--queue redis://h/s --consumer c", F(queue.consumer), AS_STRING, 0, "c"},
    {"--queue redis://h/s --results r", F(queue.results), AS_STRING, 0, "r"},
    {"--queue redis://h/s --dead d", F(queue.dead), AS_STRING, 0, "d"},
    {"--queue redis://h/s --idle-claim 2m", F(queue.idle_claim), AS_SECONDS, 120, 0},
    {"--queue redis://h/s --max-deliveries 1", F(queue.max_deliveries), AS_UNSIGNED, 1, 0},
    {"--queue redis://h/s --exit-when-empty", F(queue.exit_when_empty), AS_BOOL, 1, 0},
    {"--queue redis://h/s --partitions 8 --shard 1/2", F(queue.shards), AS_UNSIGNED, 2, 0},
    {"--queue redis://h/s --partitions 8 --shard 1/2", F(session.shards), AS_UNSIGNED, 0, 0},
    {"--enqueue redis+unix:///p?stream=s" URL, F(queue.to), AS_STRING, 0, "redis+unix:///p?stream=s"},
    {"--enqueue redis://h/s --partitions 8" URL, F(queue.partitions), AS_UNSIGNED, 8, 0},
    {"--enqueue redis://h/s --unique u" URL, F(queue.unique), AS_STRING, 0, "u"},
    /* results */
    {"--print new" URL, F(output.print), AS_UNSIGNED, PRINT_NEW, 0},
    {"--print none" URL, F(output.print_set), AS_BOOL, 1, 0},
    {"--print0" URL, F(output.print0), AS_BOOL, 1, 0},
    {"--json" URL, F(output.json), AS_BOOL, 1, 0},
    {"-w %{url}" URL, F(output.write_out), AS_STRING, 0, "%{url}"},
    {"--write-out= -w @f" URL, F(output.write_out), AS_STRING, 0, ""},
    {"-w @format --records r" URL, F(output.write_out), AS_STRING, 0, "%{url} %{path}\\n"},
    {"--records r" URL, F(output.records), AS_STRING, 0, "r"},
    {"--events e" URL, F(events), AS_STRING, 0, "e"},
    {"--exec gunzip" URL, F(session.exec), AS_STRING, 0, "gunzip"},
    {"--exec mv~{path}~'a~b'/{id}" URL, F(session.exec), AS_STRING, 0, "mv {path} 'a b'/{id}"},
    {"http://h/x", F(session.exec), AS_STRING, 0, NULL},
    {"--exec-jobs 3" URL, F(session.exec_jobs), AS_UNSIGNED, 3, 0},
    {"-q" URL, F(output.quiet), AS_BOOL, 1, 0},
    {"-s" URL, F(output.quiet), AS_BOOL, 1, 0},
    {"-v" URL, F(output.verbose), AS_UNSIGNED, 1, 0},
    {"-v" URL, F(net.verbose), AS_BOOL, 0, 0},
    {"-vv" URL, F(net.verbose), AS_BOOL, 1, 0},
    {"--progress none" URL, F(output.progress), AS_UNSIGNED, PROGRESS_NONE, 0},
    {"--debug" URL, F(debug), AS_BOOL, 1, 0},
    /* habits */
    {"-fsSL" URL, F(output.quiet), AS_BOOL, 1, 0},
    {"-fLO" URL " -o x", F(session.output), AS_STRING, 0, "x"},
    {"--no-config" URL, F(action), AS_UNSIGNED, OPTIONS_RUN, 0},
    /* GNU: options after words, and -- */
    {"http://h/x -j 3", F(hosts.jobs), AS_UNSIGNED, 3, 0},
    {"-j 3 -- http://h/x", F(hosts.jobs), AS_UNSIGNED, 3, 0},
    /* the later word counts */
    {"-j 3 -j 4" URL, F(hosts.jobs), AS_UNSIGNED, 4, 0},
    /* what is asked first is answered, whatever else is there */
    {"--help -x proxy nonsense", F(action), AS_UNSIGNED, OPTIONS_HELP, 0},
    {"--help", F(help_topic), AS_STRING, 0, NULL},
    {"--help pace", F(help_topic), AS_STRING, 0, "pace"},
    {"--help=all", F(help_topic), AS_STRING, 0, "all"},
    {"-h", F(action), AS_UNSIGNED, OPTIONS_HELP, 0},
    {"-V", F(action), AS_UNSIGNED, OPTIONS_VERSION, 0},
    {"--completion zsh", F(action), AS_UNSIGNED, OPTIONS_COMPLETION, 0},
};
/* clang-format on */

START_TEST(test_fields)
{
    file_write("f", "");
    file_write("format", "%{url} \r\n%{path}\\n\n");
    if (strstr(fields[_i].line, "queue redis") && !redis_version()) {
        return; /* this build has no queues */
    }
    struct options *o = options_are_good(fields[_i].line);
    field_is(fields[_i].line, o, fields[_i].at, fields[_i].as, fields[_i].number, fields[_i].text);
    options_free(o);
}
END_TEST

START_TEST(test_two_loops_where_there_are_cores)
{
    struct options *some = options_are_good("-q" URL), *all = options_are_good("--loops auto" URL);
    ck_assert_uint_eq(some->net.loops, all->net.loops > 1 ? 2 : 1);
    options_free(some);
    options_free(all);
}
END_TEST

/* Whoever adds an option adds a good use of it, and a bad one if its value can be wrong. */
START_TEST(test_every_option_is_tested)
{
    static const char elsewhere[] = " input config header auth-host resolve connect-to retry-on "
                                    "data return-exceptions as-completed http2 http3 allow-dir ";
    for (size_t i = 0; i < option_nrows; i++) {
        const struct option_row *row = &option_rows[i];
        char name[64];
        bool found = false;
        snprintf(name, sizeof name, " %s ", row->name ? row->name : "-");
        found = strstr(elsewhere, name) != NULL;
        for (size_t k = 0; !found && k < sizeof fields / sizeof *fields; k++) {
            const char *line = fields[k].line;
            snprintf(name, sizeof name, "--%s", row->name ? row->name : "nothing");
            const char *at = strstr(line, name);
            found = at && strchr(" =", at[strlen(name)]);
            for (const char *s = line; !found && row->letter && (s = strchr(s, '-')); s++) {
                found = (s == line || s[-1] == ' ') && s[1] != '-' &&
                        memchr(s, row->letter, strcspn(s, " "));
            }
        }
        ck_assert_msg(found, "no test names %s %c", row->name ? row->name : "",
            row->letter ? row->letter : ' ');
    }
}
END_TEST

START_TEST(test_lists)
{
    file_write("headers", "A: 1\r\n\nB;\nC:");
    file_write("token", "  secret\n");
    file_write("body", "{\n  \"a\": 1\r\n}\n");
    struct options *o = options_are_good("-H X:~y -H @headers -i one -i - --retry-on 429,503 "
                                         "--resolve h:80:127.0.0.1 --resolve -h:81 "
                                         "--connect-to ::h:81 --connect-to [::1]:80:b:1 "
                                         "--allow-dir /a// --allow-dir b "
                                         "--auth-host a,b --auth-host c --data @body "
                                         "--oauth2-bearer @token http://h/x http://h/y");
    static const char *const headers[] = {"X: y", "A: 1", "B;", "C:", NULL};
    for (size_t i = 0; headers[i]; i++) {
        ck_assert_str_eq(o->session.request.headers[i], headers[i]);
    }
    ck_assert_ptr_null(o->session.request.headers[4]);
    ck_assert_str_eq(o->store.allow_dirs[0], "/a");
    ck_assert(o->store.allow_dirs[1][0] == '/' && strstr(o->store.allow_dirs[1], "/b"));
    ck_assert_ptr_null(o->store.allow_dirs[2]);
    ck_assert_ptr_eq(o->store.allow_dirs, o->session.allow_dirs);
    ck_assert_str_eq(o->input.files[0], "one");
    ck_assert_str_eq(o->input.files[1], "-");
    ck_assert_ptr_null(o->input.files[2]);
    ck_assert_str_eq(o->input.urls[1], "http://h/y");
    ck_assert_ptr_null(o->input.urls[2]);
    ck_assert_int_eq(o->session.retry.codes[0], 429);
    ck_assert_int_eq(o->session.retry.codes[1], 503);
    ck_assert_int_eq(o->session.retry.codes[2], 0);
    ck_assert_str_eq(o->net.resolve[1], "-h:81");
    ck_assert_ptr_null(o->net.resolve[2]);
    ck_assert_str_eq(o->net.connect_to[1], "[::1]:80:b:1");
    ck_assert_ptr_null(o->net.connect_to[2]);
    ck_assert_str_eq(o->session.request.auth_hosts[2], "c");
    ck_assert_ptr_null(o->session.request.auth_hosts[3]);
    ck_assert_str_eq(o->session.request.body, "{  \"a\": 1}");
    ck_assert_str_eq(o->session.request.bearer, "secret");
    options_free(o);
}
END_TEST

START_TEST(test_standard_input_is_the_list)
{
    struct options *o = options_are_good("-q");
    ck_assert_str_eq(o->input.files[0], "-");
    ck_assert_ptr_null(o->input.files[1]);
    ck_assert_ptr_null(o->input.urls[0]);
    options_free(o);
    o = options_are_good("http://h/x");
    ck_assert_ptr_null(o->input.files[0]);
    options_free(o);
}
END_TEST

START_TEST(test_one_name_for_several_urls)
{
    options_free(options_are_good("-o x --return-when first-success http://h/x http://h/y"));
    options_free(options_are_good("-o x{index} http://h/x http://h/y"));
    options_free(options_are_good("-o x/ http://h/x http://h/y"));
    options_are_bad("-o x --wait http://h/x http://h/y", "names one file");
}
END_TEST

/* As many as the machine has cores for, and two at most: auto is not less. */
START_TEST(test_loops_by_default)
{
    struct options *usual = options_are_good("-q http://h/x");
    struct options *every = options_are_good("--loops auto http://h/x");
    ck_assert_uint_eq(usual->net.loops, every->net.loops > 1 ? 2 : 1);
    options_free(usual);
    options_free(every);
}
END_TEST

START_TEST(test_debug_by_environment)
{
    static const struct {
        const char *value;
        bool debug;
    } cases[] = {{NULL, false}, {"", false}, {"1", true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsetenv("GARNER_DEBUG");
        if (cases[i].value) {
            setenv("GARNER_DEBUG", cases[i].value, 1);
        }
        struct options *o = options_are_good("http://h/x");
        ck_assert(o->debug == cases[i].debug);
        options_free(o);
    }
}
END_TEST

/* Two columns of a terminal of 80. */
START_TEST(test_help_fits)
{
    for (size_t i = 0; i < option_nrows; i++) {
        const char *help = option_rows[i].help;
        ck_assert_msg(!help || strlen(help) <= 50, "too long: %s", help);
    }
}
END_TEST

Suite *cli_options_suite(void);
Suite *cli_options_suite(void)
{
    Suite *s = suite_create("cli_options");
    TCase *t = tcase_create("options");
    tcase_add_checked_fixture(t, options_setup, options_teardown);
    tcase_add_loop_test(t, test_fields, 0, sizeof fields / sizeof *fields);
    tcase_add_test(t, test_two_loops_where_there_are_cores);
    tcase_add_test(t, test_every_option_is_tested);
    tcase_add_test(t, test_lists);
    tcase_add_test(t, test_standard_input_is_the_list);
    tcase_add_test(t, test_one_name_for_several_urls);
    tcase_add_test(t, test_loops_by_default);
    tcase_add_test(t, test_debug_by_environment);
    tcase_add_test(t, test_help_fits);
    suite_add_tcase(s, t);
    return s;
}
