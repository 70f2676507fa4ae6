/* SPDX-License-Identifier: MIT */
/* A whole body on its way to its final name, without one of its own. See part.h. */
#include "store/part.h"

#include "store/chunk.h"
#include "store/store_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

bool part__make_unnamed(struct part *p, const struct spot *at)
{
    if (!p->absent || !__atomic_load_n(&p->store->unnamed, __ATOMIC_RELAXED)) {
        return false;
    }
    /* whatever is wrong will be said of NAME.part */
    int fd = dir_open(at->dir.fd, ".", O_RDWR | O_TMPFILE);
    p->fd = fd < 0 ? -1 : fd;
    p->unnamed = fd >= 0;
    return p->unnamed;
}

int part_link(struct part *p, int dir, const char *name)
{
    char path[32];
    int rc = linkat(p->fd, "", dir, name, AT_EMPTY_PATH);
    if (rc < 0 && errno == ENOENT) {
        /* what a kernel before 6.10 says without CAP_DAC_READ_SEARCH */
        (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", p->fd);
        rc = linkat(AT_FDCWD, path, dir, name, AT_SYMLINK_FOLLOW);
    }
    if (rc == 0) {
        p->unnamed = false;
        return 0;
    }
    const int failed = errno;
    if (failed != EEXIST) { /* each would be written twice */
        __atomic_store_n(&p->store->unnamed, false, __ATOMIC_RELAXED);
    }
    return failed;
}

void part_forget(struct part *p, struct list *chunks, struct list *done)
{
    list_splice_front(chunks, done);
    list_for_each (node, chunks) {
        container_of(node, struct chunk, node)->from = 0;
    }
    part_close(p);
    part__forget_bytes(p);
}
