/* SPDX-License-Identifier: MIT */
/*
 * A session: a list of entries becomes downloads becomes records.
 *
 *   async_iter of entries -> look-ahead -> host queues -> download tasks -> records -> consumer
 */
#ifndef FETCH_SESSION_H
#define FETCH_SESSION_H

#include "aio/async_iter.h"
#include "aio/executor.h"
#include "aio/task.h"
#include "aio/wait.h"
#include "fetch/entry.h"
#include "fetch/phase.h"
#include "fetch/record.h"
#include "net/hosts.h"
#include "net/request.h"
#include "store/store.h"
#include "store/template.h"

enum await_mode { AWAIT_AS_COMPLETED, AWAIT_GATHER, AWAIT_WAIT };
enum key_mode { KEY_DEFAULT, KEY_URL, KEY_URL_NO_QUERY, KEY_ID, KEY_PATH };

struct retry_options {
    int retries;                /* -1: for ever */
    double delay;               /* seconds: the first backoff, doubled each time, full jitter */
    double max_delay, max_time; /* seconds; max_time 0: none */
    double max_wait;            /* the longest Retry-After that is waited for */
    const int *codes;           /* borrowed; ends with 0 */
    bool unsafe;                /* other methods than GET and HEAD too */
};

/* What each request carries unless the entry says otherwise. Borrowed strings, NULL: none. */
struct request_options {
    const char *method, *body;
    size_t body_len;
    char *const *headers; /* NULL-terminated */
    const char *referer, *userpwd, *bearer, *cookie, *range;
    char *const *auth_hosts; /* NULL-terminated; NULL: all hosts of the list */
    bool location, location_trusted;
    unsigned max_redirs;
};

struct session_options {
    enum await_mode mode;
    enum wait_when return_when; /* with AWAIT_WAIT */
    bool fail_fast;
    double timeout, task_timeout; /* seconds; 0: none */
    size_t look_ahead;
    unsigned segments;    /* connections for one large file; 0, 1: one */
    int64_t segment_size; /* no connection for less */
    bool race;            /* all mirrors are asked at once, the first to answer serves */
    struct retry_options retry;
    struct request_options request;
    const char *dir;
    const char *output; /* the template's text; NULL: {name} */
    enum if_exists if_exists;
    enum key_mode key;
    bool archive; /* with discard: bodies have names all the same, those of an archive's members */
    int64_t body_most; /* bodies of at most so many bytes go into the records; 0: none do */
    bool discard, head, remote_time, content_disposition, require_length;
    bool marks, xattr, resume, resume_unsafe;
    const char *checksum;    /* for a single entry */
    bool checksums_partial;  /* session_env.checksums need not name every entry */
    char *const *allow_dirs; /* as store_options */
    const char *hash;        /* algorithm for the record */
    bool dry_run;            /* no request, no file: records say what would become of the entries */
    unsigned shard, shards;  /* which of how many shares of the list is ours; shards 0: all */
    const char *exec;        /* --exec's command (command.h); NULL: none */
    unsigned exec_jobs;      /* commands at once, >= 1 */
    bool spans;              /* records say what was done when (spans.h) */
    bool single;             /* the list is one command-line URL: notes may say so */
};

/* What a session stands on; all borrowed, all outlive it. */
struct session_env {
    struct loop *loop;
    struct executor *executor;
    struct loops *loops;
    struct hosts *hosts;
    struct store *store;
    const struct net_options *net;
    const struct journal *journal;     /* what it lists is skipped; NULL: none */
    const struct checksums *checksums; /* see session_expect; NULL: none */
    struct forkserver *forkserver;     /* with options->exec: runs the commands */
    struct line *line; /* bodies go there instead of into files; with options.discard. NULL: none */
    /* Something worth a line on standard error, once. */
    void (*warn)(void *arg, const char *text);
    void *warn_arg;
};

struct session_totals {
    uint64_t entries; /* read so far */
    uint64_t finished, failed, cancelled, pending, skipped, foreign, unchanged;
    uint64_t received; /* body bytes */
    uint64_t retries;
    uint64_t running;
    bool input_ended;      /* the list was read to its end */
    const char *read_file; /* where reading stopped */
    uint64_t read_line;
};

struct checksums;
struct forkserver;
struct journal;
struct session;

/* ERR_USAGE for a bad template. entries: owned by the session from now on, also on failure. */
struct err *session_new(const struct session_env *env, const struct session_options *options,
    struct async_iter *entries, const struct record_consumer *consumer, struct session **out);
void session_free(struct session *s); /* after its task ended; NULL is ignored */

/* The main task (owned by the caller). It ends without error when all entries have their records
 * (whatever these say; see session_exit), cancelled when it was cancelled, and with ERR_IO when
 * the local side failed. However it ends, each entry read has had exactly one record. */
struct task *session_task(struct session *s);

/* --timeout counts from now on: what comes before the task is a part of the run. */
void session_start_clock(struct session *s);
/* Seconds that --timeout leaves, 0 at the least; negative: there is no limit. */
double session_time_left(const struct session *s);
/* The time was over before the task started: session_exit says so. */
void session_time_out(struct session *s);

/* The digests that files must have, before the task starts; borrowed. */
void session_expect(struct session *s, const struct checksums *c);

/* The text at a URL (at most `most` bytes), with the session's credentials and retries: a task
 * whose value is a struct buf *, or NULL when memory ran out. It runs before the session's own. */
struct task *session_text(struct session *s, const char *url, size_t most);

/* After the session's task: an entry that came from the list too late, NULL if none did; the
 * caller's. */
struct entry *session_late_entry(struct session *s);

/* After the session's task: what would have become of an entry that was not read. Takes e over.
 * fn(arg, e, path): its path as for the store, NULL if it comes to none. ERR_NOMEM. */
struct err *session_place(struct session *s, struct entry *e,
    void (*fn)(void *arg, const struct entry *e, const char *path), void *arg);

/* o hears of every change of phase (phase.h), from before the task starts; borrowed. */
void session_observe(struct session *s, struct phase_observer *o);

/* Drain: nothing new starts, running downloads may finish; entries read but not started are
 * recorded as cancelled. */
void session_drain(struct session *s);

/* The standing of the run; borrowed. */
const struct session_totals *session_totals(const struct session *s);

/* Requests at once, at most; 0 without options.spans. */
unsigned session_peak(const struct session *s);

/* 0, 1, 3 or 124 by cli.md's table (signals and 141 are the caller's), once the task ended. */
int session_exit(const struct session *s);

/* Calls fn for each download under way, in the order of their starts: progress, SIGUSR1. */
struct session_download {
    uint64_t index;
    const char *url, *path; /* borrowed; path may be NULL */
    enum phase phase;
    int64_t received, total; /* total -1: unknown */
    double since;            /* loop_time() of its start */
};
void session_each_download(
    const struct session *s, void (*fn)(const struct session_download *d, void *arg), void *arg);

#endif
