/* SPDX-License-Identifier: MIT */
/*
 * Every option, once: the command line, the configuration file and --help read this table, and the
 * manual page is checked against it. A help text fits the line behind its option.
 */
#include "cli/options_private.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

#define O(field) offsetof(struct options, field)
#define P(list)  offsetof(struct parse, list)

/* clang-format off */
const struct option_row option_rows[] = {
    /* -- what is downloaded -- */
    {"input", 'i', GROUP_INPUT, ROW_COMMON, "FILE", take_input, P(files), 0, 0,
        "read a list (- is standard input); repeatable"},
    {"input-format", 0, GROUP_INPUT, 0, "auto|lines|jsonl|tsv|csv", take_choice, O(input.format), 0, 0,
        "what the lists are (auto: by their first byte)"},
    {"journal", 0, GROUP_INPUT, 0, "FILE", take_file, O(journal), 0, 0,
        "note what is finished; skip what is noted"},
    {"failures", 0, GROUP_INPUT, 0, "FILE", take_file, O(failures), 0, 0,
        "write what failed or was cut off, as a list"},
    {"key", 0, GROUP_INPUT, 0, "url|url-no-query|id|path", take_key, O(session.key), 0, 0,
        "what an entry is known by (its id, else its URL)"},
    {"shard", 0, GROUP_INPUT, 0, "I/N", take_shard, 0, 1, 1e6,
        "download share I (from 0) of N of the list"},

    /* -- where bytes go -- */
    {"dir", 'd', GROUP_FILES, ROW_COMMON, "DIR", take_dir, O(session.dir), 0, 0,
        "put files below DIR, which is created (.)"},
    {"output", 'o', GROUP_FILES, ROW_COMMON, "TEMPLATE", take_output, O(session.output), 0, 0,
        "name files by {name}, {host}, {index:04}, ..."},
    {"dry-run", 0, GROUP_FILES, 0, NULL, take_flag, O(session.dry_run), 0, 0,
        "say what would go where, and do nothing"},
    {"tree", 0, GROUP_FILES, 0, NULL, take_tree, 0, 0, 0,
        "name files {host}/{dirs}/{name}"},
    {"if-exists", 0, GROUP_FILES, ROW_COMMON, "skip|verify|update|rename|overwrite|fail",
        take_choice, O(session.if_exists), 0, 0,
        "what to do about a file that is there (skip)"},
    {"discard", 0, GROUP_FILES, 0, NULL, take_flag, O(session.discard), 0, 0,
        "receive, check and record, but store nothing"},
    {"content-disposition", 'J', GROUP_FILES, 0, NULL, take_flag, O(session.content_disposition),
        0, 0, "let the server name the file"},
    {"remote-time", 'R', GROUP_FILES, 0, NULL, take_flag, O(session.remote_time), 0, 0,
        "give the file the server's time"},
    {"checksum", 0, GROUP_FILES, 0, "ALGO:HEX", take_checksum, O(session.checksum), 0, 0,
        "the digest that the one file must have"},
    {"checksums", 0, GROUP_FILES, 0, "FILE|URL", take_file, O(checksums), 0, 0,
        "digests of files by their names (SHA256SUMS)"},
    {"checksums-partial", 0, GROUP_FILES, 0, NULL, take_flag, O(session.checksums_partial), 0, 0,
        "files that it does not name are good, too"},
    {"hash", 0, GROUP_FILES, 0, "md5|sha1|sha256|sha512", take_hash, O(session.hash), 0, 0,
        "record this digest of each file"},
    {"require-length", 0, GROUP_FILES, 0, NULL, take_flag, O(session.require_length), 0, 0,
        "refuse a body whose end is not certain"},
    {"max-filesize", 0, GROUP_FILES, 0, "SIZE", take_size, O(net.max_filesize), 0, 0,
        "refuse larger files"},
    {"no-resume", 0, GROUP_FILES, 0, NULL, take_no_resume, 0, 0, 0,
        "start over what was cut off"},
    {"resume-unsafe", 0, GROUP_FILES, 0, NULL, take_flag, O(session.resume_unsafe), 0, 0,
        "append even without a validator"},
    {"fsync", 0, GROUP_FILES, 0, NULL, take_flag, O(store.fsync), 0, 0,
        "sync each file and its directory"},
    {"allow-dir", 0, GROUP_FILES, 0, "DIR", take_allow_dir, P(allow_dirs), 0, 0,
        "let a list put files there, too; repeatable"},
    {"xattr", 0, GROUP_FILES, 0, NULL, take_flag, O(session.xattr), 0, 0,
        "note the URL in an extended attribute"},
    {"no-marks", 0, GROUP_FILES, 0, NULL, take_unflag, O(session.marks), 0, 0,
        "write no user.garner attributes"},

    /* -- awaiting -- */
    {"as-completed", 0, GROUP_AWAIT, 0, NULL, take_mode, 0, AWAIT_AS_COMPLETED, 0,
        "results as downloads end (the default)"},
    {"gather", 0, GROUP_AWAIT, ROW_COMMON, NULL, take_mode, 0, AWAIT_GATHER, 0,
        "results in the order of the input"},
    {"wait", 0, GROUP_AWAIT, 0, NULL, take_mode, 0, AWAIT_WAIT, 0,
        "results at the end: the done, then the pending"},
    {"return-when", 0, GROUP_AWAIT, 0,
        "all-completed|first-completed|first-exception|first-success",
        take_return_when, O(session.return_when), 0, 0, "when --wait, which it implies, ends"},
    {"return-exceptions", 0, GROUP_AWAIT, 0, NULL, take_unflag, O(session.fail_fast), 0, 0,
        "a failure is a result like any other (the default)"},
    {"fail-fast", 0, GROUP_AWAIT, ROW_COMMON, NULL, take_flag, O(session.fail_fast), 0, 0,
        "the first failure cancels the rest"},
    {"fail-early", 0, GROUP_AWAIT, 0, NULL, take_flag, O(session.fail_fast), 0, 0, NULL},
    {"race", 0, GROUP_AWAIT, 0, NULL, take_flag, O(session.race), 0, 0,
        "ask all mirrors at once; the first that answers"},
    {"same-file", 0, GROUP_AWAIT, 0, NULL, take_flag, O(input.same_file), 0, 0,
        "all URLs of the command line are mirrors of one"},
    {"timeout", 0, GROUP_AWAIT, ROW_COMMON, "DUR", take_duration, O(session.timeout), 0, 0,
        "end the run after so long"},
    {"task-timeout", 0, GROUP_AWAIT, 0, "DUR", take_duration, O(session.task_timeout), 0, 0,
        "for one download with all its attempts and waits"},
    {"attempt-timeout", 0, GROUP_AWAIT, 0, "DUR", take_duration, O(net.attempt_timeout),
        0, 0, "for one attempt"},
    {"max-time", 'm', GROUP_AWAIT, 0, "DUR", take_duration, O(net.attempt_timeout), 0, 0,
        NULL},
    {"connect-timeout", 0, GROUP_AWAIT, 0, "DUR", take_duration, O(net.connect_timeout),
        0, 0, "for look-up, connection and TLS (15s)"},
    {"first-byte-timeout", 0, GROUP_AWAIT, 0, "DUR", take_duration,
        O(net.first_byte_timeout), 0, 0, "from the request to its answer (2m)"},
    {"stall-timeout", 0, GROUP_AWAIT, 0, "DUR", take_duration, O(net.stall_timeout), 0, 0,
        "without a byte (30s)"},
    {"speed-limit", 'Y', GROUP_AWAIT, 0, "BYTES", take_size, O(net.speed_limit), 0, 0,
        "give up what is slower than this a second"},
    {"speed-time", 'y', GROUP_AWAIT, 0, "DUR", take_duration, O(net.speed_time), 0, 0,
        "... for so long (30s)"},
    {"on-interrupt", 0, GROUP_AWAIT, 0, "cancel|drain", take_on_interrupt, 0, 0, 0,
        "at Ctrl-C: cancel (default), or finish what runs"},

    /* -- concurrency and pace -- */
    {"jobs", 'j', GROUP_PACE, ROW_COMMON, "N", take_jobs, O(hosts.jobs), 1, 65535,
        "downloads at once (64)"},
    {"per-host", 0, GROUP_PACE, ROW_COMMON, "N", take_per_host, O(hosts.per_host), 1, 65535,
        "requests at once to one host (8, or as -j says)"},
    {"segments", 0, GROUP_PACE, ROW_COMMON, "N", take_unsigned, O(session.segments), 1, 64,
        "connections for one large file (1)"},
    {"segment-size", 0, GROUP_PACE, 0, "SIZE", take_size, O(session.segment_size), 65536, 0,
        "no connection for less of a file than this (1M)"},
    {"limit-rate", 0, GROUP_PACE, 0, "SIZE", take_size, O(net.limit_rate), 0, 0,
        "bytes a second, all downloads together"},
    {"rate", 0, GROUP_PACE, 0, "N/s|m|h", take_rate, O(hosts.rate), 0, 0,
        "request starts a second, minute or hour"},
    {"per-host-rate", 0, GROUP_PACE, 0, "N/s|m|h", take_rate, O(hosts.per_host_rate), 0, 0,
        "the same for each host"},
    {"host-failures", 0, GROUP_PACE, 0, "N", take_unsigned, O(hosts.failures), 0, 1e6,
        "give a host up after so many failed connections"},
    {"look-ahead", 0, GROUP_PACE, 0, "N", take_look_ahead, O(session.look_ahead), 1, 1e9,
        "entries read ahead (16 x jobs, at least 4096)"},
    {"loops", 0, GROUP_PACE, 0, "N|auto", take_loops, O(net.loops), 1, LOOPS_MOST,
        "loops for transfers, a thread each (auto: cores)"},
    {"executor-threads", 0, GROUP_PACE, 0, "N", take_unsigned, O(executor_threads), 1, 1024,
        "threads for files and digests (cores + 4)"},
    {"buffer", 0, GROUP_PACE, 0, "SIZE", take_buffer, 0, 65536, 0,
        "bytes in memory that are not yet written (64M)"},

    /* -- retrying -- */
    {"retry", 0, GROUP_RETRY, ROW_COMMON, "N|inf", take_retry, 0, 0, 1e6,
        "attempts after the first without progress (4)"},
    {"retry-delay", 0, GROUP_RETRY, 0, "DUR", take_duration, O(session.retry.delay), 0, 0,
        "the first wait, then doubled, with jitter (1s)"},
    {"retry-max-delay", 0, GROUP_RETRY, 0, "DUR", take_duration,
        O(session.retry.max_delay), 0, 0, "the longest wait (60s)"},
    {"retry-max-time", 0, GROUP_RETRY, 0, "DUR", take_duration, O(session.retry.max_time),
        0, 0, "no attempt starts later than this (none)"},
    {"retry-max-wait", 0, GROUP_RETRY, 0, "DUR", take_duration, O(session.retry.max_wait),
        0, 0, "the longest Retry-After that is obeyed (10m)"},
    {"retry-on", 0, GROUP_RETRY, 0, "CODES", take_retry_on, 0, 0, 0,
        "statuses (408,425,429,500,502,503,504)"},
    {"retry-unsafe", 0, GROUP_RETRY, 0, NULL, take_flag, O(session.retry.unsafe), 0, 0,
        "retry methods other than GET and HEAD too"},

    /* -- requests -- */
    {"head", 'I', GROUP_REQUEST, ROW_COMMON, NULL, take_flag, O(session.head), 0, 0,
        "ask for the head only; nothing is stored"},
    {"range", 'r', GROUP_REQUEST, 0, "RANGE", take_range, O(session.request.range), 0, 0,
        "ask for these bytes only: 0-499, 500-, -500"},
    {"request", 'X', GROUP_REQUEST, 0, "METHOD", take_method, O(session.request.method), 0, 0,
        "another method than GET"},
    {"data", 0, GROUP_REQUEST, 0, "STRING|@FILE", take_data, 0, 0, 0,
        "a body to send, by POST unless -X says otherwise"},
    {"header", 'H', GROUP_REQUEST, ROW_COMMON, "LINE|@FILE", take_header, 0, 0, 0,
        "a header, or a file of them; repeatable"},
    {"user-agent", 'A', GROUP_REQUEST, 0, "TEXT", take_string, O(net.user_agent), 0, 0,
        "in place of garner/VERSION; empty: none"},
    {"referer", 'e', GROUP_REQUEST, 0, "URL", take_referer, O(session.request.referer), 0, 0,
        "the page that is said to have led here"},
    {"user", 'u', GROUP_REQUEST, 0, "USER:PASSWORD", take_user, O(session.request.userpwd), 0, 0,
        "for HTTP authentication"},
    {"oauth2-bearer", 0, GROUP_REQUEST, 0, "TOKEN|@FILE", take_bearer, 0, 0, 0,
        "a bearer token"},
    {"auth-host", 0, GROUP_REQUEST, 0, "HOST[,...]", take_auth_host, 0, 0, 0,
        "only these get -H, -u, -b and the token"},
    {"cookie", 'b', GROUP_REQUEST, 0, "TEXT|FILE", take_cookie, O(net.cookie_file), 0, 0,
        "cookies: name=value; ..., or a file of them"},
    {"cookie-jar", 0, GROUP_REQUEST, 0, "FILE", take_cookie_jar, O(net.cookie_jar), 0, 0,
        "write all cookies there at the end"},
    {"netrc", 'n', GROUP_REQUEST, 0, NULL, take_flag, O(net.netrc), 0, 0,
        "take users and passwords from ~/.netrc"},
    {"netrc-file", 0, GROUP_REQUEST, 0, "FILE", take_netrc_file, O(net.netrc_file), 0, 0,
        "... or from FILE"},
    {"compressed", 0, GROUP_REQUEST, 0, NULL, take_flag, O(net.compressed), 0, 0,
        "ask for a compressed body, and decode it"},
    {"no-location", 0, GROUP_REQUEST, 0, NULL, take_unflag, O(session.request.location), 0, 0,
        "a redirect is the result"},
    {"location-trusted", 0, GROUP_REQUEST, 0, NULL, take_location_trusted,
        O(session.request.location_trusted), 0, 0, "credentials follow redirects to other hosts"},
    {"max-redirs", 0, GROUP_REQUEST, 0, "N", take_max_redirs, O(session.request.max_redirs),
        0, 1e6, "redirects of one download (10); -1: any number"},
    {"aws-sigv4", 0, GROUP_REQUEST, 0, "PROVIDER", take_string, O(net.aws_sigv4), 0, 0,
        "sign by AWS version 4, with -u as the key"},

    /* -- connections -- */
    {"proxy", 'x', GROUP_CONNECTION, 0, "URL", take_proxy, O(net.proxy), 0, 0,
        "[SCHEME://]HOST:PORT; empty: none"},
    {"proxy-user", 0, GROUP_CONNECTION, 0, "USER:PASSWORD", take_string, O(net.proxy_user), 0, 0,
        "for the proxy"},
    {"noproxy", 0, GROUP_CONNECTION, 0, "HOSTS", take_string, O(net.noproxy), 0, 0,
        "hosts that need no proxy: a.example,.b.example, *"},
    {"cacert", 0, GROUP_CONNECTION, 0, "FILE", take_string, O(net.cacert), 0, 0,
        "trust these certificate authorities"},
    {"cert", 0, GROUP_CONNECTION, 0, "FILE", take_string, O(net.cert), 0, 0,
        "a certificate of one's own"},
    {"key-file", 0, GROUP_CONNECTION, 0, "FILE", take_string, O(net.key_file), 0, 0,
        "its private key"},
    {"insecure", 'k', GROUP_CONNECTION, 0, NULL, take_flag, O(net.insecure), 0, 0,
        "do not check the server's certificate"},
    {"http1.1", 0, GROUP_CONNECTION, 0, NULL, take_http_version, 0, HTTP_VERSION_1_1, 0,
        "speak HTTP/1.1"},
    {"http2", 0, GROUP_CONNECTION, 0, NULL, take_http_version, 0, HTTP_VERSION_2, 0,
        "speak HTTP/2 where the server does"},
    {"http3", 0, GROUP_CONNECTION, 0, NULL, take_http_version, 0, HTTP_VERSION_3, 0,
        "speak HTTP/3, where libcurl can"},
    {"ipv4", '4', GROUP_CONNECTION, 0, NULL, take_ip_version, 0, 4, 0, "IPv4 addresses only"},
    {"ipv6", '6', GROUP_CONNECTION, 0, NULL, take_ip_version, 0, 6, 0, "IPv6 addresses only"},
    {"resolve", 0, GROUP_CONNECTION, 0, "HOST:PORT:ADDRESS", take_resolve, P(resolve), 0, 0,
        "an address for a name; repeatable"},
    {"connect-to", 0, GROUP_CONNECTION, 0, "HOST1:PORT1:HOST2:PORT2", take_connect_to,
        P(connect_to), 0, 0, "connect to the second for the first; repeatable"},
    {"interface", 0, GROUP_CONNECTION, 0, "NAME", take_string, O(net.interface), 0, 0,
        "an interface, address or host name to connect from"},
    {"unix-socket", 0, GROUP_CONNECTION, 0, "PATH", take_string, O(net.unix_socket), 0, 0,
        "connect to this socket"},
    {"deny-private", 0, GROUP_CONNECTION, 0, NULL, take_flag, O(net.deny_private), 0, 0,
        "refuse hosts with private addresses"},
    {"proto", 0, GROUP_CONNECTION, 0, "PROTOCOLS", take_string, O(net.proto), 0, 0,
        "which are allowed: =https (http,https)"},

    /* -- results -- */
    {"print", 0, GROUP_OUTPUT, 0, "present|new|none", take_print, O(output.print), 0, 0,
        "paths of all that are there, of new ones, none"},
    {"print0", 0, GROUP_OUTPUT, 0, NULL, take_flag, O(output.print0), 0, 0,
        "end each path with a NUL"},
    {"json", 0, GROUP_OUTPUT, ROW_COMMON, NULL, take_flag, O(output.json), 0, 0,
        "a record a line in place of paths"},
    {"write-out", 'w', GROUP_OUTPUT, 0, "FORMAT|@FILE", take_write_out, O(output.write_out), 0, 0,
        "a text a record: %{url} %{http_code}\\n, as in curl"},
    {"records", 0, GROUP_OUTPUT, 0, "FILE", take_string, O(output.records), 0, 0,
        "write the records there"},
    {"events", 0, GROUP_OUTPUT, 0, "FILE", take_file, O(events), 0, 0,
        "write what each download does, as it happens"},
    {"exec", 0, GROUP_OUTPUT, ROW_COMMON, "CMD", take_exec, O(session.exec), 0, 0,
        "run CMD for each file: {path}, {url}, {id}"},
    {"exec-jobs", 0, GROUP_OUTPUT, 0, "N", take_unsigned, O(session.exec_jobs), 1, 65535,
        "commands at once (as many as processors)"},
    {"quiet", 'q', GROUP_OUTPUT, ROW_COMMON, NULL, take_flag, O(output.quiet), 0, 0,
        "failures only"},
    {NULL, 's', GROUP_OUTPUT, 0, NULL, take_flag, O(output.quiet), 0, 0, NULL},
    {"verbose", 'v', GROUP_OUTPUT, 0, NULL, take_verbose, 0, 0, 0,
        "say more; twice: what goes over the wire too"},
    {"progress", 0, GROUP_OUTPUT, 0, "auto|bar|plain|none", take_choice, O(output.progress),
        0, 0, "a display on a terminal, lines, or none"},

    /* -- garner itself -- */
    {"config", 'K', GROUP_GENERAL, ROW_COMMAND_LINE, "FILE", take_config, 0, 0, 0,
        "read options from FILE, one a line"},
    {"no-config", 0, GROUP_GENERAL, ROW_COMMAND_LINE, NULL, take_nothing, 0, 0, 0,
        "leave the user's configuration file out"},
    {"no-sandbox", 0, GROUP_GENERAL, 0, NULL, take_unflag, O(sandbox), 0, 0,
        "do not confine the process to its files (Landlock)"},
    {"debug", 0, GROUP_GENERAL, 0, NULL, take_flag, O(debug), 0, 0,
        "asyncio's debug mode: slow callbacks, lost errors"},
    {"help", 'h', GROUP_GENERAL, ROW_COMMAND_LINE | ROW_COMMON | ROW_OPTIONAL, "GROUP", take_help,
        0, 0, 0, "this, the options of a group, or all"},
    {"completion", 0, GROUP_GENERAL, ROW_COMMAND_LINE, "bash|zsh|fish", take_completion, 0, 0, 0,
        "the script by which a shell completes options"},
    {"version", 'V', GROUP_GENERAL, ROW_COMMAND_LINE, NULL, take_version, 0, 0, 0,
        "versions and features"},
    {NULL, 'f', GROUP_GENERAL, 0, NULL, take_nothing, 0, 0, 0,
        "as always: HTTP errors are failures"},
    {NULL, 'S', GROUP_GENERAL, 0, NULL, take_nothing, 0, 0, 0,
        "as always: failures are shown"},
    {NULL, 'L', GROUP_GENERAL, 0, NULL, take_nothing, 0, 0, 0,
        "as always: redirects are followed"},
    {NULL, 'O', GROUP_GENERAL, 0, NULL, take_nothing, 0, 0, 0,
        "as always: files have their remote names"},
};
/* clang-format on */

