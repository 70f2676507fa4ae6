/* SPDX-License-Identifier: MIT */
/*
 * Component traces: GARNER_TRACE=task,net,store (or "all") names what is written to standard
 * error, a line an event. A `struct trace` is made once, at start, and then only read.
 */
#ifndef BASE_TRACE_H
#define BASE_TRACE_H

#include <stdbool.h>

enum trace_component {
    TRACE_LOOP = 1 << 0,
    TRACE_TASK = 1 << 1,
    TRACE_EXECUTOR = 1 << 2,
    TRACE_NET = 1 << 3,
    TRACE_HOSTS = 1 << 4,
    TRACE_STORE = 1 << 5,
    TRACE_FETCH = 1 << 6,
    TRACE_INPUT = 1 << 7,
    TRACE_QUEUE = 1 << 8,
};

struct trace {
    unsigned mask; /* of enum trace_component */
    int fd;
};

/* spec: a comma-separated list of component names in lower case, "all", or NULL for none. Unknown
 * names are ignored and make it return false. */
bool trace_init(struct trace *t, const char *spec, int fd);

/* "loop, task, ..." appended to b: the names that there are. */
struct buf;
void trace_names(struct buf *b);

/* True if the component is traced; t may be NULL. */
static inline bool trace_on(const struct trace *t, enum trace_component c)
{
    return t && (t->mask & (unsigned)c);
}

/* One line: seconds since boot, component, text. Use through trace_put. */
void trace_line(const struct trace *t, enum trace_component c, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#define trace_put(t, c, ...)                                                                       \
    do {                                                                                           \
        if (trace_on((t), (c))) {                                                                  \
            trace_line((t), (c), __VA_ARGS__);                                                     \
        }                                                                                          \
    } while (0)

#endif
