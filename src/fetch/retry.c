/* SPDX-License-Identifier: MIT */
#include "fetch/retry.h"

#include <math.h>
#include <string.h>
#include <sys/random.h>

/* So much new data shows that the server is there: the count of failures starts anew. */
enum { PROGRESS = 1024 * 1024 };

void retry_init(struct retry *r, const struct retry_options *o, double now)
{
    *r = (struct retry){.options = o, .since = now};
}

static bool code_listed(const int *codes, int status)
{
    for (; *codes; codes++) {
        if (*codes == status) {
            return true;
        }
    }
    return false;
}

/* A handshake may fail for the moment; a certificate that is wrong stays so. */
static bool tls_passing(const struct err *e)
{
    const char *code = err_code(e);

    return code && strcmp(code, "CURLE_SSL_CONNECT_ERROR") == 0;
}

bool retry_worthwhile(const struct retry_options *o, int status, const struct err *e)
{
    if (!e) {
        return code_listed(o->codes, status);
    }
    switch (err_kind(e)) {
    case ERR_CONNECT:
    case ERR_NETWORK:
    case ERR_TIMEOUT:
        return true;
    case ERR_TLS:
        return tls_passing(e);
    default:
        return false; /* a name that does not resolve is most often a wrong name */
    }
}

bool retry_again(struct retry *r, int64_t gained, int64_t rest, double now)
{
    const struct retry_options *o = r->options;

    if (gained >= PROGRESS || (rest > 0 && gained >= rest)) {
        r->failures = 0;
    }
    if (o->retries >= 0 && r->failures >= (unsigned)o->retries) {
        return false;
    }
    r->failures++;
    return o->max_time <= 0 || now - r->since < o->max_time;
}

double retry_backoff(const struct retry *r)
{
    const struct retry_options *o = r->options;
    const unsigned doublings = r->failures > 1 ? r->failures - 1 : 0;
    const double bound = fmin(ldexp(o->delay, doublings > 60 ? 60 : (int)doublings), o->max_delay);
    uint32_t dice;

    if (getrandom(&dice, sizeof dice, 0) != sizeof dice) {
        return bound;
    }
    return bound * ((double)dice / UINT32_MAX);
}