const size_t option_nrows = sizeof option_rows / sizeof *option_rows;

const struct option_row *option_by_name(const char *name, size_t len)
{
    for (size_t i = 0; i < option_nrows; i++) {
        const char *n = option_rows[i].name;
        if (n && strlen(n) == len && memcmp(n, name, len) == 0) {
            return &option_rows[i];
        }
    }
    return NULL;
}

const struct option_row *option_by_letter(int letter)
{
    for (size_t i = 0; i < option_nrows; i++) {
        if (option_rows[i].letter && option_rows[i].letter == letter) {
            return &option_rows[i];
        }
    }
    return NULL;
}

/* Levenshtein's distance; names longer than the rows of the calculation are far from everything. */
static unsigned distance(const char *a, size_t alen, const char *b, size_t blen)
{
    unsigned row[64];
    if (alen >= 64 || blen >= 64) {
        return 64;
    }
    for (size_t j = 0; j <= blen; j++) {
        row[j] = (unsigned)j;
    }
    for (size_t i = 1; i <= alen; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= blen; j++) {
            unsigned best = diagonal + (tolower((unsigned char)a[i - 1]) != b[j - 1]);
            diagonal = row[j];
            best = row[j] + 1 < best ? row[j] + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            row[j] = best;
        }
    }
    return row[blen];
}

const char *option_nearest(const char *name, size_t len)
{
    const char *nearest = NULL;
    unsigned least = len < 4 ? 2 : 3;
    for (size_t i = 0; i < option_nrows; i++) {
        const char *n = option_rows[i].name;
        unsigned d = n ? distance(name, len, n, strlen(n)) : least;
        if (n && len >= 3 && strncmp(n, name, len) == 0) {
            d = 1; /* cut short */
        }
        if (d < least) {
            least = d;
            nearest = n;
        }
    }
    return nearest;
}

const char *option_refused(int letter)
{
    static const char *const said[] = {
        "c"
        "what was cut off is resumed anyway; curl's -c is --cookie-jar",
        "C"
        "what was cut off is resumed anyway",
        "P"
        "the directory is --dir",
        "t"
        "the number of retries is --retry",
        "T"
        "the time without a byte is --stall-timeout; nothing is uploaded",
        "z"
        "to fetch only what is newer, say --if-exists update",
        "Z"
        "downloads run in parallel anyway, as many as --jobs says",
    };
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        if (said[i][0] == letter) {
            return said[i] + 1;
        }
    }
    return NULL;
}
