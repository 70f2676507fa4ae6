/* SPDX-License-Identifier: MIT */
/* The options as a whole: what holds unless told otherwise, and what does not go together. */
#include "cli/options_private.h"
#include "cli/sums.h"
#include "net/multi.h"
#include "store/template.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_JOBS     64
#define DEFAULT_PER_HOST 8
#define ASSUMED          "https://"

static const int default_retry_codes[] = {408, 425, 429, 500, 502, 503, 504, 0};

unsigned options__cores(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > 65535 ? 65535 : (unsigned)n;
}

static unsigned default_threads(void)
{
    const unsigned cores = options__cores();
    return cores > 28 ? 32 : cores + 4;
}

/* Two, if there are cores for them: doc/performance.md has what more would give and cost. */
static unsigned default_loops(void)
{
    return options__cores() > 1 ? 2 : 1;
}

void options__set_defaults(struct options *o)
{
    const char *debug = getenv("GARNER_DEBUG");
    o->debug = debug && *debug;
    o->sandbox = true;
    o->executor_threads = default_threads();
    o->hosts = (struct hosts_options){
        .jobs = DEFAULT_JOBS,
        .per_host = DEFAULT_PER_HOST,
        .lookups = 16,
        .resolved_for = 60,
    };
    o->net.loops = default_loops();
    o->net.connect_timeout = 15;
    o->net.first_byte_timeout = 120;
    o->net.stall_timeout = 30;
    o->store.buffer = 64 << 20;
    o->output.spool = 1 << 30;
    o->store.resume = true;
    struct session_options *s = &o->session;
    s->dir = ".";
    s->resume = s->marks = true;
    s->request.location = true;
    s->segments = 1;
    s->segment_size = 1 << 20;
    s->exec_jobs = options__cores();
    s->request.max_redirs = 10;
    s->retry = (struct retry_options){
        .retries = 4,
        .delay = 1,
        .max_delay = 60,
        .max_wait = 600,
        .codes = default_retry_codes,
    };
}

static bool has_scheme(const char *s)
{
    size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-");
    return n && strncmp(s + n, "://", 3) == 0 && (*s | 0x20) >= 'a' && (*s | 0x20) <= 'z';
}

/* It would be a list, if it were there. */
static bool names_a_file(const char *word)
{
    static const char *const ends[] = {
        ".txt", ".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".list", ".lst", ".gz"};
    const size_t len = strlen(word);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        const size_t n = strlen(ends[i]);
        if (len > n && strcmp(word + len - n, ends[i]) == 0 && !strchr(word, '/')) {
            return true;
        }
    }
    return (*word == '/' && word[1] != '/') || *word == '~' || strncmp(word, "./", 2) == 0 ||
           strncmp(word, "../", 3) == 0;
}

/* A number, a size, a pair of braces: what belongs to an option, elsewhere. */
static bool is_lost_value(const char *word)
{
    const size_t digits = strspn(word, "0123456789");
    return (digits > 0 && strlen(word + digits) < 3 && !strpbrk(word, ".:/")) || *word == '{' ||
           *word == '[';
}

/* What is to be said of a word that is no URL; meant: the URL that it might be, without a password.
 */
static struct err *no_url(const char *word, const char *meant)
{
    if (strcmp(word, "-") == 0) {
        return err_new(ERR_USAGE, NULL,
            "'-' is not a URL; a list on standard input is -i -, bodies on standard output are -o "
            "-");
    }
    if (word[0] == '@' && access(word + 1, F_OK) == 0) {
        word++;
    }
    if (*word && access(word, F_OK) == 0) {
        return err_new(ERR_USAGE, NULL,
            "'%s' is not a URL but a file here; to read a list from it, say -i '%s'", word, word);
    }
    const char *shown = meant + strlen(ASSUMED);
    if (names_a_file(word)) {
        return err_new(ERR_USAGE, NULL,
            "'%s' is not a URL, and there is no such file; a list is read with -i FILE", word);
    }
    if (strcmp(word, "help") == 0) {
        return err_new(ERR_USAGE, NULL, "'help' is not a URL; the options are shown by --help");
    }
    if (is_lost_value(word)) {
        return err_new(ERR_USAGE, NULL,
            "'%s' is not a URL; an option before it, perhaps, takes no value here", word);
    }
    if (strpbrk(word, ".:/") || strcmp(word, "localhost") == 0) {
        return err_new(ERR_USAGE, NULL, "'%s' is not a URL; did you mean %s?", shown, meant);
    }
    return err_new(
        ERR_USAGE, NULL, "'%s' is not a URL: those begin with https:// or http://", shown);
}

