/* SPDX-License-Identifier: MIT */
/* Memory that runs out, at every place in turn: the wrappers that the linker puts in place of the
 * malloc family. Their state is the program's own, there being no other place for it. */
#include "failnth.h"

#include <check.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_ALLOCATIONS = 100000 }; /* of a scenario; more is a loop without end */

static unsigned long until; /* allocations until the one that fails; 0: none will */
static bool has_failed;     /* since it was armed */
static unsigned long turn;  /* which one it is, for messages */
static long live;           /* blocks not freed */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *s);
int __real_vasprintf(char **out, const char *fmt, va_list ap);
void __real_free(void *block);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *s);
int __wrap_vasprintf(char **out, const char *fmt, va_list ap);
void __wrap_free(void *block);

static bool fails(void)
{
    unsigned long left = __atomic_load_n(&until, __ATOMIC_RELAXED);
    if (!left || __atomic_sub_fetch(&until, 1, __ATOMIC_RELAXED)) {
        return false;
    }
    __atomic_store_n(&has_failed, true, __ATOMIC_RELAXED);
    errno = ENOMEM;
    return true;
}

static void *count(void *block)
{
    if (block) {
        __atomic_add_fetch(&live, 1, __ATOMIC_RELAXED);
    }
    return block;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : count(__real_malloc(size));
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : count(__real_calloc(n, size));
}

void *__wrap_realloc(void *old, size_t size)
{
    if (fails()) {
        return NULL;
    }
    return old ? __real_realloc(old, size) : count(__real_realloc(NULL, size));
}

char *__wrap_strdup(const char *s)
{
    return fails() ? NULL : count(__real_strdup(s));
}

int __wrap_vasprintf(char **out, const char *fmt, va_list ap)
{
    if (fails()) {
        *out = NULL;
        return -1;
    }
    int n = __real_vasprintf(out, fmt, ap);
    if (n >= 0) {
        (void)count(*out);
    }
    return n;
}

void __wrap_free(void *block)
{
    if (block) {
        __atomic_sub_fetch(&live, 1, __ATOMIC_RELAXED);
    }
    __real_free(block);
}

void failnth_arm(unsigned long n)
{
    turn = n;
    has_failed = false;
    __atomic_store_n(&until, n, __ATOMIC_RELAXED);
}

bool failnth_disarm(void)
{
    __atomic_store_n(&until, 0, __ATOMIC_RELAXED);
    return has_failed;
}

bool failnth_failed(void)
{
    return __atomic_load_n(&has_failed, __ATOMIC_RELAXED);
}

void failnth_broken(const char *file, int line, const char *what)
{
    (void)failnth_disarm();
    ck_abort_msg("%s:%d: %s, with allocation %lu failing", file, line, what, turn);
}

void failnth_each(void (*scenario)(void))
{
    for (unsigned long n = 1; n < MOST_ALLOCATIONS; n++) {
        long before = live;
        failnth_arm(n);
        scenario();
        bool failed = failnth_disarm();
        ck_assert_msg(
            live == before, "%ld blocks leaked with allocation %lu failing", live - before, n);
        if (!failed) {
            return;
        }
    }
    ck_abort_msg("a scenario without an end");
}
