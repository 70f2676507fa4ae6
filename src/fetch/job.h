/* SPDX-License-Identifier: MIT */
/*
 * One entry from its reading to its record. Private to src/fetch.
 *
 *   read -> [wait for the same target] -> host queue -> download task -> record
 *
 * Every job is in session->jobs until session__job_end() gave its record and freed it.
 */
#ifndef FETCH_JOB_H
#define FETCH_JOB_H

#include "fetch/entry.h"
#include "fetch/phase.h"
#include "fetch/record.h"
#include "fetch/spans.h"
#include "net/hosts.h"
#include "net/url.h"
#include "store/digest.h"
#include "store/store.h"

struct session;
struct target;

/* One of an entry's URLs, in the order of the list. */
struct mirror {
    struct url *url; /* a reference */
    bool dead;       /* failed in a way that trying again does not mend */
};

enum job_phase {
    JOB_READ,
    JOB_WAITING, /* for another job with the same target */
    JOB_QUEUED,  /* in its host's queue */
    JOB_RUNNING, /* has a task */
};

/* A download that came to know its name only from a reply goes back to those that have one. */
enum aside {
    ASIDE_NOT,
    ASIDE_ADMIT, /* what is there (job.probe) decides how it goes on */
    ASIDE_WAIT,  /* for another with the same target */
};

struct job {
    struct list node;        /* session->jobs */
    struct list run;         /* in session->running while JOB_RUNNING */
    struct list same;        /* in target->waiting while JOB_WAITING */
    struct session *session; /* borrowed */
    struct entry *entry;     /* owned */
    struct record record;
    unsigned best;         /* the mirror to begin with */
    uint64_t key;          /* hash of the entry's key */
    bool keyed;            /* it has one: the entry is good so far */
    uint64_t duplicate_of; /* the index of the first entry with this key and target; 0: none */
    char *path;  /* owned; relative to the store's directory, or absolute; NULL: nothing stored, or
                    not named yet (--content-disposition) */
    char *plain; /* owned: the path without the hash, while it may turn out to be this entry's by
                    its file's mark; NULL: it cannot */
    struct target *target;      /* the path's place in the table of active targets; NULL: none */
    struct probe probe;         /* what was there when the entry was read */
    struct digest_value expect; /* algo DIGEST_NONE: none */
    enum if_exists if_exists;
    double task_timeout; /* seconds; 0: none */
    enum job_phase phase;
    struct slot slot;
    struct future *slot_wait; /* borrowed from the download's frame while it waits for its slot */
    struct task *task;        /* owned while JOB_RUNNING */
    struct future_cb ended;   /* on the task */
    enum phase step;          /* what it is doing: changed by phase_enter only */
    double step_since;        /* loop_time(), if it is drawn (spans.h) */
    bool delayed;             /* PHASE_BACKOFF: not another mirror at once */
    int64_t total;            /* bytes expected; -1 */
    int64_t have;             /* bytes there */
    double read_at;           /* loop_time() */
    double began;             /* loop_time() of its first request's slot; 0: not yet */
    enum aside aside;         /* with what its task ended, if not with its record */
    bool moved;               /* its name got the hash because another's file has the path */
    bool kept;                /* the file that is there is the right one */
    bool replace;             /* it is not: what comes takes its place */
    bool rival;               /* the first of several to commit has the path (first-* modes) */
    bool cancelled;           /* its task was told to end */
    unsigned nmirrors;        /* of those below that are there */
    struct mirror mirrors[];  /* one for each URL of the entry */
};

/* Takes the entry over, also on failure. An entry that is bad, or whose URL is, gives a job all the
 * same, with *error (owned by the caller) set: it is to be ended with it. NULL: no memory. */
struct job *job_new(struct session *s, struct entry *e, uint64_t index, struct err **error);
void job_free(struct job *job);

/* Whether the entry is of this run's --shard. */
bool job_is_ours(const struct job *job);

/* The URL that names the file and the key. */
const struct url *job_url(const struct job *job);

#endif
