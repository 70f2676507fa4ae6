/* SPDX-License-Identifier: MIT */
/*
 * A file that replaces another at the end, by one rename: until then it has no name, and a run that
 * dies leaves what was there. On a file system without unnamed files it has a temporary one.
 */
#ifndef CLI_REPLACEMENT_H
#define CLI_REPLACEMENT_H

#include "base/err.h"

#include <sys/types.h>

/* Where it is to go. */
struct place {
    char *path;       /* owned: as it was given */
    char *real;       /* owned: without links, so that what they lead to is replaced */
    const char *name; /* the last component of `real` */
    int dir;          /* owned; -1: none */
};

/* option: for messages. ERR_IO: there can be no such file; ERR_USAGE: it is there and is not a
 * regular file; ERR_NOMEM. place_fini in any case. */
struct err *place_init(struct place *p, const char *option, const char *path);
void place_fini(struct place *p);

struct draft {
    int fd;        /* owned; -1: none */
    char name[64]; /* in the directory; "": it has none */
};

/* An empty one for reading and writing; mode: less what umask takes away. 0 or an errno value;
 * draft_drop in any case. */
int draft_open(const struct place *p, mode_t mode, struct draft *d);
/* What was not put in place is gone. */
void draft_drop(const struct place *p, struct draft *d);
/* Syncs it and gives it the name. 0 or an errno value: then the file is as it was. */
int draft_put(const struct place *p, struct draft *d);

#endif
