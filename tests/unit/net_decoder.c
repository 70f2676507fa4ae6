/* SPDX-License-Identifier: MIT */
/* src/net/decoder.c: what a Content-Encoding hides, and where it ends. */
#include "net/decoder.h"

#include "base/buf.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { GZIP = 15 + 16, ZLIB = 15, BARE = -15, SIZE = 50000 };

/* Appended to b. */
static void pack(struct buf *b, int window, const char *bytes, size_t n)
{
    z_stream z = {0};
    ck_assert_int_eq(deflateInit2(&z, 6, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY), Z_OK);
    size_t room = deflateBound(&z, n) + 32;
    char *out = malloc(room);
    z.next_in = (z_const Bytef *)bytes;
    z.avail_in = (uInt)n;
    z.next_out = (Bytef *)out;
    z.avail_out = (uInt)room;
    ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    buf_add(b, out, z.total_out);
    deflateEnd(&z);
    free(out);
}

static char *plain(void)
{
    char *text = malloc(SIZE);
    for (int i = 0; i < SIZE; i++) {
        text[i] = (char)(i * 7 % 251 + i / 997);
    }
    return text;
}

static struct err *take(void *arg, char *bytes, size_t n)
{
    buf_add(arg, bytes, n);
    return NULL;
}

/* The first n bytes of b, in pieces; its error is the caller's. */
static struct err *decode(
    const char *codings, const struct buf *b, size_t n, size_t piece, struct buf *out)
{
    struct decoder *d = NULL;
    struct err *e = decoder_new(codings, &d);
    ck_assert_ptr_null(e);
    ck_assert_ptr_nonnull(d);
    for (size_t at = 0; !e && at < n; at += piece) {
        e = decoder_run(d, b->data + at, n - at < piece ? n - at : piece, take, out);
    }
    e = e ? e : decoder_end(d);
    decoder_free(d);
    return e;
}

static const struct {
    const char *codings;
    int windows[2]; /* in the order in which they are put on */
} forms[] = {
    {"gzip", {GZIP, 0}},
    {"X-GZip", {GZIP, 0}},
    {"deflate", {ZLIB, 0}},
    {"deflate", {BARE, 0}},
    {"gzip ,identity", {GZIP, 0}},
    {"deflate,\tgzip", {ZLIB, GZIP}},
};

static void pack_form(int i, struct buf *b, const char *text)
{
    struct buf once = BUF_INIT;
    pack(&once, forms[i].windows[0], text, SIZE);
    if (forms[i].windows[1]) {
        pack(b, forms[i].windows[1], once.data, once.len);
    } else {
        buf_add(b, once.data, once.len);
    }
    buf_fini(&once);
}

START_TEST(decoder_whole)
{
    struct buf packed = BUF_INIT;
    char *text = plain();
    pack_form(_i, &packed, text);
    for (size_t piece = 1; piece <= packed.len; piece = piece * 5 + 2) {
        struct buf out = BUF_INIT;
        ck_assert_ptr_null(decode(forms[_i].codings, &packed, packed.len, piece, &out));
        ck_assert_uint_eq(out.len, SIZE);
        ck_assert_int_eq(memcmp(out.data, text, SIZE), 0);
        buf_fini(&out);
    }
    buf_fini(&packed);
    free(text);
}
END_TEST

/* Wherever it is cut, even within the check at the end; but nothing at all is an empty body. */
START_TEST(decoder_cut)
{
    struct buf packed = BUF_INIT;
    char *text = plain();
    pack_form(_i, &packed, text);
    for (size_t n = 0; n<packed.len; n += n> 30 && n + 60 < packed.len ? 29 : 1) {
        struct buf out = BUF_INIT;
        struct err *e = decode(forms[_i].codings, &packed, n, 999, &out);
        ck_assert_int_eq(!e, n == 0);
        if (e) {
            ck_assert(err_is(e, ERR_NETWORK));
            ck_assert_str_eq(err_code(e), "CURLE_PARTIAL_FILE");
        }
        err_unref(e);
        buf_fini(&out);
    }
    buf_fini(&packed);
    free(text);
}
END_TEST

START_TEST(decoder_more)
{
    struct buf packed = BUF_INIT, out = BUF_INIT;
    char *text = plain();
    pack_form(_i, &packed, text);
    buf_adds(&packed, "more");
    struct err *e = decode(forms[_i].codings, &packed, packed.len, 999, &out);
    ck_assert(err_is(e, ERR_NETWORK));
    ck_assert_str_eq(err_code(e), "CURLE_BAD_CONTENT_ENCODING");
    err_unref(e);
    buf_fini(&packed);
    buf_fini(&out);
    free(text);
}
END_TEST

START_TEST(decoder_members)
{
    struct buf packed = BUF_INIT, out = BUF_INIT;
    pack(&packed, GZIP, "one", 3);
    pack(&packed, GZIP, "two", 3);
    ck_assert_ptr_null(decode("gzip", &packed, packed.len, 7, &out));
    ck_assert_uint_eq(out.len, 6);
    ck_assert_int_eq(memcmp(out.data, "onetwo", 6), 0);
    buf_fini(&packed);
    buf_fini(&out);
}
END_TEST

/* It is said once there is something to decode. */
START_TEST(decoder_unknown)
{
    static const char *const codings[] = {
        "br", "gzip, zstd", "gzip;q=1", "gzip, gzip, gzip, gzip, gzip, gzip"};
    struct buf bytes = BUF_INIT, out = BUF_INIT;
    buf_adds(&bytes, "abc");
    struct err *e = decode(codings[_i], &bytes, bytes.len, 3, &out);
    ck_assert(err_is(e, ERR_NETWORK));
    ck_assert_str_eq(err_code(e), "CURLE_BAD_CONTENT_ENCODING");
    err_unref(e);
    ck_assert_ptr_null(decode(codings[_i], &bytes, 0, 3, &out));
    buf_fini(&bytes);
    buf_fini(&out);
}
END_TEST

START_TEST(decoder_nothing_to_do)
{
    static const char *const codings[] = {"", " ", "identity", "identity, ,"};
    struct decoder *d = NULL;
    ck_assert_ptr_null(decoder_new(codings[_i], &d));
    ck_assert_ptr_null(d);
}
END_TEST

Suite *net_decoder_suite(void)
{
    Suite *s = suite_create("net_decoder");
    TCase *t = tcase_create("decoder");
    const int n = sizeof(forms) / sizeof(*forms);
    tcase_add_loop_test(t, decoder_whole, 0, n);
    tcase_add_loop_test(t, decoder_cut, 0, n);
    tcase_add_loop_test(t, decoder_more, 0, n);
    tcase_add_test(t, decoder_members);
    tcase_add_loop_test(t, decoder_unknown, 0, 4);
    tcase_add_loop_test(t, decoder_nothing_to_do, 0, 4);
    suite_add_tcase(s, t);
    return s;
}
