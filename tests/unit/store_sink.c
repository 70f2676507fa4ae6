/* SPDX-License-Identifier: MIT */
/* src/store/sink.c, pump.c, chunk.c: bytes go to disk in order, in time and within the budget. */
#include "failnth.h"
#include "store_bed.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define MIB (1024 * 1024)

static const int64_t sizes[] = {0, 1, 4096, 16384, 16385, 100000, SINK_SMALL - 1, SINK_SMALL,
    SINK_SMALL + 1, 2 * SINK_SMALL, 1000003, 5 * MIB + 7};
#define SIZES ((int)(sizeof(sizes) / sizeof(sizes[0])))

START_TEST(sink_any_size)
{
    struct bed b;
    bed_make(&b, 2, NULL);
    for (int known = 0; known < 2; known++) {
        struct sink *k = bed_sink(&b, known ? "known" : "unknown", IF_EXISTS_SKIP);
        struct committed *c;
        bed_start(k, 0, 1, known ? sizes[_i] : -1);
        bed_feed(k, 1, 0, sizes[_i]);
        err_is_none(bed_commit(&b, k, known ? sizes[_i] : -1, &c));
        ck_assert_str_eq(c->path, known ? "known" : "unknown");
        ck_assert_int_eq(c->size, sizes[_i]);
        ck_assert(!c->exists && c->digest.algo == DIGEST_NONE && c->write_seconds > 0);
        ck_assert(bed_is(&b, c->path, 1, sizes[_i]));
        committed_free(c);
        bed_close(&b, k, true);
    }
    ck_assert_uint_eq(bed_count(&b), 2);
    bed_end(&b);
}
END_TEST

START_TEST(sink_small_stays_in_memory)
{
    struct bed b;
    bed_make(&b, 2, NULL);
    struct sink *k = bed_sink(&b, "a/b/file", IF_EXISTS_SKIP);
    bed_start(k, 0, 1, SINK_SMALL);
    bed_feed(k, 1, 0, SINK_SMALL);
    loop_spin(b.l, 3);
    ck_assert_uint_eq(executor_pending(b.ex), 0);
    ck_assert_uint_eq(store_bytes_in_memory(b.s), SINK_SMALL);
    ck_assert_uint_eq(bed_count(&b), 0);
    err_is_none(bed_commit(&b, k, SINK_SMALL, NULL));
    ck_assert(bed_is(&b, "a/b/file", 1, SINK_SMALL));
    bed_close(&b, k, false);
    bed_end(&b);
}
END_TEST

/* Without a path whatever comes stays in memory, also what is much, old, or thrown away. */
START_TEST(sink_without_a_place)
{
    struct bed b;
    const struct sink_spec spec = {.key_hash = 1, .policy = IF_EXISTS_SKIP};
    struct sink *k;
    bed_make(&b, 2, NULL);
    bed_write(&b, "file.part", "another's");
    for (int placed = 0; placed < 2; placed++) {
        err_is_none(sink_new(b.s, &spec, &k));
        bed_start(k, 0, 1, 3 * MIB);
        bed_feed(k, 1, 0, 2 * MIB);
        err_is_none(bed_done(&b, aio_sleep(b.l, 1.2), NULL));
        ck_assert_uint_eq(bed_count(&b), 1);
        ck_assert_uint_eq(store_bytes_in_memory(b.s), 2 * MIB);
        if (placed) {
            err_is_none(sink_place(k, "file"));
            bed_feed(k, 1, 2 * MIB, 3 * MIB);
            err_is_none(bed_commit(&b, k, 3 * MIB, NULL));
            ck_assert(bed_is(&b, "file", 1, 3 * MIB));
        }
        bed_close(&b, k, true);
        ck_assert_uint_eq(bed_count(&b), 1);
        ck_assert_uint_eq(store_bytes_in_memory(b.s), 0);
    }
    bed_is_clean(&b, "file");
    bed_end(&b);
}
END_TEST

static bool part_is_written(void *arg)
{
    return bed_size(arg, "file.part") == 1000 && bed_exists(arg, "file.part.json");
}

