/* SPDX-License-Identifier: MIT */
/* --help, made from the table: a first page, a page a group, or all of them. */
#include "cli/options_private.h"

#include <string.h>

#define COLUMN 30 /* where the texts begin */

static const struct {
    const char *name, *title;
} groups[GROUPS] = {
    [GROUP_INPUT] = {"input", "What is downloaded"},
    [GROUP_FILES] = {"files", "Where bytes go"},
    [GROUP_AWAIT] = {"awaiting", "Awaiting, and how long"},
    [GROUP_PACE] = {"pace", "Concurrency and pace"},
    [GROUP_RETRY] = {"retry", "Retrying"},
    [GROUP_REQUEST] = {"request", "Requests"},
    [GROUP_CONNECTION] = {"connection", "Connections"},
    [GROUP_OUTPUT] = {"output", "Results and messages"},
    [GROUP_QUEUE] = {"queue", "More than one machine"},
    [GROUP_GENERAL] = {"general", "garner itself"},
};

/* The row's spellings, and all: those of the rows that follow it, "  -m, --attempt-timeout,
 * --max-time". */
static void add_spellings(struct buf *b, const struct option_row *row, bool all)
{
    const struct option_row *end = row + 1;
    while (all && end < option_rows + option_nrows && !end->help) {
        end++;
    }
    const char *between = "";
    for (const struct option_row *r = row; r < end; r++) {
        if (r->letter) {
            buf_addf(b, "%s-%c", *between ? between : "  ", r->letter);
            between = ", ";
        }
    }
    for (const struct option_row *r = row; r < end; r++) {
        if (r->name) {
            buf_addf(b, "%s--%s", *between ? between : "      ", r->name);
            between = ", ";
        }
    }
    if (row->arg) {
        buf_addf(b,
            row->flags & ROW_JOINED     ? "[=%s]"
            : row->flags & ROW_OPTIONAL ? " [%s]"
                                        : " %s",
            row->arg);
    }
}

static void add_row(struct buf *b, const struct option_row *row, bool all)
{
    size_t start = b->len;
    add_spellings(b, row, all);
    size_t width = b->len - start;
    if (width > COLUMN - 2) {
        buf_addc(b, '\n');
        width = 0;
    }
    buf_addf(b, "%*s%s\n", (int)(COLUMN - width), "", row->help);
}

static void add_group(struct buf *b, unsigned group)
{
    buf_addf(b, "%s:\n", groups[group].title);
    for (size_t i = 0; i < option_nrows; i++) {
        if (option_rows[i].group == group && option_rows[i].help) {
            add_row(b, &option_rows[i], true);
        }
    }
}

static void add_first_page(struct buf *b)
{
    buf_adds(b, "usage: garner [OPTION]... [URL]...     or: garner [OPTION]... -i FILE\n"
                "Download many files at once; whole ones, under their final names, or not at all.\n"
                "\n");
    for (size_t i = 0; i < option_nrows; i++) {
        if (option_rows[i].flags & ROW_COMMON) {
            add_row(b, &option_rows[i], false);
        }
    }
    buf_adds(b, "\nMore with --help all, or of a group:\n");
    help_topics(b, ", ");
    buf_addc(b, '\n');
}

void help_topics(struct buf *b, const char *between)
{
    for (unsigned g = 0; g < GROUPS; g++) {
        buf_addf(b, "%s%s", g ? between : "", groups[g].name);
    }
}

bool help_knows(const char *topic)
{
    for (unsigned g = 0; g < GROUPS; g++) {
        if (strcmp(topic, groups[g].name) == 0) {
            return true;
        }
    }
    return strcmp(topic, "all") == 0;
}

void options_add_help(struct buf *b, const char *topic)
{
    if (!topic) {
        add_first_page(b);
    }
    for (unsigned g = 0; topic && g < GROUPS; g++) {
        if (strcmp(topic, "all") == 0 || strcmp(topic, groups[g].name) == 0) {
            buf_adds(b, b->len ? "\n" : "");
            add_group(b, g);
        }
    }
}
