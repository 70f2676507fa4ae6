/* SPDX-License-Identifier: MIT */
/*
 * What the fuzz targets share. A target is one file that says what must hold for any bytes at all:
 *
 *     FUZZ_TARGET(name) { ... FUZZ_CHECK(what must hold); ... return 0; }
 *
 * For libFuzzer each is a program of its own (FUZZ_LIBFUZZER); for make check all are in one, which
 * feeds them the inputs kept in corpus/ (replay.c).
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef FUZZ_LIBFUZZER
#define FUZZ_TARGET(name)                                                                          \
    int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);                                  \
    int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
#else
#define FUZZ_TARGET(name)                                                                          \
    int fuzz_##name(const uint8_t *data, size_t size);                                             \
    int fuzz_##name(const uint8_t *data, size_t size)
#endif

#define FUZZ_CHECK(what) ((what) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #what))

void fuzz_fail(const char *file, int line, const char *what) __attribute__((noreturn));

/* The input cut at its NULs; what is not there is "". */
enum { FUZZ_PARTS = 12 };
struct fuzz_parts {
    char *block; /* owned */
    const char *part[FUZZ_PARTS];
    size_t count; /* that are there */
};
void fuzz_split(struct fuzz_parts *p, const uint8_t *data, size_t size);
void fuzz_split_fini(struct fuzz_parts *p);

/* A copy with a NUL behind it, owned by the caller. */
char *fuzz_text(const uint8_t *data, size_t size);

/* The error has words, is of that kind, and is ended. */
void fuzz_refused(struct err *e, enum err_kind kind);

bool fuzz_same(const char *a, const char *b);   /* equal, or both NULL */
bool fuzz_has_control(const char *s, size_t n); /* C0, DEL, or C1 in valid UTF-8 */

/* One path component that trust.md calls safe, with room for `more` bytes in a directory. */
void fuzz_check_name(const char *name, size_t len, size_t most);

#endif
