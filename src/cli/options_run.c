/* SPDX-License-Identifier: MIT */
/* How an option's value is taken: lists, files, awaiting, pace, retrying, output. */
#include "cli/options_private.h"
#include "fetch/command.h"
#include "store/digest.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct err *take_nothing(struct parse *p, const struct option_row *row, const char *value)
{
    (void)p;
    (void)row;
    (void)value;
    return NULL;
}

struct err *take_completion(struct parse *p, const struct option_row *row, const char *value)
{
    struct err *e = NULL;
    if (strcmp(value, "bash") != 0 && strcmp(value, "zsh") != 0 && strcmp(value, "fish") != 0) {
        e = err_new(ERR_USAGE, NULL, "'%s' is none of bash|zsh|fish", value);
        return option_error(row, e);
    }
    p->o->action = OPTIONS_COMPLETION;
    p->o->help_topic = arena_dup(p->arena, value);
    return p->o->help_topic ? NULL : err_plain(ERR_NOMEM);
}

struct err *take_help(struct parse *p, const struct option_row *row, const char *value)
{
    if (value && !help_knows(value)) {
        struct buf b = BUF_INIT;
        help_topics(&b, ", ");
        struct err *e = err_new(ERR_USAGE, NULL, "there is no group '%s'; there are %s, and all",
            value, buf_failed(&b) ? "" : b.data);
        buf_fini(&b);
        return option_error(row, e);
    }
    p->o->action = OPTIONS_HELP;
    p->o->help_topic = arena_dup(p->arena, value);
    return value && !p->o->help_topic ? err_plain(ERR_NOMEM) : NULL;
}

struct err *take_version(struct parse *p, const struct option_row *row, const char *value)
{
    (void)row;
    (void)value;
    if (p->o->action == OPTIONS_RUN) {
        p->o->action = OPTIONS_VERSION;
    }
    return NULL;
}

struct err *take_input(struct parse *p, const struct option_row *row, const char *value)
{
    if (!*value) {
        return option_error(row, err_new(ERR_USAGE, NULL, "a file name or - is needed"));
    }
    if (option_is_url(value)) {
        return option_error(
            row, err_new(ERR_USAGE, NULL, "a list is a file here; say curl -sS URL | garner -i -"));
    }
    for (size_t i = 0; i < p->files.count; i++) {
        if (strcmp(value, "-") == 0 && strcmp(p->files.at[i], "-") == 0) {
            return option_error(row, err_new(ERR_USAGE, NULL, "standard input can be read once"));
        }
    }
    return take_list(p, row, value);
}

struct err *take_file(struct parse *p, const struct option_row *row, const char *value)
{
    if (!*value || strcmp(value, "-") == 0) {
        return option_error(row, err_new(ERR_USAGE, NULL, "a file name is needed"));
    }
    return take_string(p, row, value);
}

struct err *take_dir(struct parse *p, const struct option_row *row, const char *value)
{
    if (!*value || strchr("{[@", *value)) {
        return option_error(
            row, err_new(ERR_USAGE, NULL, "'%s' is not a directory: did you mean --data?", value));
    }
    return take_string(p, row, value);
}

/* Absolute, so that it can be compared with what a list says. */
struct err *take_allow_dir(struct parse *p, const struct option_row *row, const char *value)
{
    struct buf b = BUF_INIT;
    char *here = *value == '/' ? NULL : getcwd(NULL, 0);
    struct err *e = NULL;
    size_t len = strlen(value);
    if (!*value || (!here && *value != '/')) {
        e = option_error(row, err_new(ERR_USAGE, NULL, "a directory is needed"));
        goto out;
    }
    while (len > 1 && value[len - 1] == '/') {
        len--;
    }
    buf_adds(&b, here ? here : "");
    buf_adds(&b, here ? "/" : "");
    buf_add(&b, value, len);
    e = buf_failed(&b) ? err_plain(ERR_NOMEM) : take_list(p, row, b.data);
out:
    buf_fini(&b);
    free(here);
    return e;
}

struct err *take_output(struct parse *p, const struct option_row *row, const char *value)
{
    const char *wrong = NULL;
    if (p->output_here) {
        wrong = "given twice; one template names all files, for example {host}/{name}, and a list "
                "gives each its own (out=NAME)";
    } else if (!*value) {
        wrong = "a file name or a template is needed";
    }
    if (wrong) {
        return option_error(row, err_new(ERR_USAGE, NULL, "%s", wrong));
    }
    p->output_here = true;
    p->tree = false;
    p->o->output.bodies = option_is_stdout(value);
    if (p->o->output.bodies || strcmp(value, "/dev/null") == 0) {
        p->o->session.discard |= !p->o->output.bodies;
        p->o->session.output = NULL;
        return NULL;
    }
    return take_string(p, row, value);
}

