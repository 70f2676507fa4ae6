/* SPDX-License-Identifier: MIT */
/*
 * A token bucket: so many tokens a second, saved up to a burst. It may be overdrawn (bytes are
 * counted once they are there); the debt is then paid before the next is due.
 */
#ifndef NET_RATE_H
#define NET_RATE_H

#include <stdbool.h>

struct rate {
    double per_second; /* 0: no limit */
    double burst;      /* tokens that can be saved up, >= 1 */
    double tokens;
    double at; /* when `tokens` was true */
};

/* burst_seconds: how long unused tokens are saved, but one is always. It starts full. */
void rate_init(struct rate *r, double per_second, double burst_seconds, double now);

/* Takes n tokens, into debt if need be. */
void rate_take(struct rate *r, double now, double n);

/* Seconds until there are `need` tokens (at most a burst); 0: they are there, or no limit. */
double rate_delay(struct rate *r, double now, double need);

#endif