struct err *options__take_url(struct parse *p, const char *word)
{
    if (has_scheme(word)) {
        return strings_add(p->arena, &p->urls, word, strlen(word)) ? NULL : err_plain(ERR_NOMEM);
    }
    struct buf b = BUF_INIT;
    buf_adds(&b, ASSUMED);
    buf_adds(&b, word + strspn(word, "/:"));
    char *shown = buf_failed(&b) ? NULL : url_redact(b.data);
    struct err *e = shown ? no_url(word, shown) : err_plain(ERR_NOMEM);
    free(shown);
    buf_fini(&b);
    return e;
}

/* How many entries the command line gives. */
static size_t typed(const struct parse *p)
{
    return p->o->input.same_file && p->urls.count ? 1 : p->urls.count;
}

static unsigned most(unsigned a, unsigned b)
{
    return a > b ? a : b;
}

/* What follows from other options. */
static void derive(struct parse *p)
{
    struct options *o = p->o;
    struct session_options *s = &o->session;
    if (!p->per_host_set) {
        o->hosts.per_host = most(o->jobs_set ? o->hosts.jobs : DEFAULT_PER_HOST, s->segments);
    }
    o->hosts.earn = !p->per_host_set;
    o->hosts.requests = o->hosts.jobs * s->segments;
    if (o->net.loops > o->hosts.requests) { /* one more would never have anything to do */
        o->net.loops = o->hosts.requests;
    }
    if (!p->look_ahead_set) {
        size_t ahead = (size_t)16 * o->hosts.jobs;
        s->look_ahead = ahead < 4096 ? 4096 : ahead;
        if (o->queue.from) { /* what is read ahead is kept from other workers */
            s->look_ahead = (size_t)2 * o->hosts.jobs;
        }
    }
    if (o->net.speed_limit && o->net.speed_time <= 0) {
        o->net.speed_time = 30;
    }
    if (o->net.speed_time > 0 && !o->net.speed_limit) {
        o->net.speed_limit = 1;
    }
    if (s->request.range) {
        s->resume = o->store.resume = false;
    }
    if (s->dry_run) {
        o->store.look_only = true;
        o->net.cookie_jar = NULL;
    }
    if (s->if_exists == IF_EXISTS_UPDATE) {
        s->remote_time = true;
    }
    s->spans = o->timeline || o->report;
    options__derive_bodies(p);
    o->store.resume_unsafe = s->resume_unsafe;
    o->store.dir = s->dir;
    o->store.absolute = s->output && *s->output == '/';
    o->output.gather = s->mode == AWAIT_GATHER;
    o->net.verbose = o->output.verbose > 1;
    o->net.max_connections = o->hosts.requests;
    o->net.together = most(o->hosts.jobs, s->segments);
    s->single = typed(p) == 1 && p->files.count == 0;
}

/* The lists come to where they are read from. */
static struct err *settle(struct parse *p)
{
    struct options *o = p->o;
    struct strings *lists[] = {&p->urls, &p->files};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        if (!lists[i]->at) {
            lists[i]->at = arena_new(p->arena, sizeof(char *));
            if (!lists[i]->at) {
                return err_plain(ERR_NOMEM);
            }
        }
    }
    o->input.urls = p->urls.at;
    o->input.files = p->files.at;
    o->net.resolve = p->resolve.at;
    o->net.connect_to = p->connect_to.at;
    o->session.request.headers = p->headers.at;
    o->session.request.auth_hosts = p->auth_hosts.at;
    o->store.allow_dirs = o->session.allow_dirs = p->allow_dirs.at;
    struct request_options *rq = &o->session.request;
    if (p->has_body) {
        rq->body = arena_dupn(p->arena, p->body.data ? p->body.data : "", p->body.len);
        rq->body_len = p->body.len;
        rq->method = rq->method ? rq->method : "POST";
    }
    if (p->cookies.len) {
        rq->cookie = arena_dup(p->arena, p->cookies.data);
    }
    bool lost = buf_failed(&p->body) || buf_failed(&p->cookies) || (p->has_body && !rq->body) ||
                (p->cookies.len && !rq->cookie);
    return lost ? err_plain(ERR_NOMEM) : NULL;
}

static struct err *check_output(const struct parse *p)
{
    const struct session_options *s = &p->o->session;
    if (!s->output) {
        return NULL;
    }
    struct template *t = NULL;
    struct err *e = template_parse(s->output, &t);
    if (e) {
        return option_error(option_by_name("output", 6), e);
    }
    bool one_only = !template_has_placeholder(t);
    template_free(t);
    bool first = s->mode == AWAIT_WAIT && s->return_when != WAIT_ALL_COMPLETED;
    if (one_only && typed(p) > 1 && !first) {
        return err_new(ERR_USAGE, NULL,
            "--output: '%s' names one file, and there are %zu URLs; say for example '%s.{index}'",
            s->output, p->urls.count, s->output);
    }
    return NULL;
}

