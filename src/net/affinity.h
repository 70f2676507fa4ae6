/* SPDX-License-Identifier: MIT */
/*
 * Which loop carries a request. One that has a kept connection to the host goes before one that has
 * none: so a host never sees more connections than it had requests at once, and none is made in
 * vain. Among those the one with the least to do. Private to src/net.
 */
#ifndef NET_AFFINITY_H
#define NET_AFFINITY_H

#include <stdbool.h>

struct affinity;
struct seat; /* what is known of a host */

struct affinity *affinity_new(unsigned loops); /* NULL when memory ran out */
void affinity_free(struct affinity *a);        /* NULL is ignored */

/* The loop for a request to origin, which is under way from now on. *seat is for affinity_end; NULL
 * when memory ran out. */
unsigned affinity_begin(struct affinity *a, const char *origin, struct seat **seat);

/* It ended; kept: its connection is kept, as far as one can tell. */
void affinity_end(struct affinity *a, struct seat *seat, unsigned loop, bool kept);

/* The loop is of no use: it is not chosen again. Never loop 0. */
void affinity_drop(struct affinity *a, unsigned loop);

#endif
