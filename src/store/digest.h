/* SPDX-License-Identifier: MIT */
/* Digests by libcrypto's EVP: sha256, sha512, sha1, md5. */
#ifndef STORE_DIGEST_H
#define STORE_DIGEST_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct buf;

enum digest_algo { DIGEST_NONE, DIGEST_MD5, DIGEST_SHA1, DIGEST_SHA256, DIGEST_SHA512 };

struct digest_value {
    enum digest_algo algo; /* DIGEST_NONE: no digest */
    unsigned char bytes[64];
};

/* "sha256:HEX", "sha-256=HEX" (aria2), or bare hex of a known length (128: sha512, 64: sha256, 40:
 * sha1, 32: md5). ERR_INPUT says what is wrong. */
struct err *digest_parse(const char *text, struct digest_value *out);
struct err *digest_parse_algo(const char *text, enum digest_algo *out);
/* Two of no algorithm are not equal: nothing was said of either. */
bool digest_equal(const struct digest_value *a, const struct digest_value *b);
/* "sha256:<hex>" into out (at least DIGEST_TEXT bytes). */
#define DIGEST_TEXT 160
void digest_format(const struct digest_value *d, char *out);

void digest_add_version(struct buf *b); /* "libcrypto/3.0.16", appended */

/* Streaming, on any one thread at a time. */
struct digest;
struct digest *digest_new(enum digest_algo algo); /* NULL when memory ran out */
void digest_free(struct digest *d);
struct err *digest_update(struct digest *d, const void *bytes, size_t n);
struct err *digest_final(struct digest *d, struct digest_value *out);
/* Of everything in the file, from its start; its position stays. ERR_IO, ERR_NOMEM. */
struct err *digest_of_fd(int fd, enum digest_algo algo, struct digest_value *out);

#endif
