/* SPDX-License-Identifier: MIT */
/* Who brings which bytes of a file: claims, and what an idle connection takes over from others. */
#include "fetch/segment.h"

#include <string.h>

/* Less than this is not worth a connection, nor is what comes within the second. */
#define LEAST ((int64_t)256 * 1024)
#define SOON  1.0

/* A rest of less is taken over as a whole, and its request ended, if the connection brings it this
 * many times slower than the file's do on average, and within so many seconds did not. */
#define LAG      4
#define PATIENCE 2.0

/* Bytes a second; nothing if it fell silent. */
static double speed_of(const struct segments *g, const struct segment *s)
{
    const double now = segments__now(g), spent = now - s->since;

    return spent > 0 && now - s->heard < PATIENCE ? (double)(s->at - s->begin) / spent : 0;
}

/* Seconds until it is there, as things go. */
static double rest_time(const struct segments *g, const struct segment *s)
{
    const double spent = segments__now(g) - s->since, speed = speed_of(g, s);
    const double rest = (double)(s->end - s->at);

    return speed > 0 ? rest / speed : spent > SOON ? 1e9 + rest : SOON + rest / 1e9;
}

/* By far the slowest of what brings the file: not so where a limit makes all of them slow. */
static bool lags(const struct segments *g, const struct segment *s)
{
    const double all = (double)(g->job->have - g->had) / (segments__now(g) - g->since);

    return segments__now(g) - s->since > PATIENCE && rest_time(g, s) > PATIENCE &&
           speed_of(g, s) * LAG * g->most < all;
}

static bool worth_halving(const struct segments *g, const struct segment *s)
{
    const int64_t rest = s->end - s->at;

    return rest >= 2 * g->job->session->options->segment_size ||
           (rest >= LEAST && rest_time(g, s) > SOON);
}

static bool worth_taking(const struct segments *g, const struct segment *s)
{
    return s->at < s->end && lags(g, s);
}

static struct segment *slowest(const struct segments *g)
{
    struct segment *found = NULL;

    list_for_each (node, &g->active) {
        struct segment *s = container_of(node, struct segment, node);
        if ((worth_halving(g, s) || worth_taking(g, s)) &&
            (!found || rest_time(g, s) > rest_time(g, found))) {
            found = s;
        }
    }
    return found;
}

bool segments__more(struct segments *g)
{
    return !g->changed && (g->free.n > 0 || slowest(g) != NULL);
}

bool segments__wait(const struct segments *g)
{
    return !g->changed && !list_empty(&g->active);
}

/* Another brings all that a request has still to bring: it is ended. */
static void take_over(struct segment *other)
{
    other->end = other->at;
    other->taken = true;
    attempt_end(other->attempt);
}

bool segments__claim(struct segments *g, struct segment *s, struct attempt *a)
{
    int64_t from, to;
    struct segment *other;

    if (g->changed) {
        return false;
    }
    if (g->free.n > 0) {
        from = g->free.at[0].from;
        to = g->free.at[0].to - from > g->part ? from + g->part : g->free.at[0].to;
        if (!ranges_cut(&g->free, from, to)) {
            return false;
        }
    } else if ((other = slowest(g))) {
        const bool half = worth_halving(g, other);
        from = half ? other->at + (other->end - other->at) / 2 : other->at;
        to = other->end;
        other->end = from;
        if (!half) {
            if (other->attempt->mirror != a->mirror) {
                g->supply[other->attempt->mirror].out = true; /* this one does better */
            }
            take_over(other);
        }
    } else {
        return false;
    }
    *s = (struct segment){.at = from, .end = to, .begin = from, .asked = to, .attempt = a};
    s->since = s->heard = segments__now(g);
    list_push(&g->active, &s->node);
    return true;
}

void segments__release(struct segments *g, struct segment *s)
{
    if (list_empty(&s->node)) {
        return;
    }
    list_remove(&s->node);
    sink_stream_free(s->stream);
    s->stream = NULL;
    /* without memory for it the next attempt finds it missing */
    (void)ranges_add(&g->free, s->at, s->end);
    if (list_empty(&g->active) && g->free.n == 0) {
        segment__cancel_all(g, true);
    }
}

/* Who is to bring what follows, if it was not answered so far: the leader's request was for all of
 * the file, and its connection is one that works; another may be one too many for the server. */
static struct segment *silent_next(const struct segments *g, const struct segment *s)
{
    list_for_each (node, &g->active) {
        struct segment *next = container_of(node, struct segment, node);
        if (next != s && !next->stream && next->begin == s->end && next->at == next->begin &&
            next->end > next->at && next->end <= s->asked) {
            return next;
        }
    }
    return NULL;
}

/* The leader goes on with what follows, if nobody brings it, rather than to end its request. */
static void extend(struct segments *g, struct segment *s)
{
    struct segment *next = silent_next(g, s);

    if (next) {
        s->end = next->end;
        take_over(next);
        return;
    }
    for (size_t i = 0; i < g->free.n; i++) {
        const struct range r = g->free.at[i];
        if (r.from == s->end) {
            const int64_t to = r.to - r.from > g->part ? r.from + g->part : r.to;
            if (to <= s->asked && ranges_cut(&g->free, r.from, to)) {
                s->end = to;
            }
            return;
        }
    }
}

struct err *segments__take(
    struct segments *g, struct segment *s, const void *bytes, size_t n, bool leads)
{
    const char *p = bytes;

    if (g->changed) {
        return err_plain(ERR_STOP_ITERATION);
    }
    s->heard = segments__now(g);
    while (n > 0 && s->at < s->end) {
        const size_t now = (uint64_t)(s->end - s->at) < n ? (size_t)(s->end - s->at) : n;
        struct err *e = sink_stream_write(s->stream, p, now, s->end - s->at);
        if (e) {
            return e;
        }
        s->at += (int64_t)now;
        g->job->have += (int64_t)now;
        g->supply[s->attempt->mirror].brought += (int64_t)now;
        p += now;
        n -= now;
        if (s->at == s->end && leads) {
            extend(g, s);
        }
        if (s->at == s->end) {
            break;
        }
    }
    return s->at == s->end && (s->end < s->asked || n > 0) ? err_plain(ERR_STOP_ITERATION) : NULL;
}
