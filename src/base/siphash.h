/* SPDX-License-Identifier: MIT */
/* SipHash-2-4: a hash that nobody can aim collisions at without knowing its key. The same on every
 * machine, whatever its byte order. */
#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

struct siphash_key {
    uint64_t k0, k1;
};

/* A key from the kernel's random numbers. */
struct siphash_key siphash_random_key(void);

uint64_t siphash(const struct siphash_key *key, const void *bytes, size_t n);

#endif
