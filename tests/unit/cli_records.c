/* SPDX-License-Identifier: MIT */
/* Records on their way out: channels, order, slow and closed readers, and lines for people. */
#include "base/buf.h"
#include "cli/records.h"
#include "cli/report.h"
#include "support.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct bench {
    struct loop *loop;
    struct output_options options;
    struct records *records;
    struct record_consumer consumer;
    int saved_out, out; /* the reading end of what is standard output meanwhile */
    unsigned closed, failed;
    struct future *finish;
    char path[64];
};

static void on_closed(void *arg)
{
    ((struct bench *)arg)->closed++;
}

static void on_failed(void *arg, struct err *e)
{
    struct bench *b = arg;
    ck_assert_ptr_nonnull(e);
    b->failed++;
}

static void starts(struct bench *b)
{
    int ends[2];
    *b = (struct bench){.out = -1};
    signal(SIGPIPE, SIG_IGN);
    b->loop = loop_starts();
    ck_assert_int_eq(pipe(ends), 0);
    fflush(stdout);
    b->saved_out = dup(STDOUT_FILENO);
    dup2(ends[1], STDOUT_FILENO);
    close(ends[1]);
    b->out = ends[0];
    fcntl(b->out, F_SETFL, O_NONBLOCK);
    strcpy(b->path, "/tmp/garner-test.XXXXXX");
    close(mkstemp(b->path));
}

static void opens(struct bench *b)
{
    struct records_events events = {on_closed, on_failed, b};
    err_is_none(records_new(b->loop, &b->options, &events, &b->records));
    b->consumer = records_consumer(b->records);
}

static void ends(struct bench *b)
{
    records_free(b->records);
    dup2(b->saved_out, STDOUT_FILENO);
    close(b->saved_out);
    close(b->out);
    unlink(b->path);
    loop_ends_empty(b->loop);
}

static struct record *make(uint64_t index, enum record_state state, const char *path)
{
    struct record *r = record_new();
    r->index = r->order = index;
    r->state = state;
    r->path = path ? strdup(path) : NULL;
    return r;
}

static void gives(struct bench *b, uint64_t index, enum record_state state, const char *path)
{
    struct record *r = make(index, state, path);
    err_is_none(b->consumer.on_record(b->consumer.arg, r));
    record_free(r);
}

static size_t drain(int fd, struct buf *b)
{
    char bytes[4096];
    size_t all = 0;
    ssize_t n;
    while ((n = read(fd, bytes, sizeof(bytes))) > 0) {
        buf_add(b, bytes, (size_t)n);
        all += (size_t)n;
    }
    return all;
}

static size_t lines_in(const struct buf *b)
{
    size_t n = 0;
    for (size_t i = 0; i < b->len; i++) {
        n += b->data[i] == '\n';
    }
    return n;
}

static void printed(struct bench *b, const char *expected)
{
    struct buf got = BUF_INIT;
    buf_adds(&got, "");
    drain(b->out, &got);
    ck_assert_str_eq(got.data ? got.data : "", expected);
    buf_fini(&got);
}

static void finishes(struct bench *b)
{
    struct future *f = records_finish(b->records);
    loop_completes(b->loop, f);
    err_is_none(future_error(f));
    future_unref(f);
}

static void gives_each_state(struct bench *b)
{
    gives(b, 1, RECORD_FINISHED, "-a");
    gives(b, 2, RECORD_FAILED, "b");
    gives(b, 3, RECORD_SKIPPED, "c");
    gives(b, 4, RECORD_UNCHANGED, "d");
    gives(b, 5, RECORD_CANCELLED, "e");
    gives(b, 6, RECORD_FINISHED, NULL);
}

static const struct {
    enum print_mode print;
    bool set, quiet;
    const char *printed;
} prints[] = {
    {PRINT_PRESENT, false, false, "./-a\nc\nd\n"},
    {PRINT_NEW, true, false, "./-a\n"},
    {PRINT_NONE, true, false, ""},
    {PRINT_PRESENT, false, true, ""},
    {PRINT_PRESENT, true, true, "./-a\nc\nd\n"},
};

START_TEST(paths)
{
    struct bench b;
    starts(&b);
    b.options.print = prints[_i].print;
    b.options.print_set = prints[_i].set;
    b.options.quiet = prints[_i].quiet;
    opens(&b);
    gives_each_state(&b);
    finishes(&b);
    printed(&b, prints[_i].printed);
    ends(&b);
}
END_TEST

