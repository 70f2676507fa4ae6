/* SPDX-License-Identifier: MIT */
/*
 * How far the list is read ahead of the downloads.
 *
 * As far as it helps somebody, up to --look-ahead: while a slot is free or few requests wait for
 * one, entries are read as fast as they come. When enough wait, what was read early would only be
 * in memory, cold by the time it is served. But if few jobs end, they may all be of one slow host,
 * and others be behind it in the list: then reading goes on, at a walking pace.
 *
 * The hosts are told whether others may come, which is so until the list is at its end, or silent,
 * or the look-ahead full.
 */
#ifndef FETCH_AHEAD_H
#define FETCH_AHEAD_H

#include "aio/future.h"

struct session;

/* Embedded by the reader. */
struct ahead {
    struct session *s;   /* borrowed */
    struct future *room; /* owned: what the reader waits for, NULL if it does not */
    struct timer pace;   /* lets it go on although enough wait */
    struct timer quiet;  /* nothing comes: the hosts that are there are all there are */
    unsigned spare;      /* entries that it may read although enough wait */
    unsigned ended;      /* jobs, since the pace was looked at */
    bool paused;         /* it waits because enough wait, not for the look-ahead */
};

void ahead_init(struct ahead *a, struct session *s);
void ahead_fini(struct ahead *a); /* idempotent */

/* Whether the next entry may be asked for. batched: others wait already for a look at the disk,
 * which it would share. */
bool ahead_may_read(const struct ahead *a, bool batched);
/* An entry was read; the next one is not there yet; there will be none. */
void ahead_note_read(struct ahead *a);
void ahead_note_wait(struct ahead *a);
void ahead_note_end(struct ahead *a);

/* What to await before the next entry, borrowed until ahead_resume; NULL: nothing. */
struct err *ahead_pause(struct ahead *a, struct future **room);
/* It was awaited. */
void ahead_resume(struct ahead *a);

/* A job ended: the reader may go on. */
void ahead_job_ended(struct ahead *a);

#endif
