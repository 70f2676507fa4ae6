/* SPDX-License-Identifier: MIT */
/* src/store/sidecar.c: what is written is read back, and nothing else is. */
#include "store/sidecar.h"
#include "store_bed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct sidecar sample(int i)
{
    static const struct validators versions[] = {
        {.modified = -1, .date = -1, .total = -1},
        {.etag = "\"x\\\"y\"", .modified = 1, .date = 2, .total = 1LL << 52},
        {.last_modified = "Tue, 01 Jan 2030 00:00:00 GMT",
            .coding = "gzip",
            .modified = 1893456000,
            .date = 1893459999,
            .total = 0},
        {.etag = "\"\xc3\xa9\xff\"", .modified = -1, .date = -1, .total = 12},
    };
    static char url[] = "http://h/a \"b\"\\";
    struct sidecar s = {.url = url, .key = 0xfedcba9876543210, .v = versions[i]};
    s.present = i == 1 ? (1LL << 52) - 1 : i == 3 ? 12 : 0;
    return s;
}

static void same_text(const char *a, const char *b)
{
    ck_assert(!a == !b);
    if (a) {
        ck_assert_str_eq(a, b);
    }
}

static void same(const struct sidecar *a, const struct sidecar *b)
{
    same_text(a->url, b->url);
    ck_assert_uint_eq(a->key, b->key);
    same_text(a->v.etag, b->v.etag);
    same_text(a->v.last_modified, b->v.last_modified);
    same_text(a->v.coding, b->v.coding);
    ck_assert_int_eq(a->v.modified, b->v.modified);
    ck_assert_int_eq(a->v.date, b->v.date);
    ck_assert_int_eq(a->v.total, b->v.total);
    ck_assert_int_eq(a->present, b->present);
    ck_assert(ranges_same(&a->more, &b->more));
}

START_TEST(sidecar_is_read_back)
{
    struct sidecar s = sample(_i), back;
    struct buf b = BUF_INIT;
    sidecar_format(&s, &b);
    ck_assert(!buf_failed(&b));
    ck_assert(sidecar_parse(b.data, b.len, &back));
    same(&s, &back);
    ck_assert_int_eq(s.claim_at, back.claim_at);
    sidecar_fini(&back);
    sidecar_fini(&back);
    /* cut anywhere, it is none */
    for (size_t len = 0; len + 1 < b.len; len++) {
        ck_assert_msg(!sidecar_parse(b.data, len, &back), "%zu", len);
    }
    buf_fini(&b);
}
END_TEST

/* A good one with one piece replaced; NULL: as it is. */
static const struct {
    const char *old, *new;
    bool ok;
} changes[] = {
    {"\"garner\":1", "\"garner\":1", true}, {"\"garner\":1", "\"garner\":2", false},
    {"\"garner\":1", "\"garner\":\"1\"", false}, {"\"garner\":1,", "", false},
    {"\"garner\":1", "\"Garner\":1", false}, {"\"url\":\"u\"", "\"url\":null", true},
    {"\"url\":\"u\"", "\"url\":5", false}, {"\"url\":\"u\",", "", false},
    {"\"url\":\"u\"", "\"url\":\"a\\u0000b\"", true}, /* ends at the NUL */
    {"0123456789abcdef", "0123456789abcde", false},
    {"0123456789abcdef", "0123456789abcdeff", false},
    {"0123456789abcdef", "0123456789ABCDEF", false},
    {"0123456789abcdef", "-123456789abcdef", false},
    {"\\\"e\\\"", "\\\"e\\r\\nX: y\\\"", false}, /* would be a header of its own */
    {"\\\"e\\\"", "\\u007f", false}, {"\"etag\":\"\\\"e\\\"\"", "\"etag\":[]", false},
    {"\"total\":100", "\"total\":-1", true}, {"\"total\":100", "\"total\":-2", false},
    {"\"total\":100", "\"total\":49", false}, /* less than is present */
    {"\"total\":100", "\"total\":50", true}, {"\"total\":100", "\"total\":1e400", false},
    {"\"total\":100", "\"total\":99.5", false},
    {"\"total\":100", "\"total\":9007199254740994", false},
    {"\"total\":100", "\"total\":true", false}, {"\"date\":7", "\"date\":null", false},
    {"[[0,50]]", "[]", false}, {"[[0,50]]", "[50]", false}, {"[[0,50]]", "[[50]]", false},
    {"[[0,50]]", "[[1,50]]", false}, {"[[0,50]]", "[[0,-50]]", false},
    {"[[0,50]]", "[[0,50,60]]", false}, {"[[0,50]]", "[[0,\"50\"]]", false},
    {"[[0,50]]", "[[0,50],[60,70]]", true}, {"[[0,50]]", "[[0,50],[50,70]]", false},
    {"[[0,50]]", "[[0,50],[60,60]]", false}, {"[[0,50]]", "[[0,50],[60,101]]", false},
    {"[[0,50]]", "[[0,50],[60]]", false}, {"[[0,50]]", "[[0,50],[60,70],[65,80]]", false},
    {"[[0,50]]", "[[0,50],[60,70],[80,100]]", true}, {"[[0,50]]", "{\"0\":[0,50]}", false},
    {"{\"garner\"", "[{\"garner\"", false},
    {"[[0,50]]}", "[[0,50]]}}", true}, /* what follows the object is not looked at */
};

