/* SPDX-License-Identifier: MIT */
/*
 * The command line and the configuration files, as one struct.
 *
 * One table (options_table.c) names every option: its long and short name, argument, group, help
 * text and how its value is taken. getopt_long, --help, the configuration file and -K all read it.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "fetch/session.h"
#include "net/request.h"

#include <stdbool.h>
#include <stddef.h>

struct buf;

enum input_format { INPUT_AUTO, INPUT_LINES, INPUT_JSONL, INPUT_TSV, INPUT_CSV };
enum print_mode { PRINT_PRESENT, PRINT_NEW, PRINT_NONE };
enum progress_mode { PROGRESS_AUTO, PROGRESS_BAR, PROGRESS_PLAIN, PROGRESS_NONE };

struct input_options {
    char *const *urls;  /* the command line's, NULL-terminated */
    char *const *files; /* -i, NULL-terminated; "-" is standard input */
    enum input_format format;
    bool same_file; /* the command line's URLs are mirrors of one entry */
};

struct output_options {
    bool json;
    const char *write_out; /* -w; NULL: none */
    const char *records;   /* --records FILE; NULL: standard output */
    enum print_mode print;
    bool print_set; /* --print was given */
    bool print0, quiet;
    unsigned verbose;
    enum progress_mode progress;
    bool gather;       /* records in input order */
    bool bodies;       /* -o -: bodies go to standard output */
    const char *tar;   /* --tar: bodies go into this archive; "-": standard output; NULL: none */
    bool stdout_taken; /* by the one or the other */
    int64_t spool;     /* bytes of bodies that wait for their turn */
};

/* More than one machine. Names are NULL unless given, but for the group. */
struct queue_options {
    const char *from, *to; /* --queue and --enqueue: URLs that redis_url_parse takes; NULL: none */
    const char *group, *consumer, *results, *dead, *unique;
    double idle_claim; /* seconds */
    unsigned max_deliveries;
    bool exit_when_empty;
    unsigned partitions;    /* 0: none */
    unsigned shard, shards; /* which partitions are read; shards 0: all */
};

enum options_action { OPTIONS_RUN, OPTIONS_HELP, OPTIONS_VERSION, OPTIONS_COMPLETION };

/* Everything below is owned by the struct options (one arena): valid until options_free. */
struct options {
    enum options_action action;
    const char *help_topic; /* --help GROUP; NULL: the first page */
    struct input_options input;
    struct output_options output;
    struct net_options net;
    struct store_options store;
    struct hosts_options hosts;
    struct session_options session;
    struct queue_options queue;
    const char *events;                         /* --events FILE; NULL: none */
    const char *timeline, *report;              /* files; NULL: none */
    const char *journal, *failures, *checksums; /* files; NULL: none; checksums may be a URL */
    bool sandbox;
    unsigned executor_threads;
    bool jobs_set;
    bool drain; /* --on-interrupt drain */
    bool debug;
};

/* Reads the configuration file ($XDG_CONFIG_HOME/garner/config, unless --no-config or -K ...) and
 * the arguments. On failure ERR_USAGE (or ERR_IO for an unreadable configuration file) and *out is
 * NULL; nothing was started. warn(arg, text) is called for what is accepted but worth saying. */
struct err *options_parse(int argc, char *const argv[], void (*warn)(void *arg, const char *text),
    void *arg, struct options **out);
void options_free(struct options *o); /* NULL is ignored */

/* --help, --version, --completion: the text of a topic that there is (NULL: the overview); the
 * versions of garner and of its libraries, and features; the script for bash, zsh or fish. */
void options_add_help(struct buf *b, const char *topic);
void options_add_version(struct buf *b);
void options_add_completion(struct buf *b, const char *shell);

#define UNITS_DURATION_MOST 1e9 /* seconds: more would not fit a timer in nanoseconds */

/* "30", "1.5s", "500ms", "2m", "1h" -> seconds. "500k", "10M" -> bytes, powers of 1024. "10/s",
 * "5/m", "100/h" -> a second. ERR_USAGE. */
struct err *units_duration(const char *text, double *out);
struct err *units_size(const char *text, int64_t *out);
struct err *units_rate(const char *text, double *out);

#endif