/* The name would be looked up, and the connection made, by somebody else. */
static bool has_proxy(const struct net_options *n)
{
    static const char *const names[] = {
        "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
    if (n->proxy) {
        return *n->proxy != '\0';
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);
        if (value && *value && !(n->noproxy && strcmp(n->noproxy, "*") == 0)) {
            return true;
        }
    }
    return false;
}

static const char *contradiction(const struct parse *p)
{
    const struct options *o = p->o;
    const struct session_options *s = &o->session;
    const struct request_options *rq = &s->request;
    if (p->return_when_here && s->mode != AWAIT_WAIT) {
        return "--return-when: goes with --wait, not with --gather or --as-completed";
    }
    if (s->head && p->has_body) {
        return "--head: a request for the head carries no --data";
    }
    if (s->head && rq->method && strcmp(rq->method, "HEAD") != 0) {
        return "--head: is a method of its own and goes without --request";
    }
    if (s->resume_unsafe && !s->resume) {
        return rq->range ? "--resume-unsafe: a --range is not resumed"
                         : "--resume-unsafe: goes without --no-resume";
    }
    if (s->checksum && (typed(p) != 1 || p->files.count)) {
        return "--checksum: is of one file; in a list, each entry has a checksum of its own";
    }
    if (s->exec && (s->head || s->discard)) {
        return "--exec: is run for files, and --head and --discard store none";
    }
    if (s->dry_run && o->failures) {
        return "--dry-run: goes without --failures";
    }
    if (s->dry_run && (o->timeline || o->report)) {
        return "--dry-run: does nothing that --timeline or --report could show";
    }
    if (s->dry_run && o->checksums && sums_is_url(o->checksums)) {
        return "--dry-run: makes no request: --checksums has to be a file";
    }
    if (o->output.json && o->output.write_out) {
        return "--write-out: goes without --json (%{json} is the record)";
    }
    if (o->input.same_file && !p->urls.count) {
        return "--same-file: is about URLs of the command line, and there are none";
    }
    if (s->checksum && o->checksums) {
        return "--checksums: goes without --checksum";
    }
    if (s->checksums_partial && !o->checksums) {
        return "--checksums-partial: goes with --checksums";
    }
    if (o->net.deny_private && has_proxy(&o->net)) {
        return "--deny-private: goes without a proxy (--proxy '' ignores the environment's)";
    }
    if (o->net.deny_private && o->net.unix_socket) {
        return "--deny-private: goes without --unix-socket";
    }
    if (o->net.http_version == HTTP_VERSION_2 && !net_has_http2()) {
        return "--http2: this libcurl was built without it (see --version)";
    }
    if (o->net.http_version == HTTP_VERSION_3 && !net_has_http3()) {
        return "--http3: this libcurl was built without it (see --version)";
    }
    return NULL;
}

/* Files that every connection would miss are missed at once. */
static struct err *check_files(const struct net_options *n)
{
    const struct {
        const char *option, *path;
    } files[] = {
        {"cacert", n->cacert},
        {"cert", n->cert},
        {"key-file", n->key_file},
        {"netrc-file", n->netrc_file},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (files[i].path && access(files[i].path, R_OK) != 0) {
            return err_errno(ERR_USAGE, errno, "--%s: %s", files[i].option, files[i].path);
        }
    }
    return NULL;
}

/* With neither URL nor list, the list is standard input, unless somebody would have to type it. */
static struct err *find_input(struct parse *p)
{
    if (!p->urls.count && !p->files.count) {
        if (isatty(STDIN_FILENO) || p->stdin_taken) {
            return err_new(ERR_USAGE, NULL,
                "nothing to download: give a URL, or a list with -i FILE (--help says more)");
        }
        if (!strings_add(p->arena, &p->files, "-", 1)) {
            return err_plain(ERR_NOMEM);
        }
    }
    for (size_t i = 0; p->stdin_taken && i < p->files.count; i++) {
        if (strcmp(p->files.at[i], "-") == 0) {
            return err_new(ERR_USAGE, NULL, "--input: standard input is read already");
        }
    }
    return NULL;
}

struct err *options__finish(struct parse *p)
{
    struct err *e = options__finish_queue(p);
    e = e || p->o->queue.from ? e : find_input(p);
    if (e) {
        return e;
    }
    const char *method = p->o->session.request.method;
    p->o->session.head = p->o->session.head || (method && strcmp(method, "HEAD") == 0);
    const char *why = contradiction(p);
    why = why ? why : options__bodies_wrong(p->o);
    if (why) {
        return err_new(ERR_USAGE, NULL, "%s", why);
    }
    derive(p);
    e = options__check_outputs(p);
    e = e ? e : check_files(&p->o->net);
    e = e ? e : settle(p);
    e = e ? e : check_output(p);
    if (!e) {
        options__remark(p);
    }
    return e;
}