START_TEST(sink_writes_what_is_a_second_old)
{
    struct bed b;
    bed_make(&b, 2, NULL);
    struct sink *k = bed_sink(&b, "file", IF_EXISTS_SKIP);
    bed_start(k, 0, 1, 2000);
    bed_feed(k, 1, 0, 1000);
    double start = loop_time(b.l);
    bed_until(&b, part_is_written, &b);
    double took = loop_time(b.l) - start;
    ck_assert_msg(took > 0.9, "%f", took);
    bed_feed(k, 1, 1000, 2000);
    err_is_none(bed_commit(&b, k, 2000, NULL));
    ck_assert(bed_is(&b, "file", 1, 2000));
    bed_is_clean(&b, "file");
    bed_close(&b, k, false);
    bed_end(&b);
}
END_TEST

struct pressure {
    int over, calls;
};

static void on_pressure(void *arg, bool over)
{
    struct pressure *p = arg;
    p->over = over;
    p->calls++;
}

static bool is_relieved(void *arg)
{
    return !((struct pressure *)arg)->over;
}

START_TEST(sink_pressure_past_the_mark_until_half)
{
    struct bed b;
    struct store_options o = {.buffer = MIB, .resume = true};
    struct pressure p = {0, 0};
    bed_make(&b, 1, &o);
    store_on_pressure(b.s, on_pressure, &p);
    bed_hold(&b);
    struct sink *k = bed_sink(&b, "file", IF_EXISTS_SKIP);
    bed_start(k, 0, 1, 3 * MIB);
    bed_feed(k, 1, 0, MIB);
    ck_assert_int_eq(p.calls, 0);
    bed_feed(k, 1, MIB, 2 * MIB);
    ck_assert_int_eq(p.calls, 1);
    ck_assert_int_eq(p.over, 1);
    ck_assert_uint_eq(store_bytes_in_memory(b.s), 2 * MIB);
    bed_release(&b);
    bed_until(&b, is_relieved, &p);
    ck_assert_int_eq(p.calls, 2);
    ck_assert_uint_lt(store_bytes_in_memory(b.s), MIB / 2);
    bed_feed(k, 1, 2 * MIB, 3 * MIB);
    err_is_none(bed_commit(&b, k, 3 * MIB, NULL));
    ck_assert(bed_is(&b, "file", 1, 3 * MIB));
    bed_close(&b, k, false);
    bed_end(&b);
}
END_TEST

/* Past the mark a block is as large as what comes: many that are not held yet bring a little each,
 * which may not cost a whole block of the usual size. */
START_TEST(sink_takes_little_past_the_mark)
{
    enum { SINKS = 64, PIECE = 16384 };
    struct bed b;
    struct store_options o = {.buffer = 32 * MIB, .resume = true}; /* blocks of 256 KiB */
    struct sink *k[SINKS + 1];
    char name[16];
    bed_make(&b, 1, &o);
    bed_hold(&b);
    for (int i = 0; i <= SINKS; i++) {
        snprintf(name, sizeof(name), "f%d", i);
        k[i] = bed_sink(&b, name, IF_EXISTS_SKIP);
        bed_start(k[i], 0, 1, 40 * MIB);
    }
    bed_feed(k[SINKS], 1, 0, 32 * MIB + PIECE);
    ck_assert_uint_gt(store_bytes_in_memory(b.s), 32 * MIB);
    for (int i = 0; i < SINKS; i++) {
        bed_feed(k[i], 1, 0, PIECE);
    }
    ck_assert_uint_le(store_bytes_in_memory(b.s), 32 * MIB + 256 * 1024 + SINKS * PIECE);
    bed_release(&b);
    for (int i = 0; i <= SINKS; i++) {
        bed_close(&b, k[i], false);
    }
    bed_end(&b);
}
END_TEST

