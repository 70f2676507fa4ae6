/* SPDX-License-Identifier: MIT */
/*
 * A command is a row of pieces: text, placeholders, and ends of words.
 *
 *     cp {path} "/x y/{id}.bin"    TEXT "cp" END, PATH END, TEXT "/x y/" ID TEXT ".bin" END
 */
#include "fetch/command.h"

#include "base/alloc.h"
#include "base/buf.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum piece_kind { PIECE_TEXT, PIECE_PATH, PIECE_URL, PIECE_ID, PIECE_END };

struct piece {
    enum piece_kind kind;
    char *text; /* owned; of TEXT, else NULL */
};

struct command {
    struct piece *pieces; /* owned */
    size_t count;
    const char *remark; /* static */
};

struct reading {
    struct command *c;
    const char *at;
    struct buf text; /* the piece at hand */
    bool in_word;    /* also after '' */
};

static const struct {
    const char *name;
    enum piece_kind kind;
} placeholders[] = {{"path", PIECE_PATH}, {"url", PIECE_URL}, {"id", PIECE_ID}};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* -- reading ------------------------------------------------------------------------------- */

static struct err *add_piece(struct command *c, enum piece_kind kind, char *text)
{
    struct piece *pieces = mem_array(c->pieces, c->count + 1, sizeof *pieces);

    if (!pieces) {
        free(text);
        return err_plain(ERR_NOMEM);
    }
    c->pieces = pieces;
    pieces[c->count++] = (struct piece){kind, text};
    return NULL;
}

static struct err *end_text(struct reading *r)
{
    char *text = NULL;

    if (r->text.len == 0 && !buf_failed(&r->text)) {
        return NULL;
    }
    text = buf_take(&r->text);
    return text ? add_piece(r->c, PIECE_TEXT, text) : err_plain(ERR_NOMEM);
}

static struct err *end_word(struct reading *r)
{
    struct err *error = NULL;

    if (r->in_word) {
        error = end_text(r);
        error = error ? error : add_piece(r->c, PIECE_END, NULL);
    }
    r->in_word = false;
    return error;
}

/* What looks like a placeholder is one: {letters}, or the {} of other programs. Other braces are
 * text. Returns its length, 0 if there is none. */
static size_t placeholder_length(const char *s)
{
    size_t n = 1;

    if (*s != '{') {
        return 0;
    }
    while (isalpha((unsigned char)s[n]) || s[n] == '.' || s[n] == '_') {
        n++;
    }
    return s[n] == '}' ? n + 1 : 0;
}

static struct err *take_placeholder(struct reading *r, size_t length)
{
    const char *s = r->at;
    struct err *error = end_text(r);

    r->at += length;
    for (size_t i = 0; !error && i < COUNT(placeholders); i++) {
        const char *name = placeholders[i].name;
        if (strlen(name) == length - 2 && memcmp(s + 1, name, length - 2) == 0) {
            return add_piece(r->c, placeholders[i].kind, NULL);
        }
    }
    if (!error && length == 2) {
        return err_new(ERR_USAGE, NULL, "{}: the file's path is {path} here; \\{} is itself");
    }
    return error ? error
                 : err_new(ERR_USAGE, NULL,
                       "unknown placeholder %.*s (known: {path} {url} {id}; \\{ is a brace)",
                       (int)(length < 40 ? length : 40), s);
}

/* A character that stands for itself, or a placeholder. */
static struct err *take_one(struct reading *r)
{
    const size_t length = placeholder_length(r->at);

    r->in_word = true;
    if (length) {
        return take_placeholder(r, length);
    }
    buf_addc(&r->text, *r->at++);
    return NULL;
}

/* As in a shell: a backslash is one before most characters within double quotes. */
static void take_escaped(struct reading *r, bool quoted)
{
    r->in_word = true;
    if (quoted && (r->at[1] == '\0' || !strchr("\"\\$`{\n", r->at[1]))) {
        buf_addc(&r->text, *r->at++);
        return;
    }
    if (r->at[1] != '\n') { /* else the line goes on */
        buf_addc(&r->text, r->at[1]);
    }
    r->at += 2;
}

static struct err *take_quoted(struct reading *r)
{
    const char quote = *r->at++;
    struct err *error = NULL;

    r->in_word = true;
    while (!error && *r->at && *r->at != quote) {
        if (quote == '"' && *r->at == '\\') {
            take_escaped(r, true);
        } else {
            error = take_one(r);
        }
    }
    if (error) {
        return error;
    }
    if (!*r->at) {
        return err_new(ERR_USAGE, NULL, "a quote (%c) is not closed", quote);
    }
    r->at++;
    return NULL;
}

static struct err *read_all(struct reading *r)
{
    struct err *error = NULL;

    while (!error && *r->at) {
        if (strchr(" \t\n", *r->at)) {
            r->at++;
            error = end_word(r);
        } else if (*r->at == '\'' || *r->at == '"') {
            error = take_quoted(r);
        } else if (*r->at == '\\' && r->at[1] == '\0') {
            error = err_new(ERR_USAGE, NULL, "a backslash at the end escapes nothing");
        } else if (*r->at == '\\') {
            take_escaped(r, false);
        } else {
            if (strchr("|&;<>`", *r->at) || (*r->at == '$' && r->at[1] == '(')) {
                r->c->remark = "is run without a shell: | & ; < > ` and $( are passed as they "
                               "are; a script is sh -c '...' sh {path}";
            }
            error = take_one(r);
        }
    }
    return error ? error : end_word(r);
}

