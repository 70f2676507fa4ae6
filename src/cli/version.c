/* SPDX-License-Identifier: MIT */
/* --version, in curl's manner: scripts look for words in the line "Features:". */
#include "aio/loop.h"
#include "base/buf.h"
#include "cli/options.h"
#include "cli/sandbox.h"
#include "net/multi.h"
#include "queue/redis.h"
#include "store/digest.h"
#include "store/tar.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

enum { FEATURES = 32 };

struct features {
    const char *at[FEATURES];
    size_t count;
};

static void add(struct features *f, const char *name)
{
    if (f->count < FEATURES) {
        f->at[f->count++] = name;
    }
}

static int by_name(const void *a, const void *b)
{
    return strcasecmp(*(const char *const *)a, *(const char *const *)b);
}

/* What this build can do, on this kernel. */
static void add_features(struct buf *b)
{
    struct features f = {.count = 0};
    struct sandbox *sandbox = sandbox_new();
    char landlock[32];
    const char *name;

    for (size_t i = 0; (name = net_feature(i)); i++) {
        add(&f, name);
    }
    if (redis_version()) {
        add(&f, redis_has_tls() ? "redis-tls" : "redis");
    }
    if (sandbox) {
        snprintf(landlock, sizeof landlock, "Landlock/%d", sandbox_abi(sandbox));
        add(&f, landlock);
    }
    qsort(f.at, f.count, sizeof *f.at, by_name);
    for (size_t i = 0; i < f.count; i++) {
        buf_addf(b, " %s", f.at[i]);
    }
    sandbox_free(sandbox);
}

/* "name/version" each: our own, then what libcurl was built with. */
static void add_libraries(struct buf *b)
{
    const char *curl = net_version();
    int own = (int)strcspn(curl, " ");

    buf_addf(b, "Libraries: %.*s ", own, curl);
    loop_add_version(b);
    buf_addf(b, " cJSON/%s ", cJSON_Version());
    digest_add_version(b);
    if (redis_version()) {
        buf_addf(b, " %s", redis_version());
    }
    buf_addf(b, " zlib/%s", zlibVersion());
    if (tar_version()) {
        buf_addf(b, " libarchive/%s", tar_version());
    }
    buf_addf(b, "\nlibcurl:%s\n", curl + own);
}

void options_add_version(struct buf *b)
{
    buf_addf(b, "garner %s\n", PACKAGE_VERSION);
    add_libraries(b);
    buf_adds(b, "Protocols: http https\nFeatures:");
    add_features(b);
    buf_addc(b, '\n');
}
