/* SPDX-License-Identifier: MIT */
/*
 * -w: a text for each record, with curl's names for its variables and the record's own.
 *
 *   %{name}  %header{name}  %%  \n \r \t      everything else stands for itself
 */
#ifndef CLI_WRITE_OUT_H
#define CLI_WRITE_OUT_H

#include "base/buf.h"
#include "fetch/record.h"

struct write_out;

/* unknown(arg, text) is called for each variable that is not known, with what to say; such a one is
 * empty. NULL: nobody is told. Gives NULL when memory ran out. */
struct write_out *write_out_new(
    const char *format, void (*unknown)(void *arg, const char *text), void *arg);
void write_out_free(struct write_out *w); /* NULL is ignored */

/* Appends the record's text to b; what came from outside is escaped for a terminal. */
void write_out_add(const struct write_out *w, const struct record *r, bool terminal, struct buf *b);

#endif
