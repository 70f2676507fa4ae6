/* SPDX-License-Identifier: MIT */
/*
 * What is done in the server in one step, in Lua. Each may be done twice without harm. The keys and
 * arguments of each are said in scripts.c; "ours" is what is pending under our consumer's name.
 */
#ifndef QUEUE_SCRIPTS_H
#define QUEUE_SCRIPTS_H

#include "queue/redis.h"

extern const char script_settle[];
extern const char script_put_back[];
extern const char script_touch[];
extern const char script_claim[];
extern const char script_leave[];
extern const char script_fill[];

/* Pending entries that nobody works on stand under this name in the group. */
#define SCRIPTS_RELEASED "garner:released"
/* Milliseconds: longer than any --idle-claim. */
#define SCRIPTS_LONG_IDLE 315360000000LL

/* "EVAL script nkeys"; the keys and arguments are to follow. a: initialized here. */
void script_begin(struct redis_args *a, const char *script, unsigned nkeys);

#endif
