/* SPDX-License-Identifier: MIT */
/* src/store/part_unnamed.c: a small body comes to its name without a part. */
#include "store_bed.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIZE 1000

/* Whether the directory's file system has files without a name. */
static bool possible(const struct bed *b)
{
    int fd = openat(b->at, ".", O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600);
    if (fd >= 0) {
        close(fd);
    }
    return fd >= 0;
}

static struct sink *whole(struct bed *b, enum if_exists policy)
{
    struct sink *k = bed_sink(b, "file", policy);
    bed_start(k, 0, 1, SIZE);
    bed_feed(k, 1, 0, SIZE);
    return k;
}

static void commit(struct bed *b, struct sink *k, const char *name, bool exists)
{
    struct committed *c;
    err_is_none(bed_commit(b, k, SIZE, &c));
    ck_assert_str_eq(c->path, name);
    ck_assert_int_eq(c->exists, exists);
    committed_free(c);
    bed_close(b, k, true);
    ck_assert(exists || bed_is(b, name, 1, SIZE));
    bed_is_clean(b, name);
}

/* The names that came to be in the directory, one after another. */
static void names_made(int watch, char *names, size_t room)
{
    char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
    ssize_t n;
    names[0] = '\0';
    while ((n = read(watch, events, sizeof(events))) > 0) {
        for (ssize_t at = 0; at < n;) {
            const struct inotify_event *e = (const void *)(events + at);
            ck_assert_uint_lt(strlen(names) + strlen(e->name) + 2, room);
            (void)strcat(strcat(names, e->name), " ");
            at += (ssize_t)(sizeof(*e) + e->len);
        }
    }
    ck_assert_int_eq(errno, EAGAIN);
}

START_TEST(unnamed_has_one_name_only)
{
    struct bed b;
    char names[256];
    bed_make(&b, 2, NULL);
    int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    ck_assert_int_ge(inotify_add_watch(watch, b.dir, IN_CREATE | IN_MOVED_TO), 0);
    b.absent = true;
    commit(&b, whole(&b, IF_EXISTS_SKIP), "file", false);
    names_made(watch, names, sizeof(names));
    ck_assert_str_eq(names, possible(&b) ? "file " : "file.part file ");
    struct stat st;
    ck_assert_int_eq(fstatat(b.at, "file", &st, 0), 0);
    mode_t mask = umask(0);
    (void)umask(mask);
    ck_assert_uint_eq(st.st_mode & 0777, 0666 & ~mask);
    ck_assert_uint_eq(st.st_nlink, 1);
    close(watch);
    bed_end(&b);
}
END_TEST

START_TEST(unnamed_only_where_nothing_was_seen)
{
    struct bed b;
    char names[256];
    bed_make(&b, 2, NULL);
    int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    ck_assert_int_ge(inotify_add_watch(watch, b.dir, IN_CREATE | IN_MOVED_TO), 0);
    commit(&b, whole(&b, IF_EXISTS_SKIP), "file", false);
    names_made(watch, names, sizeof(names));
    ck_assert_str_eq(names, "file.part file ");
    close(watch);
    bed_end(&b);
}
END_TEST

START_TEST(unnamed_meets_who_was_faster)
{
    struct bed b;
    bed_make(&b, 2, NULL);
    b.absent = true;
    bed_write(&b, "file", "mine");
    commit(&b, whole(&b, IF_EXISTS_SKIP), "file", true);
    commit(&b, whole(&b, IF_EXISTS_FAIL), "file", true);
    ck_assert_int_eq(bed_size(&b, "file"), 4);
    commit(&b, whole(&b, IF_EXISTS_RENAME), "file.1", false);
    ck_assert_int_eq(bed_size(&b, "file"), 4);
    ck_assert_int_eq(unlinkat(b.at, "file.1", 0), 0);
    /* a part as well, that a run before left or that another one is about to begin */
    bed_write(&b, "file.part", "old");
    bed_write(&b, "file.part.json", "{}");
    commit(&b, whole(&b, IF_EXISTS_OVERWRITE), "file", false);
    ck_assert_uint_eq(bed_count(&b), 1);
    bed_write(&b, "file", "mine");
    commit(&b, whole(&b, IF_EXISTS_UPDATE), "file", false);
    ck_assert_uint_eq(bed_count(&b), 1);
    bed_end(&b);
}
END_TEST

