/* SPDX-License-Identifier: MIT */
/* What is said of entries that a run which ended early did not come to. */
#include "fetch/session_private.h"

#include <stdlib.h>

struct entry *session_late_entry(struct session *s)
{
    struct entry *e = s->late;

    s->late = NULL;
    return e;
}

struct err *session_place(struct session *s, struct entry *e,
    void (*fn)(void *arg, const struct entry *e, const char *path), void *arg)
{
    struct err *error;
    bool same = false;
    struct job *job = job_new(s, e, s->totals.entries + ++s->unread, &error);

    if (!job) {
        return err_plain(ERR_NOMEM);
    }
    if (!error && !s->options->content_disposition) {
        error = target_claim(s, job, NULL, &same);
    }
    if (job_is_ours(job)) {
        fn(arg, job->entry, error ? NULL : job->path);
    }
    if (!same) {
        target_pass(s, job);
    }
    job_free(job);
    if (err_is(error, ERR_NOMEM)) {
        return error;
    }
    err_unref(error);
    return NULL;
}
