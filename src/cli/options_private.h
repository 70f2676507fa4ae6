/* SPDX-License-Identifier: MIT */
/*
 * What the files of the option parser share.
 *
 *   options_table.c --(rows)--> options.c, config.c, help.c
 *   options.c, config.c --(row, value)--> row->take() --> struct options --> options_check.c
 */
#ifndef CLI_OPTIONS_PRIVATE_H
#define CLI_OPTIONS_PRIVATE_H

#include "base/arena.h"
#include "base/buf.h"
#include "cli/options.h"

/* One screen of help each. */
enum option_group {
    GROUP_INPUT,
    GROUP_FILES,
    GROUP_AWAIT,
    GROUP_PACE,
    GROUP_RETRY,
    GROUP_REQUEST,
    GROUP_CONNECTION,
    GROUP_OUTPUT,
    GROUP_QUEUE,
    GROUP_GENERAL,
    GROUPS,
};

struct parse;
struct option_row;
typedef struct err *option_fn(struct parse *p, const struct option_row *row, const char *value);

enum {
    ROW_COMMON = 1,       /* shown on the first page of help */
    ROW_COMMAND_LINE = 2, /* means nothing in a configuration file */
    ROW_OPTIONAL = 4,     /* the value may be left out */
    ROW_URL = 8,          /* the value may be a URL */
    ROW_JOINED = 16,      /* ... and is not the next word: --name=VALUE */
};

/*
 * One spelling of an option. Rows that follow each other with the same `take`, group and `help`
 * NULL are further spellings of the row before them.
 */
struct option_row {
    const char *name; /* the long one; NULL: only a letter */
    char letter;      /* 0: none */
    unsigned char group, flags;
    const char *arg; /* what it takes, as help shows it, or the choices "a|b|c"; NULL: nothing */
    option_fn *take;
    size_t at;       /* of the field: in struct options, for a list in struct parse */
    double min, max; /* of a number */
    const char *help;
};

/* A growing list of strings that keeps a NULL at its end; in the arena. */
struct strings {
    char **at;
    size_t count, room;
};

/* What was said so far. One lives while options_parse runs. */
struct parse {
    struct options *o;
    struct arena *arena; /* borrowed from the owner of o */
    void (*warn)(void *arg, const char *text);
    void *warn_arg;
    struct strings urls, files, headers, resolve, connect_to, auth_hosts, allow_dirs;
    struct buf body, cookies;
    bool has_body;
    bool stdin_taken; /* by @- or -K - */
    bool per_host_set, look_ahead_set, mode_set, tree;
    /* What the same source may say once only: forgotten between the configuration file and the
     * command line, which may always say otherwise. */
    bool output_here, return_when_here, body_here;
    bool segments_here, race_here; /* by the command line: who keeps it in a file hears no remark */
};

/* -- options_table.c -- */

extern const struct option_row option_rows[];
extern const size_t option_nrows;
const struct option_row *option_by_name(const char *name, size_t len);
const struct option_row *option_by_letter(int letter);

/* -- habits.c: options of other programs, and what else may have been meant -- */

/* What to say of an option that is not ours but curl's, wget's, aria2c's, xargs's or parallel's;
 * static; NULL: nothing is known of it. */
const char *habit_of_name(const char *name, size_t len);
const char *habit_of_letter(int letter);
/* True if curl would make several URLs of it. */
bool habit_in_url(const char *url);
/* For tests: names, between blanks, that have the same answer. */
void habit_each_name(void (*fn)(void *arg, const char *names, const char *answer), void *arg);
/* The long name that is meant, perhaps; NULL if none is near. */
const char *option_nearest(const char *name, size_t len);
/* ERR_USAGE about a name that is no option, with an answer or a guess. dashes: before it. */
struct err *option_unknown(const char *dashes, const char *name, size_t len);

/* -- options_set.c: what is common to many options -- */

option_fn take_flag, take_unflag, take_string, take_list, take_choice, take_unsigned, take_count,
    take_size, take_duration, take_rate;

/* A number of bytes of the row's range. */
struct err *option_size(const struct option_row *row, const char *value, int64_t *out);
/* "--name: <message of e>" in place of e, which is taken over. */
struct err *option_error(const struct option_row *row, struct err *e);
/* The name as people type it: "--jobs", or "-f". In text (at least 64 bytes). */
const char *option_shown(const struct option_row *row, char *text);

/* It begins as the URLs do that garner takes. */
bool option_is_url(const char *value);
/* "-", or what other programs are told in its place. */
bool option_is_stdout(const char *value);

bool strings_add(struct arena *a, struct strings *s, const char *text, size_t len);

/* Reads a file ("-": standard input) whole into b. row: for the message; NULL: no option named it.
 */
struct err *option_read_file(
    struct parse *p, const struct option_row *row, const char *path, struct buf *b);

/* -- options_run.c: input, files, awaiting, pace, retrying, output -- */

option_fn take_nothing, take_help, take_completion, take_version, take_input, take_file, take_dir,
    take_allow_dir, take_output, take_tree, take_no_resume, take_range, take_checksum, take_hash,
    take_key, take_mode, take_return_when, take_jobs, take_per_host, take_look_ahead, take_loops,
    take_segments, take_race, take_buffer, take_retry, take_retry_on, take_print, take_write_out,
    take_shard, take_verbose, take_on_interrupt, take_exec;

/* -- options_bodies.c: bodies that become no files -- */

option_fn take_tar, take_body;

/* What does not go together; NULL: nothing. */
const char *options__bodies_wrong(const struct options *o);
void options__derive_bodies(struct parse *p);

/* -- options_files.c: files that are written -- */

/* No two options write to one file, or write to a list that is read. */
struct err *options__check_outputs(const struct parse *p);

/* -- options_request.c: what is sent, and over what -- */

option_fn take_method, take_data, take_header, take_referer, take_user, take_bearer, take_cookie,
    take_cookie_jar, take_netrc_file, take_proxy, take_http_version, take_ip_version, take_resolve,
    take_connect_to, take_max_redirs, take_auth_host, take_location_trusted, take_cert;

/* -- options_queue.c: more than one machine -- */

option_fn take_queue, take_name, take_idle_claim;
/* What holds unless told otherwise, and what does not go together. The list's shard becomes the
 * queue's. */
struct err *options__finish_queue(struct parse *p);

/* -- options_remark.c -- */

/* Says what goes on all the same, but is perhaps not what was meant. */
void options__remark(const struct parse *p);

/* -- config.c -- */

/* Takes every option of the file. missing_ok: a file that is not there says nothing. */
struct err *config_read(struct parse *p, const char *path, bool missing_ok);
/* The user's own file; owned by the caller; NULL if there is no place for one. */
char *config_default_path(void);
option_fn take_config;

/* -- help.c -- */

bool help_knows(const char *topic);
/* "input, files, ..." appended to b. */
void help_topics(struct buf *b, const char *between);

/* -- options_check.c -- */

void options__set_defaults(struct options *o);
unsigned options__cores(void); /* of this machine, at least 1 */
/* What no single option can see: combinations, and what follows from others. */
struct err *options__finish(struct parse *p);
/* A word of the command line that is no option. */
struct err *options__take_url(struct parse *p, const char *word);

#endif
