/* SPDX-License-Identifier: MIT */
/*
 * A file of digests, as sha256sum and its kin write and check them:
 *
 *   <hex>  name          <hex> *name          \<hex>  na\\me with \n        (GNU)
 *   SHA256 (name) = <hex>                                                   (BSD)
 *
 * Comments, blank lines and whatever else is in there (a signature) say nothing. Names are found by
 * their last component; where several files share that, their directories must be those of the URL
 * or of the path.
 */
#ifndef STORE_CHECKSUMS_H
#define STORE_CHECKSUMS_H

#include "store/digest.h"

struct checksums;

/* ERR_INPUT: there is no line of a digest in the text; ERR_NOMEM. The text is borrowed for the
 * call. */
struct err *checksums_parse(const char *text, size_t len, struct checksums **out);
void checksums_free(struct checksums *c); /* NULL is ignored */
size_t checksums_count(const struct checksums *c);

enum checksums_found {
    CHECKSUMS_NONE,
    CHECKSUMS_ONE,
    CHECKSUMS_SEVERAL, /* lines that fit equally well disagree */
};

/* The digest of the file at `path`: its last component is the name, what stands before it tells
 * files of one name apart. Of several algorithms the strongest is taken. */
enum checksums_found checksums_find(
    const struct checksums *c, const char *path, struct digest_value *out);

#endif
