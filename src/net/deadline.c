/* SPDX-License-Identifier: MIT */
/*
 * The time limits of a transfer. Each has one timer, set for the earliest moment at which any limit
 * could be reached; bytes only note when they came, and a timer that finds nothing overdue is set
 * again. Not counted: time in which reading was held, and time in which the process stood still.
 *
 *      start            own connection      request out       first byte          last byte
 *   WAITING --------------------------------> ASKED -----------> READING ------------>
 *                       |<-- connect ------->|<- first byte --->|<-- stall -->| ...
 *     |<------------------------------------ attempt -------------------------------->|
 *
 * A transfer that waits for another one's connection is under no limit but the attempt's. The limit
 * on connecting is libcurl's timer, which also spreads it over several addresses; see transfer.c.
 */
#include "net/private.h"

static double least(double a, double b)
{
    return b > 0 && (a <= 0 || b < a) ? b : a;
}

/* How long the timer may sleep without overlooking a limit; 0: there is none. */
static double step(const struct net_options *o)
{
    double s = least(0, o->first_byte_timeout);
    s = least(s, o->stall_timeout);
    s = least(s, o->attempt_timeout);
    return o->speed_time > 0 && o->speed_limit > 0 ? least(s, 1) : s;
}

/* Seconds in which it was not to be read, because all were held or it was. */
static double held_time(const struct transfer *t)
{
    double running = t->held ? t->m->now - t->held_since : 0;
    return multi__held_time(t->m) + t->held_time + (running > 0 ? running : 0);
}

void deadline__touch(struct transfer *t, enum transfer_phase phase)
{
    struct multi *m = t->m;
    if (t->phase == phase && t->since >= m->now) {
        return; /* one more line of what was read at once */
    }
    t->since = m->now;
    t->held_then = held_time(t);
    t->gap_then = m->gap_time;
    if (t->phase != phase) {
        t->phase = phase;
        t->slow_for = 0;
        t->slow_at = m->now;
        t->slow_held = t->held_then;
        t->slow_since_bytes = (double)t->reply->r.received_raw;
    }
}

struct err *deadline__connect(const struct transfer *t)
{
    return err_new(ERR_TIMEOUT, "CURLE_OPERATION_TIMEDOUT",
        "no connection within %g s (--connect-timeout)", t->m->options->connect_timeout);
}

static struct err *idle_too_long(const struct transfer *t, double *left)
{
    const struct net_options *o = t->m->options;
    bool reading = t->phase == TRANSFER_READING;
    double limit = reading ? o->stall_timeout : o->first_byte_timeout;
    if (t->phase == TRANSFER_WAITING || limit <= 0) {
        return NULL;
    }
    double idle =
        t->m->now - t->since - (held_time(t) - t->held_then) - (t->m->gap_time - t->gap_then);
    if (idle < limit) {
        *left = least(*left, limit - idle);
        return NULL;
    }
    return reading ? err_new(ERR_TIMEOUT, "CURLE_OPERATION_TIMEDOUT",
                         "no byte for %g s (--stall-timeout)", limit)
                   : err_new(ERR_TIMEOUT, "CURLE_OPERATION_TIMEDOUT",
                         "no answer within %g s (--first-byte-timeout)", limit);
}

static struct err *attempt_too_long(const struct transfer *t, double *left)
{
    double limit = t->m->options->attempt_timeout;
    double spent = t->m->now - t->started - (t->m->gap_time - t->gap_at_start);
    if (limit <= 0) {
        return NULL;
    }
    if (spent < limit) {
        *left = least(*left, limit - spent);
        return NULL;
    }
    return err_new(
        ERR_TIMEOUT, "CURLE_OPERATION_TIMEDOUT", "not done within %g s (--attempt-timeout)", limit);
}

/* -Y/-y: looked at about once a second, over the time in which reading was not held. */
static struct err *too_slow(struct transfer *t)
{
    const struct net_options *o = t->m->options;
    if (o->speed_time <= 0 || o->speed_limit <= 0 || t->phase == TRANSFER_WAITING) {
        return NULL;
    }
    double held = held_time(t), bytes = (double)t->reply->r.received_raw;
    double active = t->m->now - t->slow_at - (held - t->slow_held);
    if (active < 0.05) {
        return NULL;
    }
    bool slow = bytes - t->slow_since_bytes < (double)o->speed_limit * active;
    t->slow_for = slow ? t->slow_for + active : 0;
    t->slow_at = t->m->now;
    t->slow_held = held;
    t->slow_since_bytes = bytes;
    if (t->slow_for < o->speed_time) {
        return NULL;
    }
    return err_new(ERR_TIMEOUT, "CURLE_OPERATION_TIMEDOUT",
        "slower than %lld bytes a second for %g s (-Y, -y)", (long long)o->speed_limit,
        o->speed_time);
}

static struct err *on_time(void *transfer)
{
    struct transfer *t = transfer;
    double left = step(t->m->options);
    multi__now(t->m);
    multi__note_gap(t->m, t->timer.when);
    struct err *e = attempt_too_long(t, &left);
    if (!e) {
        e = idle_too_long(t, &left);
    }
    if (!e) {
        e = too_slow(t);
    }
    if (!e) {
        e = timer_start(t->m->loop, &t->timer, t->m->now + left);
    }
    if (e) {
        transfer__end(t, e);
    }
    return NULL;
}

struct err *deadline__start(struct transfer *t)
{
    double left = step(t->m->options);
    timer_init(&t->timer, on_time, t);
    t->started = t->m->now;
    t->gap_at_start = t->m->gap_time;
    t->phase = TRANSFER_READING; /* so that the first touch begins a phase */
    deadline__touch(t, TRANSFER_WAITING);
    return left > 0 ? timer_start(t->m->loop, &t->timer, t->m->now + left) : NULL;
}
