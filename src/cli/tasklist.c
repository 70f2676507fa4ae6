/* SPDX-License-Identifier: MIT */
#include "cli/tasklist.h"

#include "aio/task.h"
#include "base/buf.h"

static void note(struct report *report, struct buf *line)
{
    if (!buf_failed(line)) {
        report_note(report, line->data);
    }
    buf_fini(line);
}

static void on_task(struct task *t, void *arg)
{
    struct buf line = BUF_INIT;
    const struct future *awaits = task_awaits(t);
    const struct task *other = task_of(task_awaits(t));

    buf_addf(&line, "task %s: %s", task_name(t), future_state_name(task_future(t)));
    if (other) {
        buf_addf(&line, ", awaits task %s", task_name(other));
    } else if (awaits) {
        buf_addf(&line, ", awaits a %s", awaits->ops->kind);
    }
    if (task_cancelling(t)) {
        buf_adds(&line, ", being cancelled");
    }
    note(arg, &line);
}

static void on_download(const struct session_download *d, void *arg)
{
    struct buf line = BUF_INIT;

    buf_addf(&line, "download %llu %s: %s, %lld", (unsigned long long)d->index, d->url,
        phase_name(d->phase), (long long)d->received);
    if (d->total >= 0) {
        buf_addf(&line, " of %lld", (long long)d->total);
    }
    buf_adds(&line, " bytes");
    note(arg, &line);
}

void tasklist_write(const struct loop *l, const struct session *s, struct report *report)
{
    loop_each_task(l, on_task, report);
    session_each_download(s, on_download, report);
}
