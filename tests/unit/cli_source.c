/* SPDX-License-Identifier: MIT */
/* The list reader on real files, pipes and what else may be a list. */
#include "cli/input.h"
#include "support.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

struct bench {
    struct loop *loop;
    struct executor *executor;
    struct input_options options;
    struct async_iter *input;
    char dir[64], path[96];
    char name[32]; /* of a pipe's reading end */
    const char *files[2];
    int feed; /* a pipe's writing end */
    int read_end;
    char warned[200];
};

static void on_warn(void *arg, const char *text)
{
    struct bench *b = arg;
    snprintf(b->warned, sizeof(b->warned), "%s", text);
}

static void starts(struct bench *b)
{
    *b = (struct bench){.feed = -1, .read_end = -1};
    b->loop = loop_starts();
    b->executor = executor_new(b->loop, 2);
    strcpy(b->dir, "/tmp/garner-test.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(b->dir));
    snprintf(b->path, sizeof(b->path), "%s/list", b->dir);
    b->files[0] = b->path;
    b->options.files = (char *const *)b->files;
}

static void opens(struct bench *b)
{
    err_is_none(input_open(b->loop, b->executor, &b->options, on_warn, b, &b->input));
}

static void pipe_opens(struct bench *b)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    b->read_end = ends[0];
    b->feed = ends[1];
    snprintf(b->name, sizeof(b->name), "/dev/fd/%d", ends[0]);
    b->files[0] = b->name;
    opens(b);
}

static void ends(struct bench *b)
{
    async_iter_close(b->input);
    executor_free(b->executor);
    loop_ends_empty(b->loop);
    close(b->feed);
    close(b->read_end);
    unlink(b->path);
    rmdir(b->dir);
}

static void writes(struct bench *b, const void *bytes, size_t n)
{
    FILE *f = fopen(b->path, "wb");
    ck_assert_uint_eq(fwrite(bytes, 1, n, f), n);
    fclose(f);
}

static void says(struct bench *b, const char *text)
{
    ck_assert_int_eq(write(b->feed, text, strlen(text)), (ssize_t)strlen(text));
}

/* The next entry; NULL at the end. */
static struct entry *next(struct bench *b)
{
    struct future *f = async_iter_next(b->input);
    loop_completes(b->loop, f);
    struct err *e = future_error(f);
    struct entry *got = e ? NULL : future_take(f);
    if (e) {
        err_is_kind(e, ERR_STOP_ITERATION);
    }
    future_unref(f);
    return got;
}

static void next_is(struct bench *b, const char *url)
{
    struct entry *e = next(b);
    ck_assert_ptr_nonnull(e);
    err_is_none(e->error);
    ck_assert_str_eq(e->urls[0], url);
    entry_free(e);
}

static void next_is_bad(struct bench *b, uint64_t line, const char *word)
{
    struct entry *e = next(b);
    ck_assert_ptr_nonnull(e);
    ck_assert_ptr_nonnull(e->error);
    ck_assert_msg(strstr(err_message(e->error), word), "%s", err_message(e->error));
    ck_assert_uint_eq(e->line, line);
    entry_free(e);
}

static void next_is_end(struct bench *b)
{
    ck_assert_ptr_null(next(b));
}

static void next_fails(struct bench *b, const char *word)
{
    struct future *f = async_iter_next(b->input);
    loop_completes(b->loop, f);
    struct err *e = future_error(f);
    ck_assert_ptr_nonnull(e);
    ck_assert_msg(strstr(err_message(e), word), "%s", err_message(e));
    err_is_kind(e, ERR_IO);
    future_unref(f);
}

START_TEST(arguments_then_files)
{
    struct bench b;
    char *const urls[] = {"http://a/1", "http://a/2", NULL};
    starts(&b);
    b.options.urls = urls;
    static const char text[] = "\xef\xbb\xbfhttp://h/1\r\n  out=x\r\n  odd=1\r\nhttp://h/2";
    writes(&b, text, sizeof(text) - 1);
    opens(&b);
    struct entry *e = next(&b);
    ck_assert_ptr_null(e->file);
    ck_assert_uint_eq(e->line, 1);
    entry_free(e);
    next_is(&b, "http://a/2");
    e = next(&b);
    ck_assert_str_eq(e->urls[0], "http://h/1");
    ck_assert_str_eq(e->out, "x");
    ck_assert_str_eq(e->file, b.path);
    ck_assert_uint_eq(e->line, 1);
    entry_free(e);
    ck_assert_msg(strstr(b.warned, "list:3: unknown option \"odd\""), "%s", b.warned);
    next_is(&b, "http://h/2");
    next_is_end(&b);
    next_is_end(&b);
    ends(&b);
}
END_TEST

