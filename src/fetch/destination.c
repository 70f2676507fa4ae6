/* SPDX-License-Identifier: MIT */
#include "fetch/destination.h"

#include "base/buf.h"
#include "fetch/session_private.h"
#include "store/name.h"

#include <stdlib.h>
#include <string.h>

static struct err *open_at(struct job *job, const char *path, struct sink **out)
{
    const struct session *s = job->session;
    const struct sink_spec spec = {
        .path = path,
        .url_public = url_public(job_url(job)),
        .key_hash = job->key,
        .policy = job->replace ? IF_EXISTS_OVERWRITE : job->if_exists,
        .digest = job->expect.algo != DIGEST_NONE ? job->expect.algo : s->hash,
        .rival = job->rival,
        .absent = path && !job->probe.part && job->probe.final == PRESENCE_ABSENT,
        .discard = s->options->discard,
    };

    *out = NULL;
    if (s->options->head) {
        return NULL;
    }
    return sink_new(s->env.store, &spec, out);
}

struct err *destination_open(struct job *job, struct sink **out)
{
    return open_at(job, job->path, out);
}

struct err *destination_open_unplaced(struct job *job, struct sink **out)
{
    return open_at(job, NULL, out);
}

char *destination_shown(const struct session *s, const char *path)
{
    const char *dir = s->options->dir;
    struct buf b = BUF_INIT;

    if (!dir || strcmp(dir, ".") == 0 || path[0] == '/' || s->options->archive) {
        return name_shown(path);
    }
    if (dir[0] == '-') {
        buf_adds(&b, "./");
    }
    buf_adds(&b, dir);
    if (b.len > 0 && b.data[b.len - 1] != '/') {
        buf_addc(&b, '/');
    }
    buf_adds(&b, path);
    return buf_take(&b);
}
