/* SPDX-License-Identifier: MIT */
/* --checksums FILE|URL: the text, wherever it is, becomes digests by name. */
#ifndef CLI_SUMS_H
#define CLI_SUMS_H

#include "fetch/session.h"
#include "store/checksums.h"

bool sums_is_url(const char *where);

/* Of a file. ERR_USAGE, whatever is wrong with it; ERR_NOMEM. */
struct err *sums_read(const char *path, struct checksums **out);

/* The future of a task that fetches them from a URL before the session starts; its value is a
 * struct checksums * (checksums_free). The caller's; NULL when memory ran out. Errors as of
 * sums_read. */
struct future *sums_fetch(struct loop *l, struct session *s, const char *url);

#endif
