/* SPDX-License-Identifier: MIT */
/* A token bucket that may be overdrawn; it is refilled whenever somebody looks. */
#include "net/rate.h"

static void refill(struct rate *r, double now)
{
    if (now > r->at) {
        r->tokens += (now - r->at) * r->per_second;
        r->at = now;
    }
    if (r->tokens > r->burst) {
        r->tokens = r->burst;
    }
}

void rate_init(struct rate *r, double per_second, double burst_seconds, double now)
{
    r->per_second = per_second;
    r->burst = per_second * burst_seconds;
    if (r->burst < 1) {
        r->burst = 1;
    }
    r->tokens = r->burst;
    r->at = now;
}

void rate_take(struct rate *r, double now, double n)
{
    if (r->per_second > 0) {
        refill(r, now);
        r->tokens -= n;
    }
}

double rate_delay(struct rate *r, double now, double need)
{
    if (r->per_second <= 0) {
        return 0;
    }
    refill(r, now);
    if (need > r->burst) {
        need = r->burst;
    }
    /* A hair less than asked counts as there: a timer that fires on time must not find a rounding
     * error in its way. */
    double missing = need - r->tokens;
    return missing > 1e-6 * r->burst ? missing / r->per_second : 0;
}
