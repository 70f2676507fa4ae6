/* SPDX-License-Identifier: MIT */
#include "fetch/spans.h"

#include "base/alloc.h"

#include <stdlib.h>

void spans_free(struct spans *s)
{
    if (s) {
        free(s->at);
        free(s);
    }
}

static bool grow(struct spans *s)
{
    const size_t room = s->room ? 2 * s->room : 4;
    struct span *at = s->n < SPANS_MOST ? mem_array(s->at, room, sizeof *at) : NULL;

    if (at) {
        s->at = at;
        s->room = room;
    }
    return at != NULL;
}

static bool last_goes_on(const struct spans *s, const struct span *span)
{
    const struct span *last = s->n > 0 ? &s->at[s->n - 1] : NULL;

    return last && !span->lane && !last->lane && last->kind == span->kind &&
           last->end == span->begin;
}

void spans_add(struct spans *s, const struct span *span)
{
    if (!s) {
        return;
    }
    if (last_goes_on(s, span)) {
        s->at[s->n - 1].end = span->end;
        return;
    }
    if (s->n == s->room && !grow(s)) {
        s->left_out++;
        return;
    }
    s->at[s->n++] = *span;
}

/* -- legs ---------------------------------------------------------------------------------- */

/* libcurl counts from its own start, a little after ours, and knows nothing of our end. */
static double within(const struct span *s, double from, double seconds)
{
    const double t = s->begin + seconds;

    return t < from ? from : t > s->end ? s->end : t;
}

size_t span_legs(const struct span *s, struct leg out[LEGS])
{
    const struct reply_timing *t = &s->timing;
    const struct {
        enum leg_kind kind;
        bool happens;
        double until; /* negative: it did not come to its end */
    } steps[] = {
        {LEG_DNS, !s->kept, t->dns},
        {LEG_CONNECT, !s->kept, t->connect},
        {LEG_TLS, !s->kept && s->tls, t->tls},
        {LEG_WAIT, true, t->first_byte},
    };
    double at = s->begin;
    size_t n = 0;

    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        if (!steps[i].happens) {
            continue;
        }
        if (steps[i].until < 0) {
            out[n++] = (struct leg){steps[i].kind, s->end};
            return n;
        }
        at = within(s, at, steps[i].until);
        out[n++] = (struct leg){steps[i].kind, at};
    }
    out[n++] = (struct leg){LEG_BODY, s->end};
    return n;
}
