/* SPDX-License-Identifier: MIT */
/* When a failed request is made again, and after how long (cli.md, Retrying). */
#ifndef FETCH_RETRY_H
#define FETCH_RETRY_H

#include "fetch/session.h"

/* The standing of one download. */
struct retry {
    const struct retry_options *options; /* borrowed */
    unsigned failures; /* in a row that brought no new byte of the file to speak of */
    double since;      /* loop_time() of the first start */
};

void retry_init(struct retry *r, const struct retry_options *o, double now);

/* Trying again could mend it. status: of the reply, 0 if none came; e: the error, NULL if a reply
 * did. */
bool retry_worthwhile(const struct retry_options *o, int status, const struct err *e);

/* One more request failed after bringing `gained` new bytes, `rest` of them having been wanted (-1:
 * unknown). True if it may be made again. */
bool retry_again(struct retry *r, int64_t gained, int64_t rest, double now);

/* Seconds to wait before: full jitter below an exponentially growing bound. */
double retry_backoff(const struct retry *r);

#endif