START_TEST(sidecar_takes_nothing_else)
{
    const char *good = "{\"garner\":1,\"url\":\"u\",\"key\":\"0123456789abcdef\","
                       "\"etag\":\"\\\"e\\\"\",\"last_modified\":null,\"coding\":null,"
                       "\"modified\":-1,\"date\":7,\"total\":100,\"present\":[[0,50]]}";
    const char *at = strstr(good, changes[_i].old);
    struct buf b = BUF_INIT;
    struct sidecar s;
    ck_assert_ptr_nonnull(at);
    buf_add(&b, good, (size_t)(at - good));
    buf_adds(&b, changes[_i].new);
    buf_adds(&b, at + strlen(changes[_i].old));
    bool ok = sidecar_parse(b.data, b.len, &s);
    ck_assert_msg(ok == changes[_i].ok, "%s", b.data);
    if (ok) {
        ck_assert_int_eq(s.present, 50);
        sidecar_fini(&s);
    }
    buf_fini(&b);
}
END_TEST

START_TEST(sidecar_in_a_file)
{
    struct bed b;
    struct sidecar s = sample(1), back;
    bed_make(&b, 1, NULL);
    ck_assert(!sidecar_read(b.at, "s", &back));
    s.present = 5;
    ck_assert_int_eq(sidecar_write(b.at, "s", &s, false), 0);
    for (int64_t present = 1; present < s.v.total; present *= 9) {
        s.present = present;
        ck_assert_int_eq(sidecar_claim(b.at, "s", &s, false), 0);
        ck_assert(sidecar_read(b.at, "s", &back));
        same(&s, &back);
        ck_assert_int_eq(back.claim_at, s.claim_at);
        ck_assert(back.number == s.number && back.slot == s.slot);
        sidecar_fini(&back);
    }
    struct sidecar other = sample(2);
    ck_assert_int_eq(sidecar_write(b.at, "s", &other, true), 0);
    ck_assert(sidecar_read(b.at, "s", &back));
    same(&other, &back);
    sidecar_fini(&back);
    ck_assert_int_eq(bed_count(&b), 1);
    ck_assert_int_eq(unlinkat(b.at, "s", 0), 0);
    ck_assert_int_eq(sidecar_claim(b.at, "s", &s, false), ENOENT);
    bed_end(&b);
}
END_TEST

