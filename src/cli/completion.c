/* SPDX-License-Identifier: MIT */
/* --completion: what bash, zsh and fish need to complete the options, made from the table. */
#include "cli/options_private.h"

#include <string.h>

/* What may stand after an option, told by how help shows it. */
enum value {
    VALUE_NONE,
    VALUE_FILE,
    VALUE_AT_FILE, /* a text, or @FILE */
    VALUE_DIR,
    VALUE_COMMAND, /* its first word is a program */
    VALUE_CHOICES, /* a|b|c */
    VALUE_TOPIC,   /* of --help; may be left out */
    VALUE_OTHER,
};

static enum value value_of(const struct option_row *row)
{
    if (!row->arg) {
        return VALUE_NONE;
    }
    if (row->flags & ROW_OPTIONAL) {
        return strcmp(row->arg, "GROUP") == 0 ? VALUE_TOPIC : VALUE_NONE;
    }
    if (row->arg[0] >= 'a' && strchr(row->arg, '|')) { /* upper case is not meant literally */
        return VALUE_CHOICES;
    }
    if (strstr(row->arg, "@FILE")) {
        return VALUE_AT_FILE;
    }
    if (strstr(row->arg, "FILE") || strcmp(row->arg, "TEMPLATE") == 0 ||
        strcmp(row->arg, "PATH") == 0) {
        return VALUE_FILE;
    }
    return strcmp(row->arg, "DIR") == 0   ? VALUE_DIR
           : strcmp(row->arg, "CMD") == 0 ? VALUE_COMMAND
                                          : VALUE_OTHER;
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

/* The words that may stand there, with blanks between them. */
static void add_words(struct buf *b, const struct option_row *row)
{
    if (value_of(row) == VALUE_TOPIC) {
        help_topics(b, " ");
        buf_adds(b, " all");
        return;
    }
    for (const char *c = row->arg; *c; c++) {
        buf_addc(b, *c == '|' ? ' ' : *c);
    }
}

/* -- bash ---------------------------------------------------------------------------------- */

/* What surrounds the table. Bash splits words at = and @, too: they are put together again. */
static const char bash_head[] =
    "# bash completion for garner\n"
    "_garner_words()\n"
    "{\n"
    "    mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$cur\")\n"
    "}\n"
    "_garner_files()\n"
    "{\n"
    "    compopt -o filenames 2>/dev/null\n"
    "    if declare -F _filedir >/dev/null; then\n"
    "        _filedir ${1:+-d}\n"
    "    else\n"
    "        mapfile -t COMPREPLY < <(compgen \"${1:--f}\" -- \"$cur\")\n"
    "    fi\n"
    "}\n"
    "_garner()\n"
    "{\n"
    "    local cur=${COMP_WORDS[COMP_CWORD]} at=$((COMP_CWORD - 1)) prev file=\n"
    "    COMPREPLY=()\n"
    "    case $cur in @) file=1 cur= ;; =) cur= ;; esac\n"
    "    [[ ${COMP_WORDS[at]} == @ ]] && file=1 at=$((at - 1))\n"
    "    [[ ${COMP_WORDS[at]} == = ]] && at=$((at - 1))\n"
    "    prev=${COMP_WORDS[at]}\n"
    "    [[ $prev == -[!-]?* ]] && prev=-${prev: -1} # the last of several letters\n"
    "    case $prev in\n";

static const char bash_middle[] = "    esac\n"
                                  "    [[ $cur == -* ]] && _garner_words '";

static const char bash_tail[] = "'\n"
                                "}\n"
                                "complete -F _garner garner\n";

/* "    --if-exists) _garner_words '...'; return ;;" */
static void add_bash_case(struct buf *b, const struct option_row *row)
{
    buf_adds(b, "    ");
    if (row->name) {
        buf_addf(b, "--%s%s", row->name, row->letter ? " | " : "");
    }
    if (row->letter) {
        buf_addf(b, "-%c", row->letter);
    }
    buf_adds(b, ") ");
    switch (value_of(row)) {
    case VALUE_CHOICES:
    case VALUE_TOPIC:
        buf_adds(b, "_garner_words '");
        add_words(b, row);
        /* Where the value may be left out, other options may follow. */
        buf_adds(b, value_of(row) == VALUE_TOPIC ? "'\n        [[ $cur == -* ]] || " : "'; ");
        break;
    case VALUE_FILE:
        buf_adds(b, "_garner_files; ");
        break;
    case VALUE_AT_FILE:
        buf_adds(b, "[[ $file ]] && _garner_files; ");
        break;
    case VALUE_DIR:
        buf_adds(b, "_garner_files -d; ");
        break;
    case VALUE_COMMAND:
        buf_adds(b, "mapfile -t COMPREPLY < <(compgen -c -- \"$cur\"); ");
        break;
    default:
        break;
    }
    buf_adds(b, "return ;;\n");
}

static void add_bash(struct buf *b)
{
    buf_adds(b, bash_head);
    for (size_t i = 0; i < option_nrows; i++) {
        if (option_rows[i].arg) {
            add_bash_case(b, &option_rows[i]);
        }
    }
    buf_adds(b, bash_middle);
    for (size_t i = 0; i < option_nrows; i++) {
        const struct option_row *row = &option_rows[i];
        if (row->letter) {
            buf_addf(b, "%s-%c", i ? " " : "", row->letter);
        }
        if (row->name) {
            buf_addf(b, "%s--%s", i || row->letter ? " " : "", row->name);
        }
    }
    buf_adds(b, bash_tail);
}

/* -- zsh ----------------------------------------------------------------------------------- */

/* join: what stands between the name and its value if they are one word. */
static void add_zsh_option(struct buf *b, const char *dashes, const char *name, const char *join,
    const struct option_row *row)
{
    enum value value = value_of(row);
    bool taken = value != VALUE_NONE && value != VALUE_TOPIC;

    buf_addf(b, "    '*%s%.*s%s[", dashes, *join == '+' ? 1 : 99, name, taken ? join : "");
    add_quoted(b, text_of(row), true);
    buf_addf(b, "]%s", taken ? ":value:" : value == VALUE_TOPIC ? "::group:" : "");
    switch (value) {
    case VALUE_CHOICES:
    case VALUE_TOPIC:
        buf_addc(b, '(');
        add_words(b, row);
        buf_addc(b, ')');
        break;
    case VALUE_FILE:
        buf_adds(b, "_files");
        break;
    case VALUE_AT_FILE:
        buf_adds(b, "_files -P @");
        break;
    case VALUE_DIR:
        buf_adds(b, "_files -/");
        break;
    case VALUE_COMMAND:
        buf_adds(b, "_command_names -e");
        break;
    default:
        break;
    }
    buf_adds(b, "' \\\n");
}

static void add_zsh(struct buf *b)
{
    buf_adds(b, "#compdef garner\n_arguments -s -S \\\n");
    for (size_t i = 0; i < option_nrows; i++) {
        const struct option_row *row = &option_rows[i];
        if (row->letter) {
            add_zsh_option(b, "-", &row->letter, "+", row);
        }
        if (row->name) {
            add_zsh_option(b, "--", row->name, "=", row);
        }
    }
    buf_adds(b, "    '*:URL:_urls'\n");
}

/* -- fish ---------------------------------------------------------------------------------- */

static void add_fish_value(struct buf *b, const struct option_row *row)
{
    switch (value_of(row)) {
    case VALUE_FILE:
        buf_adds(b, " -r -F");
        break;
    case VALUE_DIR:
        buf_adds(b, " -x -a '(__fish_complete_directories)'");
        break;
    case VALUE_AT_FILE:
        buf_adds(b, " -x -a '@(__fish_complete_path "
                    "(string replace -r \"^[^@]*@\" \"\" -- (commandline -ct)))'");
        break;
    case VALUE_COMMAND:
        buf_adds(b, " -x -a '(__fish_complete_command)'");
        break;
    case VALUE_CHOICES:
        buf_adds(b, " -x -a '");
        add_words(b, row);
        buf_addc(b, '\'');
        break;
    case VALUE_OTHER:
        buf_adds(b, " -x");
        break;
    case VALUE_NONE:
    case VALUE_TOPIC:
        break;
    }
}

/* A value that may be left out is an argument that may follow. */
static void add_fish_topics(struct buf *b, const struct option_row *row)
{
    buf_addf(b, "complete -c garner -n '__fish_prev_arg_in --%s -%c' -a '", row->name, row->letter);
    add_words(b, row);
    buf_adds(b, "'\n");
}

static void add_fish(struct buf *b)
{
    buf_adds(b, "# fish completion for garner\ncomplete -c garner -f\n");
    for (size_t i = 0; i < option_nrows; i++) {
        const struct option_row *row = &option_rows[i];
        buf_adds(b, "complete -c garner");
        if (row->letter) {
            buf_addf(b, " -s %c", row->letter);
        }
        if (row->name) {
            buf_addf(b, " -l %s", row->name);
        }
        add_fish_value(b, row);
        buf_adds(b, " -d '");
        add_quoted(b, text_of(row), false);
        buf_adds(b, "'\n");
        if (value_of(row) == VALUE_TOPIC) {
            add_fish_topics(b, row);
        }
    }
}

void options_add_completion(struct buf *b, const char *shell)
{
    if (strcmp(shell, "bash") == 0) {
        add_bash(b);
    } else if (strcmp(shell, "zsh") == 0) {
        add_zsh(b);
    } else {
        add_fish(b);
    }
}
