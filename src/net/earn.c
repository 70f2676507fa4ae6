/* SPDX-License-Identifier: MIT */
/*
 * What a host may have beside others, where the user set no limit of his own.
 *
 * A slot at a host that does not answer is lost until its time-out, and requests there never end to
 * make room: granted in turn, they would hold every slot in the end. So beside others a host earns
 * what goes beyond START: as many of its requests may be without an answer as START and the answers
 * that it gave. One that fell silent starts anew. That bounds one silent host; many of them are
 * bounded together: hosts that have not answered yet have half of the jobs, but each of them the
 * one request that it needs to answer at all. Bodies that do not end are no silence; for them the
 * last part of the jobs is never one host's.
 *
 * What takes no job (a further request) takes none from others, and does not count.
 *
 * A host that is alone has all. While the list is read it may only seem so, since its requests are
 * the ones that stay: it begins with half of the jobs then. Nothing is searched: FULL hosts wait
 * for their own requests, or in a list for the moment when the only active one is left; hosts on
 * TRIAL have a ring of their own.
 */
#include "net/hosts_private.h"

#include "base/trace.h"

enum {
    START = 8,  /* requests without an answer, to begin with; never more than half of the jobs */
    RESERVE = 8 /* one job in so many is for the other hosts, and one at least */
};

static unsigned half(const struct hosts *all)
{
    return all->options.jobs > 1 ? all->options.jobs / 2 : 1;
}

static unsigned start(const struct hosts *all)
{
    return half(all) > START ? START : half(all);
}

/* Of one host, with or without answers. With one job there is nothing to share. */
static unsigned most(const struct hosts *all)
{
    const unsigned jobs = all->options.jobs, reserve = jobs > RESERVE ? jobs / RESERVE : 1;

    return jobs > 1 ? jobs - reserve : 1;
}

static bool shared(const struct hosts *all)
{
    return all->options.earn && all->active > 1;
}

bool host__full(const struct host *h)
{
    const struct hosts *all = h->all;

    if (!all->options.earn) {
        return false;
    }
    if (shared(all)) {
        return host__jobs(h) >= most(all) || h->silent >= start(all) + h->earned;
    }
    return all->expecting && h->silent >= half(all) + h->earned;
}

bool host__on_trial(const struct host *h)
{
    return shared(h->all) && h->earned == 0 && h->silent > 0;
}

bool hosts__try(const struct hosts *all)
{
    return !list_empty(&all->trial) && (!shared(all) || all->untried < half(all));
}

void host__count_active(struct host *h)
{
    struct hosts *all = h->all;
    const bool active = host__jobs(h) > 0 || !list_empty(&h->waiting);

    if (active != h->active) {
        h->active = active;
        all->active += active ? 1 : -1U;
    }
}

void host__ask(struct host *h)
{
    h->silent++;
    h->all->untried += h->earned == 0;
}

void host__unask(struct host *h)
{
    h->silent--;
    h->all->untried -= h->earned == 0;
}

void host__hear(struct host *h)
{
    struct hosts *all = h->all;

    host__unask(h);
    if (h->earned == 0) { /* so are those that have no answer yet: it gives some */
        all->untried -= h->silent;
        hosts__wake(all);
    }
    h->earned += h->earned < all->options.jobs;
    if (h->place == HOST_FULL || h->place == HOST_TRIAL) {
        host__settle(h, false);
    }
}

void host__fall_silent(struct host *h)
{
    if (h->earned == 0) {
        return;
    }
    trace_put(loop_trace(h->all->loop), TRACE_HOSTS, "%s fell silent", h->origin);
    h->earned = 0;
    h->all->untried += h->silent;
}

void hosts_expect(struct hosts *all, bool others)
{
    if (all->expecting != others) {
        all->expecting = others;
        hosts__settle_alone(all);
    }
}
