/* SPDX-License-Identifier: MIT */
/* Digests by libcrypto's EVP, and how people write them down. */
#include "store/digest.h"

#include "base/alloc.h"
#include "base/buf.h"

#include <ctype.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define BLOCK (128 * 1024)

static const struct algo {
    const char *name, *other; /* ours, and the one with a hyphen (aria2, RFC 3230) */
    size_t size;
    const EVP_MD *(*md)(void);
} algos[] = {
    [DIGEST_MD5] = {"md5", "md-5", 16, EVP_md5},
    [DIGEST_SHA1] = {"sha1", "sha-1", 20, EVP_sha1},
    [DIGEST_SHA256] = {"sha256", "sha-256", 32, EVP_sha256},
    [DIGEST_SHA512] = {"sha512", "sha-512", 64, EVP_sha512},
};
#define ALGOS (sizeof(algos) / sizeof(algos[0]))

/* "OpenSSL 3.0.16 11 Feb 2025" */
void digest_add_version(struct buf *b)
{
    const char *text = OpenSSL_version(OPENSSL_VERSION);
    const char *number = text + strcspn(text, " ");
    number += strspn(number, " ");
    buf_addf(b, "libcrypto/%.*s", (int)strcspn(number, " "), number);
}

static enum digest_algo algo_of_name(const char *name, size_t len)
{
    for (size_t i = DIGEST_NONE + 1; i < ALGOS; i++) {
        const char *names[] = {algos[i].name, algos[i].other};
        for (size_t n = 0; n < 2; n++) {
            if (strlen(names[n]) == len && strncasecmp(names[n], name, len) == 0) {
                return (enum digest_algo)i;
            }
        }
    }
    return DIGEST_NONE;
}

static enum digest_algo algo_of_size(size_t size)
{
    for (size_t i = DIGEST_NONE + 1; i < ALGOS; i++) {
        if (algos[i].size == size) {
            return (enum digest_algo)i;
        }
    }
    return DIGEST_NONE;
}

struct err *digest_parse_algo(const char *text, enum digest_algo *out)
{
    *out = algo_of_name(text, strlen(text));
    if (*out == DIGEST_NONE) {
        return err_new(
            ERR_INPUT, NULL, "unknown digest \"%.40s\" (known: sha256, sha512, sha1, md5)", text);
    }
    return NULL;
}

static int nibble(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* True if hex is exactly 2 * size digits. */
static bool parse_hex(const char *hex, size_t size, unsigned char *bytes)
{
    if (strlen(hex) != 2 * size) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        int high = nibble(hex[2 * i]), low = nibble(hex[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        bytes[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

struct err *digest_parse(const char *text, struct digest_value *out)
{
    memset(out, 0, sizeof(*out));
    size_t name = strcspn(text, ":=");
    const char *hex = text[name] ? text + name + 1 : text;
    enum digest_algo algo = text[name] ? algo_of_name(text, name) : algo_of_size(name / 2);
    if (text[name] && algo == DIGEST_NONE) {
        return err_new(ERR_INPUT, NULL,
            "unknown digest \"%.*s\" (known: sha256, sha512, sha1, md5)",
            (int)(name < 40 ? name : 40), text);
    }
    if (algo == DIGEST_NONE) {
        return err_new(ERR_INPUT, NULL, "a checksum is ALGO:HEX, or the hex digits of a known one");
    }
    if (!parse_hex(hex, algos[algo].size, out->bytes)) {
        memset(out->bytes, 0, sizeof(out->bytes));
        return err_new(ERR_INPUT, NULL, "a %s checksum is %zu hex digits", algos[algo].name,
            2 * algos[algo].size);
    }
    out->algo = algo;
    return NULL;
}

bool digest_equal(const struct digest_value *a, const struct digest_value *b)
{
    return a->algo != DIGEST_NONE && a->algo == b->algo &&
           memcmp(a->bytes, b->bytes, algos[a->algo].size) == 0;
}

void digest_format(const struct digest_value *d, char *out)
{
    *out = '\0';
    if (d->algo == DIGEST_NONE) {
        return;
    }
    out += sprintf(out, "%s:", algos[d->algo].name);
    for (size_t i = 0; i < algos[d->algo].size; i++) {
        out += sprintf(out, "%02x", d->bytes[i]);
    }
}

struct digest {
    enum digest_algo algo;
    EVP_MD_CTX *ctx; /* owned */
    bool ready;      /* libcrypto knows the algorithm (some builds refuse md5) */
};

struct digest *digest_new(enum digest_algo algo)
{
    struct digest *d = mem_new(sizeof(*d));
    if (!d) {
        return NULL;
    }
    d->algo = algo;
    d->ctx = EVP_MD_CTX_new();
    if (!d->ctx) {
        free(d);
        return NULL;
    }
    d->ready = algo != DIGEST_NONE && EVP_DigestInit_ex(d->ctx, algos[algo].md(), NULL) == 1;
    return d;
}

void digest_free(struct digest *d)
{
    if (d) {
        EVP_MD_CTX_free(d->ctx);
        free(d);
    }
}

static struct err *refused(const struct digest *d)
{
    return err_new(ERR_IO, NULL, "libcrypto refuses %s",
        d->algo == DIGEST_NONE ? "no digest" : algos[d->algo].name);
}

struct err *digest_update(struct digest *d, const void *bytes, size_t n)
{
    if (!d->ready || EVP_DigestUpdate(d->ctx, bytes, n) != 1) {
        return refused(d);
    }
    return NULL;
}

struct err *digest_final(struct digest *d, struct digest_value *out)
{
    memset(out, 0, sizeof(*out));
    if (!d->ready || EVP_DigestFinal_ex(d->ctx, out->bytes, NULL) != 1) {
        return refused(d);
    }
    d->ready = false;
    out->algo = d->algo;
    return NULL;
}

static struct err *update_from_fd(struct digest *d, int fd, char *block)
{
    off_t at = 0;
    for (;;) {
        ssize_t n = pread(fd, block, BLOCK, at);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return err_errno(ERR_IO, errno, "cannot read back for the checksum");
        }
        if (n == 0) {
            return NULL;
        }
        struct err *e = digest_update(d, block, (size_t)n);
        if (e) {
            return e;
        }
        at += n;
    }
}

struct err *digest_of_fd(int fd, enum digest_algo algo, struct digest_value *out)
{
    memset(out, 0, sizeof(*out));
    struct err *e = NULL;
    struct digest *d = digest_new(algo);
    char *block = malloc(BLOCK);
    if (!d || !block) {
        e = err_plain(ERR_NOMEM);
        goto out;
    }
    e = update_from_fd(d, fd, block);
    if (!e) {
        e = digest_final(d, out);
    }
out:
    free(block);
    digest_free(d);
    return e;
}
