/* SPDX-License-Identifier: MIT */
#include "fetch/destination.h"

#include "base/buf.h"
#include "fetch/expect.h"
#include "fetch/session_private.h"
#include "store/name.h"

#include <stdlib.h>
#include <string.h>

struct err *destination_open(struct job *job, struct sink **out)
{
    const struct session *s = job->session;
    const struct sink_spec spec = {
        .path = job->path,
        .url_public = url_public(job_url(job)),
        .key_hash = job->key,
        .policy = job->replace ? IF_EXISTS_OVERWRITE : job->if_exists,
        .digest = job->expect.algo != DIGEST_NONE ? job->expect.algo : s->hash,
        .rival = job->rival,
        .discard = s->options->discard,
    };

    *out = NULL;
    if (s->options->head) {
        return NULL;
    }
    return sink_new(s->env.store, &spec, out);
}

struct err *destination_named(struct job *job, const char *name, struct sink **out)
{
    bool same;
    struct err *error = target_claim(job->session, job, name, &same);

    *out = NULL;
    if (error) {
        return error;
    }
    if (same) {
        job->target = NULL; /* the other's; it cannot be waited for with a reply in hand */
        return err_new(ERR_IO, "EBUSY", "another entry is writing %s", job->path);
    }
    error = expect_listed(job, name);
    return error ? error : destination_open(job, out);
}

char *destination_shown(const struct session *s, const char *path)
{
    const char *dir = s->options->dir;
    struct buf b = BUF_INIT;

    if (!dir || strcmp(dir, ".") == 0 || path[0] == '/') {
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