START_TEST(sidecar_of_ranges)
{
    struct bed b;
    struct sidecar s = sample(1), back;
    bed_make(&b, 1, NULL);
    s.present = 5;
    ck_assert(ranges_add(&s.more, 7, 9) && ranges_add(&s.more, 1LL << 40, 1LL << 41));
    ck_assert_int_eq(sidecar_write(b.at, "s", &s, false), 0);
    for (int i = 0; i < 3; i++) {
        ck_assert(sidecar_read(b.at, "s", &back));
        same(&s, &back);
        ck_assert_int_eq(back.claim_at, s.claim_at);
        ck_assert_uint_eq(back.claimed, 2);
        sidecar_fini(&back);
        s.present++;
        s.more.at[0].from++;
        s.more.at[0].to += 1000;
        s.more.at[1].from -= 1000;
        ck_assert_int_eq(sidecar_claim(b.at, "s", &s, false), 0);
    }
    /* another number of ranges does not fit in their place */
    ck_assert(ranges_add(&s.more, 1LL << 50, (1LL << 50) + 1));
    ck_assert_int_eq(sidecar_claim(b.at, "s", &s, false), EINVAL);
    ck_assert_int_eq(sidecar_write(b.at, "s", &s, false), 0);
    ck_assert(sidecar_read(b.at, "s", &back));
    same(&s, &back);
    sidecar_fini(&back);
    ranges_fini(&s.more);
    bed_end(&b);
}
END_TEST

/* What may be in a file while claim after claim is written over older ones, each of them being in
 * part, or not at all, on the disk. */
struct tearing {
    struct buf old, new; /* the whole file before and after */
    int64_t was, is;     /* what they claim */
};

static void check_torn(const struct tearing *t, char *text)
{
    struct sidecar back;
    ck_assert(sidecar_parse(text, t->old.len, &back));
    ck_assert_msg(back.present == t->was || back.present == t->is, "%s", text);
    ck_assert_uint_eq(back.more.n, 1);
    ck_assert_int_eq(back.more.at[0].to, back.present + 2000);
    ck_assert_int_gt(back.claim_at, 0);
    sidecar_fini(&back);
}

/* Every run of bytes of the new text in the old one, and of the old one in the new. */
static void tear(const struct tearing *t)
{
    const size_t len = t->old.len;
    size_t first = 0, last = len;
    char *text = calloc(1, len + 1);
    while (t->old.data[first] == t->new.data[first]) {
        first++;
    }
    while (t->old.data[last - 1] == t->new.data[last - 1]) {
        last--;
    }
    ck_assert_uint_gt(last, first + 20); /* the check alone has 16 digits */
    for (size_t from = first; from < last; from++) {
        for (size_t to = from + 1; to <= last; to++) {
            if (t->old.data[from] == t->new.data[from] ||
                t->old.data[to - 1] == t->new.data[to - 1]) {
                continue; /* the same text as with a shorter run */
            }
            memcpy(text, t->old.data, len);
            memcpy(text + from, t->new.data + from, to - from);
            check_torn(t, text);
            memcpy(text, t->new.data, len);
            memcpy(text + from, t->old.data + from, to - from);
            check_torn(t, text);
        }
    }
    srand(1);
    for (int i = 0; i < 500; i++) {
        for (size_t at = 0; at < len; at++) {
            text[at] = rand() % 2 ? t->old.data[at] : t->new.data[at];
        }
        check_torn(t, text);
    }
    free(text);
}

static void slurp(const struct bed *b, struct buf *out)
{
    char block[4096];
    int fd = openat(b->at, "s", O_RDONLY | O_CLOEXEC);
    ssize_t n = read(fd, block, sizeof(block));
    ck_assert_int_gt(n, 0);
    buf_init(out);
    buf_add(out, block, (size_t)n);
    close(fd);
}

