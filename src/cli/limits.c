/* SPDX-License-Identifier: MIT */
#include "cli/limits.h"

#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>

enum {
    FEWEST = 24, /* below it nothing sensible runs */
    FIXED = 16,  /* standard streams, epoll, wake-ups, directories, lists, records */
    LOOP = 6,    /* epoll and wake-ups of a further loop and of its libcurl */
    EACH = 3,    /* a socket, a part, a look-up */
};

/* 0 when the limit cannot be read: then nothing is lowered. */
static rlim_t raise_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return 0;
    }
    if (limit.rlim_cur < limit.rlim_max) {
        const struct rlimit raised = {limit.rlim_max, limit.rlim_max};
        if (setrlimit(RLIMIT_NOFILE, &raised) == 0) {
            return raised.rlim_cur;
        }
    }
    return limit.rlim_cur;
}

/* Further loops may cost a quarter of the descriptors. */
static void lower_loops(
    struct options *o, rlim_t descriptors, void (*warn)(void *arg, const char *text), void *arg)
{
    const unsigned loops = 1 + (unsigned)(descriptors / 4 / LOOP);
    char text[160];

    if (o->net.loops <= loops) {
        return;
    }
    snprintf(text, sizeof text, "%u loops are more than %llu file descriptors (ulimit -n) bear: %u",
        o->net.loops, (unsigned long long)descriptors, loops);
    warn(arg, text);
    o->net.loops = loops;
}

/* Each loop keeps connections of its own, to hosts that may never be asked again: together with the
 * parts they are to fit. (Who looks a name up has neither socket nor part yet.) */
static void lower_connections(struct options *o, rlim_t descriptors, rlim_t fixed)
{
    const rlim_t beside = fixed + o->hosts.requests;
    const rlim_t room = descriptors > beside ? descriptors - beside : 0;
    const rlim_t each = room > o->net.loops ? room / o->net.loops : 1;

    if (o->net.max_connections > each) {
        o->net.max_connections = (unsigned)each;
    }
}

struct err *limits_apply(struct options *o, void (*warn)(void *arg, const char *text), void *arg)
{
    const rlim_t descriptors = raise_descriptors();
    rlim_t fixed, jobs;
    char text[160];

    if (descriptors == 0 || descriptors == RLIM_INFINITY) {
        return NULL;
    }
    if (descriptors < FEWEST) {
        return err_new(ERR_USAGE, "EMFILE",
            "only %llu file descriptors may be open (ulimit -n); %d are needed",
            (unsigned long long)descriptors, FEWEST);
    }
    lower_loops(o, descriptors, warn, arg);
    fixed = FIXED + (rlim_t)o->executor_threads + LOOP * (rlim_t)(o->net.loops - 1);
    jobs = descriptors > fixed + EACH ? (descriptors - fixed) / EACH : 1;
    if (o->hosts.requests > jobs) { /* fewer segments at once, and no word about it */
        o->hosts.requests = o->net.max_connections = (unsigned)jobs;
    }
    lower_connections(o, descriptors, fixed);
    if (o->hosts.jobs <= jobs) {
        return NULL;
    }
    snprintf(text, sizeof text,
        "%u jobs are more than %llu file descriptors (ulimit -n) bear: %llu at once", o->hosts.jobs,
        (unsigned long long)descriptors, (unsigned long long)jobs);
    warn(arg, text);
    o->hosts.jobs = (unsigned)jobs;
    o->net.together = (unsigned)jobs;
    if (o->hosts.lookups > o->hosts.jobs) {
        o->hosts.lookups = o->hosts.jobs;
    }
    return NULL;
}
