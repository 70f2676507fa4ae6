/* SPDX-License-Identifier: MIT */
/* src/store/probe.c, store.c, marks.c: what is there, and whose it is. */
#include "store/marks.h"
#include "store_bed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

static struct probe look(struct bed *b, const char *path, bool etags)
{
    struct probe p = {.path = path};
    err_is_none(bed_done(b, store_probe(b->s, &p, 1, etags), NULL));
    return p;
}

static bool has_attributes(const struct bed *b)
{
    bed_write(b, "try", "");
    int fd = openat(b->at, "try", O_RDONLY | O_CLOEXEC);
    bool has = fsetxattr(fd, "user.garner.try", "x", 1, 0) == 0;
    close(fd);
    ck_assert_int_eq(unlinkat(b->at, "try", 0), 0);
    return has;
}

START_TEST(probe_sees_what_is_there)
{
    struct bed b;
    bed_make(&b, 2, NULL);
    bed_write(&b, "file", "12345");
    ck_assert_int_eq(mkdirat(b.at, "dir", 0700), 0);
    bed_write(&b, "dir/inside", "");
    ck_assert_int_eq(symlinkat("file", b.at, "link"), 0);
    ck_assert_int_eq(symlinkat("nowhere", b.at, "dangling"), 0);
    ck_assert_int_eq(mkfifoat(b.at, "fifo", 0600), 0);
    bed_write(&b, "absent.part", "");
    const struct {
        const char *path;
        enum presence final;
        bool part;
        int64_t size;
        int errnum;
    } cases[] = {
        {"file", PRESENCE_FILE, false, 5, 0},
        {"dir/inside", PRESENCE_FILE, false, 0, 0},
        {"dir", PRESENCE_OBSTACLE, false, -1, 0},
        {"link", PRESENCE_OBSTACLE, false, -1, 0},
        {"dangling", PRESENCE_OBSTACLE, false, -1, 0},
        {"fifo", PRESENCE_OBSTACLE, false, -1, 0},
        {"absent", PRESENCE_ABSENT, true, -1, 0},
        {"nothing", PRESENCE_ABSENT, false, -1, 0},
        {"no/such/dir/file", PRESENCE_ABSENT, false, -1, 0},
        {"file/below", PRESENCE_ABSENT, false, -1, ENOTDIR},
        {"../file", PRESENCE_ABSENT, false, -1, EXDEV},
        {"/etc/passwd", PRESENCE_ABSENT, false, -1, EXDEV},
    };
    enum { N = sizeof(cases) / sizeof(cases[0]) };
    struct probe p[N];
    memset(p, 0xee, sizeof(p));
    for (int i = 0; i < N; i++) {
        p[i].path = cases[i].path;
        p[i].rather = NULL;
    }
    err_is_none(bed_done(&b, store_probe(b.s, p, N, true), NULL));
    for (int i = 0; i < N; i++) {
        ck_assert_msg(p[i].final == cases[i].final && p[i].part == cases[i].part &&
                          p[i].size == cases[i].size && p[i].errnum == cases[i].errnum &&
                          p[i].mark == 0 && !p[i].etag,
            "%s: %d %d %d", p[i].path, p[i].final, p[i].part, p[i].errnum);
        probe_fini(&p[i]);
    }
    bed_end(&b);
}
END_TEST

START_TEST(probe_would_rather)
{
    struct bed b;
    bed_make(&b, 2, NULL);
    if (!has_attributes(&b)) {
        bed_end(&b);
        return;
    }
    const struct commit_options o = {.size = -1, .modified = -1, .marks = true};
    struct sink *k = bed_sink(&b, "plain", IF_EXISTS_SKIP);
    bed_start(k, 0, 1, -1);
    bed_feed(k, 1, 0, 10);
    err_is_none(bed_commit_with(&b, k, &o, NULL));
    bed_close(&b, k, false);
    bed_write(&b, "hashed", "12345");
    bed_write(&b, "foreign", "123");
    const struct {
        const char *rather;
        uint64_t key;
        bool is;
        int64_t size;
    } cases[] = {
        {"plain", 0x9f3a61c2, true, 10},
        {"plain", 1, false, 5},
        {"foreign", 0x9f3a61c2, false, 5},
        {"foreign", 0, false, 5}, /* no mark is nobody's */
        {"absent", 0x9f3a61c2, false, 5},
        {"../out", 0x9f3a61c2, false, 5},
        {NULL, 0x9f3a61c2, false, 5},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct probe p = {.path = "hashed", .rather = cases[i].rather, .key_hash = cases[i].key};
        err_is_none(bed_done(&b, store_probe(b.s, &p, 1, true), NULL));
        ck_assert_msg(p.is_rather == cases[i].is && p.size == cases[i].size && p.errnum == 0,
            "%d: %d %d", (int)i, p.is_rather, (int)p.size);
        probe_fini(&p);
    }
    bed_end(&b);
}
END_TEST