struct err *take_tree(struct parse *p, const struct option_row *row, const char *value)
{
    (void)value;
    if (p->output_here) {
        return option_error(row, err_new(ERR_USAGE, NULL, "goes without --output"));
    }
    p->tree = true;
    p->o->session.output = "{host}/{dirs}/{name}";
    return NULL;
}

struct err *take_no_resume(struct parse *p, const struct option_row *row, const char *value)
{
    (void)row;
    (void)value;
    p->o->session.resume = p->o->store.resume = false;
    return NULL;
}

/* "0-499", "500-", "-500", and more of them behind commas. */
static bool range_is_good(const char *s)
{
    do {
        size_t from = strspn(s, "0123456789");
        if (s[from] != '-') {
            return false;
        }
        size_t to = strspn(s + from + 1, "0123456789");
        if (from + to == 0) {
            return false;
        }
        s += from + 1 + to;
    } while (*s == ',' && *++s);
    return *s == '\0' && s[-1] != ',';
}

struct err *take_range(struct parse *p, const struct option_row *row, const char *value)
{
    if (!range_is_good(value)) {
        return option_error(
            row, err_new(ERR_USAGE, NULL,
                     "'%s' is not a range like 0-499, 500- or -500 (and links are not followed)",
                     value));
    }
    return take_string(p, row, value);
}

struct err *take_checksum(struct parse *p, const struct option_row *row, const char *value)
{
    struct digest_value digest;
    struct err *e = digest_parse(value, &digest);
    return e ? option_error(row, e) : take_string(p, row, value);
}

struct err *take_hash(struct parse *p, const struct option_row *row, const char *value)
{
    enum digest_algo algo;
    struct err *e = digest_parse_algo(value, &algo);
    return e ? option_error(row, e) : take_string(p, row, value);
}

struct err *take_key(struct parse *p, const struct option_row *row, const char *value)
{
    struct err *e = take_choice(p, row, value);
    if (e && *value && access(value, F_OK) == 0) {
        err_unref(e);
        e = err_new(ERR_USAGE, NULL, "'%s' is a file; curl's --key is --key-file", value);
        return option_error(row, e);
    }
    if (!e) {
        /* the choices have no name for the default */
        p->o->session.key = (enum key_mode)((unsigned)p->o->session.key + KEY_URL);
    }
    return e;
}

/* Digits of at most 7 places; gives what is behind them, NULL if there are none. */
static const char *short_number(const char *s, unsigned *out)
{
    size_t digits = strspn(s, "0123456789");
    *out = 0;
    for (size_t i = 0; i < digits; i++) {
        *out = *out * 10 + (unsigned)(s[i] - '0');
    }
    return digits > 0 && digits <= 7 ? s + digits : NULL;
}

struct err *take_shard(struct parse *p, const struct option_row *row, const char *value)
{
    unsigned shard, shards = 0;
    const char *end = short_number(value, &shard);
    end = end && *end == '/' ? short_number(end + 1, &shards) : NULL;
    if (!end || *end || shards < row->min || shards > row->max || shard >= shards) {
        return option_error(
            row, err_new(ERR_USAGE, NULL, "'%s' is not I/N, I from 0 to N - 1 and N at most %.0f",
                     value, row->max));
    }
    p->o->session.shard = shard;
    p->o->session.shards = shards;
    return NULL;
}

struct err *take_mode(struct parse *p, const struct option_row *row, const char *value)
{
    (void)value;
    p->mode_set = true;
    p->o->session.mode = (enum await_mode)row->min;
    return NULL;
}

struct err *take_return_when(struct parse *p, const struct option_row *row, const char *value)
{
    p->return_when_here = p->mode_set = true;
    p->o->session.mode = AWAIT_WAIT;
    return take_choice(p, row, value);
}

struct err *take_jobs(struct parse *p, const struct option_row *row, const char *value)
{
    p->o->jobs_set = true;
    return take_unsigned(p, row, value);
}

struct err *take_per_host(struct parse *p, const struct option_row *row, const char *value)
{
    p->per_host_set = true;
    return take_unsigned(p, row, value);
}

struct err *take_look_ahead(struct parse *p, const struct option_row *row, const char *value)
{
    p->look_ahead_set = true;
    return take_count(p, row, value);
}

