/* SPDX-License-Identifier: MIT */
/* Which loop carries a request. What is kept of a host is a hint: libcurl closes connections that
 * nobody used for a while, and those of HTTP/2 carry several requests. */
#include "net/affinity.h"

#include "base/alloc.h"
#include "base/list.h"

#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

enum { HOSTS_KEPT = 1024 }; /* without a request under way */

struct seat {
    UT_hash_handle hh;
    struct list node; /* in affinity.unused while nothing is under way, the oldest first */
    unsigned busy;    /* requests under way */
    unsigned *kept;   /* kept connections of each loop; in the same block */
    char origin[];
};

struct affinity {
    unsigned loops;
    struct seat *hosts; /* owned, by origin */
    struct list unused;
    unsigned nunused;
    unsigned busy; /* requests under way in all of them */
    struct load {
        unsigned busy; /* requests under way */
        bool out;
    } load[];
};

struct affinity *affinity_new(unsigned loops)
{
    struct affinity *a = mem_new(sizeof(*a) + loops * sizeof(a->load[0]));
    if (a) {
        a->loops = loops;
        list_init(&a->unused);
    }
    return a;
}

static void forget(struct affinity *a, struct seat *s)
{
    HASH_DEL(a->hosts, s);
    if (!list_empty(&s->node)) {
        a->nunused--;
    }
    list_remove(&s->node);
    free(s);
}

void affinity_free(struct affinity *a)
{
    struct seat *s, *next;
    if (!a) {
        return;
    }
    HASH_ITER (hh, a->hosts, s, next) {
        /* cppcheck-suppress uninitvar; HASH_ITER sets it */
        forget(a, s);
    }
    free(a);
}

static struct seat *seat_of(struct affinity *a, const char *origin)
{
    const size_t n = strlen(origin);
    const size_t text = (n + sizeof(unsigned)) / sizeof(unsigned) * sizeof(unsigned);
    struct seat *s = NULL;
    bool failed = false;
    HASH_FIND(hh, a->hosts, origin, n, s);
    if (s) {
        return s;
    }
    s = mem_new(sizeof(*s) + text + a->loops * sizeof(unsigned));
    if (!s) {
        return NULL;
    }
    memcpy(s->origin, origin, n + 1);
    s->kept = (unsigned *)(void *)(s->origin + text);
    list_init(&s->node);
#undef uthash_nonfatal_oom
#define uthash_nonfatal_oom(element) (failed = true)
    HASH_ADD_KEYPTR(hh, a->hosts, s->origin, n, s);
    if (failed) {
        free(s);
        return NULL;
    }
    return s;
}

/* The least loaded of those with a kept connection, or of all. Among equals loop 0, the home loop,
 * comes last: it has all the rest to do as well. But a request that is alone is its, so that a run
 * of one after the other needs no thread. */
static unsigned choose(const struct affinity *a, const struct seat *s)
{
    unsigned best = 0;
    bool best_kept = s && s->kept[0] > 0;
    for (unsigned i = 1; i < a->loops; i++) {
        const bool kept = s && s->kept[i] > 0;
        if (a->load[i].out || (best_kept && !kept)) {
            continue;
        }
        const unsigned limit = a->load[best].busy + (a->busy > 0);
        if ((kept && !best_kept) || a->load[i].busy < limit) {
            best = i;
            best_kept = kept;
        }
    }
    return best;
}

unsigned affinity_begin(struct affinity *a, const char *origin, struct seat **seat)
{
    struct seat *s = *seat = seat_of(a, origin);
    const unsigned loop = choose(a, s);
    a->load[loop].busy++;
    a->busy++;
    if (s) {
        s->busy++;
        s->kept[loop] -= s->kept[loop] > 0;
        if (!list_empty(&s->node)) {
            list_remove(&s->node);
            a->nunused--;
        }
    }
    return loop;
}

void affinity_end(struct affinity *a, struct seat *s, unsigned loop, bool kept)
{
    a->load[loop].busy--;
    a->busy--;
    if (!s) {
        return;
    }
    s->kept[loop] += kept;
    if (--s->busy == 0) {
        list_push(&a->unused, &s->node);
        if (++a->nunused > HOSTS_KEPT) {
            forget(a, container_of(a->unused.next, struct seat, node));
        }
    }
}

void affinity_drop(struct affinity *a, unsigned loop)
{
    a->load[loop].out = true;
}