/* -- what does not go ---------------------------------------------------------------------- */

static bool is_shell(const char *word)
{
    static const char *const shells[] = {"sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "fish"};
    const char *slash = strrchr(word, '/');
    const char *name = slash ? slash + 1 : word;

    for (size_t i = 0; i < COUNT(shells); i++) {
        if (strcmp(name, shells[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* The text of a word that is nothing else; NULL: it has placeholders, or is empty. */
static const char *plain_word(const struct command *c, size_t first)
{
    return c->pieces[first].kind == PIECE_TEXT && c->pieces[first + 1].kind == PIECE_END
               ? c->pieces[first].text
               : NULL;
}

static size_t next_word(const struct command *c, size_t at)
{
    while (c->pieces[at].kind != PIECE_END) {
        at++;
    }
    return at + 1;
}

/* A name in the text of a script would be run, and the last word of `sh -c SCRIPT` is $0. */
static struct err *check_script(const struct command *c, size_t at)
{
    const size_t end = next_word(c, at);

    for (size_t i = at; i + 1 < end; i++) {
        if (c->pieces[i].kind != PIECE_TEXT) {
            return err_new(ERR_USAGE, NULL,
                "a placeholder in a shell's script would run what a name says; "
                "say sh -c 'gunzip \"$1\"' sh {path}");
        }
    }
    return end < c->count ? NULL
                          : err_new(ERR_USAGE, NULL,
                                "the path behind a shell's script would be its $0; "
                                "say sh -c 'gunzip \"$1\"' sh {path}");
}

static struct err *check_shell(const struct command *c)
{
    bool shell = false;

    for (size_t at = 0; at < c->count; at = next_word(c, at)) {
        const char *word = plain_word(c, at);
        if (word && shell && word[0] == '-' && word[1] != '-' && strchr(word, 'c')) {
            const size_t script = next_word(c, at);
            return script < c->count ? check_script(c, script) : NULL;
        }
        shell = shell || (word && is_shell(word));
    }
    return NULL;
}

/* -- the whole ----------------------------------------------------------------------------- */

static bool has(const struct command *c, enum piece_kind kind)
{
    for (size_t i = 0; i < c->count; i++) {
        if (c->pieces[i].kind == kind) {
            return true;
        }
    }
    return false;
}

static struct err *finish(struct command *c)
{
    struct err *error = NULL;

    if (c->count == 0 || c->pieces[0].kind == PIECE_END) {
        return err_new(ERR_USAGE, NULL, "a command is needed");
    }
    error = check_shell(c);
    if (!error && !has(c, PIECE_PATH) && !has(c, PIECE_URL) && !has(c, PIECE_ID)) {
        error = add_piece(c, PIECE_PATH, NULL);
        error = error ? error : add_piece(c, PIECE_END, NULL);
    }
    return error;
}

struct err *command_parse(const char *text, struct command **out)
{
    struct command *c = mem_new(sizeof *c);
    struct reading r = {.c = c, .at = text, .text = BUF_INIT};
    struct err *error;

    *out = NULL;
    if (!c) {
        return err_plain(ERR_NOMEM);
    }
    error = read_all(&r);
    buf_fini(&r.text);
    error = error ? error : finish(c);
    if (error) {
        command_free(c);
        return error;
    }
    *out = c;
    return NULL;
}

void command_free(struct command *c)
{
    if (!c) {
        return;
    }
    for (size_t i = 0; i < c->count; i++) {
        free(c->pieces[i].text);
    }
    free(c->pieces);
    free(c);
}

const char *command_remark(const struct command *c)
{
    return c->remark;
}

const char *command_name(const struct command *c)
{
    return c->pieces[0].kind == PIECE_TEXT ? c->pieces[0].text : "{path}";
}

bool command_needs_id(const struct command *c)
{
    return has(c, PIECE_ID);
}

/* -- for a file ---------------------------------------------------------------------------- */

/* program: of the word by which the program is looked up: a file that was downloaded is not. */
static void add_value(
    struct buf *b, const struct piece *p, const struct command_values *v, bool program)
{
    switch (p->kind) {
    case PIECE_TEXT:
        buf_adds(b, p->text);
        break;
    case PIECE_PATH:
        buf_adds(b, v->path[0] == '-' || (program && !strchr(v->path, '/')) ? "./" : "");
        buf_adds(b, v->path);
        break;
    case PIECE_URL:
        buf_adds(b, v->url);
        break;
    case PIECE_ID:
        buf_adds(b, v->id ? v->id : "");
        break;
    case PIECE_END:
        buf_addc(b, '\0');
        break;
    }
}

char **command_words(const struct command *c, const struct command_values *v)
{
    struct buf b = BUF_INIT;
    size_t words = 0;
    char **argv;

    for (size_t i = 0; i < c->count; i++) {
        words += c->pieces[i].kind == PIECE_END;
        add_value(&b, &c->pieces[i], v, i == 0);
    }
    argv = buf_failed(&b) || !b.data ? NULL : malloc((words + 1) * sizeof *argv + b.len);
    if (argv) {
        char *text = (char *)(argv + words + 1);
        memcpy(text, b.data, b.len);
        for (size_t i = 0; i < words; i++) {
            argv[i] = text;
            text += strlen(text) + 1;
        }
        argv[words] = NULL;
    }
    buf_fini(&b);
    return argv;
}
