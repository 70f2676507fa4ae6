/* SPDX-License-Identifier: MIT */
/* Who may see what is secret (trust.md, Who is kept out). */
#ifndef FETCH_CREDENTIALS_H
#define FETCH_CREDENTIALS_H

#include "fetch/session.h"
#include "net/url.h"

/*
 * Whether a request to `to`, which a download of `from` has come to, may carry the secrets: -u,
 * bearer, netrc, cookies of -b, and every header of -H. Not to another origin (unless
 * --location-trusted), and with --auth-host only to the hosts that it names.
 */
bool credentials_allowed(
    const struct request_options *o, const struct url *from, const struct url *to);

/* Whether the run has secrets that --auth-host would limit. */
bool credentials_present(const struct request_options *o);

/* A referer as it may be shown to a server: without user and password. Owned; NULL: no memory. */
char *credentials_referer(const char *referer);

#endif
