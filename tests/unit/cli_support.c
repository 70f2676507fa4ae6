/* SPDX-License-Identifier: MIT */
/* What the tests of the command line and of the configuration file share. */
#include "cli_options.h"
#include "support.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char scratch[64];

void options_setup(void)
{
    strcpy(scratch, "/tmp/garner-options-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(scratch));
    ck_assert_int_eq(chdir(scratch), 0);
    setenv("XDG_CONFIG_HOME", scratch, 1);
    int fd = open("/dev/null", O_RDONLY);
    ck_assert_int_ge(fd, 0);
    dup2(fd, STDIN_FILENO);
    close(fd);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st, (void)flag, (void)ftw;
    return remove(path);
}

void options_teardown(void)
{
    ck_assert_int_eq(chdir("/"), 0);
    nftw(scratch, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

void file_write(const char *name, const char *text)
{
    FILE *f = fopen(name, "w");
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    ck_assert_int_eq(fclose(f), 0);
}

struct err *options_of(const char *line, struct options **out)
{
    char *copy = strdup(line);
    ck_assert_ptr_nonnull(copy);
    char *argv[64] = {copy};
    int argc = 1;
    argv[0] = (char[]){"garner"};
    for (char *s = copy; *line; s = NULL) {
        s = s ? s : argv[argc - 1] + strlen(argv[argc - 1]) + 1;
        size_t n = strcspn(s, " ");
        bool last = s[n] == '\0';
        s[n] = '\0';
        argv[argc++] = s;
        if (last) {
            break;
        }
    }
    for (int i = 1; i < argc; i++) {
        for (char *s = argv[i]; *s; s++) {
            *s = *s == '~' ? ' ' : *s;
        }
    }
    struct err *e = options_parse(argc, argv, NULL, NULL, out);
    free(copy);
    return e;
}

struct options *options_are_good(const char *line)
{
    struct options *o = NULL;
    struct err *e = options_of(line, &o);
    ck_assert_msg(!e, "%s: %s", line, e ? err_message(e) : "");
    ck_assert_ptr_nonnull(o);
    return o;
}

void options_are_bad(const char *line, const char *why)
{
    struct options *o = NULL;
    struct err *e = options_of(line, &o);
    ck_assert_msg(e != NULL, "%s: was taken", line);
    ck_assert_ptr_null(o);
    ck_assert_msg(
        err_is(e, ERR_USAGE) || err_is(e, ERR_IO), "%s: %s", line, err_kind_name(err_kind(e)));
    ck_assert_msg(strstr(err_message(e), why) != NULL, "%s: said: %s", line, err_message(e));
    err_unref(e);
}
