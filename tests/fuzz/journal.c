/* SPDX-License-Identifier: MIT */
/*
 * Journals: the keys are those of the whole lines, a torn last line takes no other along, and what
 * is written is read again.
 */
#include "store/journal.h"
#include "aio/executor.h"
#include "cli/json_scan.h"
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct file {
    int fd;
    char path[32];
};

static void file_init(struct file *f, const void *bytes, size_t size)
{
    f->fd = memfd_create("journal", 0);
    FUZZ_CHECK(f->fd >= 0 && write(f->fd, bytes, size) == (ssize_t)size);
    snprintf(f->path, sizeof(f->path), "/proc/self/fd/%d", f->fd);
}

/* All keys of the whole lines are there, and no others. */
static void check_keys(const struct journal *j, const char *text, size_t size, size_t more)
{
    size_t lines = more;
    for (const char *s = text, *end = text + size; s < end;) {
        const char *newline = memchr(s, '\n', (size_t)(end - s));
        size_t n = (size_t)((newline ? newline : end) - s);
        uint64_t key;
        if (journal_parse(s, n, &key)) {
            FUZZ_CHECK(journal_has(j, key));
            lines++;
        }
        s += n + (newline ? 1 : 0);
    }
    FUZZ_CHECK(journal_count(j) <= lines && !journal_count(j) == !lines);
}

static void on_failed(void *arg, struct err *e)
{
    (void)arg;
    fuzz_fail(__FILE__, __LINE__, err_message(e));
}

/* One more line behind whatever is there. */
static void append(struct journal *j, const struct journal_line *line)
{
    struct loop *l = loop_new(LOOP_PLAIN, NULL);
    struct executor *ex = executor_new(l, 1);
    journal_start(j, l, ex, on_failed, NULL);
    journal_add(j, line);
    struct future *f = journal_finish(j);
    FUZZ_CHECK(!loop_run_until_complete(l, f));
    FUZZ_CHECK(!future_error(f));
    future_unref(f);
    journal_free(j);
    executor_free(ex);
    loop_free(l);
}

static void check_file(const char *text, size_t size, const struct journal_line *line)
{
    struct file file;
    struct journal *j;
    file_init(&file, text, size);
    FUZZ_CHECK(!journal_open(file.path, &j));
    check_keys(j, text, size, 0);
    append(j, line);
    FUZZ_CHECK(!journal_open(file.path, &j));
    FUZZ_CHECK(journal_has(j, line->key));
    check_keys(j, text, size, 1);
    journal_free(j);
    close(file.fd);
}

static void check_line(const struct journal_line *line)
{
    struct buf b = BUF_INIT;
    struct json_scan scan;
    uint64_t key = ~line->key;
    journal_format(line, &b);
    FUZZ_CHECK(!buf_failed(&b) && memchr(b.data, '\n', b.len) == b.data + b.len - 1);
    json_scan_init(&scan, b.data, b.len - 1);
    FUZZ_CHECK(json_scan_value(&scan) && json_scan_done(&scan));
    FUZZ_CHECK(journal_parse(b.data, b.len - 1, &key) && key == line->key);
    for (size_t n = 0; n + 1 < b.len; n++) {
        /* a brace inside of a string may look like the end; the key is right anyway */
        FUZZ_CHECK(!journal_parse(b.data, n, &key) || (b.data[n - 1] == '}' && key == line->key));
    }
    buf_fini(&b);
}

FUZZ_TARGET(journal)
{
    uint64_t number = size * UINT64_C(0x9e3779b97f4a7c15);
    char *text = fuzz_text(data, size);
    struct journal_line line = {.key = number,
        .url = text,
        .path = size > 3 ? text + 3 : NULL,
        .size = (int64_t)number,
        .finished = (double)(size * 1000)};
    check_line(&line);
    check_file(text, size, &line);
    free(text);
    return 0;
}
