/* SPDX-License-Identifier: MIT */
/* Component traces. A line is one write(), so lines of several threads do not mix. */
#include "base/trace.h"

#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const struct {
    const char *name;
    enum trace_component component;
} components[] = {
    {"loop", TRACE_LOOP},
    {"task", TRACE_TASK},
    {"executor", TRACE_EXECUTOR},
    {"net", TRACE_NET},
    {"hosts", TRACE_HOSTS},
    {"store", TRACE_STORE},
    {"fetch", TRACE_FETCH},
    {"input", TRACE_INPUT},
    {"queue", TRACE_QUEUE},
};

#define NCOMPONENTS (sizeof(components) / sizeof(components[0]))

static unsigned mask_of(const char *name, size_t len)
{
    unsigned all = 0;
    for (size_t i = 0; i < NCOMPONENTS; i++) {
        if (strlen(components[i].name) == len && memcmp(components[i].name, name, len) == 0) {
            return (unsigned)components[i].component;
        }
        all |= (unsigned)components[i].component;
    }
    return len == 3 && memcmp(name, "all", 3) == 0 ? all : 0;
}

bool trace_init(struct trace *t, const char *spec, int fd)
{
    bool known = true;
    *t = (struct trace){.mask = 0, .fd = fd};
    while (spec && *spec) {
        size_t len = strcspn(spec, ",");
        unsigned mask = mask_of(spec, len);
        if (len && !mask) {
            known = false;
        }
        t->mask |= mask;
        spec += len;
        spec += *spec == ',';
    }
    return known;
}

void trace_names(struct buf *b)
{
    for (size_t i = 0; i < NCOMPONENTS; i++) {
        buf_addf(b, "%s%s", i ? ", " : "", components[i].name);
    }
    buf_adds(b, " and all");
}

static const char *component_name(enum trace_component c)
{
    for (size_t i = 0; i < NCOMPONENTS; i++) {
        if (components[i].component == c) {
            return components[i].name;
        }
    }
    return "?";
}

void trace_line(const struct trace *t, enum trace_component c, const char *fmt, ...)
{
    char line[1024];
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int head = snprintf(line, sizeof(line), "%ld.%06ld %s: ", (long)now.tv_sec, now.tv_nsec / 1000,
        component_name(c));
    va_list ap;
    va_start(ap, fmt);
    int body = vsnprintf(line + head, sizeof(line) - (size_t)head, fmt, ap);
    va_end(ap);
    size_t len = (size_t)head + (body < 0 ? 0 : (size_t)body);
    if (len > sizeof(line) - 1) {
        len = sizeof(line) - 1;
    }
    line[len++] = '\n';
    /* a trace that cannot be written is no reason to fail what it traces */
    ssize_t written = write(t->fd, line, len);
    (void)written;
}