START_TEST(paths_with_nul)
{
    struct bench b;
    struct buf got = BUF_INIT;
    starts(&b);
    b.options.print0 = true;
    opens(&b);
    gives_each_state(&b);
    finishes(&b);
    drain(b.out, &got);
    ck_assert_uint_eq(got.len, 9);
    ck_assert_int_eq(memcmp(got.data, "./-a\0c\0d", 9), 0);
    buf_fini(&got);
    ends(&b);
}
END_TEST

START_TEST(records_go_out_one_by_one)
{
    struct bench b;
    starts(&b);
    opens(&b);
    gives(&b, 2, RECORD_FINISHED, "two");
    loop_spin(b.loop, 2);
    printed(&b, "two\n");
    gives(&b, 1, RECORD_FINISHED, "one");
    loop_spin(b.loop, 2);
    printed(&b, "one\n");
    finishes(&b);
    ends(&b);
}
END_TEST

START_TEST(json_takes_the_place_of_paths)
{
    struct bench b;
    struct buf got = BUF_INIT;
    starts(&b);
    b.options.json = true;
    b.options.quiet = true;
    opens(&b);
    gives(&b, 1, RECORD_FINISHED, "x");
    finishes(&b);
    drain(b.out, &got);
    ck_assert_int_eq(strncmp(got.data, "{\"v\":1,\"index\":1,", 17), 0);
    ck_assert_str_eq(got.data + got.len - 2, "}\n");
    buf_fini(&got);
    ends(&b);
}
END_TEST

START_TEST(records_elsewhere)
{
    struct bench b;
    struct buf got = BUF_INIT;
    starts(&b);
    b.options.records = b.path;
    opens(&b);
    gives(&b, 1, RECORD_FINISHED, "x");
    gives(&b, 2, RECORD_FAILED, "y");
    finishes(&b);
    printed(&b, "x\n");
    int fd = open(b.path, O_RDONLY);
    drain(fd, &got);
    close(fd);
    ck_assert_ptr_nonnull(strstr(got.data, "}\n{\"v\":1,\"index\":2,"));
    buf_fini(&got);
    ends(&b);
}
END_TEST

START_TEST(gathered)
{
    struct bench b;
    starts(&b);
    b.options.gather = true;
    opens(&b);
    gives(&b, 3, RECORD_FINISHED, "3");
    gives(&b, 2, RECORD_FAILED, "2");
    loop_spin(b.loop, 2);
    printed(&b, "");
    gives(&b, 1, RECORD_FINISHED, "1");
    loop_spin(b.loop, 2);
    printed(&b, "1\n3\n");
    gives(&b, 6, RECORD_FINISHED, "6");
    finishes(&b);
    printed(&b, "6\n");
    ends(&b);
}
END_TEST

