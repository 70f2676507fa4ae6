/* SPDX-License-Identifier: MIT */
/* What the files of src/fetch share of a session. */
#ifndef FETCH_SESSION_PRIVATE_H
#define FETCH_SESSION_PRIVATE_H

#include "fetch/job.h"
#include "fetch/session.h"
#include "fetch/spans.h"
#include "fetch/target.h"
#include "net/loops.h"

/* Why the run is over before its list is. */
enum session_stop {
    STOP_NONE,
    STOP_FAIL_FAST, /* a failure, with --fail-fast */
    STOP_CONDITION, /* --return-when holds */
    STOP_TORN,      /* a body broke off on its way out */
    STOP_LOCAL,     /* the local side failed for all */
    STOP_TIMEOUT,
    STOP_CANCELLED,
};

struct session {
    struct session_env env;
    const struct session_options *options; /* borrowed */
    struct record_consumer consumer;
    struct async_iter *entries; /* owned */
    struct template *template;  /* owned */
    struct targets *targets;    /* owned */
    struct lanes *lanes;        /* owned; NULL: nothing is drawn */
    enum digest_algo hash;
    struct command *command; /* owned: --exec; NULL: none */
    struct sem *commands;    /* owned: permits to run one, with it */
    bool names_checked;      /* two entries can come to one path */

    struct list jobs;      /* every entry without a record, in the order of reading */
    size_t live;           /* how many */
    struct list running;   /* those with a task, in the order of their starts */
    struct list observers; /* of phases */
    unsigned committing;   /* downloads that wait for their commit */
    struct session_totals totals;
    uint64_t ours;    /* entries read that are of our shard */
    struct url *near; /* a reference: the last URL that was read */

    struct task *reader; /* owned; NULL before and after */
    struct future_cb reader_ended;
    struct future *const *looking; /* the reader's probe under way: it must not be cancelled then */
    struct ahead *ahead;           /* borrowed from the reader, while it is there */
    struct future *over;           /* owned: done when the run is over */
    struct future *idle;           /* owned by the main frame: done when no job is left */
    struct entry *late;            /* owned: the list gave it when nothing more was to be read */
    uint64_t unread;               /* entries that session_place was asked for */
    double deadline; /* loop_time(), of --timeout; negative: there is none; 0: not begun */
    enum session_stop stop;
    struct err *local; /* owned: with STOP_LOCAL, what failed */
    bool draining;
    bool any_failed;       /* a record of state failed was given */
    bool any_success;      /* a record that is ok */
    bool first_success;    /* of the first record */
    char *first_auth_host; /* owned: for the warning about credentials */
    bool auth_warned;
};

/* slot.on_grant of a job: starts its task, or lets it go on. */
struct err *session__on_grant(void *job);

/* Gives the job's record and frees the job. error: what it ended with, owned; NULL is success, the
 * record's state and fields being filled in by who ended it. */
void session__job_end(struct session *s, struct job *job, struct err *error);

/* The run is over now, unless it is already. */
void session__stop(struct session *s, enum session_stop why);

/* Ends what awaits f, if anybody does and it is not done yet; f may be NULL. */
void session__complete(struct future *f);

/* Wakes the main task if the run is over, or no job is left. */
void session__check_over(struct session *s);

/* The local side failed for every entry; the first such error is kept. Takes it over. */
void session__fail_local(struct session *s, struct err *e);

/* Entries are still to be read. */
static inline bool session__reading(const struct session *s)
{
    return s->stop == STOP_NONE && !s->draining;
}

/* The reader's task ended; error: owned, NULL at the end of the list. */
void session__reader_ended(struct session *s, struct err *error);

/* -- admission.c: reads, names, looks at what is there, queues -- */

struct err *session__start_reader(struct session *s);

/* A download ended with job->aside: the job goes on as if it had been read with its name. */
void session__take_back(struct session *s, struct job *job);

/* -- queue.c -- */

/* No look-up of ours is needed for this URL. */
bool session__resolved(const struct session *s, const struct url *url);

/* A job that has its task from now on, instead of the one it had: it runs. NULL: no memory, and the
 * job has come to its end. */
void session__run(struct job *job, struct task *task);

/* A job whose turn has come joins its host's queue. */
void session__enqueue(struct session *s, struct job *job);

#endif
