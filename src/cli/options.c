/* SPDX-License-Identifier: MIT */
/*
 * The command line: getopt_long over the table, then every value taken in the order it was typed.
 *
 *   argv -> collect: all options known, each with its value -> configuration file -> take each
 *        -> words are URLs -> options__finish
 *
 * All of it is collected before anything is taken, because --no-config and --help hold wherever
 * they stand.
 */
#include "cli/options_private.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#define LONG_BASE 256 /* getopt's value of the table's first row; letters are below */

struct owner {
    struct options o; /* first: options_free gets its address */
    struct arena arena;
};

struct given {
    const struct option_row *row;
    const char *value; /* borrowed from argv; NULL: none */
};

struct collected {
    struct given *options; /* in the arena; at most one an argument's letter */
    size_t count;
    bool no_config, informs; /* --help or --version */
};

/* "c:" for a letter that takes a value, "c" for one that does not. */
static void describe_letters(char *letters)
{
    *letters++ = ':';
    for (size_t i = 0; i < option_nrows; i++) {
        const struct option_row *row = &option_rows[i];
        if (row->letter) {
            *letters++ = row->letter;
            if (row->arg && !(row->flags & ROW_OPTIONAL)) {
                *letters++ = ':';
            }
        }
    }
    *letters = '\0';
}

static void describe_names(struct option *names)
{
    for (size_t i = 0; i < option_nrows; i++) {
        const struct option_row *row = &option_rows[i];
        if (row->name) {
            names->name = row->name;
            names->has_arg = !row->arg                   ? no_argument
                             : row->flags & ROW_OPTIONAL ? optional_argument
                                                         : required_argument;
            names->val = LONG_BASE + (int)i;
            names++;
        }
    }
}

static struct err *unknown(const char *word)
{
    const char *name = word + 2;
    return option_unknown("--", name, strcspn(name, "="));
}

static struct err *unknown_letter(int c, const char *word)
{
    const char *answer = habit_of_letter(c);
    if (c == '-') { /* of "-O-" */
        return err_new(ERR_USAGE, NULL, "%s: %s", word, answer);
    }
    return answer ? err_new(ERR_USAGE, NULL, "-%c: %s", c, answer)
                  : err_new(ERR_USAGE, NULL, "unknown option -%c", c);
}

/* Who leaves a value out loses a URL to the option. */
static struct err *check_value(const struct option_row *row, const char *value)
{
    char shown[64];
    return !value || !option_is_url(value) || row->flags & ROW_URL
               ? NULL
               : err_new(ERR_USAGE, NULL, "%s: a URL follows where its value (%s) is expected",
                     option_shown(row, shown), row->arg);
}

/* Which word of the command line getopt_long has just taken an option from. */
static const char *taken_from(char *const argv[])
{
    const char *last = argv[optind - 1];
    return optarg && optarg == last ? argv[optind - 2] : last;
}

/* getopt_long takes "--job" for "--jobs"; here names are not cut short. */
static bool is_whole(const struct option_row *row, const char *word)
{
    size_t len = strlen(row->name);
    return strncmp(word, "--", 2) == 0 && strncmp(word + 2, row->name, len) == 0 &&
           (word[2 + len] == '\0' || word[2 + len] == '=');
}

/* Which row getopt means, or an error that says why it means none. */
static struct err *understand(int got, char *const argv[], const struct option_row **out)
{
    bool wrong = got == '?' || got == ':';
    int c = wrong ? optopt : got;
    const char *word = wrong ? argv[optind - 1] : taken_from(argv);
    if (c == 0) {
        return unknown(word);
    }
    if (c >= LONG_BASE) {
        *out = &option_rows[c - LONG_BASE];
        if (!is_whole(*out, word)) {
            return unknown(word);
        }
    } else {
        *out = option_by_letter(c);
        if (!*out) {
            return unknown_letter(c, word);
        }
    }
    char shown[64];
    if (c >= LONG_BASE || !(*out)->name) {
        option_shown(*out, shown);
    } else {
        shown[0] = '-', shown[1] = (char)c, shown[2] = '\0';
    }
    if (got == ':') {
        return err_new(ERR_USAGE, NULL, "%s: a value is missing (%s)", shown, (*out)->arg);
    }
    return got == '?' ? err_new(ERR_USAGE, NULL, "%s: takes no value", shown) : NULL;
}

static struct err *collect(struct arena *arena, int argc, char *const argv[], struct collected *c)
{
    char letters[3 * 128];
    struct option *names = arena_new(arena, (option_nrows + 1) * sizeof *names);
    size_t most = 1;
    for (int i = 1; i < argc; i++) {
        most += strlen(argv[i]);
    }
    c->options = arena_new(arena, most * sizeof *c->options);
    if (!names || !c->options) {
        return err_plain(ERR_NOMEM);
    }
    describe_letters(letters);
    describe_names(names);
    optind = 0; /* GNU: forget an earlier command line */
    opterr = 0;
    for (int got; (got = getopt_long(argc, argv, letters, names, NULL)) != -1;) {
        const struct option_row *row = NULL;
        struct err *e = understand(got, argv, &row);
        if (e || !row) {
            return e;
        }
        const char *value = optarg;
        if ((row->flags & (ROW_OPTIONAL | ROW_JOINED)) == ROW_OPTIONAL && !value && optind < argc &&
            *argv[optind] != '-') {
            value = argv[optind++];
        }
        e = check_value(row, value);
        if (e) {
            return e;
        }
        c->options[c->count++] = (struct given){row, value};
        c->no_config |= row->name && strcmp(row->name, "no-config") == 0;
        c->informs |=
            row->take == take_help || row->take == take_version || row->take == take_completion;
    }
    return NULL;
}

static struct err *read_default_config(struct parse *p)
{
    char *path = config_default_path();
    struct err *e = path ? config_read(p, path, true) : NULL;
    free(path);
    p->output_here = p->return_when_here = p->body_here = false;
    p->segments_here = p->race_here = false;
    return e;
}

static struct err *take_all(struct parse *p, int argc, char *const argv[])
{
    struct collected c = {0};
    struct err *e = collect(p->arena, argc, argv, &c);
    int words = optind;
    if (!e && !c.no_config && !c.informs) {
        e = read_default_config(p);
    }
    for (size_t i = 0; !e && i < c.count; i++) {
        e = c.options[i].row->take(p, c.options[i].row, c.options[i].value);
    }
    if (!e && !c.informs) {
        for (int i = words; !e && i < argc; i++) {
            e = options__take_url(p, argv[i]);
        }
        e = e ? e : options__finish(p);
    }
    return e;
}

struct err *options_parse(int argc, char *const argv[], void (*warn)(void *arg, const char *text),
    void *arg, struct options **out)
{
    *out = NULL;
    struct owner *owner = calloc(1, sizeof *owner);
    if (!owner) {
        return err_plain(ERR_NOMEM);
    }
    arena_init(&owner->arena);
    struct parse p = {
        .o = &owner->o,
        .arena = &owner->arena,
        .warn = warn,
        .warn_arg = arg,
        .body = BUF_INIT,
        .cookies = BUF_INIT,
    };
    options__set_defaults(&owner->o);
    struct err *e = take_all(&p, argc, argv);
    buf_fini(&p.body);
    buf_fini(&p.cookies);
    if (e) {
        options_free(&owner->o);
        return e;
    }
    *out = &owner->o;
    return NULL;
}

void options_free(struct options *o)
{
    if (o) {
        struct owner *owner = (struct owner *)o;
        arena_fini(&owner->arena);
        free(owner);
    }
}
