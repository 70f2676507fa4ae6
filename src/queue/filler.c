/* SPDX-License-Identifier: MIT */
#include "queue/filler.h"

#include "aio/task.h"
#include "base/alloc.h"
#include "base/siphash.h"
#include "queue/await_new.h"
#include "queue/outbox.h"
#include "queue/scripts.h"

#include <stdlib.h>
#include <string.h>

enum {
    BATCH = 500,             /* entries */
    BATCH_BYTES = 256 << 10, /* about */
    BATCHES_AT_ONCE = 8,     /* that are not answered */
};

struct filler {
    struct loop *loop;
    struct filler_options options;
    struct link *link; /* owned, as the box */
    struct outbox *box;
    struct buf progress;       /* owned: the name of its key */
    struct redis_args batch;   /* owned: being filled */
    size_t entries, bytes;     /* in it */
    unsigned long long number; /* of the batch, from 1 */
    uint64_t added, answered;
    struct err *error; /* owned */
    bool started;      /* the box was */
    bool hurries;      /* the batch is to go as soon as nothing is on its way */
};

/* A batch on its way. */
struct batch {
    struct filler *filler; /* borrowed */
    size_t entries;
};

struct err *filler_new(
    struct loop *l, struct executor *ex, const struct filler_options *options, struct filler **out)
{
    struct filler *f = mem_new(sizeof(*f));
    *out = NULL;
    if (!f) {
        return err_plain(ERR_NOMEM);
    }
    const struct link_options link = {
        .loop = l,
        .executor = ex,
        .url = options->url,
        .connect_timeout = options->connect_timeout,
        .note = options->note,
        .arg = options->arg,
    };
    f->loop = l;
    f->options = *options;
    f->link = link_new(&link);
    f->box = f->link ? outbox_new(l, f->link) : NULL;
    buf_addf(&f->progress, "%s:enqueue:%016llx", options->url->stream,
        (unsigned long long)siphash_random_key().k0);
    redis_args_init(&f->batch);
    if (!f->box || buf_failed(&f->progress)) {
        filler_free(f);
        return err_plain(ERR_NOMEM);
    }
    *out = f;
    return NULL;
}

void filler_free(struct filler *f)
{
    if (f) {
        outbox_free(f->box);
        link_free(f->link);
        buf_fini(&f->progress);
        redis_args_fini(&f->batch);
        err_unref(f->error);
        free(f);
    }
}

struct future *filler_start(struct filler *f)
{
    return link_up(f->link);
}

struct err *filler_error(const struct filler *f)
{
    return f->error ? f->error : outbox_error(f->box);
}

uint64_t filler_added(const struct filler *f)
{
    return f->added;
}

uint64_t filler_answered(const struct filler *f)
{
    return f->answered;
}

/* Workers and fillers of different versions share one queue: this may never change. */
unsigned filler_partition(const char *host, unsigned partitions)
{
    static const struct siphash_key key = {0, 0};
    return partitions ? (unsigned)(siphash(&key, host, strlen(host)) % partitions) : 0;
}

/* -- batches ------------------------------------------------------------------------------- */

static void begin_batch(struct filler *f)
{
    const struct filler_options *o = &f->options;
    struct redis_args *a = &f->batch;
    const unsigned streams = o->partitions ? o->partitions : 1;
    script_begin(a, script_fill, 1 + streams + (o->unique != NULL));
    redis_args_adds(a, f->progress.data);
    for (unsigned i = 0; i < streams; i++) {
        struct buf name = BUF_INIT;
        buf_adds(&name, o->url->stream);
        if (o->partitions) {
            buf_addf(&name, ".%u", i);
        }
        redis_args_add(a, name.data, name.len);
        a->failed = a->failed || buf_failed(&name);
        buf_fini(&name);
    }
    if (o->unique) {
        redis_args_adds(a, o->unique);
    }
    redis_args_addi(a, (long long)++f->number);
    redis_args_addi(a, streams);
}

