/* SPDX-License-Identifier: MIT */
/* A sink: what its owner calls. Its jobs are begun and ended in pump.c. */
#include "store/sink_private.h"
#include "store/store_private.h"

#include <assert.h>
#include <stdlib.h>

/* -- life ------------------------------------------------------------------------------------ */

void sink__unref(struct sink *k)
{
    if (--k->refs > 0) {
        return;
    }
    store__due_forget(&k->due);
    chunks_clear(k->store, &k->chunks);
    part_fini(&k->part);
    commit_fini(&k->commit);
    validators_fini(&k->v);
    free(k->part_url);
    ranges_fini(&k->got);
    err_unref(k->error);
    store__unref(k->store);
    free(k);
}

static struct err *fill(struct sink *k, const struct sink_spec *spec)
{
    k->part.algo = spec->digest;
    k->part.discard = spec->discard;
    k->part.choose = spec->policy == IF_EXISTS_RENAME;
    k->part.absent = spec->absent;
    k->part.next.key = spec->key_hash;
    k->part.next.url = mem_dup(spec->url_public);
    k->part.path = spec->discard ? NULL : mem_dup(spec->path);
    bool ok =
        (k->part.path || !spec->path || spec->discard) && !k->part.next.url == !spec->url_public;
    return ok ? NULL : err_plain(ERR_NOMEM);
}

struct err *sink_new(struct store *s, const struct sink_spec *spec, struct sink **out)
{
    *out = NULL;
    struct sink *k = mem_new(sizeof(*k));
    if (!k) {
        return err_plain(ERR_NOMEM);
    }
    k->refs = 1;
    k->store = store__ref(s);
    k->key_hash = spec->key_hash;
    k->policy = spec->policy;
    k->count_only = spec->discard && spec->digest == DIGEST_NONE;
    part_init(&k->part, s);
    k->part.tag = spec->rival ? (uint32_t)(spec->key_hash >> 32) | 1 : 0;
    k->work.part = &k->part;
    list_init(&k->work.chunks);
    list_init(&k->work.done);
    chunks_init(&k->chunks);
    list_init(&k->due.node);
    list_init(&k->streams);
    k->due.fn = sink__on_due;
    validators_fini(&k->v);
    struct err *e = fill(k, spec);
    if (e) {
        sink__unref(k);
        return e;
    }
    *out = k;
    return NULL;
}

void sink_free(struct sink *k)
{
    if (!k) {
        return;
    }
    k->freed = true;
    store__due_forget(&k->due);
    if (!k->op) {
        chunks_clear(k->store, &k->chunks);
    }
    sink__unref(k);
}

struct err *sink_place(struct sink *k, const char *path)
{
    assert(!k->part.path && !k->part.discard);
    k->part.path = mem_dup(path);
    if (!k->part.path) {
        return err_plain(ERR_NOMEM);
    }
    sink__pump(k);
    return NULL;
}

/* -- bytes ----------------------------------------------------------------------------------- */

int64_t sink_have(const struct sink *k, const struct validators **v)
{
    if (v) {
        *v = &k->v;
    }
    return k->store->resume ? k->arrived : 0;
}

const char *sink_part_url(const struct sink *k)
{
    return k->part_url;
}

uint64_t sink_part_key(const struct sink *k)
{
    return k->part_key;
}

struct err *sink_error(const struct sink *k)
{
    return k->error;
}

struct err *sink_start(struct sink *k, int64_t offset, const struct validators *v)
{
    struct validators copy;
    if (offset != 0 && offset != k->arrived) {
        return err_new(ERR_VALUE, NULL, "bytes to go to %lld, where %lld are there",
            (long long)offset, (long long)k->arrived);
    }
    struct err *e = validators_copy(&copy, v);
    if (e) {
        return e;
    }
    validators_fini(&k->v);
    k->v = copy;
    k->renewed = true;
    free(k->part_url);
    k->part_url = NULL;
    k->part_key = 0;
    if (offset == 0) {
        chunks_clear(k->store, &k->chunks);
        k->arrived = 0;
        sink__gather(k);
        k->start_over = k->busy || k->part.fd >= 0 || k->part.end > 0;
    }
    return NULL;
}

/* How many bytes may follow; -1: there is no telling. */
static int64_t expected(const struct sink *k)
{
    if (k->v.total >= 0) {
        return k->v.total > k->arrived ? k->v.total - k->arrived : 0;
    }
    return k->busy || k->part.fd >= 0 ? (int64_t)CHUNK_BYTES : -1;
}

struct err *sink_write(struct sink *k, const void *bytes, size_t n)
{
    if (k->error) {
        struct err *e = k->error_told ? NULL : err_ref(k->error);
        k->error_told = true;
        return e;
    }
    if (k->count_only) {
        k->arrived += (int64_t)n;
        return NULL;
    }
    size_t taken;
    bool ok = chunks_add(k->store, &k->chunks, bytes, n, expected(k), &taken);
    k->arrived += (int64_t)taken;
    store__due_note(k->store, &k->due);
    sink__pump(k);
    return ok ? NULL : err_plain(ERR_NOMEM);
}

/* -- open, commit, close --------------------------------------------------------------------- */

/* k->op is waiting from now on. The future is the caller's. NULL when memory ran out. */
static struct op *set_op(struct sink *k, enum work_kind kind)
{
    assert(!k->op);
    struct op *op = op_new(k->store->loop, kind == WORK_CLOSE);
    if (op) {
        k->op = op_ref(op);
        k->wanted = kind;
        k->refs++;
    }
    return op;
}

struct future *sink_open(struct sink *k)
{
    struct op *op = set_op(k, WORK_OPEN);
    if (!op) {
        return NULL;
    }
    if (k->part.discard || k->part.fd >= 0) {
        sink__end_op(k, NULL, NULL, NULL);
    }
    sink__pump(k);
    return &op->fut;
}

/* What can be said before any job. */
static struct err *check_commit(const struct sink *k, const struct commit_options *o)
{
    if (k->error) {
        return err_ref(k->error);
    }
    if (o->size >= 0 && o->size != k->arrived) {
        return err_new(ERR_NETWORK, "CURLE_PARTIAL_FILE", "%lld of %lld bytes arrived",
            (long long)k->arrived, (long long)o->size);
    }
    if (k->count_only && o->expect.algo != DIGEST_NONE) {
        return err_new(ERR_VALUE, NULL, "bytes that were only counted have no checksum");
    }
    return NULL;
}

struct future *sink_commit(struct sink *k, const struct commit_options *o)
{
    if (!commit_init(&k->commit, o)) {
        commit_fini(&k->commit);
        return NULL;
    }
    struct op *op = set_op(k, WORK_COMMIT);
    if (!op) {
        commit_fini(&k->commit);
        return NULL;
    }
    k->commit.policy = k->policy;
    k->commit.key_hash = k->key_hash;
    struct err *e = check_commit(k, o);
    if (e || k->count_only) {
        struct committed *c = k->commit.outcome;
        c->size = k->arrived;
        k->commit.outcome = e ? c : NULL;
        sink__end_op(k, e ? NULL : c, committed_free, e);
        commit_fini(&k->commit);
    }
    sink__pump(k);
    return &op->fut;
}

struct future *sink_close(struct sink *k, bool keep)
{
    struct op *op = set_op(k, WORK_CLOSE);
    if (op) {
        k->keep = keep;
        sink__pump(k);
    }
    return op ? &op->fut : NULL;
}
