/* SPDX-License-Identifier: MIT */
/* What both ends of a fork server know. */
#ifndef AIO_FORKSERVER_PRIVATE_H
#define AIO_FORKSERVER_PRIVATE_H

#include "aio/channel.h"

enum forkserver_op {
    FORKSERVER_START,   /* payload: the words, each with its NUL */
    FORKSERVER_STOP,    /* SIGTERM, then SIGKILL */
    FORKSERVER_STARTED, /* value: its process id */
    FORKSERVER_FAILED,  /* value: errno */
    FORKSERVER_ENDED,   /* value: the wait status */
};

/* The helper's life; fd: its end of the socket; output: see forkserver_new. */
_Noreturn void forkserver__serve(int fd, int output);

#endif