START_TEST(sidecar_torn_claims)
{
    struct bed b;
    struct sidecar s = sample(1);
    struct tearing t = {.was = 1000};
    bed_make(&b, 1, NULL);
    s.present = t.was;
    ck_assert(ranges_add(&s.more, 2000, 3000));
    ck_assert_int_eq(sidecar_write(b.at, "s", &s, false), 0);
    static const int64_t claims[] = {1001, 1999, 99999, 1234567890123, 1234567890124};
    for (size_t i = 0; i < sizeof(claims) / sizeof(claims[0]); i++) {
        slurp(&b, &t.old);
        s.present = t.is = claims[i];
        s.more.at[0] = (struct range){claims[i] + 1000, claims[i] + 2000};
        ck_assert_int_eq(sidecar_claim(b.at, "s", &s, true), 0);
        slurp(&b, &t.new);
        ck_assert_uint_eq(t.old.len, t.new.len);
        tear(&t);
        t.was = t.is;
        buf_fini(&t.old);
        buf_fini(&t.new);
    }
    ranges_fini(&s.more);
    bed_end(&b);
}
END_TEST

START_TEST(sidecar_that_is_no_file_of_ours)
{
    struct bed b;
    struct sidecar s = sample(0), back;
    bed_make(&b, 1, NULL);
    ck_assert_int_eq(sidecar_write(b.at, "s", &s, false), 0);
    ck_assert_int_eq(symlinkat("s", b.at, "link"), 0);
    ck_assert_int_eq(mkfifoat(b.at, "fifo", 0600), 0);
    ck_assert_int_eq(mkdirat(b.at, "dir", 0700), 0);
    ck_assert(!sidecar_read(b.at, "link", &back));
    ck_assert(!sidecar_read(b.at, "fifo", &back));
    ck_assert(!sidecar_read(b.at, "dir", &back));
    ck_assert_int_ne(sidecar_claim(b.at, "link", &s, false), 0);
    ck_assert_int_ne(sidecar_claim(b.at, "fifo", &s, true), 0);
    ck_assert_int_eq(linkat(b.at, "s", b.at, "second", 0), 0);
    ck_assert(!sidecar_read(b.at, "second", &back));
    ck_assert_int_eq(unlinkat(b.at, "second", 0), 0);
    ck_assert_int_ne(sidecar_write(b.at, "dir", &s, false), 0);
    ck_assert_int_eq(s.claim_at, -1);
    /* far too long */
    int fd = openat(b.at, "long", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ck_assert_int_eq(ftruncate(fd, 10 << 20), 0);
    close(fd);
    ck_assert(!sidecar_read(b.at, "long", &back));
    bed_end(&b);
}
END_TEST

static const struct {
    struct validators v;
    bool ok;
} resumables[] = {
    {{.etag = "\"a\"", .modified = -1, .date = -1}, true},
    {{.etag = "W/\"a\"", .modified = 100, .date = 900}, false},
    {{.etag = "W/\"a\"", .last_modified = "x", .modified = 1, .date = 999}, false},
    {{.etag = "a", .modified = -1, .date = -1}, false},
    {{.last_modified = "x", .modified = 100, .date = 160}, true},
    {{.last_modified = "x", .modified = 100, .date = 159}, false},
    {{.last_modified = "x", .modified = 100, .date = -1}, false},
    {{.last_modified = "x", .modified = -1, .date = 500}, false},
    {{.modified = 100, .date = 500}, false},
};

START_TEST(sidecar_for_strong_validators)
{
    ck_assert(validators_resumable(&resumables[_i].v) == resumables[_i].ok);
}
END_TEST

Suite *store_sidecar_suite(void);

Suite *store_sidecar_suite(void)
{
    Suite *s = suite_create("store_sidecar");
    TCase *c = tcase_create("sidecar");
    tcase_add_loop_test(c, sidecar_is_read_back, 0, 4);
    tcase_add_loop_test(
        c, sidecar_takes_nothing_else, 0, (int)(sizeof(changes) / sizeof(changes[0])));
    tcase_add_test(c, sidecar_in_a_file);
    tcase_add_test(c, sidecar_of_ranges);
    tcase_add_test(c, sidecar_torn_claims);
    tcase_add_test(c, sidecar_that_is_no_file_of_ours);
    tcase_add_loop_test(
        c, sidecar_for_strong_validators, 0, (int)(sizeof(resumables) / sizeof(resumables[0])));
    suite_add_tcase(s, c);
    return s;
}