START_TEST(sink_starts_over)
{
    static const int64_t lengths[] = {0, 1000, SINK_SMALL, 700000, 2 * MIB};
    struct bed b;
    bed_make(&b, 2, NULL);
    for (int i = 0; i < 5; i++) {
        for (int n = 0; n < 5; n++) {
            for (int wait = 0; wait < 2; wait++) {
                struct sink *k = bed_sink(&b, "file", IF_EXISTS_OVERWRITE);
                bed_start(k, 0, 1, -1);
                bed_feed(k, 1, 0, lengths[i]);
                loop_spin(b.l, wait ? 20 : 0);
                bed_start(k, 0, 2, -1);
                ck_assert_int_eq(sink_have(k, NULL), 0);
                bed_feed(k, 2, 0, lengths[n]);
                ck_assert_int_eq(sink_have(k, NULL), lengths[n]);
                err_is_none(bed_commit(&b, k, lengths[n], NULL));
                ck_assert(bed_is(&b, "file", 2, lengths[n]));
                bed_is_clean(&b, "file");
                bed_close(&b, k, true);
            }
        }
    }
    bed_end(&b);
}
END_TEST

START_TEST(sink_goes_on_where_it_was)
{
    struct bed b;
    const struct validators *v;
    bed_make(&b, 2, NULL);
    struct sink *k = bed_sink(&b, "file", IF_EXISTS_SKIP);
    for (int64_t at = 0; at < 2 * MIB; at += 300001) {
        int64_t end = at + 300001 < 2 * MIB ? at + 300001 : 2 * MIB;
        bed_start(k, at, 1, 2 * MIB);
        bed_feed(k, 1, at, end);
        ck_assert_int_eq(sink_have(k, &v), end);
        ck_assert_str_eq(v->etag, "\"v1\"");
        loop_spin(b.l, 2);
    }
    struct validators none = {.total = -1};
    err_is_kind(sink_start(k, 17, &none), ERR_VALUE);
    err_is_none(bed_commit(&b, k, 2 * MIB, NULL));
    ck_assert(bed_is(&b, "file", 1, 2 * MIB));
    bed_close(&b, k, false);
    bed_end(&b);
}
END_TEST

START_TEST(sink_freed_at_any_time)
{
    struct bed b;
    bed_make(&b, 1, NULL);
    for (int i = 0; i < 6; i++) {
        for (int held = 0; held < 2; held++) {
            struct sink *k = bed_sink(&b, "file", IF_EXISTS_SKIP);
            if (held) {
                bed_hold(&b);
            }
            if (i > 0) {
                bed_start(k, 0, 1, -1);
                bed_feed(k, 1, 0, i > 2 ? 2 * MIB : 1000);
            }
            struct future *f = i == 2 || i == 4 ? sink_close(k, true)
                               : i == 5         ? sink_close(k, false)
                                                : NULL;
            sink_free(k);
            if (held) {
                bed_release(&b);
            }
            if (f) {
                err_is_none(bed_done(&b, f, NULL));
            }
        }
        while (executor_pending(b.ex) > 0) { /* what was under way when it was freed */
            err_is_none(bed_done(&b, aio_sleep(b.l, 0.001), NULL));
        }
        bed_again(&b);
    }
    bed_end(&b);
}
END_TEST

START_TEST(sink_writes_past_a_file_size_limit)
{
    struct bed b;
    struct rlimit old, small;
    void (*before)(int) = signal(SIGXFSZ, SIG_IGN);
    bed_make(&b, 2, NULL);
    struct sink *k = bed_sink(&b, "file", IF_EXISTS_SKIP);
    bed_start(k, 0, 1, 4 * MIB);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = MIB;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    bed_feed(k, 1, 0, 2 * MIB);
    struct err *e = bed_commit(&b, k, -1, NULL);
    ck_assert_str_eq(err_code(e), "EFBIG");
    ck_assert_ptr_nonnull(strstr(err_message(e), "cannot write file"));
    err_is_kind(e, ERR_IO);
    ck_assert(err_is(sink_error(k), ERR_IO));
    ck_assert_int_eq(sink_have(k, NULL), MIB);
    /* told once by the next write, then silence and no memory */
    err_is_kind(sink_write(k, "x", 1), ERR_IO);
    err_is_none(sink_write(k, "x", 1));
    ck_assert_uint_eq(store_bytes_in_memory(b.s), 0);
    err_is_kind(bed_commit(&b, k, -1, NULL), ERR_IO);
    bed_close(&b, k, true);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &old), 0);
    (void)signal(SIGXFSZ, before);
    ck_assert(!bed_exists(&b, "file"));
    ck_assert(bed_is(&b, "file.part", 1, MIB));
    ck_assert(bed_exists(&b, "file.part.json"));
    bed_end(&b);
}
END_TEST