START_TEST(probe_reads_marks)
{
    struct bed b;
    bed_make(&b, 2, NULL);
    bool has = has_attributes(&b);
    struct sink *k = bed_sink(&b, "file", IF_EXISTS_SKIP);
    struct commit_options o = {.size = -1,
        .modified = 1000000000,
        .marks = true,
        .etag = "\"some\"",
        .origin_url = "http://host/x"};
    bed_start(k, 0, 1, -1);
    bed_feed(k, 1, 0, 10);
    err_is_none(bed_commit_with(&b, k, &o, NULL));
    bed_close(&b, k, false);
    struct probe p = look(&b, "file", true);
    ck_assert_int_eq(p.modified, 1000000000);
    ck_assert_int_eq(p.size, 10);
    if (has) {
        char origin[64] = "";
        ck_assert_uint_eq(p.mark, 0x9f3a61c2);
        ck_assert_str_eq(p.etag, "\"some\"");
        int fd = openat(b.at, "file", O_RDWR | O_CLOEXEC);
        ck_assert_int_eq(fgetxattr(fd, "user.xdg.origin.url", origin, sizeof(origin)), 13);
        ck_assert_str_eq(origin, "http://host/x");
        /* what somebody else wrote there is data */
        ck_assert_int_eq(fsetxattr(fd, "user.garner.key", "nonsense", 8, 0), 0);
        ck_assert_int_eq(fsetxattr(fd, "user.garner.etag", "a\r\nb", 4, 0), 0);
        close(fd);
        probe_fini(&p);
        p = look(&b, "file", true);
        ck_assert(p.mark == 0 && !p.etag);
    }
    probe_fini(&p);
    p = look(&b, "file", false);
    ck_assert(!p.etag);
    probe_fini(&p);
    /* without marks */
    err_is_none(bed_put(&b, "plain", 10, IF_EXISTS_SKIP));
    p = look(&b, "plain", true);
    ck_assert(p.mark == 0 && !p.etag);
    probe_fini(&p);
    bed_end(&b);
}
END_TEST

START_TEST(probe_cancelled)
{
    struct bed b;
    enum { MANY = 1000 };
    struct probe *p = calloc(MANY, sizeof(*p));
    bed_make(&b, 1, NULL);
    bed_write(&b, "file", "x");
    for (int i = 0; i < MANY; i++) {
        p[i].path = "file";
    }
    for (int i = 0; i < 20; i++) {
        struct future *f = store_probe(b.s, p, MANY, true);
        for (int spin = 0; spin < i; spin++) {
            usleep(50);
        }
        bool was = future_cancel(f);
        ck_assert(was);
        err_is_kind(bed_done(&b, f, NULL), ERR_CANCELLED);
        ck_assert_uint_eq(executor_pending(b.ex), 0); /* nobody touches p any more */
    }
    free(p);
    bed_end(&b);
}
END_TEST

/* -- the store itself -------------------------------------------------------------------------- */

START_TEST(store_makes_its_directory)
{
    struct bed b;
    char path[128];
    struct store *s;
    bed_make(&b, 1, NULL);
    (void)snprintf(path, sizeof(path), "%s/a/b/c", b.dir);
    struct store_options o = {.dir = path, .buffer = 1};
    err_is_none(store_new(b.l, b.ex, &o, &s));
    ck_assert(bed_exists(&b, "a/b/c"));
    store_free(s);
    bed_write(&b, "file", "");
    (void)snprintf(path, sizeof(path), "%s/file/x", b.dir);
    struct err *e = store_new(b.l, b.ex, &o, &s);
    ck_assert_ptr_null(s);
    ck_assert_str_eq(err_code(e), "ENOTDIR");
    ck_assert_ptr_nonnull(strstr(err_message(e), path));
    err_is_kind(e, ERR_IO);
    store_free(NULL);
    bed_end(&b);
}
END_TEST

