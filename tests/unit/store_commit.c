/* SPDX-License-Identifier: MIT */
/* src/store/commit.c: a file appears whole and checked, or not at all. */
#include "store_bed.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MIB (1024 * 1024)

static const int64_t sizes[] = {1000, 600000}; /* in one job, and by way of a part */

/* -- names that are taken -----------------------------------------------------------------------
 */

START_TEST(commit_leaves_what_is_there)
{
    static const enum if_exists policies[] = {IF_EXISTS_SKIP, IF_EXISTS_FAIL, IF_EXISTS_VERIFY};
    struct bed b;
    bed_make(&b, 2, NULL);
    bed_write(&b, "file", "mine");
    for (int i = 0; i < 2; i++) {
        for (int p = 0; p < 3; p++) {
            struct committed *c;
            struct sink *k = bed_sink(&b, "file", policies[p]);
            bed_start(k, 0, 1, -1);
            bed_feed(k, 1, 0, sizes[i]);
            err_is_none(bed_commit(&b, k, sizes[i], &c));
            ck_assert(c->exists);
            committed_free(c);
            bed_close(&b, k, true);
            ck_assert_int_eq(bed_size(&b, "file"), 4);
            ck_assert_uint_eq(bed_count(&b), 1);
        }
    }
    bed_end(&b);
}
END_TEST

START_TEST(commit_overwrites)
{
    struct bed b;
    bed_make(&b, 2, NULL);
    for (int i = 0; i < 2; i++) {
        for (int p = 0; p < 2; p++) {
            bed_write(&b, "file", "old");
            err_is_none(bed_put(&b, "file", sizes[i], p ? IF_EXISTS_OVERWRITE : IF_EXISTS_UPDATE));
            ck_assert(bed_is(&b, "file", 1, sizes[i]));
            ck_assert_uint_eq(bed_count(&b), 1);
        }
    }
    bed_end(&b);
}
END_TEST

START_TEST(commit_takes_the_next_free_name)
{
    static const char *const names[][4] = {
        {"file.txt", "file.1.txt", "file.2.txt", "file.3.txt"},
        {"file.tar.gz", "file.1.tar.gz", "file.2.tar.gz", "file.3.tar.gz"},
        {"d.d/file", "d.d/file.1", "d.d/file.2", "d.d/file.3"},
        {".rc", ".rc.1", ".rc.2", ".rc.3"},
    };
    struct bed b;
    bed_make(&b, 2, NULL);
    for (int i = 0; i < 4; i++) {
        for (int n = 0; n < 4; n++) {
            struct committed *c;
            int64_t size = sizes[n % 2];
            struct sink *k = bed_sink(&b, names[i][0], IF_EXISTS_RENAME);
            bed_start(k, 0, 1, -1);
            bed_feed(k, 1, 0, size);
            err_is_none(bed_commit(&b, k, size, &c));
            ck_assert_str_eq(c->path, names[i][n]);
            ck_assert(bed_is(&b, c->path, 1, size) && !c->exists);
            bed_is_clean(&b, c->path);
            committed_free(c);
            bed_close(&b, k, true);
        }
    }
    bed_end(&b);
}
END_TEST

START_TEST(commit_takes_the_next_when_its_name_is_gone)
{
    struct bed b;
    struct committed *c;
    bed_make(&b, 2, NULL);
    bed_write(&b, "file.txt", "");
    struct sink *k = bed_sink(&b, "file.txt", IF_EXISTS_RENAME);
    bed_start(k, 0, 1, -1);
    bed_feed(k, 1, 0, MIB);
    while (!bed_exists(&b, "file.1.txt.part")) {
        err_is_none(bed_done(&b, aio_sleep(b.l, 0.001), NULL));
    }
    bed_write(&b, "file.1.txt", "faster");
    bed_write(&b, "file.2.txt", "faster");
    err_is_none(bed_commit(&b, k, MIB, &c));
    ck_assert_str_eq(c->path, "file.3.txt");
    ck_assert(bed_is(&b, "file.3.txt", 1, MIB));
    committed_free(c);
    bed_close(&b, k, true);
    ck_assert_uint_eq(bed_count(&b), 4);
    bed_end(&b);
}
END_TEST

