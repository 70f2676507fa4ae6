/* SPDX-License-Identifier: MIT */
/*
 * Bytes on a connection that nobody waits for: more than the reply's length, or a reply to nothing.
 * The next request would take them for its own reply. libcurl (7.88) notices only those that it
 * happens to read together with the reply's end.
 */
#include "net/private.h"

#include <sys/socket.h>

#define READS_MOST 64

void kept__check(int fd)
{
    char rest[4096];
    if (recv(fd, rest, 1, MSG_PEEK | MSG_DONTWAIT) <= 0) {
        return;
    }
    /* So libcurl finds it dead when it would use it again. */
    shutdown(fd, SHUT_RDWR);
    for (int i = 0; i < READS_MOST && recv(fd, rest, sizeof(rest), MSG_DONTWAIT) > 0; i++) {
    }
}
