/* SPDX-License-Identifier: MIT */
#include "fetch/expect.h"

#include "base/buf.h"
#include "fetch/session_private.h"
#include "store/checksums.h"
#include "store/name.h"

#include <string.h>

/* By the server's name, else the URL's path, else the path it comes to. */
static enum checksums_found find(struct job *job, const char *name, const char *url_path)
{
    const struct checksums *c = job->session->env.checksums;
    enum checksums_found found = name ? checksums_find(c, name, &job->expect) : CHECKSUMS_NONE;

    if (found == CHECKSUMS_NONE) {
        found = checksums_find(c, url_path, &job->expect);
    }
    if (found != CHECKSUMS_ONE && job->path) {
        struct digest_value first = job->expect;
        enum checksums_found other = checksums_find(c, job->path, &job->expect);
        if (other == CHECKSUMS_NONE) {
            job->expect = first;
        } else {
            found = other;
        }
    }
    return found;
}

struct err *expect_listed(struct job *job, const char *name)
{
    const struct session *s = job->session;
    struct buf path = BUF_INIT;
    struct err *error = NULL;

    if (!s->env.checksums || job->expect.algo != DIGEST_NONE || s->options->head) {
        return NULL;
    }
    buf_addc(&path, '/');
    name_percent_decode(&path, url_path(job_url(job)), strlen(url_path(job_url(job))));
    if (buf_failed(&path)) {
        error = err_plain(ERR_NOMEM);
        goto out;
    }
    switch (find(job, name, path.data)) {
    case CHECKSUMS_ONE:
        break;
    case CHECKSUMS_NONE:
        if (!s->options->checksums_partial) {
            error = err_new(ERR_CHECKSUM, NULL,
                "--checksums has no digest for this file "
                "(--checksums-partial lets it pass)");
        }
        break;
    case CHECKSUMS_SEVERAL:
        error = err_new(ERR_CHECKSUM, NULL,
            "--checksums has different digests for files of this "
            "name");
        break;
    }
    if (error) {
        job->expect.algo = DIGEST_NONE;
    }
out:
    buf_fini(&path);
    return error;
}
