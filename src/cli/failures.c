/* SPDX-License-Identifier: MIT */
/*
 * Every entry is written down in both formats, since which of them is wanted is known at the end
 * only:
 *
 *   entry -> lines: [ 64 KiB ] -> unnamed file -.
 *        `-> jsonl: [ 64 KiB ] -> unnamed file --`-> one of them: a name, fsync, rename
 */
#include "cli/failures.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "cli/leftover.h"
#include "cli/replacement.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { WRITE_AT = 1 << 16, COPY_BYTES = 1 << 18 };

struct channel {
    struct draft draft;
    struct buf text; /* owned: not yet written */
};

struct failures {
    struct place place;
    struct channel lines, json;
    bool json_seen;
    int failed; /* errno of the first write that went wrong */
};

int failures_dir(const struct failures *f)
{
    return f->place.dir;
}

/* -- files --------------------------------------------------------------------------------- */

static void channel_close(struct failures *f, struct channel *c)
{
    draft_drop(&f->place, &c->draft);
    buf_fini(&c->text);
}

static int channel_flush(struct channel *c)
{
    for (size_t at = 0; at < c->text.len;) {
        ssize_t n = write(c->draft.fd, c->text.data + at, c->text.len - at);
        if (n < 0 && errno != EINTR) {
            return errno;
        }
        at += n > 0 ? (size_t)n : 0;
    }
    buf_clear(&c->text);
    return 0;
}

/* -- life ---------------------------------------------------------------------------------- */

struct err *failures_open(const char *path, struct failures **out)
{
    *out = NULL;
    struct failures *f = mem_new(sizeof(*f));
    if (!f) {
        return err_plain(ERR_NOMEM);
    }
    f->lines.draft.fd = f->json.draft.fd = -1;
    struct err *e = place_init(&f->place, "--failures", path);
    if (!e) {
        int failed = draft_open(&f->place, 0600, &f->lines.draft);
        failed = failed ? failed : draft_open(&f->place, 0600, &f->json.draft);
        e = failed ? err_errno(ERR_IO, failed, "cannot write %s", path) : NULL;
    }
    if (e) {
        failures_free(f);
        return e;
    }
    *out = f;
    return NULL;
}

void failures_free(struct failures *f)
{
    if (f) {
        channel_close(f, &f->lines);
        channel_close(f, &f->json);
        place_fini(&f->place);
        free(f);
    }
}

/* -- entries ------------------------------------------------------------------------------- */

static void note_failed(struct failures *f, int failed)
{
    if (failed && !f->failed) {
        f->failed = failed;
    }
}

static void flush_if_full(struct failures *f, struct channel *c)
{
    if (buf_failed(&c->text)) {
        note_failed(f, ENOMEM);
    } else if (c->text.len > WRITE_AT) {
        note_failed(f, channel_flush(c));
    }
}

void failures_add(struct failures *f, const struct entry *e, const char *target)
{
    f->json_seen = f->json_seen || e->json;
    leftover_lines(e, target, &f->lines.text);
    leftover_json(e, target, &f->json.text);
    flush_if_full(f, &f->lines);
    flush_if_full(f, &f->json);
}

bool failures_takes(const struct failures *f, bool json)
{
    return json || !f->json_seen;
}

static int copy(struct channel *c, int fd, uint64_t at)
{
    int failed = 0;
    while (!failed) {
        if (!buf_reserve(&c->text, COPY_BYTES)) {
            return ENOMEM;
        }
        ssize_t n = pread(fd, c->text.data + c->text.len, COPY_BYTES, (off_t)at);
        if (n == 0) {
            return 0;
        }
        if (n > 0) {
            c->text.len += (size_t)n;
            at += (uint64_t)n;
            failed = channel_flush(c);
        } else if (errno != EINTR) {
            failed = errno;
        }
    }
    return failed;
}

void failures_copy(struct failures *f, int fd, uint64_t at, bool json)
{
    f->json_seen = f->json_seen || json;
    note_failed(f, copy(json ? &f->json : &f->lines, fd, at));
}

static int put_in_place(struct failures *f, struct channel *c)
{
    int failed = channel_flush(c);
    return failed ? failed : draft_put(&f->place, &c->draft);
}

struct err *failures_write(struct failures *f)
{
    struct channel *c = f->json_seen ? &f->json : &f->lines;
    int failed = f->failed ? f->failed : put_in_place(f, c);
    if (failed == ENOMEM) {
        return err_plain(ERR_NOMEM);
    }
    return failed ? err_errno(ERR_IO, failed, "cannot write %s", f->place.path) : NULL;
}
