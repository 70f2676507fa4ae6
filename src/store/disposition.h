/* SPDX-License-Identifier: MIT */
/* The file name in a Content-Disposition field (RFC 6266, 8187, 5987). */
#ifndef STORE_DISPOSITION_H
#define STORE_DISPOSITION_H

#include "base/buf.h"

#include <stdbool.h>

/*
 * Appends the file name that the field's value gives to b, made safe (store/name.h): of `filename*`
 * if it is well formed, else of `filename`. Whatever looks like a directory in it, with '/' or '\',
 * is left out. False, and b as it was, if it gives none. A failure to allocate is sticky in b.
 */
bool disposition_name(const char *value, struct buf *b);

#endif
