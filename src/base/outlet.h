/* SPDX-License-Identifier: MIT */
/*
 * A descriptor that is written without ever blocking on a pipe, terminal or socket, and without
 * making one non-blocking that other programs share. A file is simply written.
 */
#ifndef BASE_OUTLET_H
#define BASE_OUTLET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum outlet_kind { OUTLET_FILE, OUTLET_PIPE, OUTLET_TERMINAL, OUTLET_SOCKET };

struct outlet {
    int fd; /* borrowed */
    enum outlet_kind kind;
    bool nonblocking; /* the description is not shared: a pipe takes as much as it has room for */
};

/* 0, or an errno value: fd is not open. */
int outlet_init(struct outlet *o, int fd);

/* Bytes written, at least 1; or -1 with errno, EAGAIN when it takes no more for now. */
ssize_t outlet_write(const struct outlet *o, const void *bytes, size_t n);

/* Nobody reads the pipe or socket any more. */
bool outlet_hung_up(const struct outlet *o);

#endif
