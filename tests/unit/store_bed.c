/* SPDX-License-Identifier: MIT */
/* A store on a directory of its own, and bodies to put into it. */
#include "store_bed.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE 16384

static unsigned entries(const char *path)
{
    unsigned n = 0;
    DIR *d = opendir(path);
    ck_assert_ptr_nonnull(d);
    while (readdir(d)) {
        n++;
    }
    closedir(d);
    return n;
}

static void begin(struct bed *b, unsigned threads, const struct store_options *options)
{
    struct store_options o = {.buffer = 64u << 20, .resume = true};
    if (options) {
        o = *options;
    }
    o.dir = b->dir;
    b->l = loop_starts();
    b->ex = executor_new(b->l, threads);
    ck_assert_ptr_nonnull(b->ex);
    err_is_none(store_new(b->l, b->ex, &o, &b->s));
}

static void finish(struct bed *b)
{
    ck_assert_uint_eq(store_bytes_in_memory(b->s), 0);
    store_free(b->s);
    executor_free(b->ex);
    loop_ends_empty(b->l);
}

void bed_make_dir(struct bed *b)
{
    const char *tmp = getenv("TMPDIR");
    *b = (struct bed){.at = -1};
    b->fds = entries("/proc/self/fd");
    (void)snprintf(b->dir, sizeof(b->dir), "%.40s/garner-XXXXXX", tmp ? tmp : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(b->dir));
    b->at = open(b->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_ge(b->at, 0);
}

void bed_make(struct bed *b, unsigned threads, const struct store_options *options)
{
    bed_make_dir(b);
    begin(b, threads, options);
}

void bed_again(struct bed *b)
{
    finish(b);
    begin(b, 2, NULL);
}

static int remove_it(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

void bed_end(struct bed *b)
{
    finish(b);
    bed_end_dir(b);
}

void bed_end_dir(struct bed *b)
{
    close(b->at);
    ck_assert_int_eq(nftw(b->dir, remove_it, 8, FTW_DEPTH | FTW_PHYS), 0);
    ck_assert_uint_eq(entries("/proc/self/fd"), b->fds);
}

static struct err *wait_at_gate(void *arg, void **value)
{
    char c;
    (void)value;
    (void)!read(*(int *)arg, &c, 1);
    return NULL;
}

void bed_hold(struct bed *b)
{
    struct err *e;
    ck_assert_int_eq(pipe2(b->gate, O_CLOEXEC), 0);
    b->held = executor_submit(b->ex, wait_at_gate, &b->gate[0], NULL, NULL, &e);
    ck_assert_ptr_nonnull(b->held);
}

void bed_release(struct bed *b)
{
    close(b->gate[1]);
    err_is_none(bed_done(b, b->held, NULL));
    close(b->gate[0]);
}

/* -- sinks --------------------------------------------------------------------------------- */

struct sink *bed_sink(struct bed *b, const char *path, enum if_exists policy)
{
    struct sink_spec spec = {
        .path = path,
        .url_public = "http://host/file",
        .key_hash = 0x9f3a61c2,
        .policy = policy,
        .absent = b->absent,
    };
    struct sink *k;
    err_is_none(sink_new(b->s, &spec, &k));
    return k;
}

void bed_start(struct sink *k, int64_t offset, int version, int64_t total)
{
    char etag[] = "\"v0\"";
    etag[2] = (char)('0' + version);
    struct validators v = {
        .etag = version ? etag : NULL, .modified = -1, .date = -1, .total = total};
    err_is_none(sink_start(k, offset, &v));
}

void bed_body(int version, int64_t from, char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t at = (uint64_t)from + i;
        bytes[i] = (char)(at * 31 + at / 251 + (unsigned)version * 101);
    }
}

void bed_feed(struct sink *k, int version, int64_t from, int64_t to)
{
    char bytes[PIECE];
    while (from < to) {
        size_t n = to - from < PIECE ? (size_t)(to - from) : PIECE;
        bed_body(version, from, bytes, n);
        err_is_none(sink_write(k, bytes, n));
        from += (int64_t)n;
    }
}

struct err *bed_done(struct bed *b, struct future *f, void **value)
{
    ck_assert_ptr_nonnull(f);
    loop_completes(b->l, f);
    struct err *e = future_error(f);
    if (value) {
        *value = e ? NULL : future_take(f);
    }
    future_unref(f);
    return e;
}

struct err *bed_open(struct bed *b, struct sink *k)
{
    return bed_done(b, sink_open(k), NULL);
}

struct err *bed_commit_with(
    struct bed *b, struct sink *k, const struct commit_options *o, struct committed **out)
{
    struct committed *c = NULL;
    struct err *e = bed_done(b, sink_commit(k, o), (void **)&c);
    if (out) {
        *out = c;
    } else {
        committed_free(c);
    }
    return e;
}

struct err *bed_commit(struct bed *b, struct sink *k, int64_t size, struct committed **out)
{
    struct commit_options o = {.size = size, .modified = -1};
    return bed_commit_with(b, k, &o, out);
}

void bed_close(struct bed *b, struct sink *k, bool keep)
{
    err_is_none(bed_done(b, sink_close(k, keep), NULL));
    sink_free(k);
}

struct err *bed_put(struct bed *b, const char *path, int64_t size, enum if_exists policy)
{
    struct sink *k = bed_sink(b, path, policy);
    bed_start(k, 0, 1, size);
    bed_feed(k, 1, 0, size);
    struct err *e = bed_commit(b, k, size, NULL);
    bed_close(b, k, false);
    return e;
}

/* -- files --------------------------------------------------------------------------------- */

bool bed_exists(const struct bed *b, const char *path)
{
    struct stat st;
    return fstatat(b->at, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

int64_t bed_size(const struct bed *b, const char *path)
{
    struct stat st;
    return fstatat(b->at, path, &st, AT_SYMLINK_NOFOLLOW) == 0 ? st.st_size : -1;
}

bool bed_is(const struct bed *b, const char *path, int version, int64_t size)
{
    char is[PIECE], should[PIECE];
    if (bed_size(b, path) != size) {
        return false;
    }
    int fd = openat(b->at, path, O_RDONLY | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    bool same = true;
    for (int64_t at = 0; same && at < size;) {
        ssize_t n = read(fd, is, sizeof(is));
        ck_assert_int_gt(n, 0);
        bed_body(version, at, should, (size_t)n);
        same = memcmp(is, should, (size_t)n) == 0;
        at += n;
    }
    close(fd);
    return same;
}

void bed_write(const struct bed *b, const char *path, const char *text)
{
    int fd = openat(b->at, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

unsigned bed_count(const struct bed *b)
{
    return entries(b->dir) - 2;
}

void bed_is_clean(const struct bed *b, const char *path)
{
    char name[128];
    (void)snprintf(name, sizeof(name), "%s.part", path);
    ck_assert(!bed_exists(b, name));
    (void)snprintf(name, sizeof(name), "%s.part.json", path);
    ck_assert(!bed_exists(b, name));
}

void bed_until(struct bed *b, bool (*cond)(void *arg), void *arg)
{
    double end = loop_time(b->l) + 10;
    while (!cond(arg)) {
        ck_assert(loop_time(b->l) < end);
        struct future *f = aio_sleep(b->l, 0.005);
        err_is_none(bed_done(b, f, NULL));
    }
}
