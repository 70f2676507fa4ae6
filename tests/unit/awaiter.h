/* SPDX-License-Identifier: MIT */
/* Tasks for the tests of what tasks await. */
#ifndef TESTS_UNIT_AWAITER_H
#define TESTS_UNIT_AWAITER_H

#include "aio/task.h"

/* Awaits f, borrowed and referenced while needed, and ends as it does, without a value. */
struct task *awaiter(struct loop *l, struct future *f);

/* Awaits f; a cancel it swallows, then awaits `then` if that is not NULL (with more cancels
 * swallowed) and returns the value "stubborn". */
struct task *stubborn(struct loop *l, struct future *f, struct future *then);

#endif
