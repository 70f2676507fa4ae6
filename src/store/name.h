/* SPDX-License-Identifier: MIT */
/*
 * File names that are safe wherever they came from (trust.md, Names).
 *
 * One name is one path component. What a server, a list or a URL says is data: no directory part,
 * no "." or "..", no control characters, no invalid UTF-8, no leading or trailing blanks, no
 * trailing dots; at most NAME_LONGEST bytes, cut on a character boundary with the extension kept.
 */
#ifndef STORE_NAME_H
#define STORE_NAME_H

#include "base/buf.h"
#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

#define NAME_PART    ".part"
#define NAME_SIDECAR ".part.json"
/* NAME_MAX less the longest that garner adds: ".<8 hex digits>" and NAME_SIDECAR. */
#define NAME_LONGEST (255 - 9 - 10)

/* Appends the safe form of raw[0..len) to b. An empty one is "index.html"; one that ends in one of
 * garner's own suffixes gets a "_". A failure to allocate is sticky in b. */
void name_make_safe(struct buf *b, const char *raw, size_t len);

/* The last segment of a URL's path, percent-decoded once, made safe. */
void name_from_url_path(struct buf *b, const char *url_path);

/* Appends s[0..n) percent-decoded once; a '%' that begins no two hex digits stays. What comes out
 * may hold any byte, NUL and '/' too. */
void name_percent_decode(struct buf *b, const char *s, size_t n);

/* Where the extension begins: the offset of its dot in name, or its length if it has none. A
 * leading dot begins no extension; ".tar.gz" and its kin count as one. */
size_t name_extension(const char *name);

/* "report.pdf", hash -> "report.9f3a61c2.pdf": the upper 32 bits of the hash, before the extension
 * of the path's last component. Owned by the caller; NULL when memory ran out. */
char *name_with_hash(const char *path, uint64_t hash);

/* How a path is shown and given to other programs: a leading "-" becomes "./-". Owned. */
char *name_shown(const char *path);

#endif