static void on_batch(void *arg, const struct outbox_answer *answer);

static struct err *send_batch(struct filler *f)
{
    struct batch *b = f->entries ? mem_new(sizeof(*b)) : NULL;
    if (!b) {
        return f->entries ? err_plain(ERR_NOMEM) : NULL;
    }
    b->filler = f;
    b->entries = f->entries;
    struct err *error = f->started ? NULL : outbox_start(f->box);
    f->started = !error;
    error = error ? error : outbox_add(f->box, &f->batch, on_batch, b);
    if (error) {
        free(b);
    }
    f->entries = f->bytes = 0;
    f->hurries = false;
    return error;
}

static void on_batch(void *arg, const struct outbox_answer *answer)
{
    struct batch *b = arg;
    struct filler *f = b->filler;
    if (answer->error) {
        f->error = f->error ? f->error : err_ref(answer->error);
    } else {
        f->answered += b->entries;
        f->added = (uint64_t)redis_reply_int(answer->reply);
    }
    free(b);
    if (f->hurries && !f->error && outbox_count(f->box) == 0) {
        f->error = send_batch(f);
    }
}

struct err *filler_flush(struct filler *f)
{
    f->hurries = outbox_count(f->box) > 0;
    return f->hurries ? NULL : send_batch(f);
}

struct err *filler_add(struct filler *f, const struct filling *e)
{
    struct redis_args *a = &f->batch;
    if (f->entries == 0) {
        begin_batch(f);
    }
    redis_args_addi(a, 1 + (long long)filler_partition(e->host, f->options.partitions));
    redis_args_add(a, e->key, f->options.unique ? e->key_len : 0);
    redis_args_adds(a, e->field);
    redis_args_adds(a, e->value);
    f->entries++;
    f->bytes += strlen(e->value);
    if (f->entries < BATCH && f->bytes < BATCH_BYTES) {
        return NULL;
    }
    return send_batch(f);
}

struct future *filler_ready(struct filler *f)
{
    return outbox_count(f->box) < BATCHES_AT_ONCE ? NULL
                                                  : outbox_down_to(f->box, BATCHES_AT_ONCE / 2);
}

/* -- the end ------------------------------------------------------------------------------- */

struct finishing {
    struct co co;
    struct filler *filler; /* borrowed */
    struct future *wait;   /* owned */
    struct err *error;     /* owned */
};

static void finishing_drop(void *frame)
{
    struct finishing *n = frame;
    future_unref(n->wait);
    err_unref(n->error);
}

/* Nothing is left that would have to be told apart. */
static struct err *forget_progress(struct filler *f)
{
    struct redis_args a;
    redis_args_init(&a);
    redis_args_adds(&a, "DEL");
    redis_args_adds(&a, f->progress.data);
    return outbox_add(f->box, &a, NULL, NULL);
}

static enum co_state finishing_step(void *frame, struct err *status)
{
    struct finishing *n = frame;
    struct filler *f = n->filler;

    CO_BEGIN(&n->co);
    n->error = send_batch(f);
    if (f->started) {
        n->error = n->error ? n->error : forget_progress(f);
        AWAIT_NEW(n, outbox_down_to(f->box, 0));
        n->error = n->error ? n->error : err_ref(status);
        future_unref(n->wait);
        n->wait = outbox_stop(f->box);
        if (n->wait) {
            CO_AWAIT(&n->co, n->wait);
        }
    }
    if (!n->error) {
        n->error = err_ref(filler_error(f));
    }
    if (n->error) {
        return co_fail(&n->co, err_ref(n->error));
    }
    CO_END(&n->co);
}

struct future *filler_finish(struct filler *f)
{
    struct task *t = task_new(
        f->loop, finishing_step, sizeof(struct finishing), finishing_drop, "finish the queue");
    if (!t) {
        return NULL;
    }
    ((struct finishing *)task_frame(t))->filler = f;
    return task_future(t);
}
