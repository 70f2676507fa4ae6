/* SPDX-License-Identifier: MIT */
/*
 * Bytes that another thread is to have.
 *
 * A core that writes where another one has just read must first take every cache line away from it:
 * with blocks that go to and fro between two threads that is the most expensive way of copying
 * there is (2 to 6 GB/s measured, where 20 are possible). So what is copied for somebody else, and
 * not looked at here again, is written past the caches.
 */
#ifndef BASE_COPY_H
#define BASE_COPY_H

#include <stddef.h>

/* memcpy for that. The bytes are complete for whoever learns of them in an ordinary way (a lock,
 * an atomic). Of no use for less than a few KiB. */
void copy_for_other(void *to, const void *from, size_t n);

#endif
