/* SPDX-License-Identifier: MIT */
/*
 * Landlock (trust.md, Who is kept out): from sandbox_enter on the process, and every thread that it
 * starts then, reaches the allowed files only, whatever a server makes it do. Descriptors that are
 * open stay usable. On a kernel without Landlock, or with less than ABI 2, nothing happens.
 */
#ifndef CLI_SANDBOX_H
#define CLI_SANDBOX_H

#include "base/buf.h"

#include <stdbool.h>

struct sandbox;

/* Nothing is allowed yet. NULL: the kernel has none, or memory ran out. */
struct sandbox *sandbox_new(void);
void sandbox_free(struct sandbox *s); /* what is in force stays; NULL is ignored */

/* A path is a file or a directory with all below it; one that does not exist says nothing. Links
 * are followed now, and not again. */
void sandbox_allow_read(struct sandbox *s, const char *path);
void sandbox_allow_write(struct sandbox *s, const char *path); /* and read */
/* Files may be made and removed there, and renamed, but not opened. */
void sandbox_allow_rename(struct sandbox *s, int dir);

/* No thread but the caller's may run. False, and nothing is in force, if the kernel refuses. */
bool sandbox_enter(struct sandbox *s);

int sandbox_abi(const struct sandbox *s);

/* -- sandbox_policy.c -- */

struct options;

/* Confines the process to what these options need. dirs: where files are renamed at the end; -1:
 * none. say: what is in force, for people; appended. */
void sandbox_confine(const struct options *o, const int *dirs, size_t ndirs, struct buf *say);

#endif