START_TEST(commit_resumes_the_part_of_the_chosen_name)
{
    struct bed b;
    struct committed *c;
    bed_make(&b, 2, NULL);
    bed_write(&b, "file.txt", "");
    struct sink *k = bed_sink(&b, "file.txt", IF_EXISTS_RENAME);
    bed_start(k, 0, 1, -1);
    bed_feed(k, 1, 0, 1000);
    bed_close(&b, k, true);
    ck_assert(bed_exists(&b, "file.1.txt.part"));
    bed_again(&b);
    k = bed_sink(&b, "file.txt", IF_EXISTS_RENAME);
    err_is_none(bed_open(&b, k));
    ck_assert_int_eq(sink_have(k, NULL), 1000);
    bed_start(k, 1000, 1, -1);
    bed_feed(k, 1, 1000, 2000);
    err_is_none(bed_commit(&b, k, 2000, &c));
    ck_assert_str_eq(c->path, "file.1.txt");
    ck_assert(bed_is(&b, "file.1.txt", 1, 2000));
    committed_free(c);
    bed_close(&b, k, true);
    ck_assert_uint_eq(bed_count(&b), 2);
    bed_end(&b);
}
END_TEST

START_TEST(commit_never_through_an_obstacle)
{
    static const enum if_exists policies[] = {
        IF_EXISTS_SKIP, IF_EXISTS_FAIL, IF_EXISTS_OVERWRITE, IF_EXISTS_UPDATE};
    static const char *const codes[] = {"EISDIR", "ELOOP", "ELOOP", "EEXIST"};
    struct bed b;
    bed_make(&b, 2, NULL);
    bed_write(&b, "precious", "mine");
    switch (_i) {
    case 0:
        ck_assert_int_eq(mkdirat(b.at, "file", 0700), 0);
        break;
    case 1:
        ck_assert_int_eq(symlinkat("precious", b.at, "file"), 0);
        break;
    case 2:
        ck_assert_int_eq(symlinkat("nowhere", b.at, "file"), 0);
        break;
    default:
        ck_assert_int_eq(mkfifoat(b.at, "file", 0600), 0);
        break;
    }
    for (int p = 0; p < 4; p++) {
        for (int i = 0; i < 2; i++) {
            struct err *e = bed_put(&b, "file", sizes[i], policies[p]);
            ck_assert_ptr_nonnull(e);
            ck_assert_str_eq(err_code(e), codes[_i]);
            err_is_kind(e, ERR_IO);
            ck_assert_uint_eq(bed_count(&b), 2);
        }
    }
    struct stat st;
    ck_assert_int_eq(fstatat(b.at, "file", &st, AT_SYMLINK_NOFOLLOW), 0);
    ck_assert(!S_ISREG(st.st_mode));
    ck_assert_int_eq(bed_size(&b, "precious"), 4);
    err_is_none(bed_put(&b, "file", 10, IF_EXISTS_RENAME));
    ck_assert(bed_is(&b, "file.1", 1, 10));
    bed_end(&b);
}
END_TEST

START_TEST(commit_where_no_directory_can_be)
{
    struct bed b;
    bed_make(&b, 2, NULL);
    bed_write(&b, "file", "");
    for (int i = 0; i < 2; i++) {
        struct err *e = bed_put(&b, "file/below", sizes[i], IF_EXISTS_OVERWRITE);
        ck_assert_str_eq(err_code(e), "ENOTDIR");
        err_is_kind(e, ERR_IO);
        char name[300];
        memset(name, 'x', sizeof(name));
        name[253] = '\0';
        e = bed_put(&b, name, sizes[i], IF_EXISTS_OVERWRITE);
        ck_assert_str_eq(err_code(e), "ENAMETOOLONG");
        err_unref(e);
    }
    ck_assert_uint_eq(bed_count(&b), 1);
    bed_end(&b);
}
END_TEST

/* -- checks ------------------------------------------------------------------------------------ */

