/* SPDX-License-Identifier: MIT */
#include "cli/named_fd.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The descriptor that a name stands for; -1: none. */
static int descriptor_of(const char *name)
{
    static const char *const directories[] = {"/dev/fd/", "/proc/self/fd/"};

    if (strcmp(name, "/dev/stdout") == 0) {
        return STDOUT_FILENO;
    }
    if (strcmp(name, "/dev/stderr") == 0) {
        return STDERR_FILENO;
    }
    for (size_t i = 0; i < sizeof directories / sizeof *directories; i++) {
        const size_t len = strlen(directories[i]);
        const char *number = name + len;
        if (strncmp(name, directories[i], len) == 0 && *number && strlen(number) < 7 &&
            strspn(number, "0123456789") == strlen(number)) {
            return (int)strtol(number, NULL, 10);
        }
    }
    return -1;
}

int named_fd_open(const char *name)
{
    const int fd = descriptor_of(name);

    return fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 3)
                   : open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666);
}