START_TEST(sink_discards)
{
    for (int i = 0; i < 2; i++) {
        struct bed b;
        bed_make(&b, 2, NULL);
        struct sink_spec spec = {.discard = true, .digest = i ? DIGEST_SHA256 : DIGEST_NONE};
        struct sink *k;
        struct committed *c;
        err_is_none(sink_new(b.s, &spec, &k));
        bed_start(k, 0, 1, -1);
        bed_feed(k, 1, 0, 2 * MIB);
        bed_start(k, 0, 2, -1);
        bed_feed(k, 2, 0, MIB);
        bed_start(k, MIB, 2, -1);
        bed_feed(k, 2, MIB, 2 * MIB);
        ck_assert_int_eq(sink_have(k, NULL), 2 * MIB);
        err_is_none(bed_commit(&b, k, 2 * MIB, &c));
        ck_assert_int_eq(c->size, 2 * MIB);
        ck_assert(!c->path && c->digest.algo == spec.digest);
        if (i) {
            /* the same bytes in a file have the same digest */
            struct digest_value d;
            struct sink *file = bed_sink(&b, "file", IF_EXISTS_SKIP);
            bed_start(file, 0, 2, -1);
            bed_feed(file, 2, 0, 2 * MIB);
            struct commit_options o = {.size = -1, .modified = -1, .expect = c->digest};
            struct committed *again;
            err_is_none(bed_commit_with(&b, file, &o, &again));
            d = again->digest;
            ck_assert(digest_equal(&d, &c->digest));
            committed_free(again);
            bed_close(&b, file, false);
        }
        committed_free(c);
        bed_close(&b, k, true);
        ck_assert_uint_eq(bed_count(&b), (unsigned)i);
        bed_end(&b);
    }
}
END_TEST

START_TEST(sink_many_at_once)
{
    struct bed b;
    enum { MANY = 60 };
    struct sink *k[MANY];
    struct future *f[MANY];
    bed_make(&b, 4, NULL);
    for (int i = 0; i < MANY; i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "d%d/file%d", i % 7, i);
        k[i] = bed_sink(&b, name, IF_EXISTS_SKIP);
        bed_start(k[i], 0, i % 9, -1);
    }
    for (int64_t at = 0; at < MIB; at += 50000) {
        for (int i = 0; i < MANY; i++) {
            if (at < i * 20000) {
                bed_feed(k[i], i % 9, at, at + 50000 < i * 20000 ? at + 50000 : i * 20000);
            }
        }
        loop_spin(b.l, 1);
    }
    for (int i = 0; i < MANY; i++) {
        struct commit_options o = {.size = sink_have(k[i], NULL), .modified = -1};
        f[i] = sink_commit(k[i], &o);
    }
    for (int i = 0; i < MANY; i++) {
        struct committed *c;
        err_is_none(bed_done(&b, f[i], (void **)&c));
        ck_assert(bed_is(&b, c->path, i % 9, c->size));
        bed_is_clean(&b, c->path);
        committed_free(c);
        sink_free(k[i]);
    }
    bed_end(&b);
}
END_TEST

START_TEST(sink_without_an_executor)
{
    struct bed b;
    bed_make(&b, 1, NULL);
    struct sink *k = bed_sink(&b, "file", IF_EXISTS_SKIP);
    bed_start(k, 0, 1, -1);
    executor_shutdown(b.ex);
    bed_feed(k, 1, 0, 1000);
    err_is_kind(bed_commit(&b, k, 1000, NULL), ERR_RUNTIME);
    bed_close(&b, k, true);
    bed_end(&b);
}
END_TEST

/* -- memory that runs out --------------------------------------------------------------------- */

/* A directory of this run alone: others may run at the same time. */
static char scene_dir[sizeof("/tmp/garner-nomem-XXXXXX/")];

