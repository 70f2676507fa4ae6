/* SPDX-License-Identifier: MIT */
/*
 * Memory that runs out, at every place in turn. The test program is linked with --wrap for the
 * malloc family, so every allocation of garner's own passes here (those inside shared libraries do
 * not).
 *
 * A scenario is a function that does something from beginning to end and cleans up after itself
 * whatever fails on the way. It must not use Check's macros, nor support.h's functions, because
 * Check allocates too: use failnth_must().
 */
#ifndef TESTS_UNIT_FAILNTH_H
#define TESTS_UNIT_FAILNTH_H

#include <stdbool.h>

/*
 * Runs the scenario with its first allocation failing, then with its second, and so on, until it
 * passes without any having failed. Each run must free all that it allocated. Each failure is of
 * one allocation; the ones after it work.
 */
void failnth_each(void (*scenario)(void));

/* By hand: the n-th allocation from now on fails (1 is the next). failnth_disarm tells whether it
 * did. */
void failnth_arm(unsigned long n);
bool failnth_disarm(void);
/* Whether the allocation has failed already in this run: without it, nothing else may fail. */
bool failnth_failed(void);

/* What a scenario asserts with. */
#define failnth_must(cond) ((cond) ? (void)0 : failnth_broken(__FILE__, __LINE__, #cond))
void failnth_broken(const char *file, int line, const char *what) __attribute__((noreturn));

#endif
