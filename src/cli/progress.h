/* SPDX-License-Identifier: MIT */
/*
 * The progress display: what the block of screen.h shows, and when. It reads the session's standing
 * ten times a second at most, less often when that much runs that reading it would cost; leaves the
 * terminal at Ctrl-Z and takes it back at fg; draws nothing while in the background.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "cli/writer.h"
#include "fetch/session.h"

struct progress;

/* What is watched; borrowed, read at each redraw. */
struct progress_source {
    const struct session_totals *totals;
    const struct session *session; /* NULL: no downloads are shown */
    const struct hosts *hosts;     /* NULL: no hosts are counted */
};

/* True if fd is a terminal on which a block can be drawn: not TERM=dumb. */
bool progress_possible(int fd);

/* writer: borrowed, writes to the terminal fd. NULL when memory ran out. */
struct progress *progress_new(struct loop *l, int fd, struct writer *writer);
/* Takes the block away, also; what was said is with the writer then. NULL is ignored. */
void progress_free(struct progress *p);

/* The block comes after a moment and stays until progress_stop. Only on a main loop: signals. */
struct err *progress_start(struct progress *p, const struct progress_source *source);
void progress_stop(struct progress *p); /* idempotent */

/* The next signal ends the program at once: what is left on the terminal then is orderly. */
void progress_may_end(struct progress *p);

/* Text for the terminal, above the block: in 0.1 s at most, but for a line that has not ended. */
struct err *progress_say(struct progress *p, const char *text, size_t n);

#endif