START_TEST(store_that_only_looks)
{
    struct bed b;
    char path[128], elsewhere[128], file[160];
    char *allowed[] = {elsewhere, NULL};
    struct store_options o = {.dir = path, .buffer = 1, .allow_dirs = allowed, .look_only = true};
    bed_make(&b, 1, NULL);
    (void)snprintf(path, sizeof(path), "%s/a/b", b.dir);
    (void)snprintf(elsewhere, sizeof(elsewhere), "%s/c", b.dir);
    struct store *usual = b.s;
    err_is_none(store_new(b.l, b.ex, &o, &b.s));
    ck_assert(!bed_exists(&b, "a") && !bed_exists(&b, "c"));
    (void)snprintf(file, sizeof(file), "%s/file", elsewhere);
    const char *const paths[] = {"file", "sub/file", file};
    for (size_t i = 0; i < 3; i++) {
        struct probe p = look(&b, paths[i], true);
        ck_assert_int_eq(p.errnum, 0);
        ck_assert_int_eq(p.final, PRESENCE_ABSENT);
        probe_fini(&p);
    }
    store_free(b.s);
    b.s = usual;
    bed_end(&b);
}
END_TEST

START_TEST(store_with_absolute_targets)
{
    struct bed b;
    char path[128];
    struct store_options o = {.buffer = 1 << 20, .absolute = true};
    bed_make(&b, 1, &o);
    (void)snprintf(path, sizeof(path), "%s/new/file", b.dir);
    err_is_none(bed_put(&b, path, 5000, IF_EXISTS_SKIP));
    ck_assert(bed_is(&b, "new/file", 1, 5000));
    err_is_none(bed_put(&b, "relative", 5000, IF_EXISTS_SKIP));
    ck_assert(bed_is(&b, "relative", 1, 5000));
    err_is_kind(bed_put(&b, "../relative", 5000, IF_EXISTS_SKIP), ERR_POLICY);
    struct probe p = look(&b, path, false);
    ck_assert_int_eq(p.final, PRESENCE_FILE);
    probe_fini(&p);
    /* a directory that cannot be used is missed only where it is needed */
    struct store *usual = b.s;
    o.dir = "/proc/none/such";
    err_is_none(store_new(b.l, b.ex, &o, &b.s));
    (void)snprintf(path, sizeof(path), "%s/other", b.dir);
    err_is_none(bed_put(&b, path, 5000, IF_EXISTS_SKIP));
    err_is_kind(bed_put(&b, "relative", 5000, IF_EXISTS_SKIP), ERR_IO);
    store_free(b.s);
    b.s = usual;
    bed_end(&b);
}
END_TEST

START_TEST(store_stays_in_its_directory)
{
    static const char *const paths[] = {"../out", "/tmp/garner-out", "a/../../out", "link/out"};
    struct bed b;
    bed_make(&b, 1, NULL);
    ck_assert_int_eq(symlinkat("/tmp", b.at, "link"), 0);
    for (int i = 0; i < 4; i++) {
        for (int large = 0; large < 2; large++) {
            err_is_kind(
                bed_put(&b, paths[i], large ? 1 << 20 : 100, IF_EXISTS_OVERWRITE), ERR_POLICY);
        }
    }
    ck_assert_int_eq(access("/tmp/out", F_OK), -1);
    bed_end(&b);
}
END_TEST

/* As when no thread can be started: what is said is the executor's, not that memory ran out. */
START_TEST(probe_without_an_executor)
{
    struct bed b;
    bed_make(&b, 2, NULL);
    struct probe p = {.path = "file"};
    executor_shutdown(b.ex);
    struct err *e = bed_done(&b, store_probe(b.s, &p, 1, false), NULL);
    ck_assert(err_is(e, ERR_RUNTIME));
    err_unref(e);
    bed_end(&b);
}
END_TEST

Suite *store_probe_suite(void);

Suite *store_probe_suite(void)
{
    Suite *s = suite_create("store_probe");
    TCase *c = tcase_create("probe");
    tcase_add_test(c, probe_sees_what_is_there);
    tcase_add_test(c, probe_reads_marks);
    tcase_add_test(c, probe_would_rather);
    tcase_add_test(c, probe_cancelled);
    tcase_add_test(c, probe_without_an_executor);
    tcase_add_test(c, store_makes_its_directory);
    tcase_add_test(c, store_that_only_looks);
    tcase_add_test(c, store_with_absolute_targets);
    tcase_add_test(c, store_stays_in_its_directory);
    suite_add_tcase(s, c);
    return s;
}