START_TEST(commit_of_a_short_body)
{
    struct bed b;
    bed_make(&b, 2, NULL);
    for (int i = 0; i < 2; i++) {
        struct sink *k = bed_sink(&b, "file", IF_EXISTS_SKIP);
        bed_start(k, 0, 1, sizes[i]);
        bed_feed(k, 1, 0, sizes[i] - 1);
        struct err *e = bed_commit(&b, k, sizes[i], NULL);
        ck_assert_str_eq(err_code(e), "CURLE_PARTIAL_FILE");
        err_is_kind(e, ERR_NETWORK);
        ck_assert(!bed_exists(&b, "file"));
        /* the next attempt brings the rest */
        ck_assert_int_eq(sink_have(k, NULL), sizes[i] - 1);
        bed_start(k, sizes[i] - 1, 1, sizes[i]);
        bed_feed(k, 1, sizes[i] - 1, sizes[i]);
        err_is_none(bed_commit(&b, k, sizes[i], NULL));
        ck_assert(bed_is(&b, "file", 1, sizes[i]));
        bed_close(&b, k, true);
        ck_assert_int_eq(unlinkat(b.at, "file", 0), 0);
    }
    ck_assert_uint_eq(bed_count(&b), 0);
    bed_end(&b);
}
END_TEST

static struct digest_value digest_of(int version, int64_t size)
{
    struct digest_value d;
    char *bytes = malloc((size_t)size);
    struct digest *g = digest_new(DIGEST_SHA256);
    bed_body(version, 0, bytes, (size_t)size);
    err_is_none(digest_update(g, bytes, (size_t)size));
    err_is_none(digest_final(g, &d));
    digest_free(g);
    free(bytes);
    return d;
}

/* how: 0 computed while writing, 1 only asked for at the commit, 2 after a resume */
static struct sink *digested(struct bed *b, int how, int64_t size)
{
    struct sink_spec spec = {
        .path = "file", .url_public = "u", .digest = how == 1 ? DIGEST_NONE : DIGEST_SHA256};
    struct sink *k;
    if (how == 2) {
        err_is_none(sink_new(b->s, &spec, &k));
        bed_start(k, 0, 1, size);
        bed_feed(k, 1, 0, size / 2);
        bed_close(b, k, true);
    }
    err_is_none(sink_new(b->s, &spec, &k));
    err_is_none(bed_open(b, k));
    int64_t have = sink_have(k, NULL);
    ck_assert_int_eq(have, how == 2 ? size / 2 : 0);
    bed_start(k, have, 1, size);
    bed_feed(k, 1, have, size);
    return k;
}

START_TEST(commit_checks_the_digest)
{
    struct bed b;
    struct committed *c;
    bed_make(&b, 2, NULL);
    for (int i = 0; i < 2; i++) {
        struct commit_options o = {.size = sizes[i], .modified = -1};
        o.expect = digest_of(1, sizes[i]);
        struct sink *k = digested(&b, _i, sizes[i]);
        err_is_none(bed_commit_with(&b, k, &o, &c));
        ck_assert(digest_equal(&c->digest, &o.expect));
        committed_free(c);
        bed_close(&b, k, true);
        ck_assert(bed_is(&b, "file", 1, sizes[i]));
        ck_assert_int_eq(unlinkat(b.at, "file", 0), 0);

        o.expect = digest_of(2, sizes[i]);
        k = digested(&b, _i, sizes[i]);
        err_is_kind(bed_commit_with(&b, k, &o, NULL), ERR_CHECKSUM);
        ck_assert_uint_eq(bed_count(&b), 0);
        ck_assert_int_eq(sink_have(k, NULL), 0);
        /* another mirror has the right one */
        bed_start(k, 0, 2, sizes[i]);
        bed_feed(k, 2, 0, sizes[i]);
        err_is_none(bed_commit_with(&b, k, &o, NULL));
        ck_assert(bed_is(&b, "file", 2, sizes[i]));
        bed_close(&b, k, true);
        ck_assert_int_eq(unlinkat(b.at, "file", 0), 0);
    }
    bed_end(&b);
}
END_TEST

START_TEST(commit_sets_the_time_and_syncs)
{
    struct bed b;
    struct store_options so = {.buffer = MIB, .fsync = true, .resume = true};
    bed_make(&b, 2, &so);
    for (int i = 0; i < 2; i++) {
        struct stat st;
        struct sink *k = bed_sink(&b, "dir/file", IF_EXISTS_OVERWRITE);
        struct commit_options o = {.size = -1, .modified = 86400};
        bed_start(k, 0, 1, -1);
        bed_feed(k, 1, 0, sizes[i]);
        err_is_none(bed_commit_with(&b, k, &o, NULL));
        bed_close(&b, k, true);
        ck_assert_int_eq(fstatat(b.at, "dir/file", &st, 0), 0);
        ck_assert_int_eq(st.st_mtime, 86400);
        mode_t mask = umask(0);
        (void)umask(mask);
        ck_assert_uint_eq(st.st_mode & 0777, 0666 & ~mask);
    }
    bed_end(&b);
}
END_TEST

