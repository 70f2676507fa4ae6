/* SPDX-License-Identifier: MIT */
#include "crowd.h"

#include "support.h"

#include <stdio.h>

static struct err *on_grant(void *arg)
{
    struct ask *a = arg;
    ck_assert(!a->granted);
    a->granted = true;
    (a->slot.further ? a->crowd->helped : a->crowd->granted)[a->host]++;
    return NULL;
}

struct crowd *crowd_begin(const struct hosts_options *options)
{
    static struct crowd crowd;
    crowd = (struct crowd){.loop = loop_starts()};
    crowd.hosts = hosts_new(crowd.loop, options);
    for (unsigned h = 0; h < HOSTS; h++) {
        for (unsigned i = 0; i < EACH; i++) {
            struct ask *a = &crowd.asks[h][i], *b = &crowd.helps[h][i];
            a->crowd = b->crowd = &crowd;
            a->host = b->host = h;
            slot_init(&a->slot, on_grant, a);
            slot_init_further(&b->slot, on_grant, b);
        }
    }
    return &crowd;
}

void crowd_end(struct crowd *c)
{
    for (unsigned h = 0; h < HOSTS; h++) {
        for (unsigned i = 0; i < EACH; i++) {
            slot_release(&c->asks[h][i].slot);
            slot_release(&c->helps[h][i].slot);
        }
    }
    ck_assert_uint_eq(hosts_figures(c->hosts).running + hosts_figures(c->hosts).waiting, 0);
    hosts_free(c->hosts);
    loop_ends_empty(c->loop);
}

static void ask(struct crowd *c, struct ask *a)
{
    char origin[32];
    snprintf(origin, sizeof(origin), "http://h%u:80", a->host);
    err_is_none(slot_request(c->hosts, &a->slot, origin, false, !c->named));
}

void crowd_ask(struct crowd *c, unsigned host, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        ask(c, &c->asks[host][c->asked[host]++]);
    }
}

void crowd_help(struct crowd *c, unsigned host, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        ask(c, &c->helps[host][c->wanted[host]++]);
    }
}

unsigned crowd_granted(struct crowd *c, unsigned host)
{
    loop_spin(c->loop, 4);
    return c->granted[host];
}

unsigned crowd_helped(struct crowd *c, unsigned host)
{
    loop_spin(c->loop, 4);
    return c->helped[host];
}
