/* SPDX-License-Identifier: MIT */
/* src/store/stream.c, spread.c: several streams bring one file, and what came of it is known. */
#include "store/sidecar.h"
#include "store/stream.h"
#include "store_bed.h"

#include <stdlib.h>
#include <string.h>

#define KIB 1024
#define MIB (1024 * 1024)

/* Bytes [from, to) of version 1 through a stream, its end being `end`. */
static void feed(struct sink_stream *st, int64_t from, int64_t to, int64_t end)
{
    char bytes[16384];

    while (from < to) {
        const size_t n = to - from < (int64_t)sizeof bytes ? (size_t)(to - from) : sizeof bytes;
        bed_body(1, from, bytes, n);
        err_is_none(sink_stream_write(st, bytes, n, end - from));
        from += (int64_t)n;
    }
}

static void bring(struct sink *k, int64_t from, int64_t to)
{
    struct sink_stream *st = sink_stream_new(k, from);

    ck_assert_ptr_nonnull(st);
    feed(st, from, to, to);
    sink_stream_free(st);
}

START_TEST(streams_in_any_order)
{
    struct bed b;
    struct committed *c;
    const int64_t size = _i ? 3 * MIB + 5 : 1000, third = size / 3;

    bed_make(&b, 2, NULL);
    struct sink *k = bed_sink(&b, "file", IF_EXISTS_SKIP);
    bed_start(k, 0, 1, size);
    bed_feed(k, 1, 0, third / 2);
    err_is_none(sink_spread(k));
    err_is_none(sink_spread(k));
    struct sink_stream *a = sink_stream_new(k, third / 2), *d = sink_stream_new(k, 2 * third);
    for (int64_t at = 0; at < third / 2; at += 7 * KIB) {
        const int64_t to = at + 7 * KIB < third / 2 ? at + 7 * KIB : third / 2;
        feed(d, 2 * third + at, 2 * third + to, size);
        feed(a, third / 2 + at, third / 2 + to, third);
    }
    ck_assert_int_eq(sink_have(k, NULL), 2 * (third / 2));
    sink_stream_free(a);
    feed(d, 2 * third + third / 2, size, size);
    sink_stream_free(d);
    bring(k, sink_have(k, NULL), 2 * third);
    ck_assert_int_eq(sink_have(k, NULL), size);
    ck_assert_uint_eq(sink_ranges(k)->n, 1);
    const struct commit_options o = {.size = size, .modified = -1, .expect = {.algo = DIGEST_NONE}};
    err_is_none(bed_commit_with(&b, k, &o, &c));
    ck_assert_int_eq(c->size, size);
    ck_assert(bed_is(&b, "file", 1, size));
    bed_is_clean(&b, "file");
    committed_free(c);
    bed_close(&b, k, true);
    bed_end(&b);
}
END_TEST

START_TEST(streams_are_resumed)
{
    struct bed b;
    const int64_t size = 4 * MIB;

    bed_make(&b, 2, NULL);
    struct sink *k = bed_sink(&b, "file", IF_EXISTS_SKIP);
    bed_start(k, 0, 1, size);
    err_is_none(sink_spread(k));
    bring(k, 0, 100 * KIB);
    bring(k, MIB, 2 * MIB);
    bring(k, 3 * MIB, 3 * MIB + 1);
    bed_close(&b, k, true);
    ck_assert_int_eq(bed_size(&b, "file.part"), size);
    bed_again(&b);
    k = bed_sink(&b, "file", IF_EXISTS_SKIP);
    err_is_none(bed_open(&b, k));
    ck_assert_int_eq(sink_have(k, NULL), 100 * KIB);
    const struct ranges *got = sink_ranges(k);
    ck_assert_ptr_nonnull(got);
    ck_assert_uint_eq(got->n, 3);
    ck_assert_int_eq(ranges_sum(got), 100 * KIB + MIB + 1);
    bed_start(k, 100 * KIB, 1, size);
    bring(k, 100 * KIB, MIB);
    bring(k, 2 * MIB, 3 * MIB);
    ck_assert_int_eq(sink_have(k, NULL), 3 * MIB + 1);
    bring(k, 3 * MIB + 1, size);
    err_is_none(bed_commit(&b, k, size, NULL));
    ck_assert(bed_is(&b, "file", 1, size));
    bed_is_clean(&b, "file");
    bed_close(&b, k, true);
    bed_end(&b);
}
END_TEST

START_TEST(streams_started_over)
{
    struct bed b;

    bed_make(&b, 2, NULL);
    struct sink *k = bed_sink(&b, "file", IF_EXISTS_SKIP);
    bed_start(k, 0, 1, 4 * MIB);
    err_is_none(sink_spread(k));
    bring(k, 0, MIB);
    bring(k, 2 * MIB, 4 * MIB);
    if (_i) {
        loop_spin(b.l, 20);
    }
    bed_start(k, 0, 2, MIB + 1);
    ck_assert_ptr_null(sink_ranges(k));
    bed_feed(k, 2, 0, MIB + 1);
    err_is_none(bed_commit(&b, k, MIB + 1, NULL));
    ck_assert(bed_is(&b, "file", 2, MIB + 1));
    bed_is_clean(&b, "file");
    bed_close(&b, k, true);
    bed_end(&b);
}
END_TEST

START_TEST(streams_with_gaps_are_not_committed)
{
    struct bed b;

    bed_make(&b, 2, NULL);
    struct sink *k = bed_sink(&b, "file", IF_EXISTS_SKIP);
    bed_start(k, 0, 1, 4 * MIB);
    err_is_none(sink_spread(k));
    bring(k, 0, MIB);
    bring(k, MIB + 1, 4 * MIB);
    struct err *e = bed_commit(&b, k, 4 * MIB, NULL);
    ck_assert(err_is(e, ERR_NETWORK));
    err_unref(e);
    bring(k, MIB, MIB + 1);
    err_is_none(bed_commit(&b, k, 4 * MIB, NULL));
    ck_assert(bed_is(&b, "file", 1, 4 * MIB));
    bed_close(&b, k, true);
    bed_end(&b);
}
END_TEST

Suite *store_stream_suite(void);

Suite *store_stream_suite(void)
{
    Suite *s = suite_create("store_stream");
    TCase *c = tcase_create("stream");
    tcase_add_loop_test(c, streams_in_any_order, 0, 2);
    tcase_add_test(c, streams_are_resumed);
    tcase_add_loop_test(c, streams_started_over, 0, 2);
    tcase_add_test(c, streams_with_gaps_are_not_committed);
    suite_add_tcase(s, c);
    return s;
}