struct scene {
    struct loop *l;
    struct executor *ex;
    struct store *s;
    struct sink *k;
};

static bool clean(struct err *e)
{
    bool ok = !e;
    failnth_must(ok || failnth_failed());
    err_unref(e);
    return ok;
}

static bool completes(struct scene *c, struct future *f)
{
    failnth_must(f || failnth_failed());
    if (!f) {
        return false;
    }
    struct err *e = loop_run_until_complete(c->l, f);
    if (!e) {
        e = future_error(f);
    }
    bool ok = clean(e);
    future_unref(f);
    return ok;
}

static void put(struct scene *c, const char *path, size_t size)
{
    static const char bytes[16384];
    struct sink_spec spec = {
        .path = path, .url_public = "u", .policy = IF_EXISTS_OVERWRITE, .digest = DIGEST_MD5};
    struct validators v = {.etag = "\"v\"", .modified = -1, .date = -1, .total = -1};
    struct commit_options o = {.size = (int64_t)size, .modified = 1, .etag = "\"v\""};
    bool ok = clean(sink_new(c->s, &spec, &c->k));
    if (!ok) {
        return;
    }
    ok = completes(c, sink_open(c->k)) && clean(sink_start(c->k, 0, &v));
    for (size_t at = 0; ok && at < size; at += sizeof(bytes)) {
        ok = clean(sink_write(c->k, bytes, sizeof(bytes)));
    }
    (void)(ok && completes(c, sink_commit(c->k, &o)));
    (void)completes(c, sink_close(c->k, true));
    sink_free(c->k);
}

static void scenario(void)
{
    struct scene c = {0};
    struct store_options o = {.dir = scene_dir, .buffer = MIB, .resume = true};
    c.l = loop_new(LOOP_PLAIN, NULL);
    c.ex = c.l ? executor_new(c.l, 1) : NULL;
    if (c.ex && clean(store_new(c.l, c.ex, &o, &c.s))) {
        struct probe p = {.path = "d/small"};
        put(&c, "d/small", 16384);
        put(&c, "d/large", 64 * 16384);
        (void)completes(&c, store_probe(c.s, &p, 1, true));
        probe_fini(&p);
    }
    failnth_must(c.s || failnth_failed());
    store_free(c.s);
    executor_free(c.ex);
    loop_free(c.l);
}

static void remove_scene(void)
{
    static const char *const names[] = {
        "small", "small.part", "small.part.json", "large", "large.part", "large.part.json", ""};
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[sizeof(scene_dir) + 32];
        (void)snprintf(path, sizeof(path), "%sd/%s", scene_dir, names[i]);
        (void)remove(path);
    }
    ck_assert_int_eq(rmdir(scene_dir), 0);
}

START_TEST(sink_with_each_allocation_failing)
{
    strcpy(scene_dir, "/tmp/garner-nomem-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(scene_dir));
    strcat(scene_dir, "/");
    failnth_each(scenario);
    remove_scene();
}
END_TEST

Suite *store_sink_suite(void);

Suite *store_sink_suite(void)
{
    Suite *s = suite_create("store_sink");
    TCase *c = tcase_create("sink");
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, sink_any_size, 0, SIZES);
    tcase_add_test(c, sink_small_stays_in_memory);
    tcase_add_test(c, sink_without_a_place);
    tcase_add_test(c, sink_writes_what_is_a_second_old);
    tcase_add_test(c, sink_pressure_past_the_mark_until_half);
    tcase_add_test(c, sink_takes_little_past_the_mark);
    tcase_add_test(c, sink_starts_over);
    tcase_add_test(c, sink_goes_on_where_it_was);
    tcase_add_test(c, sink_freed_at_any_time);
    tcase_add_test(c, sink_writes_past_a_file_size_limit);
    tcase_add_test(c, sink_discards);
    tcase_add_test(c, sink_many_at_once);
    tcase_add_test(c, sink_without_an_executor);
    tcase_add_test(c, sink_with_each_allocation_failing);
    suite_add_tcase(s, c);
    return s;
}
