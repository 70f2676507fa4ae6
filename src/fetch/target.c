/* SPDX-License-Identifier: MIT */
#include "fetch/target.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "fetch/session_private.h"
#include "store/name.h"
#include "store/nametable.h"

#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

/* A path that a live job owns. */
struct target {
    uint64_t key;        /* the owner's */
    struct list waiting; /* of struct job.same, in input order */
    UT_hash_handle hh;
    char path[];
};

struct targets {
    struct target *active;   /* uthash by path: bounded by the live jobs */
    struct nametable *names; /* owned: every path of the run */
    bool collided;           /* the warning was given */
};

struct targets *targets_new(void)
{
    struct targets *t = mem_new(sizeof *t);

    if (t && !(t->names = nametable_new())) {
        free(t);
        return NULL;
    }
    return t;
}

void targets_free(struct targets *t)
{
    if (!t) {
        return;
    }
    nametable_free(t->names);
    free(t);
}

/* -- names --------------------------------------------------------------------------------- */

static bool lookup_field(void *arg, const char *key, struct buf *b)
{
    const struct entry *e = arg;

    for (size_t i = 0; i < e->nfields; i++) {
        if (strcmp(e->fields[i].key, key) == 0) {
            buf_adds(b, e->fields[i].value);
            return true;
        }
    }
    return false;
}

static struct err *render_template(
    struct session *s, struct job *job, const char *name, struct buf *b)
{
    const struct url *url = job_url(job);
    const struct template_values values = {
        .host = url_host(url),
        .url_path = url_path(url),
        .url_query = url_query(url),
        .name = name,
        .index = job->record.index,
        .id = job->entry->id,
        .lookup = lookup_field,
        .arg = job->entry,
    };

    if (s->totals.entries > 1 && !job->rival && !template_has_placeholder(s->template)) {
        return err_new(ERR_INPUT, NULL,
            "--output %s names one file, and this is another entry: give it a placeholder like "
            "{name} or {index}",
            s->options->output);
    }
    return template_render(s->template, &values, b);
}

/* Where in an absolute path the part below an --allow-dir begins; NULL: in none. */
static const char *below(const char *path, const char *dir)
{
    size_t len = strcmp(dir, "/") == 0 ? 0 : strlen(dir);

    return strncmp(path, dir, len) == 0 && (path[len] == '/' || !path[len]) ? path + len : NULL;
}

/* What a list says of a place, made safe: below --dir, or absolute and below an --allow-dir; then
 * it takes the place of what b held. */
static struct err *add_place(const struct session *s, const char *path, struct buf *b)
{
    const char *rest = NULL;
    struct err *error;
    size_t len;

    for (char *const *dir = s->options->allow_dirs; *path == '/' && dir && *dir && !rest; dir++) {
        rest = below(path, *dir);
    }
    if (!rest) {
        return template_check_relative(path, b);
    }
    buf_clear(b);
    buf_add(b, path, (size_t)(rest - path));
    buf_addc(b, '/');
    len = b->len;
    error = template_check_relative(rest + strspn(rest, "/"), b);
    if (!error && b->len == len) {
        b->data[--b->len] = '\0'; /* the directory itself */
    }
    return error;
}

static bool names_directory(const char *out)
{
    const char *slash = strrchr(out, '/');

    return strcmp(slash ? slash + 1 : out, ".") == 0;
}

/* The entry's own `out`, below the output directory; "sub/" is a directory for its URL's name. */
static struct err *render_out(
    const struct session *s, struct job *job, const char *name, struct buf *b)
{
    const char *out = job->entry->out;
    struct err *error = add_place(s, out, b);

    if (!error && names_directory(out)) {
        return err_new(ERR_INPUT, NULL, "out: it names a directory (end it with a \"/\")");
    }
    if (!error && *out && out[strlen(out) - 1] == '/') {
        if (*out == '/' || (b->len > 0 && b->data[b->len - 1] != '/')) { /* not behind "./" */
            buf_addc(b, '/');
        }
        if (name) {
            buf_adds(b, name);
        } else {
            name_from_url_path(b, url_path(job_url(job)));
        }
    }
    return error;
}

