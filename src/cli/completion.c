/* SPDX-License-Identifier: MIT */
/* --completion: what bash, zsh and fish need to complete the options, made from the table. */
#include "cli/options_private.h"

#include <stdio.h>
#include <string.h>

/* What may stand after an option. */
enum value { VALUE_NONE, VALUE_FILE, VALUE_DIR, VALUE_CHOICES, VALUE_OTHER };

static enum value value_of(const struct option_row *row)
{
    if (!row->arg) {
        return VALUE_NONE;
    }
    if (row->arg[0] >= 'a' && strchr(row->arg, '|')) { /* upper case is not meant literally */
        return VALUE_CHOICES;
    }
    if (strncmp(row->arg, "FILE", 4) == 0) {
        return VALUE_FILE;
    }
    return strcmp(row->arg, "DIR") == 0 ? VALUE_DIR : VALUE_OTHER;
}

/* Further spellings share the text of the row before them. */
static const char *text_of(const struct option_row *row)
{
    while (!row->help) {
        row--;
    }
    return row->help;
}

/* In single quotes for a shell; brackets and colons mean something to zsh, inside them too. */
static void add_quoted(struct buf *b, const char *text, bool zsh)
{
    for (; *text; text++) {
        if (*text == '\'') {
            buf_adds(b, "'\\''");
        } else {
            if (zsh && strchr("[]:\\", *text)) {
                buf_addc(b, '\\');
            }
            buf_addc(b, *text);
        }
    }
}

static void add_choices(struct buf *b, const char *choices)
{
    for (; *choices; choices++) {
        buf_addc(b, *choices == '|' ? ' ' : *choices);
    }
}

/* -- bash ---------------------------------------------------------------------------------- */

static void add_bash_words(struct buf *b)
{
    for (size_t i = 0; i < option_nrows; i++) {
        if (option_rows[i].name) {
            buf_addf(b, "%s--%s", i ? " " : "", option_rows[i].name);
        }
    }
}

/* "    --if-exists) COMPREPLY=(...) ;;" */
static void add_bash_case(struct buf *b, const struct option_row *row)
{
    buf_adds(b, "    ");
    if (row->name) {
        buf_addf(b, "--%s%s", row->name, row->letter ? "|" : "");
    }
    if (row->letter) {
        buf_addf(b, "-%c", row->letter);
    }
    buf_adds(b, ") ");
    switch (value_of(row)) {
    case VALUE_CHOICES:
        buf_adds(b, "COMPREPLY=($(compgen -W '");
        add_choices(b, row->arg);
        buf_adds(b, "' -- \"$cur\")); ");
        break;
    case VALUE_FILE:
        buf_adds(b, "COMPREPLY=($(compgen -f -- \"$cur\")); ");
        break;
    case VALUE_DIR:
        buf_adds(b, "COMPREPLY=($(compgen -d -- \"$cur\")); ");
        break;
    default:
        break;
    }
    buf_adds(b, "return ;;\n");
}

static void add_bash(struct buf *b)
{
    buf_adds(b, "# bash completion for garner\n"
                "_garner() {\n"
                "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
                "    compopt -o filenames 2>/dev/null\n"
                "    case $prev in\n");
    for (size_t i = 0; i < option_nrows; i++) {
        if (option_rows[i].arg && !(option_rows[i].flags & ROW_OPTIONAL)) {
            add_bash_case(b, &option_rows[i]);
        }
    }
    buf_adds(b, "    esac\n    if [[ $cur == -* ]]; then\n        COMPREPLY=($(compgen -W '");
    add_bash_words(b);
    buf_adds(b, "' -- \"$cur\"))\n    fi\n}\ncomplete -F _garner garner\n");
}

/* -- zsh ----------------------------------------------------------------------------------- */

static void add_zsh_option(
    struct buf *b, const char *dashes, const char *name, size_t len, const struct option_row *row)
{
    buf_addf(b, "    '*%s%.*s[", dashes, (int)len, name);
    add_quoted(b, text_of(row), true);
    buf_addc(b, ']');
    if (row->arg && !(row->flags & ROW_OPTIONAL)) {
        buf_adds(b, ":value:");
        switch (value_of(row)) {
        case VALUE_CHOICES:
            buf_addc(b, '(');
            add_choices(b, row->arg);
            buf_addc(b, ')');
            break;
        case VALUE_FILE:
            buf_adds(b, "_files");
            break;
        case VALUE_DIR:
            buf_adds(b, "_files -/");
            break;
        default:
            break;
        }
    }
    buf_adds(b, "' \\\n");
}

static void add_zsh(struct buf *b)
{
    buf_adds(b, "#compdef garner\n_arguments -s \\\n");
    for (size_t i = 0; i < option_nrows; i++) {
        const struct option_row *row = &option_rows[i];
        if (row->letter) {
            add_zsh_option(b, "-", &row->letter, 1, row);
        }
        if (row->name) {
            add_zsh_option(b, "--", row->name, strlen(row->name), row);
        }
    }
    buf_adds(b, "    '*:URL:_urls'\n");
}

/* -- fish ---------------------------------------------------------------------------------- */

static void add_fish(struct buf *b)
{
    buf_adds(b, "# fish completion for garner\ncomplete -c garner -f\n");
    for (size_t i = 0; i < option_nrows; i++) {
        const struct option_row *row = &option_rows[i];
        const enum value value = row->flags & ROW_OPTIONAL ? VALUE_NONE : value_of(row);
        buf_adds(b, "complete -c garner");
        if (row->letter) {
            buf_addf(b, " -s %c", row->letter);
        }
        if (row->name) {
            buf_addf(b, " -l %s", row->name);
        }
        buf_adds(b, value == VALUE_NONE                         ? ""
                    : value == VALUE_FILE || value == VALUE_DIR ? " -r -F"
                                                                : " -x");
        if (value == VALUE_CHOICES) {
            buf_adds(b, " -a '");
            add_choices(b, row->arg);
            buf_addc(b, '\'');
        }
        buf_adds(b, " -d '");
        add_quoted(b, text_of(row), false);
        buf_adds(b, "'\n");
    }
}

bool options_print_completion(const char *shell)
{
    struct buf b = BUF_INIT;
    bool known = true;

    if (strcmp(shell, "bash") == 0) {
        add_bash(&b);
    } else if (strcmp(shell, "zsh") == 0) {
        add_zsh(&b);
    } else if (strcmp(shell, "fish") == 0) {
        add_fish(&b);
    } else {
        known = false;
    }
    if (known && !buf_failed(&b)) {
        fwrite(b.data, 1, b.len, stdout);
    }
    buf_fini(&b);
    return known;
}
