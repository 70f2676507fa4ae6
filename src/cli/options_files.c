/* SPDX-License-Identifier: MIT */
/* What is written would be lost, or the list that is read, if two options had one file. */
#include "cli/options_private.h"

#include <string.h>
#include <sys/stat.h>

struct named {
    const char *option, *path; /* path NULL: not given */
    bool replaceable;          /* what is read there is read to its end before it is written */
};

/* What the shell opened, or a device: several may write there. */
static bool is_shared(const char *path)
{
    return strcmp(path, "-") == 0 || strncmp(path, "/dev/", 5) == 0 ||
           strncmp(path, "/proc/", 6) == 0;
}

static bool same_file(const char *a, const char *b)
{
    struct stat sa, sb;
    if (is_shared(a) || is_shared(b)) {
        return false;
    }
    return strcmp(a, b) == 0 || (stat(a, &sa) == 0 && stat(b, &sb) == 0 && S_ISREG(sa.st_mode) &&
                                    sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino);
}

static struct err *clash(const struct named *written, const struct named *other)
{
    return other->path && written->path && same_file(written->path, other->path)
               ? err_new(
                     ERR_USAGE, NULL, "--%s: is the file of --%s", written->option, other->option)
               : NULL;
}

struct err *options__check_outputs(const struct parse *p)
{
    const struct options *o = p->o;
    const struct named outputs[] = {
        {"timeline", o->timeline, false},
        {"report", o->report, false},
        {"events", o->events, false},
        {"records", o->output.records, false},
        {"journal", o->journal, false},
        {"tar", o->output.tar, false},
        {"cookie-jar", o->net.cookie_jar, false},
        {"failures", o->failures, true},
    };
    const struct named sums = {"checksums", o->checksums, false};
    const size_t n = sizeof outputs / sizeof *outputs;
    struct err *e = NULL;
    for (size_t i = 0; i < n && !e; i++) {
        for (size_t j = 0; j < i && !e; j++) {
            e = clash(&outputs[i], &outputs[j]);
        }
        e = e ? e : clash(&outputs[i], &sums);
        for (size_t j = 0; j < p->files.count && !e && !outputs[i].replaceable; j++) {
            e = clash(&outputs[i], &(struct named){"input", p->files.at[j], false});
        }
    }
    return e;
}
