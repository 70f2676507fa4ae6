/* SPDX-License-Identifier: MIT */
#ifndef CLI_NAMED_FD_H
#define CLI_NAMED_FD_H

/* Opens FILE of an option for writing, emptied: a descriptor, the caller's, or -1 and errno.
 * /dev/fd/N, /dev/stdout and /dev/stderr are what the shell opened there, as it opened it (a
 * socket, a file that is appended to). A FIFO waits for its reader, as with a shell's redirection.
 */
int named_fd_open(const char *name);

#endif
