/* SPDX-License-Identifier: MIT */
#include "fetch/job.h"

#include "base/alloc.h"
#include "fetch/exec.h"
#include "fetch/key.h"
#include "fetch/session_private.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static size_t count_urls(const struct entry *e)
{
    size_t n = 0;

    while (e->urls && e->urls[n]) {
        n++;
    }
    return n;
}

static struct err *parse_mirrors(struct job *job)
{
    for (char **text = job->entry->urls; *text; text++) {
        struct url *url;
        struct err *error = url_parse_near(job->session->near, *text, &url);
        if (error) {
            return error;
        }
        job->mirrors[job->nmirrors++] = (struct mirror){url, false};
        url_free(job->session->near);
        job->session->near = url_ref(url);
    }
    return NULL;
}

/* What the record says of the entry, whatever becomes of it. */
static void describe(struct job *job, uint64_t index)
{
    const struct entry *e = job->entry;
    struct record *r = &job->record;

    r->index = index;
    r->line = e->line;
    r->segments = 1;
    r->url = e->urls ? e->urls[0] : NULL;
    r->id = e->id;
    r->file = e->file;
}

static struct err *read_checksum(struct job *job)
{
    const struct session_options *o = job->session->options;
    const char *text = job->entry->checksum ? job->entry->checksum : o->checksum;

    return text ? digest_parse(text, &job->expect) : NULL;
}

struct job *job_new(struct session *s, struct entry *e, uint64_t index, struct err **error)
{
    struct job *job = mem_new(sizeof *job + count_urls(e) * sizeof *job->mirrors);
    struct spans *spans = job && s->lanes ? mem_new(sizeof *spans) : NULL;

    *error = NULL;
    if (!job || (s->lanes && !spans)) {
        free(job);
        entry_free(e);
        return NULL;
    }
    record_init(&job->record);
    job->record.spans = spans;
    list_init(&job->node);
    list_init(&job->run);
    list_init(&job->same);
    slot_init(&job->slot, session__on_grant, job);
    job->session = s;
    job->entry = e;
    job->total = -1;
    job->step = PHASE_READ;
    job->read_at = job->step_since = loop_time(s->env.loop);
    job->if_exists = e->if_exists >= 0 ? (enum if_exists)e->if_exists : s->options->if_exists;
    job->task_timeout = e->task_timeout >= 0 ? e->task_timeout : s->options->task_timeout;
    describe(job, index);
    *error = err_ref(e->error);
    if (!*error) {
        *error = parse_mirrors(job);
    }
    if (!*error) {
        *error = key_of_entry(e, job_url(job), s->options->key, &job->key);
        job->keyed = !*error;
    }
    if (!*error) {
        *error = read_checksum(job);
    }
    if (!*error && !exec_possible(job)) {
        *error = err_new(ERR_INPUT, NULL, "the entry has no id, and --exec asks for {id}");
    }
    return job;
}

void job_free(struct job *job)
{
    if (!job) {
        return;
    }
    slot_release(&job->slot);
    for (unsigned i = 0; i < job->nmirrors; i++) {
        url_free(job->mirrors[i].url);
    }
    probe_fini(&job->probe);
    task_unref(job->task);
    entry_free(job->entry);
    record_fini(&job->record);
    free(job->path);
    free(job->plain);
    free(job);
}

/* Without a key (a bad entry) the place in the list decides, so that one shard tells of it. */
bool job_is_ours(const struct job *job)
{
    const struct session_options *o = job->session->options;
    const uint64_t hash = job->keyed ? job->key : job->record.index;

    return key_in_shard(hash, o->shard, o->shards);
}

const struct url *job_url(const struct job *job)
{
    return job->mirrors[0].url;
}
