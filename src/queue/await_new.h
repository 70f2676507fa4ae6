/* SPDX-License-Identifier: MIT */
/* CO_AWAIT of a future that was just made, for frames with `co` and an owned `wait`. */
#ifndef QUEUE_AWAIT_NEW_H
#define QUEUE_AWAIT_NEW_H

#include "aio/co.h"

/* The frame keeps the future as its `wait`; NULL, for want of memory, ends the coroutine. */
#define AWAIT_NEW(frame_, future_)                                                                 \
    do {                                                                                           \
        future_unref((frame_)->wait);                                                              \
        (frame_)->wait = (future_);                                                                \
        if (!(frame_)->wait) {                                                                     \
            return co_fail(&(frame_)->co, err_plain(ERR_NOMEM));                                   \
        }                                                                                          \
    } while (0);                                                                                   \
    CO_AWAIT(&(frame_)->co, (frame_)->wait)

#endif
