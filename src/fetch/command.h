/* SPDX-License-Identifier: MIT */
/*
 * --exec CMD: split into words as a shell splits them, with quotes and backslashes but without any
 * expansion; {path}, {url} and {id} stand for what they say, within a word that is never split. A
 * command without any of them gets the path as its last word, as with xargs, fd and parallel.
 */
#ifndef FETCH_COMMAND_H
#define FETCH_COMMAND_H

#include "base/err.h"

#include <stdbool.h>

struct command;

/* ERR_USAGE: empty, a quote is not closed, an unknown placeholder, or one within the script of
 * a shell (sh -c 'gunzip {path}'), which would run what a name says. */
struct err *command_parse(const char *text, struct command **out);
void command_free(struct command *c); /* NULL is ignored */

/* A remark about what is taken as it stands and was perhaps meant otherwise, static; NULL: none. */
const char *command_remark(const struct command *c);

/* The program as it was written; borrowed. */
const char *command_name(const struct command *c);
bool command_needs_id(const struct command *c);

struct command_values {
    const char *path; /* one that begins with '-' is given as ./-... */
    const char *url;
    const char *id; /* the text itself, no JSON; may be NULL if it is not needed */
};

/* The words for a file, NULL-terminated, in one block to be free()d; NULL when memory ran out. */
char **command_words(const struct command *c, const struct command_values *v);

#endif
