/* SPDX-License-Identifier: MIT */
/*
 * What other programs call things, and what they are called here. curl, wget, aria2c, xargs and
 * parallel are in people's fingers; an option of theirs that is not ours is answered with ours.
 * Names that mean the same here are not in this table, but options (options_table.c).
 */
#include "cli/options_private.h"

#include <ctype.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define RESUMED    "what was cut off is resumed anyway"
#define RETRY      "the number of retries is --retry"
#define NO_LINKS   "links are not followed; a list of URLs is read by --input"
#define NO_UPLOAD  "nothing is uploaded; the body of a request is --data"
#define DATA       "a body to send is --data STRING|@FILE"
#define SEGMENTS   "the number of connections for one file is --segments"
#define PARALLEL   "downloads run in parallel anyway, as many as --jobs says"
#define USER       "user and password are --user USER:PASSWORD"
#define IN_RECORDS "what the server said is in the records of --json"
#define UPDATE     "to fetch only what is newer, say --if-exists update"
#define AS_IT_IS   "brackets and braces of a URL are taken as they are anyway"
#define QUOTA      "what may be received is limited by --max-filesize"
#define BASE       "the base of a list's URLs is not known here: they are whole"
#define METALINK   "metalinks are not read; mirrors stand on one line of a list, with tabs between"
#define CONNECTION "failed connections are tried again anyway; --retry-on is about HTTP statuses"

