/* SPDX-License-Identifier: MIT */
/* What the unit tests share. */
#ifndef TESTS_UNIT_SUPPORT_H
#define TESTS_UNIT_SUPPORT_H

#include "aio/loop.h"
#include "aio/task.h"

#include <check.h>

/* A LOOP_PLAIN loop that must be there. */
struct loop *loop_starts(void);

/* The end of every test: one more iteration for what was queued last, nothing alive, closed, freed.
 * loop_is_empty only checks. */
void loop_ends_empty(struct loop *l);
void loop_is_empty(struct loop *l);

/* Runs exactly n iterations; none of them may block, because each is already stopping. */
void loop_spin(struct loop *l, unsigned n);

/* Runs until f is done, which must work. */
void loop_completes(struct loop *l, struct future *f);

/* e must be NULL, or of that kind; takes e over. */
void err_is_none(struct err *e);
void err_is_kind(struct err *e, enum err_kind kind);

/* Collects what reaches the exception handler (loop_set_exception_handler(l, seen_handler, &s)). */
struct seen {
    unsigned count;
    enum err_kind kind; /* of the last one; ERR_KINDS when it came without an error */
    char message[160];  /* the last one's */
    char what[80];
};
struct err *seen_handler(void *arg, const char *message, struct err *e, const char *what);

/* An order of events as a string: each call appends its letters. */
struct order {
    char text[128];
    size_t len;
};
void order_add(struct order *o, const char *letters);

/* A callback that appends one letter. */
struct letter {
    struct order *order;
    char c;
};
struct err *on_letter(void *arg);

/* Under valgrind: then posix_spawn cannot see that nothing was started. */
bool vfork_is_fork(void);

#endif