START_TEST(commit_of_a_part_that_somebody_touched)
{
    struct bed b;
    bed_make(&b, 2, NULL);
    for (int how = 0; how < 3; how++) {
        struct sink *k = bed_sink(&b, "file", IF_EXISTS_SKIP);
        bed_start(k, 0, 1, -1);
        bed_feed(k, 1, 0, MIB);
        while (bed_size(&b, "file.part") < MIB / 2) {
            err_is_none(bed_done(&b, aio_sleep(b.l, 0.001), NULL));
        }
        if (how == 0) {
            ck_assert_int_eq(unlinkat(b.at, "file.part", 0), 0);
        } else if (how == 1) {
            ck_assert_int_eq(unlinkat(b.at, "file.part", 0), 0);
            bed_write(&b, "file.part", "another");
        } else {
            int fd = openat(b.at, "file.part", O_WRONLY | O_CLOEXEC);
            ck_assert_int_eq(ftruncate(fd, 5 * MIB), 0);
            close(fd);
        }
        err_is_kind(bed_commit(&b, k, MIB, NULL), ERR_IO);
        ck_assert(!bed_exists(&b, "file"));
        bed_close(&b, k, false);
        (void)unlinkat(b.at, "file.part", 0);
    }
    bed_end(&b);
}
END_TEST

/* -- cancelling -------------------------------------------------------------------------------- */

START_TEST(commit_cancelled_before_its_job)
{
    struct bed b;
    bed_make(&b, 1, NULL);
    for (int i = 0; i < 2; i++) {
        for (int keep = 0; keep < 2; keep++) {
            struct commit_options o = {.size = sizes[i], .modified = -1};
            bed_hold(&b);
            struct sink *k = bed_sink(&b, "file", IF_EXISTS_SKIP);
            bed_start(k, 0, 1, sizes[i]);
            bed_feed(k, 1, 0, sizes[i]);
            struct future *f = sink_commit(k, &o);
            loop_spin(b.l, 2);
            ck_assert(future_cancel(f));
            ck_assert(!future_done(f));
            bed_release(&b);
            err_is_kind(bed_done(&b, f, NULL), ERR_CANCELLED);
            ck_assert(!bed_exists(&b, "file"));
            ck_assert_int_eq(sink_have(k, NULL), sizes[i]);
            bed_close(&b, k, keep);
            if (keep) {
                ck_assert(bed_is(&b, "file.part", 1, sizes[i]));
                ck_assert(bed_exists(&b, "file.part.json"));
                k = bed_sink(&b, "file", IF_EXISTS_SKIP);
                err_is_none(bed_open(&b, k));
                ck_assert_int_eq(sink_have(k, NULL), sizes[i]);
                err_is_none(bed_commit(&b, k, sizes[i], NULL));
                ck_assert(bed_is(&b, "file", 1, sizes[i]));
                bed_close(&b, k, true);
                ck_assert_int_eq(unlinkat(b.at, "file", 0), 0);
            }
            ck_assert_uint_eq(bed_count(&b), 0);
        }
    }
    bed_end(&b);
}
END_TEST

/* At any moment: either the file is there and the future has its value, or nothing is but what can
 * be resumed. */
