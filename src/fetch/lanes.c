/* SPDX-License-Identifier: MIT */
/* Lanes: who is drawn where. */
#include "base/alloc.h"
#include "fetch/spans.h"

#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

/* Hosts with lanes of their own; those that come later share the lanes of one that has no name. */
enum { HOSTS_MOST = 4096 };

struct lane_host {
    unsigned number, made; /* lanes so far */
    struct lane *free;     /* by their numbers */
    UT_hash_handle hh;
    char origin[];
};

struct lanes {
    struct lane_host *hosts; /* owned: uthash by origin */
    struct lane_host *files; /* one of them, behind all others */
    unsigned rows, nhosts, busy, peak;
};

void lanes_free(struct lanes *l)
{
    struct lane_host *h = NULL, *next = NULL;

    if (!l) {
        return;
    }
    HASH_ITER (hh, l->hosts, h, next) {
        /* cppcheck-suppress uninitvar; HASH_ITER sets it */
        while (h->free) {
            struct lane *lane = h->free;
            h->free = lane->next;
            free(lane);
        }
        HASH_DEL(l->hosts, h);
        free(h);
    }
    free(l);
}

static struct lane_host *host_of(struct lanes *l, const char *origin)
{
    struct lane_host *h = NULL;
    size_t n = strlen(origin);
    bool failed = false;

    HASH_FIND(hh, l->hosts, origin, n, h);
    if (!h && l->nhosts >= HOSTS_MOST) {
        origin = "other hosts";
        n = strlen(origin);
        HASH_FIND(hh, l->hosts, origin, n, h);
    }
    if (h) {
        return h;
    }
    h = mem_new(sizeof *h + n + 1);
    if (!h) {
        return NULL;
    }
    memcpy(h->origin, origin, n + 1);
#undef uthash_nonfatal_oom
#define uthash_nonfatal_oom(element) (failed = true)
    HASH_ADD_KEYPTR(hh, l->hosts, h->origin, n, h);
    if (failed) {
        free(h);
        return NULL;
    }
    h->number = l->nhosts++;
    return h;
}

struct lanes *lanes_new(void)
{
    struct lanes *l = mem_new(sizeof *l);

    if (l && !(l->files = host_of(l, "files"))) {
        free(l);
        return NULL;
    }
    if (l) {
        l->files->number = HOSTS_MOST + 1;
        l->nhosts = 0;
    }
    return l;
}

static struct lane *take(struct lanes *l, struct lane_host *h)
{
    struct lane *lane = h ? h->free : NULL;

    if (lane) {
        h->free = lane->next;
    } else if (h && (lane = mem_new(sizeof *lane))) {
        *lane = (struct lane){++l->rows, h->number, ++h->made, h->origin, NULL, h};
    }
    return lane;
}

struct lane *lanes_take(struct lanes *l, const char *origin)
{
    struct lane *lane = take(l, host_of(l, origin));

    if (lane && ++l->busy > l->peak) {
        l->peak = l->busy;
    }
    return lane;
}

struct lane *lanes_take_file(struct lanes *l)
{
    return take(l, l->files);
}

void lanes_give(struct lanes *l, struct lane *lane)
{
    if (!lane) {
        return;
    }
    struct lane **at = &lane->home->free;
    while (*at && (*at)->number < lane->number) {
        at = &(*at)->next;
    }
    lane->next = *at;
    *at = lane;
    l->busy -= lane->home != l->files;
}

unsigned lanes_peak(const struct lanes *l)
{
    return l->peak;
}