struct err *take_loops(struct parse *p, const struct option_row *row, const char *value)
{
    if (strcmp(value, "auto") == 0) {
        const unsigned cores = options__cores();
        p->o->net.loops = cores < LOOPS_MOST ? cores : LOOPS_MOST;
        return NULL;
    }
    struct err *e = take_unsigned(p, row, value);
    if (e) {
        err_unref(e);
        e = option_error(
            row, err_new(ERR_USAGE, NULL, "'%s' is not a number from %.0f to %.0f, or auto", value,
                     row->min, row->max));
    }
    return e;
}

struct err *take_segments(struct parse *p, const struct option_row *row, const char *value)
{
    p->segments_here = true;
    return take_unsigned(p, row, value);
}

struct err *take_race(struct parse *p, const struct option_row *row, const char *value)
{
    p->race_here = true;
    return take_flag(p, row, value);
}

struct err *take_buffer(struct parse *p, const struct option_row *row, const char *value)
{
    int64_t bytes = 0;
    struct err *e = option_size(row, value, &bytes);
    if (!e) {
        p->o->store.buffer = (uint64_t)bytes > SIZE_MAX ? SIZE_MAX : (size_t)bytes;
    }
    return e;
}

struct err *take_retry(struct parse *p, const struct option_row *row, const char *value)
{
    if (strcmp(value, "inf") == 0) {
        p->o->session.retry.retries = -1;
        return NULL;
    }
    unsigned n = 0;
    size_t digits = strspn(value, "0123456789");
    for (size_t i = 0; i < digits && n <= (unsigned)row->max; i++) {
        n = n * 10 + (unsigned)(value[i] - '0');
    }
    if (!digits || value[digits] || n > (unsigned)row->max) {
        return option_error(
            row, err_new(ERR_USAGE, NULL, "'%s' is not a number from 0 to %.0f, or inf", value,
                     row->max));
    }
    p->o->session.retry.retries = (int)n;
    return NULL;
}

struct err *take_retry_on(struct parse *p, const struct option_row *row, const char *value)
{
    size_t count = 1;
    for (const char *s = value; *s; s++) {
        count += *s == ',';
    }
    int *codes = arena_new(p->arena, (count + 1) * sizeof *codes);
    if (!codes) {
        return err_plain(ERR_NOMEM);
    }
    size_t n = 0;
    for (const char *s = value; n < count; s += 4) {
        if (strspn(s, "0123456789") != 3 || (s[3] && s[3] != ',') || *s < '1' || *s > '5') {
            return option_error(
                row, err_new(ERR_USAGE, NULL, "'%s' is not a list of HTTP statuses like 429,503",
                         value));
        }
        codes[n++] = (s[0] - '0') * 100 + (s[1] - '0') * 10 + (s[2] - '0');
        if (!s[3]) {
            break;
        }
    }
    p->o->session.retry.codes = codes;
    return NULL;
}

struct err *take_print(struct parse *p, const struct option_row *row, const char *value)
{
    p->o->output.print_set = true;
    return take_choice(p, row, value);
}

/* As in curl, line ends of a file are not part of the format. */
struct err *take_write_out(struct parse *p, const struct option_row *row, const char *value)
{
    if (*value != '@') {
        return take_string(p, row, value);
    }
    struct buf file = BUF_INIT, format = BUF_INIT;
    struct err *e = option_read_file(p, row, value + 1, &file);
    for (size_t i = 0; !e && i < file.len; i++) {
        if (!memchr("\r\n", file.data[i], 3)) { /* nor is a NUL */
            buf_addc(&format, file.data[i]);
        }
    }
    if (!e) {
        e = buf_failed(&format) ? err_plain(ERR_NOMEM)
                                : take_string(p, row, format.data ? format.data : "");
    }
    buf_fini(&file);
    buf_fini(&format);
    return e;
}

struct err *take_exec(struct parse *p, const struct option_row *row, const char *value)
{
    struct command *command = NULL;
    struct err *e = command_parse(value, &command);
    command_free(command);
    return e ? option_error(row, e) : take_string(p, row, value);
}

struct err *take_verbose(struct parse *p, const struct option_row *row, const char *value)
{
    (void)row;
    (void)value;
    p->o->output.verbose++;
    return NULL;
}

struct err *take_on_interrupt(struct parse *p, const struct option_row *row, const char *value)
{
    if (strcmp(value, "drain") != 0 && strcmp(value, "cancel") != 0) {
        return option_error(row, err_new(ERR_USAGE, NULL, "'%s' is none of %s", value, row->arg));
    }
    p->o->drain = *value == 'd';
    return NULL;
}
