/* SPDX-License-Identifier: MIT */
/*
 * A list file as a whole: source, gzip, lines or jsonl, on a loop with its executor. It ends, with
 * what is in it or with an error, and nothing is left over. The first byte picks the format, and
 * whether the rest is packed first.
 */
#include "aio/executor.h"
#include "cli/feed.h"
#include "entries.h"
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

enum { PACKED = 4, STEPS_MOST = 1 << 22 };

static int memory_file(const uint8_t *data, size_t size, bool packed)
{
    int fd = memfd_create("list", 0);
    FUZZ_CHECK(fd >= 0);
    if (packed) {
        gzFile z = gzdopen(dup(fd), "wb1");
        FUZZ_CHECK(z && (size == 0 || gzwrite(z, data, (unsigned)size) == (int)size));
        gzclose(z);
    } else {
        FUZZ_CHECK(write(fd, data, size) == (ssize_t)size);
    }
    return fd;
}

static struct err *stop(void *arg)
{
    loop_stop(arg);
    return NULL;
}

/* Reads the list to its end; what it failed with, or NULL. */
static struct err *read_list(struct loop *l, struct feed *f)
{
    struct err *e = NULL;
    for (unsigned steps = 0; steps < STEPS_MOST; steps++) {
        switch (feed_advance(f, &e)) {
        case FEED_MORE:
            break;
        case FEED_WAIT:
            FUZZ_CHECK(!feed_wait(f, stop, l));
            FUZZ_CHECK(!loop_run_forever(l));
            break;
        case FEED_END:
            return NULL;
        case FEED_FAILED:
            FUZZ_CHECK(e);
            return e;
        }
    }
    fuzz_fail(__FILE__, __LINE__, "a list ends");
}

FUZZ_TARGET(list)
{
    static const enum input_format formats[] = {INPUT_AUTO, INPUT_LINES, INPUT_JSONL, INPUT_AUTO};
    char name[32];
    uint8_t how = size > 0 ? data[0] : 0;
    int fd = memory_file(data + (size > 0), size - (size > 0), how & PACKED);
    snprintf(name, sizeof(name), "/dev/fd/%d", fd);
    struct loop *l = loop_new(LOOP_PLAIN, NULL);
    struct executor *ex = executor_new(l, 1);
    struct entries es;
    struct feed *f;
    entries_init(&es, name);
    FUZZ_CHECK(!feed_open(l, ex, &es.out, formats[how % 4], &f));
    struct err *e = read_list(l, f);
    if (e) {
        FUZZ_CHECK(!(how & PACKED));
        fuzz_refused(e, ERR_IO);
    }
    feed_free(f);
    executor_free(ex);
    struct loop_live live = loop_live(l);
    FUZZ_CHECK(live.futures == 0 && live.timers == 0 && live.watches == 0);
    loop_free(l);
    entries_fini(&es);
    close(fd);
    return 0;
}