START_TEST(commit_cancelled_at_any_moment)
{
    struct bed b;
    struct store_options so = {.buffer = 64 * MIB, .fsync = _i % 2, .resume = true};
    int late = 0, early = 0;
    bed_make(&b, 2, &so);
    for (int n = 0; n < 150; n++) {
        int64_t size = sizes[_i / 2];
        struct sink_spec spec = {.path = "d/file", .url_public = "u", .digest = DIGEST_SHA512};
        struct commit_options o = {.size = size, .modified = 5, .marks = true, .etag = "\"v1\""};
        struct sink *k;
        struct committed *c = NULL;
        err_is_none(sink_new(b.s, &spec, &k));
        bed_start(k, 0, 1, size);
        bed_feed(k, 1, 0, size);
        struct future *f = sink_commit(k, &o);
        for (volatile int spin = 0; spin < n * (_i / 2 ? 12000 : 2000); spin++) {
        }
        loop_spin(b.l, n % 3 ? 0 : 1);
        bool asked = future_cancel(f);
        struct err *e = bed_done(&b, f, (void **)&c);
        ck_assert(bed_exists(&b, "d/file") == !e);
        if (e) {
            ck_assert(asked);
            early++;
            err_is_kind(e, ERR_CANCELLED);
            bed_close(&b, k, true);
            ck_assert(bed_is(&b, "d/file.part", 1, size));
            k = bed_sink(&b, "d/file", IF_EXISTS_SKIP);
            err_is_none(bed_open(&b, k));
            ck_assert_int_eq(sink_have(k, NULL), size);
            err_is_none(bed_commit(&b, k, size, NULL));
        } else {
            late += asked;
        }
        committed_free(c);
        ck_assert(bed_is(&b, "d/file", 1, size));
        bed_is_clean(&b, "d/file");
        bed_close(&b, k, true);
        ck_assert_int_eq(unlinkat(b.at, "d/file", 0), 0);
    }
    ck_assert_int_gt(early, 0);
    bed_end(&b);
}
END_TEST

START_TEST(commit_future_is_the_callers)
{
    struct bed b;
    bed_make(&b, 1, NULL);
    for (int i = 0; i < 2; i++) {
        /* nobody waits: the job ends all the same, and nothing leaks */
        struct commit_options o = {.size = -1, .modified = -1};
        struct sink *k = bed_sink(&b, "file", IF_EXISTS_OVERWRITE);
        bed_start(k, 0, 1, -1);
        bed_feed(k, 1, 0, sizes[i]);
        struct future *f = sink_commit(k, &o);
        sink_free(k);
        future_unref(f);
        while (executor_pending(b.ex) > 0 || store_bytes_in_memory(b.s) > 0) {
            err_is_none(bed_done(&b, aio_sleep(b.l, 0.001), NULL));
        }
        ck_assert(bed_is(&b, "file", 1, sizes[i]));
    }
    bed_end(&b);
}
END_TEST

START_TEST(close_is_not_cancelled)
{
    struct bed b;
    bed_make(&b, 1, NULL);
    bed_hold(&b);
    struct sink *k = bed_sink(&b, "file", IF_EXISTS_SKIP);
    bed_start(k, 0, 1, -1);
    bed_feed(k, 1, 0, 1000);
    struct future *f = sink_close(k, true);
    ck_assert(!future_cancel(f));
    bed_release(&b);
    err_is_none(bed_done(&b, f, NULL));
    sink_free(k);
    ck_assert(bed_is(&b, "file.part", 1, 1000));
    bed_end(&b);
}
END_TEST

Suite *store_commit_suite(void);

Suite *store_commit_suite(void)
{
    Suite *s = suite_create("store_commit");
    TCase *c = tcase_create("commit");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, commit_leaves_what_is_there);
    tcase_add_test(c, commit_overwrites);
    tcase_add_test(c, commit_takes_the_next_free_name);
    tcase_add_test(c, commit_takes_the_next_when_its_name_is_gone);
    tcase_add_test(c, commit_resumes_the_part_of_the_chosen_name);
    tcase_add_loop_test(c, commit_never_through_an_obstacle, 0, 4);
    tcase_add_test(c, commit_where_no_directory_can_be);
    tcase_add_test(c, commit_of_a_short_body);
    tcase_add_loop_test(c, commit_checks_the_digest, 0, 3);
    tcase_add_test(c, commit_sets_the_time_and_syncs);
    tcase_add_test(c, commit_of_a_part_that_somebody_touched);
    tcase_add_test(c, commit_cancelled_before_its_job);
    tcase_add_loop_test(c, commit_cancelled_at_any_moment, 0, 4);
    tcase_add_test(c, commit_future_is_the_callers);
    tcase_add_test(c, close_is_not_cancelled);
    suite_add_tcase(s, c);
    return s;
}