static struct err *render(struct session *s, struct job *job, const char *name, char **path)
{
    struct buf b = BUF_INIT;
    struct err *error = NULL;

    if (job->entry->dir) {
        error = add_place(s, job->entry->dir, &b);
        if (!error && b.len > 0) {
            buf_addc(&b, '/');
        }
    }
    if (!error) {
        error = job->entry->out ? render_out(s, job, name, &b) : render_template(s, job, name, &b);
    }
    if (!error) {
        *path = buf_take(&b);
        if (!*path) {
            error = err_plain(ERR_NOMEM);
        }
    }
    buf_fini(&b);
    return error;
}

/* -- claims -------------------------------------------------------------------------------- */

/* The path it had is the caller's. */
static struct err *use_hashed_name(struct job *job)
{
    char *hashed = name_with_hash(job->path, job->key);

    if (!hashed) {
        return err_plain(ERR_NOMEM);
    }
    job->path = hashed;
    return NULL;
}

static void warn_collision(struct session *s, const struct job *job)
{
    struct buf b = BUF_INIT;

    if (s->targets->collided || !s->env.warn) {
        return;
    }
    s->targets->collided = true;
    buf_addf(&b,
        "several entries come to the path %s: the later ones get a hash in their names (--tree "
        "keeps hosts and directories apart)",
        job->path);
    if (!buf_failed(&b)) {
        s->env.warn(s->env.warn_arg, b.data);
    }
    buf_fini(&b);
}

/* The name table's word on the path. */
static struct err *claim_name(struct session *s, struct job *job)
{
    for (int tries = 0; tries < 2; tries++) {
        uint64_t first = 0;
        switch (
            nametable_claim(s->targets->names, job->path, job->key, job->record.index, &first)) {
        case NAMETABLE_NEW:
            return NULL;
        case NAMETABLE_DUPLICATE:
            job->duplicate_of = first;
            return NULL;
        case NAMETABLE_NOMEM:
            return err_plain(ERR_NOMEM);
        case NAMETABLE_COLLISION:
            break;
        }
        warn_collision(s, job);
        char *plain = job->path;
        struct err *error = use_hashed_name(job);
        if (error) {
            return error;
        }
        free(job->plain);
        job->plain = plain;
    }
    return err_new(ERR_INPUT, NULL, "its path %s is taken by two other entries", job->path);
}

bool target_find(const struct session *s, struct job *job)
{
    HASH_FIND_STR(s->targets->active, job->path, job->target);
    return job->target != NULL;
}

/* Makes the job the owner of its path, or finds the owner it has to wait for. */
static struct err *claim_active(struct session *s, struct job *job, bool *same)
{
    const size_t length = strlen(job->path);
    struct target *t;

    *same = target_find(s, job);
    if (*same) {
        return NULL;
    }
    t = mem_new(sizeof *t + length + 1);
    if (!t) {
        return err_plain(ERR_NOMEM);
    }
    memcpy(t->path, job->path, length);
    t->key = job->key;
    list_init(&t->waiting);
    HASH_ADD(hh, s->targets->active, path, length, t);
    if (!t->hh.tbl) {
        free(t);
        return err_plain(ERR_NOMEM);
    }
    job->target = t;
    return NULL;
}

/* One path for all entries: in the first-* modes the first commit has it. */
static bool one_wins(const struct session *s)
{
    return !template_has_placeholder(s->template) && s->options->mode == AWAIT_WAIT &&
           s->options->return_when != WAIT_ALL_COMPLETED;
}

struct err *target_claim(struct session *s, struct job *job, const char *name, bool *same)
{
    const bool ordered = s->options->if_exists == IF_EXISTS_OVERWRITE;
    struct err *error;

    *same = false;
    if ((s->options->discard && !s->options->archive) || s->options->head) {
        return NULL;
    }
    job->rival = !job->entry->out && one_wins(s);
    error = render(s, job, name, &job->path);
    if (error || job->rival || (!job->entry->out && template_has_index(s->template))) {
        return error; /* the index makes it this entry's alone */
    }
    if (!ordered) {
        error = claim_name(s, job);
    }
    return error ? error : claim_active(s, job, same);
}

