/* SPDX-License-Identifier: MIT */
/* Hosts with many requests each, for tests that count grants. */
#ifndef TESTS_UNIT_CROWD_H
#define TESTS_UNIT_CROWD_H

#include "net/hosts.h"

enum { HOSTS = 12, EACH = 40 };

struct crowd;

struct ask {
    struct slot slot;
    struct crowd *crowd;
    unsigned host;
    bool granted;
};

/* asks[host][n]; helps[host][n] take no job. */
struct crowd {
    struct loop *loop;
    struct hosts *hosts;
    bool named; /* the hosts have names, to be looked up; false: addresses */
    struct ask asks[HOSTS][EACH], helps[HOSTS][EACH];
    unsigned asked[HOSTS], granted[HOSTS]; /* in all */
    unsigned wanted[HOSTS], helped[HOSTS]; /* the same of those that take no job */
};

struct crowd *crowd_begin(const struct hosts_options *options);
void crowd_end(struct crowd *c); /* what is granted, or waits, is released */

/* Asks so many times more. */
void crowd_ask(struct crowd *c, unsigned host, unsigned n);
void crowd_help(struct crowd *c, unsigned host, unsigned n);
/* The loop turns; then: how many were granted until now. */
unsigned crowd_granted(struct crowd *c, unsigned host);
unsigned crowd_helped(struct crowd *c, unsigned host);

#endif