/* In the order of the alphabet, but nobody minds. */
static const struct {
    const char *names; /* without dashes, between blanks */
    const char *answer;
} answers[] = {
    /* curl's */
    {"continue-at continue", RESUMED},
    {"create-dirs", "directories are made anyway"},
    {"remote-name-all", "files have their remote names anyway"},
    {"output-dir directory-prefix", "the directory is --dir"},
    {"parallel parallel-immediate", PARALLEL},
    {"parallel-max max-concurrent-downloads max-procs", "how many run at once is --jobs"},
    {"remote-header-name trust-server-names", "the server names files with --content-disposition"},
    {"upload-file form form-string", NO_UPLOAD},
    {"data-raw data-binary data-ascii data-urlencode post-data post-file body-data body-file",
        DATA},
    {"get", "the method is GET anyway; a query is part of the URL"},
    {"url", "URLs are words of their own; a list of them is read by --input"},
    {"next", "a list (--input) says what is particular to each URL"},
    {"fail-with-body content-on-error", "what comes with an error is never saved"},
    {"remove-on-error", "a file that is not whole never has its name"},
    {"globoff", AS_IT_IS},
    {"basic", "that is how --user does it anyway"},
    {"digest ntlm negotiate anyauth", "basic authentication and bearer tokens are all there is"},
    {"retry-all-errors retry-connrefused", CONNECTION},
    {"trace trace-ascii trace-time", "what goes over the wire is shown by -vv"},
    {"dump-header include show-headers server-response save-headers", IN_RECORDS},
    {"time-cond timestamping conditional-get etag-save etag-compare", UPDATE},
    {"capath", "authorities are given in a file: --cacert"},
    {"socks4 socks4a socks5 socks5-hostname preproxy",
        "the proxy is --proxy, with its scheme: socks5h://HOST:PORT"},
    {"progress-bar bar eta show-progress", "the display is --progress bar"},
    {"no-progress-meter no-progress no-verbose quiet-all", "less is said with --quiet"},
    {"stderr output-file append-output", "messages go to standard error: 2> FILE"},
    {"https-only", "https alone is --proto =https"},
    {"method", "another method is --request"},
    /* wget's */
    {"input-file arg-file", "a list is read by --input"},
    {"output-document out", "the name of a file is --output"},
    {"tries max-tries retries retires", RETRY},
    {"waitretry retry-wait", "the wait between attempts is --retry-delay"},
    {"random-wait delay", "the pace is --rate, or --per-host-rate"},
    {"no-check-certificate check-certificate", "certificates are not checked with --insecure"},
    {"spider", "the head alone is asked for with --head"},
    {"no-clobber skip-existing", "files that are there are left alone anyway (--if-exists skip)"},
    {"password http-password http-passwd http-user", USER},
    {"ask-password", "nobody is asked; " USER ", or --netrc"},
    {"proxy-password proxy-passwd", "for a proxy it is --proxy-user USER:PASSWORD"},
    {"background daemon", "the shell does that: garner ... &"},
    {"mirror recursive level accept reject no-parent page-requisites convert-links span-hosts",
        NO_LINKS},
    {"read-timeout", "the time without a byte is --stall-timeout"},
    {"dns-timeout", "name, connection and TLS are limited by --connect-timeout"},
    {"force-directories protocol-directories", "directories as on the server are --tree"},
    {"no-directories no-host-directories", "files go straight into --dir, unless --tree is said"},
    {"no-use-server-timestamps", "files have the server's time only with --remote-time"},
    {"base", BASE},
    {"quota", QUOTA},
    {"cut-dirs", "directories are left out by --output '{dirs:1}/{name}'"},
    {"save-cookies keep-session-cookies", "cookies are written to --cookie-jar"},
    {"load-cookies", "cookies are read by --cookie FILE"},
    {"bind-address", "the address to connect from is --interface"},
    {"no-proxy", "no proxy at all is --noproxy '*'"},
    {"ca-certificate", "authorities are --cacert"},
    {"certificate", "a certificate of one's own is --cert"},
    {"private-key", "the private key is --key-file"},
    {"max-redirect", "redirects are limited by --max-redirs"},
    {"delete-after", "nothing is stored with --discard"},
    {"inet4-only", "IPv4 alone is --ipv4"},
    {"inet6-only", "IPv6 alone is --ipv6"},
    /* aria2c's */
    {"split max-connection-per-server", SEGMENTS},
    {"min-split-size piece-length", "the least size of a segment is --segment-size"},
    {"allow-overwrite", "files that are there are replaced with --if-exists overwrite"},
    {"auto-file-renaming", "another name is found with --if-exists rename"},
    {"check-integrity", "files that are there are compared with --if-exists verify"},
    {"max-download-limit max-overall-download-limit", "the speed is limited by --limit-rate"},
    {"lowest-speed-limit", "what is slower is given up by --speed-limit"},
    {"summary-interval console-log-level download-result show-console-readout",
        "what is said is a matter of --progress, --quiet and --verbose"},
    {"on-download-complete", "a command for each file is --exec"},
    {"save-session", "what is left to do is written by --failures"},
    {"file-allocation", "space is not reserved; a full disk is said at once"},
    {"stop", "the run is ended by --timeout"},
    {"all-proxy http-proxy https-proxy", "the proxy is --proxy"},
    {"metalink", METALINK},
    {"enable-rpc seed-time follow-torrent select-file metalink-file",
        "http and https are all that is spoken"},
    /* those of xargs and parallel */
    {"null delimiter", "a list has a URL a line; paths end with a NUL with --print0"},
    {"max-args max-lines", "each URL is a download of its own, as many at once as --jobs says"},
    {"halt", "the first failure ends the run with --fail-fast"},
    {"keep-order", "results in the order of the input are --gather"},
    {"joblog resume", "what is done is noted in --journal"},
    {"resume-failed", "what failed is left in --failures, which is a list"},
    {"dryrun no-run-if-empty", "what would be done is said with --dry-run"},
    {"usage man info", "the options are shown by --help, all of them by --help all"},
};

static const struct {
    char letter;
    const char *answer;
} letters[] = {
    {'-', "bodies go to standard output with --output -"},
    {'0', "a list has a URL a line; paths end with a NUL with --print0"},
    {'a', "a list is read by --input"},
    {'B', BASE},
    {'c', RESUMED "; curl's -c is --cookie-jar"},
    {'C', RESUMED},
    {'D', IN_RECORDS},
    {'E', "a certificate of one's own is --cert"},
    {'F', NO_UPLOAD},
    {'g', AS_IT_IS},
    {'G', "the method is GET anyway; a query is part of the URL"},
    {'l', NO_LINKS},
    {'M', METALINK},
    {'N', UPDATE},
    {'p', NO_LINKS},
    {'P', "the directory is --dir, how many run at once is --jobs"},
    {'Q', QUOTA},
    {'t', RETRY},
    {'T', "the time without a byte is --stall-timeout; nothing is uploaded"},
    {'U', "the user agent is --user-agent, the user at a proxy --proxy-user"},
    {'z', UPDATE},
    {'Z', PARALLEL},
    {'?', "the options are shown by --help"},
};