/* Far more than a pipe holds, and nobody reads: nothing blocks, the run is told to wait. */
START_TEST(a_slow_reader)
{
    struct bench b;
    struct buf got = BUF_INIT;
    char path[1000];
    size_t given = 0;
    starts(&b);
    b.options.gather = _i;
    opens(&b);
    memset(path, 'p', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    struct future *f = NULL;
    for (uint64_t i = 3000; i >= 1; i--) {
        gives(&b, i, RECORD_FINISHED, path);
        given += sizeof(path);
    }
    loop_spin(b.loop, 2);
    f = b.consumer.ready(b.consumer.arg);
    ck_assert_ptr_nonnull(f);
    ck_assert(!future_done(f));
    for (int i = 0; i < 3000 && got.len < given; i++) {
        drain(b.out, &got);
        loop_spin(b.loop, 2);
    }
    ck_assert(future_done(f));
    future_unref(f);
    ck_assert_uint_eq(got.len, given);
    finishes(&b);
    buf_fini(&got);
    ends(&b);
}
END_TEST

static struct err *on_end(void *arg)
{
    struct bench *b = arg;
    b->finish = records_finish(b->records);
    return NULL;
}

/* The writer has room in the very iteration in which the run ends: that is one of these moments,
 * each with one more piece read. */
START_TEST(a_slow_reader_at_the_end)
{
    struct bench b;
    struct buf got = BUF_INIT;
    char path[1000];
    starts(&b);
    b.options.gather = true;
    opens(&b);
    memset(path, 'p', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    for (uint64_t i = 3000; i >= 1; i--) {
        gives(&b, i, RECORD_FINISHED, path);
    }
    loop_spin(b.loop, 10); /* until the pipe is full and all wait for it */
    for (int pieces = 0; pieces <= _i / 2; pieces++) {
        drain(b.out, &got);
        loop_spin(b.loop, pieces < _i / 2);
    }
    if (_i % 2 == 0) {
        err_is_none(on_end(&b));
    } else {
        err_is_none(loop_call_soon(b.loop, on_end, &b, NULL));
    }
    do {
        loop_spin(b.loop, 2);
        drain(b.out, &got);
    } while (!future_done(b.finish));
    drain(b.out, &got);
    ck_assert_uint_eq(got.len, 3000 * sizeof(path));
    err_is_none(future_error(b.finish));
    future_unref(b.finish);
    buf_fini(&got);
    ends(&b);
}
END_TEST

START_TEST(a_reader_that_goes_away)
{
    struct bench b;
    starts(&b);
    opens(&b);
    loop_spin(b.loop, 2);
    ck_assert_uint_eq(b.closed, 0);
    close(b.out);
    loop_spin(b.loop, 2);
    ck_assert_uint_eq(b.closed, 1);
    gives(&b, 1, RECORD_FINISHED, "x");
    finishes(&b);
    ck_assert_uint_eq(b.closed, 1);
    ck_assert_uint_eq(b.failed, 0);
    b.out = -1;
    ends(&b);
}
END_TEST

START_TEST(nobody_minds_if_nothing_goes_there)
{
    struct bench b;
    starts(&b);
    b.options.quiet = true;
    opens(&b);
    close(b.out);
    gives(&b, 1, RECORD_FINISHED, "x");
    finishes(&b);
    ck_assert_uint_eq(b.closed, 0);
    b.out = -1;
    ends(&b);
}
END_TEST

START_TEST(a_full_disk)
{
    struct bench b;
    starts(&b);
    b.options.records = "/dev/full";
    opens(&b);
    gives(&b, 1, RECORD_FINISHED, "x");
    loop_spin(b.loop, 2);
    ck_assert_uint_eq(b.failed, 1);
    struct record *r = make(2, RECORD_FINISHED, "y");
    err_is_kind(b.consumer.on_record(b.consumer.arg, r), ERR_IO);
    record_free(r);
    struct future *f = records_finish(b.records);
    loop_completes(b.loop, f);
    err_is_kind(future_error(f), ERR_IO);
    future_unref(f);
    ck_assert_uint_eq(b.failed, 1);
    ends(&b);
}
END_TEST

START_TEST(what_cannot_be_opened)
{
    struct bench b;
    starts(&b);
    b.options.records = "/nonexistent/records";
    struct records_events events = {on_closed, on_failed, &b};
    err_is_kind(records_new(b.loop, &b.options, &events, &b.records), ERR_IO);
    ck_assert_ptr_null(b.records);
    ends(&b);
}
END_TEST

START_TEST(a_socket)
{
    struct bench b;
    struct buf got = BUF_INIT;
    int pair[2];
    starts(&b);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    dup2(pair[0], STDOUT_FILENO);
    close(pair[0]);
    fcntl(pair[1], F_SETFL, O_NONBLOCK);
    opens(&b);
    /* what the other end says is none of our business */
    ck_assert_int_eq(write(pair[1], "x", 1), 1);
    gives(&b, 1, RECORD_FINISHED, "x");
    loop_spin(b.loop, 3);
    drain(pair[1], &got);
    ck_assert_str_eq(got.data, "x\n");
    ck_assert_uint_eq(b.closed, 0);
    close(pair[1]);
    gives(&b, 2, RECORD_FINISHED, "y");
    finishes(&b);
    ck_assert_uint_eq(b.closed, 1);
    buf_fini(&got);
    ends(&b);
}
END_TEST

/* -- report -------------------------------------------------------------------------------- */

static void reported(struct report *r, int fd, const char *expected)
{
    struct buf got = BUF_INIT;
    report_free(r);
    drain(fd, &got);
    ck_assert_str_eq(got.data ? got.data : "", expected);
    buf_fini(&got);
}

START_TEST(lines_for_people)
{
    struct bench b;
    struct report *r;
    int pair[2];
    starts(&b);
    opens(&b);
    ck_assert_int_eq(pipe(pair), 0);
    fcntl(pair[0], F_SETFL, O_NONBLOCK);
    err_is_none(report_new(b.loop, pair[1], &b.options, &r));
    records_set_report(b.records, r);
    struct record *bad = make(1, RECORD_FAILED, NULL);
    bad->url = "http://u:secret@h/a?secret";
    bad->error = err_new(ERR_HTTP, NULL, "404 Not \x1b[31mFound");
    err_is_none(b.consumer.on_record(b.consumer.arg, bad));
    err_unref(bad->error);
    bad->error = err_new(ERR_INPUT, NULL, "no good");
    bad->file = "li\nst";
    bad->line = 7;
    err_is_none(b.consumer.on_record(b.consumer.arg, bad));
    bad->url = NULL;
    err_is_none(b.consumer.on_record(b.consumer.arg, bad));
    record_free(bad);
    gives(&b, 2, RECORD_CANCELLED, NULL);
    struct session_totals totals = {.finished = 1234,
        .failed = 2,
        .skipped = 3,
        .foreign = 1,
        .received = 5 << 20,
        .read_file = "list",
        .read_line = 9};
    report_summary(r, &totals, 2.5);
    totals.input_ended = true;
    totals.unchanged = 4;
    report_summary(r, &totals, 3723);
    reported(r, pair[0],
        "garner: http://h/a: http: 404 Not \\x1b[31mFound\n"
        "garner: http://h/a: input: no good (li\\nst:7)\n"
        "garner: li\\nst:7: input: no good\n"
        "garner: 1234 finished, 2 failed, 0 cancelled, 3 skipped (1 foreign), 5.0 MiB in 2.5 s, "
        "2.0 MiB/s; reading stopped at list:9\n"
        "garner: 1234 finished, 2 failed, 0 cancelled, 3 skipped (1 foreign), 4 unchanged, 5.0 MiB "
        "in 1 h 02 min, 1.4 KiB/s\n");
    close(pair[0]);
    close(pair[1]);
    finishes(&b);
    ends(&b);
}
END_TEST

START_TEST(progress_now_and_then)
{
    struct bench b;
    struct report *r;
    struct buf got = BUF_INIT;
    int pair[2];
    starts(&b);
    ck_assert_int_eq(pipe(pair), 0);
    fcntl(pair[0], F_SETFL, O_NONBLOCK);
    b.options.progress = PROGRESS_PLAIN;
    err_is_none(report_new(b.loop, pair[1], &b.options, &r));
    struct session_totals totals = {.finished = 1, .running = 2};
    err_is_none(report_progress_start(r, &(struct progress_source){.totals = &totals}, 0.01));
    while (lines_in(&got) < 2) {
        loop_spin(b.loop, 1);
        drain(pair[0], &got);
    }
    report_progress_stop(r);
    loop_spin(b.loop, 1);
    report_free(r);
    ck_assert_ptr_nonnull(strstr(got.data, "garner: 1 finished, 0 failed, 0 cancelled, 0 skipped, "
                                           "2 running, 0 B, 0 B/s\ngarner: "));
    buf_fini(&got);
    close(pair[0]);
    close(pair[1]);
    ends(&b);
}
END_TEST

Suite *cli_records_suite(void)
{
    Suite *s = suite_create("cli_records");
    TCase *t = tcase_create("records");
    tcase_set_timeout(t, 20);
    tcase_add_loop_test(t, paths, 0, sizeof(prints) / sizeof(prints[0]));
    tcase_add_test(t, paths_with_nul);
    tcase_add_test(t, records_go_out_one_by_one);
    tcase_add_test(t, json_takes_the_place_of_paths);
    tcase_add_test(t, records_elsewhere);
    tcase_add_test(t, gathered);
    tcase_add_loop_test(t, a_slow_reader, 0, 2);
    tcase_add_loop_test(t, a_slow_reader_at_the_end, 0, 40);
    tcase_add_test(t, a_reader_that_goes_away);
    tcase_add_test(t, nobody_minds_if_nothing_goes_there);
    tcase_add_test(t, a_full_disk);
    tcase_add_test(t, what_cannot_be_opened);
    tcase_add_test(t, a_socket);
    tcase_add_test(t, lines_for_people);
    tcase_add_test(t, progress_now_and_then);
    suite_add_tcase(s, t);
    return s;
}
