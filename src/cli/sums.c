/* SPDX-License-Identifier: MIT */
#include "cli/sums.h"

#include "aio/task.h"
#include "base/alloc.h"
#include "base/buf.h"
#include "net/url.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST = 64 << 20 };

bool sums_is_url(const char *where)
{
    return strncmp(where, "http://", 7) == 0 || strncmp(where, "https://", 8) == 0;
}

/* Takes e over. */
static struct err *named(const char *where, struct err *e)
{
    if (!e || err_is(e, ERR_NOMEM) || err_is(e, ERR_CANCELLED)) {
        return e;
    }
    char *shown = url_redact(where);
    struct err *usage =
        err_new(ERR_USAGE, err_code(e), "--checksums: %s: %s", shown ? shown : "", err_message(e));
    free(shown);
    err_unref(e);
    return usage;
}

static struct err *read_all(int fd, struct buf *b)
{
    for (;;) {
        if (!buf_reserve(b, 1 << 16)) {
            return err_plain(ERR_NOMEM);
        }
        ssize_t n = read(fd, b->data + b->len, 1 << 16);
        if (n == 0) {
            return NULL;
        }
        if (n < 0 && errno != EINTR) {
            return err_new(ERR_USAGE, NULL, "%s", strerror(errno));
        }
        b->len += n > 0 ? (size_t)n : 0;
        if (b->len > MOST) {
            return err_new(ERR_USAGE, NULL, "more than %d bytes", MOST);
        }
    }
}

struct err *sums_read(const char *path, struct checksums **out)
{
    struct buf b = BUF_INIT;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    struct err *e = fd < 0 ? err_new(ERR_USAGE, NULL, "%s", strerror(errno)) : read_all(fd, &b);
    *out = NULL;
    if (fd >= 0) {
        close(fd);
    }
    if (!e) {
        e = checksums_parse(b.data ? b.data : "", b.len, out);
    }
    buf_fini(&b);
    return named(path, e);
}

/* -- from a URL ---------------------------------------------------------------------------- */

struct fetch {
    struct co co;
    struct session *session; /* borrowed */
    const char *url;         /* borrowed from the options */
    struct task *text;       /* owned */
};

static void fetch_drop(void *frame)
{
    struct fetch *f = frame;
    task_unref(f->text);
}

static void drop_checksums(void *c)
{
    checksums_free(c);
}

static enum co_state fetch_step(void *frame, struct err *status)
{
    struct fetch *f = frame;
    struct checksums *c = NULL;
    void *body = NULL;
    CO_BEGIN(&f->co);
    f->text = session_text(f->session, f->url, MOST);
    if (!f->text) {
        return co_fail(&f->co, err_plain(ERR_NOMEM));
    }
    CO_AWAIT(&f->co, task_future(f->text));
    struct err *e = err_ref(status);
    if (!e) {
        e = future_result(task_future(f->text), &body);
    }
    if (!e) {
        const struct buf *b = body;
        e = checksums_parse(b->data ? b->data : "", b->len, &c);
    }
    if (e) {
        return co_fail(&f->co, named(f->url, e));
    }
    return co_return(&f->co, c, drop_checksums);
    CO_END(&f->co);
}

struct future *sums_fetch(struct loop *l, struct session *s, const char *url)
{
    struct task *t = task_new(l, fetch_step, sizeof(struct fetch), fetch_drop, "checksums");
    struct fetch *f = t ? task_frame(t) : NULL;
    if (!f) {
        return NULL;
    }
    f->session = s;
    f->url = url;
    return task_future(t);
}
