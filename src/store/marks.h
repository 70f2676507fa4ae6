/* SPDX-License-Identifier: MIT */
/* The extended attributes by which a file says whose it is (trust.md, Marks). */
#ifndef STORE_MARKS_H
#define STORE_MARKS_H

#include <stdint.h>

/* Sets what is given. A file system without attributes, or without room for them, is no error.
 * key 0, NULL: not set. */
void marks_set(int fd, uint64_t key, const char *etag, const char *origin_url);

/* The key's hash; 0: none. */
uint64_t marks_key(int fd);
/* Owned by the caller; NULL: none. */
char *marks_etag(int fd);

#endif
