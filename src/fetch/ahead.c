/* SPDX-License-Identifier: MIT */
#include "fetch/ahead.h"

#include "fetch/session_private.h"

enum {
    ENOUGH = 128, /* requests that wait, at least; or twice as many as run */
    STEP = 64,    /* entries at the walking pace, each */
    BRISK = 32,   /* jobs that end within a step: those that wait are soon served */
};
#define STEP_SECONDS  0.01
#define QUIET_SECONDS 0.2 /* as long as an entry may take to be whole (cli.md, Input) */

static struct err *on_pace(void *arg)
{
    struct ahead *a = arg;
    const bool brisk = a->ended >= BRISK;

    a->ended = 0;
    if (brisk) {
        return timer_start_after(a->s->env.loop, &a->pace, STEP_SECONDS);
    }
    a->spare = STEP;
    session__complete(a->room);
    return NULL;
}

static struct err *on_quiet(void *arg)
{
    struct ahead *a = arg;

    hosts_expect(a->s->env.hosts, false);
    return NULL;
}

void ahead_init(struct ahead *a, struct session *s)
{
    *a = (struct ahead){.s = s};
    timer_init(&a->pace, on_pace, a);
    timer_init(&a->quiet, on_quiet, a);
    hosts_expect(s->env.hosts, true);
}

void ahead_fini(struct ahead *a)
{
    timer_stop(&a->pace);
    future_unref(a->room);
    a->room = NULL;
    ahead_note_end(a);
}

static bool within_look_ahead(const struct ahead *a)
{
    return a->s->live < a->s->options->look_ahead;
}

/* A share (1: all, 2: half) of what is enough waits for slots, and some of it can have the next. */
static bool enough_wait(const struct ahead *a, unsigned share)
{
    const struct hosts *hosts = a->s->env.hosts;
    const unsigned jobs = hosts_jobs(hosts);
    const unsigned enough = jobs > ENOUGH / 2 ? 2 * jobs : ENOUGH;

    return hosts_figures(hosts).waiting >= enough / share && !hosts_starving(hosts);
}

bool ahead_may_read(const struct ahead *a, bool batched)
{
    return within_look_ahead(a) && (batched || a->spare > 0 || !enough_wait(a, 1));
}

void ahead_note_read(struct ahead *a)
{
    a->spare -= a->spare > 0;
    timer_stop(&a->quiet);
    hosts_expect(a->s->env.hosts, true);
}

void ahead_note_wait(struct ahead *a)
{
    err_unref(timer_start_after(a->s->env.loop, &a->quiet, QUIET_SECONDS));
}

void ahead_note_end(struct ahead *a)
{
    timer_stop(&a->quiet);
    hosts_expect(a->s->env.hosts, false);
}

struct err *ahead_pause(struct ahead *a, struct future **room)
{
    struct loop *l = a->s->env.loop;

    *room = NULL;
    if (ahead_may_read(a, false)) {
        return NULL;
    }
    a->room = future_new(l);
    if (!a->room) {
        return err_plain(ERR_NOMEM);
    }
    *room = a->room;
    a->paused = within_look_ahead(a);
    a->ended = 0;
    hosts_expect(a->s->env.hosts, a->paused);
    return a->paused ? timer_start_after(l, &a->pace, STEP_SECONDS) : NULL;
}

void ahead_resume(struct ahead *a)
{
    timer_stop(&a->pace);
    future_unref(a->room);
    a->room = NULL;
    hosts_expect(a->s->env.hosts, true);
}

void ahead_job_ended(struct ahead *a)
{
    a->ended++;
    if (within_look_ahead(a) && !(a->paused && enough_wait(a, 2))) {
        session__complete(a->room);
    }
}