START_TEST(auto_finds_jsonl)
{
    struct bench b;
    static const char text[] =
        "\n  \n  {\"url\":\"http://h/1\"}\nhttp://h/2\n{\"url\":\"http://h/3\"}";
    starts(&b);
    writes(&b, text, sizeof(text) - 1);
    opens(&b);
    next_is(&b, "http://h/1");
    next_is_bad(&b, 4, "not a JSON object");
    next_is(&b, "http://h/3");
    next_is_end(&b);
    ends(&b);
}
END_TEST

START_TEST(an_empty_list)
{
    struct bench b;
    starts(&b);
    writes(&b, "", 0);
    opens(&b);
    next_is_end(&b);
    ends(&b);
}
END_TEST

START_TEST(what_cannot_be_opened)
{
    struct bench b;
    starts(&b);
    err_is_kind(input_open(b.loop, b.executor, &b.options, on_warn, &b, &b.input), ERR_USAGE);
    b.files[0] = b.dir;
    err_is_kind(input_open(b.loop, b.executor, &b.options, on_warn, &b, &b.input), ERR_USAGE);
    ck_assert_ptr_null(b.input);
    ends(&b);
}
END_TEST

static size_t pack(const char *text, unsigned char *out, size_t room)
{
    z_stream z = {0};
    ck_assert_int_eq(deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (Bytef *)text;
    z.avail_in = (uInt)strlen(text);
    z.next_out = out;
    z.avail_out = (uInt)room;
    ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return room - z.avail_out;
}

START_TEST(gzip_of_several_members)
{
    struct bench b;
    unsigned char bytes[400];
    starts(&b);
    size_t n = pack("http://h/1\nhttp://h", bytes, 200);
    n += pack("/2\nhttp://h/3", bytes + n, 200);
    memset(bytes + n, 0, 50);
    writes(&b, bytes, n + 50);
    opens(&b);
    next_is(&b, "http://h/1");
    next_is(&b, "http://h/2");
    next_is(&b, "http://h/3");
    next_is_end(&b);
    ends(&b);
}
END_TEST

START_TEST(gzip_cut_off)
{
    struct bench b;
    unsigned char bytes[400];
    starts(&b);
    size_t n = pack("http://h/1\nhttp://h/2\n", bytes, 200);
    writes(&b, bytes, n - 8);
    opens(&b);
    next_is(&b, "http://h/1");
    next_is_bad(&b, 2, "could not be read any further");
    next_fails(&b, "cut off");
    next_is_end(&b);
    ends(&b);
}
END_TEST

START_TEST(gzip_with_garbage_behind)
{
    struct bench b;
    unsigned char bytes[400];
    starts(&b);
    size_t n = pack("{\"url\":\"http://h/1\"}\n", bytes, 200);
    memcpy(bytes + n, "garbage", 7);
    writes(&b, bytes, n + 7);
    opens(&b);
    next_is(&b, "http://h/1");
    next_fails(&b, "gzip");
    ends(&b);
}
END_TEST

START_TEST(long_lines)
{
    struct bench b;
    static char text[3 << 20];
    starts(&b);
    memset(text, 'x', sizeof(text));
    memcpy(text, "http://h/1\n", 11);
    memcpy(text + sizeof(text) - 12, "\nhttp://h/2\n", 12);
    writes(&b, text, sizeof(text));
    opens(&b);
    next_is(&b, "http://h/1");
    next_is_bad(&b, 2, "longer than 1 MiB");
    next_is(&b, "http://h/2");
    next_is_end(&b);
    ends(&b);
}
END_TEST

START_TEST(a_pipe_gives_entries_as_they_come)
{
    struct bench b;
    starts(&b);
    pipe_opens(&b);
    says(&b, "http://h/1\n  out=x\nh");
    /* the begun line shows that the entry is whole */
    struct entry *e = next(&b);
    ck_assert_str_eq(e->out, "x");
    entry_free(e);
    struct future *f = async_iter_next(b.input);
    loop_spin(b.loop, 3);
    ck_assert(!future_done(f));
    says(&b, "ttp://h/2\n");
    double before = loop_time(b.loop);
    loop_completes(b.loop, f);
    double waited = loop_time(b.loop) - before;
    ck_assert_double_ge(waited, 0.19);
    ck_assert_double_le(waited, 20);
    entry_free(future_take(f));
    future_unref(f);
    says(&b, "  out=late\n");
    next_is_bad(&b, 4, "200 ms");
    close(b.feed);
    b.feed = -1;
    next_is_end(&b);
    ends(&b);
}
END_TEST

START_TEST(jsonl_does_not_wait_for_silence)
{
    struct bench b;
    starts(&b);
    pipe_opens(&b);
    says(&b, "{\"url\":\"http://h/1\"}\n");
    struct future *f = async_iter_next(b.input);
    loop_spin(b.loop, 3);
    ck_assert(future_done(f));
    entry_free(future_take(f));
    future_unref(f);
    ends(&b);
}
END_TEST

START_TEST(gzip_through_a_pipe_byte_by_byte)
{
    struct bench b;
    unsigned char bytes[200];
    size_t n = pack("http://h/1\nhttp://h/2\n", bytes, sizeof(bytes));
    starts(&b);
    pipe_opens(&b);
    struct future *f = async_iter_next(b.input);
    for (size_t i = 0; i < n; i++) {
        ck_assert_int_eq(write(b.feed, bytes + i, 1), 1);
        loop_spin(b.loop, 2);
    }
    close(b.feed);
    b.feed = -1;
    loop_completes(b.loop, f);
    entry_free(future_take(f));
    future_unref(f);
    next_is(&b, "http://h/2");
    next_is_end(&b);
    ends(&b);
}
END_TEST

START_TEST(a_cancelled_next_loses_nothing)
{
    struct bench b;
    starts(&b);
    writes(&b, "http://h/1\n", 11);
    opens(&b);
    struct future *f = async_iter_next(b.input);
    ck_assert(future_cancel(f));
    ck_assert(future_cancelled(f));
    future_unref(f);
    next_is(&b, "http://h/1");
    next_is_end(&b);
    ends(&b);
    starts(&b);
    pipe_opens(&b);
    f = async_iter_next(b.input);
    loop_spin(b.loop, 2);
    future_cancel(f);
    future_unref(f);
    says(&b, "http://h/1\n");
    next_is(&b, "http://h/1");
    ends(&b);
}
END_TEST

START_TEST(closing_while_a_read_is_under_way)
{
    struct bench b;
    starts(&b);
    writes(&b, "http://h/1\n", 11);
    opens(&b);
    struct future *f = async_iter_next(b.input);
    future_cancel(f);
    future_unref(f);
    ends(&b);
}
END_TEST

START_TEST(a_fifo_without_a_writer_holds_up_nothing)
{
    struct bench b;
    starts(&b);
    ck_assert_int_eq(mkfifo(b.path, 0600), 0);
    opens(&b);
    struct future *f = async_iter_next(b.input);
    loop_spin(b.loop, 3);
    ck_assert(!future_done(f));
    b.feed = open(b.path, O_WRONLY);
    says(&b, "http://h/1\n");
    close(b.feed);
    b.feed = -1;
    loop_completes(b.loop, f);
    entry_free(future_take(f));
    future_unref(f);
    next_is_end(&b);
    ends(&b);
}
END_TEST

START_TEST(many_lines_in_little_memory)
{
    struct bench b;
    starts(&b);
    FILE *out = fopen(b.path, "w");
    for (int i = 0; i < 200000; i++) {
        fprintf(out, "http://h/%d\n", i);
    }
    fclose(out);
    opens(&b);
    for (int i = 0; i < 200000; i++) {
        char url[40];
        snprintf(url, sizeof(url), "http://h/%d", i);
        next_is(&b, url);
    }
    next_is_end(&b);
    ends(&b);
}
END_TEST

Suite *cli_source_suite(void)
{
    Suite *s = suite_create("cli_source");
    TCase *t = tcase_create("input");
    tcase_set_timeout(t, 20);
    tcase_add_test(t, arguments_then_files);
    tcase_add_test(t, auto_finds_jsonl);
    tcase_add_test(t, an_empty_list);
    tcase_add_test(t, what_cannot_be_opened);
    tcase_add_test(t, gzip_of_several_members);
    tcase_add_test(t, gzip_cut_off);
    tcase_add_test(t, gzip_with_garbage_behind);
    tcase_add_test(t, long_lines);
    tcase_add_test(t, a_pipe_gives_entries_as_they_come);
    tcase_add_test(t, jsonl_does_not_wait_for_silence);
    tcase_add_test(t, gzip_through_a_pipe_byte_by_byte);
    tcase_add_test(t, a_cancelled_next_loses_nothing);
    tcase_add_test(t, closing_while_a_read_is_under_way);
    tcase_add_test(t, a_fifo_without_a_writer_holds_up_nothing);
    tcase_add_test(t, many_lines_in_little_memory);
    suite_add_tcase(s, t);
    return s;
}