/* -- the queue of a path ------------------------------------------------------------------- */

static void target_free(struct session *s, struct target *t)
{
    HASH_DEL(s->targets->active, t);
    free(t);
}

void target_wait(struct job *job)
{
    job->phase = JOB_WAITING;
    phase_enter(job, PHASE_WAITING);
    list_push(&job->target->waiting, &job->same);
}

/* Those that wait at a place go with its owner. */
static struct err *move_waiting(struct target *from, struct job *owner)
{
    struct err *error = NULL;
    struct list *node;

    while ((node = list_pop(&from->waiting))) {
        struct job *job = container_of(node, struct job, same);
        char *path = mem_dup(owner->path);
        if (path) {
            free(job->path);
            job->path = path;
        } else if (!error) {
            error = err_plain(ERR_NOMEM);
        }
        job->target = owner->target;
        list_push(&owner->target->waiting, node);
    }
    return error;
}

/* The job has a new path in place of old (taken over). The error leaves it where it was. */
static struct err *change_path(struct session *s, struct job *job, char *old, bool *same)
{
    struct target *from = job->target;
    struct err *error = claim_active(s, job, same);

    if (error) {
        free(job->path);
        job->path = old;
        job->target = from;
        return error;
    }
    free(old);
    if (from) {
        error = move_waiting(from, job);
        target_free(s, from);
    }
    return error;
}

/* The path is taken on disk by another entry's file. */
static struct err *move(struct session *s, struct job *job, bool *same)
{
    char *old = job->path;
    struct err *error;

    warn_collision(s, job);
    error = use_hashed_name(job);
    return error ? error : change_path(s, job, old, same);
}

/* The path without the hash is its own after all, by its file's mark. False: another entry is at
 * work there. */
static bool may_return(const struct session *s, const char *path, const struct job *job)
{
    struct target *t;

    HASH_FIND_STR(s->targets->active, path, t);
    return !t || t->key == job->key;
}

/* A file without a mark, or without attributes at all, is trusted by its name. */
static bool another_entrys_file(const struct session *s, const struct job *job)
{
    return s->options->marks && job->probe.mark != 0 && job->probe.mark != job->key;
}

struct probe target_probe(const struct session *s, const struct job *job)
{
    const bool rather = s->options->marks && job->if_exists != IF_EXISTS_RENAME;

    return (struct probe){
        .path = job->path, .rather = rather ? job->plain : NULL, .key_hash = job->key};
}

struct err *target_settle(struct session *s, struct job *job, bool *again, bool *same)
{
    struct err *error = NULL;
    char *plain = job->plain;

    *again = *same = false;
    job->plain = NULL;
    if (job->probe.is_rather) {
        char *old = job->path;
        job->probe.is_rather = false; /* it was acted on */
        *again = !may_return(s, plain, job);
        if (*again) {
            free(plain);
            return NULL;
        }
        job->path = plain;
        return change_path(s, job, old, same);
    }
    free(plain);
    if (job->probe.final == PRESENCE_FILE && job->if_exists != IF_EXISTS_OVERWRITE &&
        job->if_exists != IF_EXISTS_RENAME && another_entrys_file(s, job) && !job->moved) {
        job->moved = true;
        error = move(s, job, same);
        *again = !error && !*same;
    }
    return error;
}

void target_give_up(struct job *job)
{
    list_remove(&job->same);
    job->target = NULL;
}

struct job *target_pass(struct session *s, struct job *job)
{
    struct target *t = job->target;
    struct list *next;

    if (!t) {
        return NULL;
    }
    job->target = NULL;
    next = list_pop(&t->waiting);
    if (!next) {
        target_free(s, t);
        return NULL;
    }
    return container_of(next, struct job, same);
}

void target_scatter(struct session *s, struct job *job, struct list *out)
{
    struct target *t = job->target;

    if (!t) {
        return;
    }
    job->target = NULL;
    list_for_each (node, &t->waiting) {
        container_of(node, struct job, same)->target = NULL;
    }
    list_splice(out, &t->waiting);
    target_free(s, t);
}
