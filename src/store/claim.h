/* SPDX-License-Identifier: MIT */
/*
 * Which bytes of a part are there, as one text of fixed width (for a number of ranges), so that it
 * can be overwritten in place:
 *
 *   "         7 0-             123456,             200000-             300000 5d1e60b1a9f3c274"
 *    number     bytes from the start, further ranges                        check
 *
 * The check is a hash of all before it and of the head that the claim belongs to (sidecar.h). A
 * mixture of two claims is none.
 */
#ifndef STORE_CLAIM_H
#define STORE_CLAIM_H

#include "base/buf.h"
#include "store/ranges.h"

struct claim {
    uint64_t number; /* grows with each */
    int64_t present; /* bytes from the start */
    struct ranges more;
};

/* Appends the text. A failure to allocate is sticky in b. */
void claim_put(const struct claim *c, const char *head, struct buf *b);

/* False, and *out holds nothing, if the text is no claim with this head, its ranges are not in
 * order and apart, or lie beyond total (-1: unknown); or when memory ran out. */
bool claim_parse(const char *text, const char *head, int64_t total, struct claim *out);

#endif