/* True if the word is one of names. */
static bool among(const char *names, const char *word, size_t len)
{
    for (size_t n; *names; names += n + (names[n] == ' ')) {
        n = strcspn(names, " ");
        if (n == len && memcmp(names, word, len) == 0) {
            return true;
        }
    }
    return false;
}

const char *habit_of_name(const char *name, size_t len)
{
    for (size_t i = 0; i < COUNT(answers); i++) {
        if (among(answers[i].names, name, len)) {
            return answers[i].answer;
        }
    }
    return NULL;
}

const char *habit_of_letter(int letter)
{
    for (size_t i = 0; i < COUNT(letters); i++) {
        if (letters[i].letter == letter) {
            return letters[i].answer;
        }
    }
    return isdigit(letter) ? "the option before it takes no number here; connections for one file "
                             "are --segments, how many run at once is --jobs"
                           : NULL;
}

/* curl's sequences: [1-9], [01-99:3], [a-z], {one,two}. */
static bool is_sequence(const char *s)
{
    if (*s == '{') {
        const size_t n = strcspn(s, "}");
        return s[n] && memchr(s, ',', n);
    }
    const size_t from = 1 + strcspn(s + 1, "-]");
    const size_t to = strcspn(s, "]");
    return s[to] && s[from] == '-' && from > 1 && from + 1 < to;
}

bool habit_in_url(const char *url)
{
    const char *host = strstr(url, "://");
    const char *s = host ? host + 3 + strcspn(host + 3, "/?") : url;
    while (*(s += strcspn(s, "[{")) && !is_sequence(s)) {
        s++;
    }
    return *s != '\0';
}

void habit_each_name(void (*fn)(void *arg, const char *names, const char *answer), void *arg)
{
    for (size_t i = 0; i < COUNT(answers); i++) {
        fn(arg, answers[i].names, answers[i].answer);
    }
}

/* -- what was meant, perhaps --------------------------------------------------------------- */

static unsigned least_of(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Edits between the words, two letters the wrong way round being one (optimal string alignment);
 * names longer than the rows of the calculation are far from everything. */
static unsigned distance(const char *a, size_t alen, const char *b, size_t blen)
{
    enum { MOST = 48 };
    unsigned rows[3][MOST];
    if (alen >= MOST || blen >= MOST) {
        return MOST;
    }
    for (size_t j = 0; j <= blen; j++) {
        rows[0][j] = (unsigned)j;
    }
    for (size_t i = 1; i <= alen; i++) {
        unsigned *now = rows[i % 3];
        const unsigned *before = rows[(i + 2) % 3], *earlier = rows[(i + 1) % 3];
        now[0] = (unsigned)i;
        for (size_t j = 1; j <= blen; j++) {
            const int c = tolower((unsigned char)a[i - 1]);
            now[j] = least_of(before[j - 1] + (c != b[j - 1]), 1 + least_of(before[j], now[j - 1]));
            if (i > 1 && j > 1 && c == b[j - 2] && tolower((unsigned char)a[i - 2]) == b[j - 1]) {
                now[j] = least_of(now[j], earlier[j - 2] + 1);
            }
        }
    }
    return rows[alen % 3][blen];
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

struct err *option_unknown(const char *dashes, const char *name, size_t len)
{
    const char *answer = habit_of_name(name, len);
    const char *nearest = answer ? NULL : option_nearest(name, len);
    if (answer) {
        return err_new(
            ERR_USAGE, NULL, "unknown option %s%.*s: %s", dashes, (int)len, name, answer);
    }
    return err_new(ERR_USAGE, NULL, "unknown option %s%.*s%s%s%s%s", dashes, (int)len, name,
        nearest ? "; did you mean " : "", nearest ? dashes : "", nearest ? nearest : "",
        nearest ? "?" : "");
}