START_TEST(unnamed_leaves_a_part_when_its_name_is_not_to_be_had)
{
    struct bed b;
    bed_make(&b, 2, NULL);
    b.absent = true;
    ck_assert_int_eq(mkdirat(b.at, "file", 0700), 0);
    struct sink *k = whole(&b, IF_EXISTS_SKIP);
    struct err *e = bed_commit(&b, k, SIZE, NULL);
    ck_assert_str_eq(err_code(e), "EISDIR");
    err_is_kind(e, ERR_IO);
    bed_close(&b, k, true);
    ck_assert(bed_is(&b, "file.part", 1, SIZE));
    ck_assert(bed_exists(&b, "file.part.json"));
    bed_end(&b);
}
END_TEST

START_TEST(unnamed_wrong_digest_leaves_nothing)
{
    struct bed b;
    bed_make(&b, 2, NULL);
    b.absent = true;
    bed_write(&b, "file.part", "another's");
    struct sink *k = whole(&b, IF_EXISTS_SKIP);
    struct commit_options o = {
        .expect = {.algo = DIGEST_SHA256, .bytes = {1}}, .size = SIZE, .modified = -1};
    err_is_kind(bed_commit_with(&b, k, &o, NULL), ERR_CHECKSUM);
    ck_assert(!bed_exists(&b, "file"));
    ck_assert_int_eq(bed_size(&b, "file.part"), possible(&b) ? 9 : -1);
    bed_start(k, 0, 1, SIZE);
    bed_feed(k, 1, 0, SIZE);
    err_is_none(bed_commit(&b, k, SIZE, NULL));
    ck_assert(bed_is(&b, "file", 1, SIZE));
    bed_close(&b, k, true);
    bed_end(&b);
}
END_TEST

/* At any moment: the file, or what can be resumed. */
START_TEST(unnamed_cancelled_at_any_moment)
{
    struct bed b;
    bed_make(&b, 2, NULL);
    b.absent = true;
    for (int n = 0; n < 150; n++) {
        struct commit_options o = {.size = SIZE, .modified = 5, .marks = true};
        struct sink *k = whole(&b, IF_EXISTS_SKIP);
        struct future *f = sink_commit(k, &o);
        for (volatile int spin = 0; spin < n * 500; spin++) {
        }
        loop_spin(b.l, n % 3 ? 0 : 1);
        (void)future_cancel(f);
        struct err *e = bed_done(&b, f, NULL);
        const bool there = !e;
        if (e) {
            err_is_kind(e, ERR_CANCELLED);
        }
        bed_close(&b, k, true);
        ck_assert(bed_is(&b, there ? "file" : "file.part", 1, SIZE));
        ck_assert_uint_eq(bed_count(&b), there ? 1 : 2);
        (void)unlinkat(b.at, "file", 0);
        (void)unlinkat(b.at, "file.part", 0);
        (void)unlinkat(b.at, "file.part.json", 0);
    }
    bed_end(&b);
}
END_TEST

Suite *store_unnamed_suite(void);

Suite *store_unnamed_suite(void)
{
    Suite *s = suite_create("store_unnamed");
    TCase *c = tcase_create("unnamed");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, unnamed_has_one_name_only);
    tcase_add_test(c, unnamed_only_where_nothing_was_seen);
    tcase_add_test(c, unnamed_meets_who_was_faster);
    tcase_add_test(c, unnamed_leaves_a_part_when_its_name_is_not_to_be_had);
    tcase_add_test(c, unnamed_wrong_digest_leaves_nothing);
    tcase_add_test(c, unnamed_cancelled_at_any_moment);
    suite_add_tcase(s, c);
    return s;
}
