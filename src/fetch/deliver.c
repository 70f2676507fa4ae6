/* SPDX-License-Identifier: MIT */
#include "fetch/deliver.h"

#include "base/alloc.h"
#include "fetch/session_private.h"

static struct job *first_job(const struct session *s)
{
    return list_empty(&s->jobs) ? NULL : container_of(s->jobs.next, struct job, node);
}

/* -- who waits for whom -------------------------------------------------------------------- */

static void on_favour(void *arg, uint64_t order)
{
    struct session *s = arg;

    list_for_each (node, &s->jobs) { /* mostly the first */
        struct job *job = container_of(node, struct job, node);
        if (job->record.order == order) {
            slot_hurry(&job->slot);
            return;
        }
    }
}

void deliver_init(struct session *s)
{
    if (s->env.line) {
        line_on_favour(s->env.line, on_favour, s);
    }
}

/* Records with bodies go out more slowly than they come; a future, if so. */
static struct future *records_behind(const struct session *s)
{
    return s->options->body_most > 0 && s->consumer.ready ? s->consumer.ready(s->consumer.arg)
                                                          : NULL;
}

static void hurry_first(const struct session *s)
{
    struct job *first = first_job(s);

    if (first) {
        slot_hurry(&first->slot);
    }
}

void deliver_head(struct session *s)
{
    const struct job *first = first_job(s);
    struct future *behind;

    if (s->env.line) {
        line_set_head(s->env.line, first ? first->record.order : s->ours + 1);
        return;
    }
    behind = records_behind(s);
    if (behind) {
        hurry_first(s);
        future_unref(behind);
    }
}

void deliver_hurry(struct job *job)
{
    const struct line *line = job->session->env.line;

    if (line && line_favours(line, job->record.order)) {
        slot_hurry(&job->slot);
    }
}

bool deliver_gate(struct job *job, struct future **gate)
{
    const struct session *s = job->session;

    if (s->env.line) {
        *gate = line_gate(s->env.line, job->record.order);
    } else if (job == first_job(s)) {
        *gate = NULL;
    } else {
        *gate = records_behind(s);
        if (*gate) {
            hurry_first(s);
        }
    }
    return *gate != NULL;
}

/* -- bytes --------------------------------------------------------------------------------- */

static void on_hold(void *arg, bool hold)
{
    const struct attempt *a = arg;

    if (a->transfer) {
        transfer_hold(a->transfer, hold);
    }
}

static struct err *too_large(const struct attempt *a)
{
    return err_new(ERR_POLICY, "CURLE_FILESIZE_EXCEEDED",
        "the body is larger than %lld bytes (--body)",
        (long long)a->job->session->options->body_most);
}

static struct err *keep_start(struct attempt *a, int64_t offset, int64_t total)
{
    if (total > a->job->session->options->body_most) {
        return too_large(a);
    }
    if (offset == 0) {
        buf_clear(&a->kept);
    }
    if (total > (int64_t)a->kept.len && !buf_reserve(&a->kept, (size_t)total - a->kept.len)) {
        return err_plain(ERR_NOMEM);
    }
    return NULL;
}

struct err *deliver_start(struct attempt *a, int64_t offset, int64_t total)
{
    struct job *job = a->job;
    struct session *s = job->session;
    struct err *error = NULL;

    if (s->options->body_most > 0) {
        return keep_start(a, offset, total);
    }
    if (!s->env.line) {
        return NULL;
    }
    if (!a->body) {
        error = body_new(s->env.line, job->record.order, job->expect.algo != DIGEST_NONE, &a->body);
    }
    if (!error) {
        error = body_start(a->body, offset, total);
    }
    if (!error) {
        body_on_hold(a->body, on_hold, a);
    }
    return error;
}

struct err *deliver_bytes(struct attempt *a, const void *bytes, size_t n)
{
    const struct session_options *o = a->job->session->options;

    if (a->body) {
        return body_write(a->body, bytes, n);
    }
    if (o->body_most == 0) {
        return NULL;
    }
    if (a->kept.len + n > (uint64_t)o->body_most) {
        return too_large(a);
    }
    buf_add(&a->kept, bytes, n);
    return buf_failed(&a->kept) ? err_plain(ERR_NOMEM) : NULL;
}

void deliver_pause(struct attempt *a)
{
    if (a->body) {
        body_pause(a->body);
    }
}

bool deliver_broken(const struct attempt *a)
{
    return a->body && body_broken(a->body);
}

/* -- the end ------------------------------------------------------------------------------- */

struct future *deliver_body(struct attempt *a)
{
    const struct reply *r = transfer_reply(a->transfer);

    return body_emit(a->body, a->job->path, r->modified);
}

void deliver_record(struct attempt *a)
{
    struct record *rec = &a->job->record;

    if (a->job->session->options->body_most > 0) {
        rec->body_len = a->kept.len;
        rec->body = buf_take(&a->kept);
    }
}

void deliver_end(struct attempt *a)
{
    if (a->body) {
        body_end(a->body);
    }
}
