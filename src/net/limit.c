/* SPDX-License-Identifier: MIT */
/*
 * --limit-rate: every byte received takes a token. When they are spent, reading is held for as long
 * as it takes to earn what was overdrawn. No stream is ever paused. All loops take from one bucket,
 * and each holds its own reading.
 */
#include "net/private.h"

#include <sys/socket.h>

enum { MIN_RECEIVE_BUFFER = 16384 };

/* Takes n tokens; the seconds until there is one again. */
static double spend(struct multi *m, double now, size_t n)
{
    struct share *s = m->share;
    pthread_mutex_lock(&s->limit_lock);
    rate_take(&s->limit, now, (double)n);
    const double delay = rate_delay(&s->limit, now, 1);
    pthread_mutex_unlock(&s->limit_lock);
    return delay;
}

struct err *multi__on_limit(void *multi)
{
    struct multi *m = multi;
    const double delay = spend(m, multi__now(m), 0);
    if (delay > 0) {
        return timer_start(m->loop, &m->limit_timer, m->now + delay);
    }
    m->limited = false;
    multi_release(m);
    return NULL;
}

void multi__received(struct multi *m, size_t n)
{
    if (m->share->limit.per_second <= 0) { /* never changes */
        return;
    }
    const double delay = spend(m, m->now, n);
    if (delay > 0 && !m->limited) {
        struct err *e = timer_start(m->loop, &m->limit_timer, m->now + delay);
        if (!e) {
            m->limited = true;
            multi_hold(m);
        }
        err_unref(e);
    }
}

/* With --limit-rate the kernel keeps little: libcurl empties it in one go, whatever the limit. */
void limit__socket(const struct multi *m, int fd)
{
    int size = MIN_RECEIVE_BUFFER;
    if (m->options->limit_rate > 0 && m->options->limit_rate < 1 << 24) {
        if (m->options->limit_rate / 32 > size) {
            size = (int)(m->options->limit_rate / 32);
        }
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    }
}
