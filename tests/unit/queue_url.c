/* SPDX-License-Identifier: MIT */
/* Where a queue is: good URLs and bad ones; what is made for it when memory runs out. */
#include "failnth.h"
#include "queue/filler.h"
#include "queue/redis_url.h"
#include "queue/worker.h"
#include "support.h"

#include <string.h>

#define SEVENTY "0123456789012345678901234567890123456789012345678901234567890123456789"

/* clang-format off */
static const struct {
    const char *text, *host, *path, *user, *password, *stream;
    unsigned port, db;
    bool tls;
} good[] = {
    {"redis://h/s", "h", 0, 0, 0, "s", 6379, 0, false},
    {"REDIS://h:1/s", "h", 0, 0, 0, "s", 1, 0, false},
    {"redis://h:65535/a/b:c?db=15", "h", 0, 0, 0, "a/b:c", 65535, 15, false},
    {"redis://[::1]:7000/s", "::1", 0, 0, 0, "s", 7000, 0, false},
    {"redis://[fe80::1%25lo]/s", "fe80::1%lo", 0, 0, 0, "s", 6379, 0, false},
    {"redis://anna:se%63ret@h/s", "h", 0, "anna", "secret", "s", 6379, 0, false},
    {"redis://:p%40s%3As@h/s%20t", "h", 0, 0, "p@s:s", "s t", 6379, 0, false},
    {"redis://u:a@b@h/s", "h", 0, "u", "a@b", "s", 6379, 0, false},
    {"redis://h/100%", "h", 0, 0, 0, "100%", 6379, 0, false},
    {"rediss://h/s", "h", 0, 0, 0, "s", 6379, 0, true},
    {"redis+unix:///run/r.sock?stream=s", 0, "/run/r.sock", 0, 0, "s", 0, 0, false},
    {"unix:///a%20b?db=2&stream=a%26b", 0, "/a b", 0, 0, "a&b", 0, 2, false},
    {"redis+unix://u:p@/r?stream=s", 0, "/r", "u", "p", "s", 0, 0, false},
};

static const struct {
    const char *text, *why;
} bad[] = {
    {"", "a queue is redis://"}, {"http://h/s", "a queue is redis://"}, {"redis:h/s", "a queue is"},
    {"redis://h", "names no stream"}, {"redis://h/", "names no stream"},
    {"redis:///s", "no host"}, {"redis://:1/s", "no host"}, {"redis://[]/s", "no host"},
    {"redis://[::1/s", "port"}, {"redis://[::1]x/s", "brackets"},
    {"redis://h:/s", "port"}, {"redis://h:x/s", "port"}, {"redis://h:65536/s", "port"},
    {"redis://h:99999999999/s", "port"}, {"redis://h:0/s", "no host"},
    {"redis://u@h/s", "without a password"}, {"redis://h/s?db=x", "db="}, {"redis://h/s?db=", "db="},
    {"redis://h/s?x=1", "'x=1' is not understood"}, {"redis://h/s#f", "'#f' is not understood"},
    {"redis://h/s?stream=t", "not understood"}, {"redis://h/a%00b", "%00"},
    {"redis://u:1/secret@h/s", "%2F"}, {"redis://u:1?secret@h/s", "%3F"},
    {"redis://u:1#secret@h/s", "%23"}, {"redis://u:1?a=b&secret@h/s", "%3F"},
    {"redis+unix://r?stream=s", "absolute"}, {"redis+unix:///r", "names no stream"},
    {"redis+unix:///" SEVENTY "/" SEVENTY "?stream=s", "at most 107 bytes"},
    {"redis+unix:///r?stream=", "names no stream"}, {"redis+unix:///?stream=s", "absolute"},
};
/* clang-format on */

static void same(const char *text, const char *a, const char *b)
{
    ck_assert_msg(a && b ? strcmp(a, b) == 0 : a == b, "%s: '%s'", text, a ? a : "NULL");
}

START_TEST(test_good)
{
    struct redis_url u;
    err_is_none(redis_url_parse(good[_i].text, &u));
    same(good[_i].text, u.host, good[_i].host);
    same(good[_i].text, u.path, good[_i].path);
    same(good[_i].text, u.user, good[_i].user);
    same(good[_i].text, u.password, good[_i].password);
    same(good[_i].text, u.stream, good[_i].stream);
    ck_assert_uint_eq(u.port, good[_i].port);
    ck_assert_uint_eq(u.db, good[_i].db);
    ck_assert(u.tls == good[_i].tls);
    redis_url_fini(&u);
    redis_url_fini(&u);
}
END_TEST

START_TEST(test_bad)
{
    struct redis_url u;
    struct err *e = redis_url_parse(bad[_i].text, &u);
    ck_assert_msg(e != NULL, "%s: was taken", bad[_i].text);
    ck_assert_msg(
        strstr(err_message(e), bad[_i].why) != NULL, "%s: %s", bad[_i].text, err_message(e));
    ck_assert_ptr_null(u.host);
    err_is_kind(e, ERR_USAGE);
}
END_TEST

/* Machines of all kinds agree on these. */
START_TEST(test_partitions_never_change)
{
    ck_assert_uint_eq(filler_partition("a.example", 8), 7);
    ck_assert_uint_eq(filler_partition("b.example", 8), 5);
    ck_assert_uint_eq(filler_partition("c.example", 4096), 3);
    ck_assert_uint_eq(filler_partition("a.example", 1), 0);
    ck_assert_uint_eq(filler_partition("a.example", 0), 0);
}
END_TEST

/* -- memory that runs out -- */

static void parse_scenario(void)
{
    struct redis_url u;
    struct err *e = redis_url_parse("redis://anna:secret@h/s?db=1", &u);
    failnth_must(!e == !failnth_failed());
    err_unref(e);
    redis_url_fini(&u);
}

static void *no_item(void *arg, const struct delivery *d)
{
    (void)arg;
    (void)d;
    return NULL;
}

/* A worker and a filler that are made and given up; a command's words. */
static void make_scenario(void)
{
    struct redis_url u = {.host = (char[]){"h"}, .stream = (char[]){"s"}};
    const struct worker_options worker = {.url = &u, .group = "g", .partitions = 4, .shards = 2};
    const struct worker_events events = {.item = no_item};
    const struct filler_options filler = {.url = &u, .partitions = 4, .unique = "set"};
    struct loop *l = loop_new(LOOP_PLAIN, NULL);
    struct worker *w = NULL;
    struct filler *f = NULL;
    struct redis_args a;
    struct err *e = l ? worker_new(l, NULL, &worker, &events, &w) : err_plain(ERR_NOMEM);
    e = e ? e : filler_new(l, NULL, &filler, &f);
    failnth_must(!e == !failnth_failed());
    redis_args_init(&a);
    redis_args_words(&a, "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18");
    failnth_must(a.failed || (a.count == 18 && a.ends[17] == a.bytes.len));
    redis_args_fini(&a);
    err_unref(e);
    filler_free(f);
    worker_free(w);
    loop_free(l);
}

START_TEST(test_memory)
{
    failnth_each(parse_scenario);
    failnth_each(make_scenario);
}
END_TEST

Suite *queue_url_suite(void);
Suite *queue_url_suite(void)
{
    Suite *s = suite_create("queue_url");
    TCase *t = tcase_create("urls");
    tcase_add_loop_test(t, test_good, 0, sizeof good / sizeof *good);
    tcase_add_loop_test(t, test_bad, 0, sizeof bad / sizeof *bad);
    tcase_add_test(t, test_partitions_never_change);
    tcase_add_test(t, test_memory);
    suite_add_tcase(s, t);
    return s;
}
