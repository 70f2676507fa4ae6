/* SPDX-License-Identifier: MIT */
/* The entries and warnings that a list came to, collected, checked and compared. */
#ifndef TESTS_FUZZ_ENTRIES_H
#define TESTS_FUZZ_ENTRIES_H

#include "cli/lines.h"

struct entries {
    struct list_out out;
    struct entry **entry; /* owned */
    size_t count;
    uint64_t last; /* line of the last warning */
    size_t warnings;
};

void entries_init(struct entries *es, const char *file);
void entries_fini(struct entries *es);
void entries_add(struct entries *es, struct entry *e); /* checks it too */

void entries_check_same(const struct entries *a, const struct entries *b);

/* Whatever the entry says can be asked of a server. */
void entry_check(const struct entry *e);

#endif
