/* SPDX-License-Identifier: MIT */
/* What the tests of the command line and of the configuration file share. */
#ifndef TESTS_UNIT_CLI_OPTIONS_H
#define TESTS_UNIT_CLI_OPTIONS_H

#include "cli/options.h"

/* Parses "garner" and the words of line, which are separated by one blank each (so that two blanks
 * are an empty word between them); a '~' in a word stands for a blank. Returns the error. */
struct err *options_of(const char *line, struct options **out);
/* It must work, or fail with a message that contains `why`. */
struct options *options_are_good(const char *line);
void options_are_bad(const char *line, const char *why);

/* A directory for the test's files, which is the current one, with no configuration in it and
 * nothing on standard input. */
void options_setup(void);
void options_teardown(void);
void file_write(const char *name, const char *text);

#endif
