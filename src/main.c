/* SPDX-License-Identifier: MIT */
/*
 * garner: download a list of URLs concurrently.
 *
 * The map of the program; each room knows only those to its left:
 *
 *   base <- aio <- net    <- fetch <- cli <- main
 *               <- store  <-
 *               <- queue  <----------
 *
 *   base    lists, heaps, buffers, errors as values, traces
 *   aio     asyncio in C: loop, future, task, gather, wait, timeout, queue, executor, runner
 *   net     libcurl's multi interface on the loop; a request as a future; slots of hosts
 *   store   names, parts, digests and commits: how bytes become files
 *   queue   a Redis stream: where entries come from, and their records go to
 *   fetch   an entry of the list becomes a download becomes a record
 *   cli     options, the list, records, messages, signals
 *
 * A run: options -> session -> exit status.
 */
#include "base/buf.h"
#include "cli/app.h"
#include "cli/enqueue.h"
#include "cli/options.h"
#include "cli/report.h"
#include "net/multi.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { STATUS_USAGE = 2, STATUS_LOCAL = 3, STATUS_CLOSED = 141 };

static int fail(struct err *e, int status)
{
    report_early(NULL, err_message(e));
    err_unref(e);
    return status;
}

/* The shell is to see the signal itself, not a status that looks like it. */
static void end_by_signal(int signo)
{
    sigset_t set;

    signal(signo, SIG_DFL);
    sigemptyset(&set);
    sigaddset(&set, signo);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    raise(signo);
}

/* A list or a record must never land on a descriptor that was closed at the start. Reading from
 * what takes its place, or writing to it, fails as it would have; messages go nowhere. */
static void fill_standard_streams(void)
{
    static const int mode[] = {O_WRONLY, O_RDONLY, O_RDWR};

    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0) {
            open("/dev/null", mode[fd]); /* the lowest that is free */
        }
    }
}

static void say_what_is_traced(void)
{
    struct buf b = BUF_INIT;

    buf_adds(&b, "GARNER_TRACE names a component that does not exist; there are ");
    trace_names(&b);
    if (!buf_failed(&b)) {
        report_early(NULL, b.data);
    }
    buf_fini(&b);
}

static int run(struct options *options)
{
    struct trace trace;
    struct app_end end;

    if (!trace_init(&trace, getenv("GARNER_TRACE"), STDERR_FILENO)) {
        say_what_is_traced();
    }
    end = options->queue.to ? enqueue_run(options, &trace) : app_run(options, &trace);
    if (end.signal) {
        options_free(options);
        net_fini();
        end_by_signal(end.signal);
    }
    return end.status;
}

/* To standard output. */
static int print(const struct buf *text)
{
    struct err *error = NULL;

    if (buf_failed(text)) {
        error = err_plain(ERR_NOMEM);
    } else if (fwrite(text->data, 1, text->len, stdout) != text->len || fclose(stdout) != 0) {
        if (errno == EPIPE) {
            return STATUS_CLOSED;
        }
        error = err_errno(ERR_IO, errno, "cannot write standard output");
    }
    return error ? fail(error, STATUS_LOCAL) : 0;
}

static int act(struct options *options)
{
    struct buf text = BUF_INIT;
    int status;

    switch (options->action) {
    case OPTIONS_HELP:
        options_add_help(&text, options->help_topic);
        break;
    case OPTIONS_COMPLETION:
        options_add_completion(&text, options->help_topic);
        break;
    case OPTIONS_VERSION:
        options_add_version(&text);
        break;
    case OPTIONS_RUN:
        return run(options);
    }
    status = print(&text);
    buf_fini(&text);
    return status;
}

int main(int argc, char *argv[])
{
    struct options *options = NULL;
    struct err *error;
    int status;

    fill_standard_streams();
    error = net_init();
    if (error) {
        return fail(error, STATUS_USAGE);
    }
    error = options_parse(argc, argv, report_early, NULL, &options);
    status = error ? fail(error, STATUS_USAGE) : act(options);
    options_free(options);
    net_fini();
    return status;
}
