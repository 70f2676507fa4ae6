/* SPDX-License-Identifier: MIT */
/*
 * The block at the bottom of a terminal: a line about the run, then rows about downloads. What is
 * said for good scrolls away above it. Pure text: bytes for the terminal are appended to a buffer.
 *
 *      http://h/gone: http: 404 Not Found          said for good
 *   >   12/40 files  45.3 MiB  11.2 MiB/s  ...     the block; the cursor rests at `>`
 *       big.iso  [#####-----]  51 %  ...
 *       other.tar  requesting
 *
 * Invariant: between two frames the cursor is at the first cell of the block. A terminal keeps it
 * there when it is resized, whether it wraps lines anew or cuts them, so whatever became of the
 * block goes away by erasing from the cursor on. A block that reaches a terminal which has become
 * narrower meanwhile does not wrap: it is cut, so the cursor comes back to its first line.
 */
#ifndef CLI_SCREEN_H
#define CLI_SCREEN_H

#include "cli/cells.h"

#include <stdint.h>

/* The run. Negative: not known. */
struct screen_totals {
    uint64_t done, known; /* files */
    bool all_known;       /* the list was read to its end */
    uint64_t bytes, running, failed, skipped, retries, held;
    double speed, eta; /* bytes a second; seconds */
};

/* A download. */
struct screen_row {
    const char *name;        /* borrowed; not yet made printable */
    const char *phase;       /* what it does in place of receiving; NULL: it receives */
    int64_t received, total; /* bytes; total -1: unknown */
    double speed;            /* bytes a second; negative: not known */
};

struct screen_view {
    struct screen_totals totals;
    const struct screen_row *rows;
    size_t nrows;
};

struct screen {
    struct cells cells;
    bool colour;
    bool shown;            /* the block is on the terminal */
    bool below;            /* the cursor is to rest in the line below the block instead */
    size_t down;           /* lines from the block's first to the cursor's */
    size_t widest;         /* name so far, in cells */
    struct buf lines;      /* said for good, to be shown with the next frame */
    struct buf block;      /* the last one */
    struct buf name, next; /* kept for their memory */
};

void screen_init(struct screen *s, const char *locale, bool colour);
void screen_fini(struct screen *s);

/* Rows that the block may take on a terminal of so many lines, besides the line about the run. */
size_t screen_rows(unsigned lines);

/* Something said for good: it is shown by the next frame, once its line ended. */
void screen_say(struct screen *s, const char *text, size_t n);

/* Appends what brings the terminal from the last frame to this one: nothing if nothing changed. */
void screen_frame(struct screen *s, const struct screen_view *view, unsigned lines,
    unsigned columns, struct buf *out);

/* Appends what takes the block away for now, and the lines said. */
void screen_flush(struct screen *s, struct buf *out);

/* The same for good: a line without its end goes out, too. */
void screen_leave(struct screen *s, struct buf *out);

/* From the next frame on the cursor rests below the block: a signal may end the program any time.
 */
void screen_rest_below(struct screen *s);

/* The terminal was another's meanwhile: the next frame is drawn where the cursor is. */
void screen_lost(struct screen *s);

#endif
