/* SPDX-License-Identifier: MIT */
/* The digest that a file must have, by --checksums. Private to src/fetch. */
#ifndef FETCH_EXPECT_H
#define FETCH_EXPECT_H

#include "fetch/job.h"

/* Sets job->expect, unless the entry brought its own or there is no list. name: as the server calls
 * the file (--content-disposition); NULL: as the URL does. ERR_CHECKSUM: the list has no digest for
 * it, or several. */
struct err *expect_listed(struct job *job, const char *name);

#endif
