/* SPDX-License-Identifier: MIT */
/*
 * A body's Content-Encoding undone. libcurl does not notice that a compressed body ends early (its
 * 7.88 hands over what there is, and calls it whole), so it is not asked to.
 */
#ifndef NET_DECODER_H
#define NET_DECODER_H

#include "base/err.h"

#include <stddef.h>

/* What is asked for with --compressed; other codings are errors. */
#define DECODER_ACCEPT "gzip, deflate"

struct decoder;

/* Of a Content-Encoding. *out stays NULL if nothing has to be decoded. Codings that are not known
 * are an error of the first byte: redirects and empty bodies may have any. ERR_NOMEM. */
struct err *decoder_new(const char *codings, struct decoder **out);
void decoder_free(struct decoder *d); /* NULL is ignored */

/* The next bytes of the body. What they come to goes to take, a piece at a time, whose error ends
 * it. ERR_NETWORK for what cannot be decoded. */
typedef struct err *decoder_take_fn(void *arg, char *bytes, size_t n);
struct err *decoder_run(
    struct decoder *d, const char *bytes, size_t n, decoder_take_fn *take, void *arg);

/* The body has ended: the error if its coding has not. A body of no bytes is one of none. */
struct err *decoder_end(const struct decoder *d);

#endif
