/* SPDX-License-Identifier: MIT */
/* src/fetch/resume.c: when a rest is asked for, and what is taken for it. */
#include "fetch/resume.h"

#include <check.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))

/* -- Content-Range ------------------------------------------------------------------------- */

static const struct {
    const char *text;
    bool ok;
    int64_t first, last, total;
} ranges[] = {
    {"bytes 0-0/1", true, 0, 0, 1},
    {"bytes 5-9/10", true, 5, 9, 10},
    {"Bytes  5-9/10 ", true, 5, 9, 10},
    {"bytes 5-9/*", true, 5, 9, -1},
    {"bytes 0-9223372036854775806/9223372036854775807", true, 0, 9223372036854775806,
        9223372036854775807},
    {"bytes 0-9223372036854775807/*", true, 0, 9223372036854775807, -1},
    {"bytes 0-9223372036854775808/*", false, 0, 0, 0},
    {"bytes 9-5/10", false, 0, 0, 0},
    {"bytes 5-10/10", false, 0, 0, 0},
    {"bytes */10", false, 0, 0, 0},
    {"bytes 5-/10", false, 0, 0, 0},
    {"bytes -5/10", false, 0, 0, 0},
    {"bytes 5-9", false, 0, 0, 0},
    {"bytes 5-9/", false, 0, 0, 0},
    {"bytes 5-9/10x", false, 0, 0, 0},
    {"bytes5-9/10", false, 0, 0, 0},
    {"items 5-9/10", false, 0, 0, 0},
    {"", false, 0, 0, 0},
    {NULL, false, 0, 0, 0},
};

START_TEST(content_range)
{
    int64_t first = 0, last = 0, total = 0;

    ck_assert_int_eq(resume_content_range(ranges[_i].text, &first, &last, &total), ranges[_i].ok);
    if (ranges[_i].ok) {
        ck_assert_int_eq(first, ranges[_i].first);
        ck_assert_int_eq(last, ranges[_i].last);
        ck_assert_int_eq(total, ranges[_i].total);
    }
}
END_TEST

/* -- the plan ------------------------------------------------------------------------------ */

#define DAY "Tue, 15 Nov 1994 12:45:26 GMT"

static const struct {
    const char *etag, *date_text;
    time_t modified, date;
    int64_t total, have;
    bool same_url, unsafe;
    enum resume_how how;
} plans[] = {
    {"\"a\"", NULL, -1, -1, 10, 5, true, false, RESUME_IF_RANGE},
    {"\"a\"", NULL, -1, -1, -1, 5, true, false, RESUME_IF_RANGE},
    {"\"a\"", NULL, -1, -1, 10, 0, true, false, RESUME_NOT},     /* nothing is there */
    {"W/\"a\"", NULL, -1, -1, 10, 5, true, false, RESUME_NOT},   /* weak */
    {"W/\"a\"", DAY, 100, 1000, 10, 5, true, false, RESUME_NOT}, /* an ETag outranks the date */
    {NULL, DAY, 100, 160, 10, 5, true, false, RESUME_IF_RANGE},
    {NULL, DAY, 100, 159, 10, 5, true, false, RESUME_NOT}, /* too young */
    {NULL, DAY, 100, -1, 10, 5, true, false, RESUME_NOT},  /* no Date to compare with */
    {NULL, NULL, -1, -1, 10, 5, true, false, RESUME_NOT},
    {NULL, NULL, -1, -1, 10, 5, true, true, RESUME_UNCHECKED},
    {NULL, NULL, -1, -1, 10, 5, false, true, RESUME_NOT}, /* another URL is never appended */
    {"\"a\"", NULL, -1, -1, 10, 5, false, false, RESUME_IF_RANGE},
    {"\"a\"", NULL, -1, -1, -1, 5, false, false, RESUME_NOT}, /* no size to compare */
    {NULL, DAY, 100, 160, 10, 5, false, false, RESUME_NOT},
};

START_TEST(plan)
{
    const struct validators v = {
        .etag = (char *)(size_t)plans[_i].etag,
        .last_modified = (char *)(size_t)plans[_i].date_text,
        .modified = plans[_i].modified,
        .date = plans[_i].date,
        .total = plans[_i].total,
    };
    const struct resume r = resume_plan(&v, plans[_i].have, plans[_i].same_url, plans[_i].unsafe);

    ck_assert_int_eq(r.how, plans[_i].how);
    if (r.how != RESUME_NOT) {
        ck_assert_int_eq(r.from, plans[_i].have);
    }
}
END_TEST

/* -- the verdict --------------------------------------------------------------------------- */

static const struct {
    enum resume_how how;
    int status;
    const char *range, *etag, *coding;
    enum resume_verdict verdict;
    int64_t offset;
} verdicts[] = {
    {RESUME_IF_RANGE, 206, "bytes 5-9/10", "\"a\"", NULL, RESUME_TAKE, 5},
    {RESUME_IF_RANGE, 206, "bytes 5-9/*", "\"a\"", NULL, RESUME_TAKE, 5},
    {RESUME_IF_RANGE, 206, "bytes 5-7/10", "\"a\"", NULL, RESUME_TAKE, 5},    /* short: ask on */
    {RESUME_IF_RANGE, 206, "bytes 5-9/10", NULL, NULL, RESUME_START_OVER, 0}, /* of what? */
    {RESUME_IF_MATCH, 206, "bytes 5-9/10", NULL, NULL, RESUME_START_OVER, 0},
    {RESUME_IF_RANGE, 206, "bytes 5-9/10", "W/\"a\"", NULL, RESUME_START_OVER, 0},
    {RESUME_IF_RANGE, 204, NULL, "\"a\"", NULL, RESUME_START_OVER, 0},
    {RESUME_UNCHECKED, 205, NULL, NULL, NULL, RESUME_START_OVER, 0},
    {RESUME_NOT, 204, NULL, NULL, NULL, RESUME_TAKE, 0},
    {RESUME_IF_RANGE, 206, "bytes 4-9/10", "\"a\"", NULL, RESUME_START_OVER, 0},
    {RESUME_IF_RANGE, 206, "bytes 5-9/11", "\"a\"", NULL, RESUME_START_OVER, 0},
    {RESUME_IF_RANGE, 206, "bytes 5-10/*", "\"a\"", NULL, RESUME_START_OVER, 0},
    {RESUME_IF_RANGE, 206, NULL, "\"a\"", NULL, RESUME_START_OVER, 0}, /* multipart */
    {RESUME_IF_RANGE, 206, "bytes 5-9/10", "\"b\"", NULL, RESUME_START_OVER, 0},
    {RESUME_IF_RANGE, 206, "bytes 5-9/10", "\"a\"", "gzip", RESUME_START_OVER, 0},
    {RESUME_NOT, 206, "bytes 0-9/10", "\"a\"", NULL, RESUME_START_OVER, 0},
    {RESUME_IF_RANGE, 200, NULL, "\"b\"", NULL, RESUME_TAKE, 0},
    {RESUME_IF_RANGE, 200, NULL, "\"a\"", NULL, RESUME_ASK_MATCH, 0},
    {RESUME_IF_MATCH, 200, NULL, "\"a\"", NULL, RESUME_TAKE, 0},
    {RESUME_UNCHECKED, 200, NULL, NULL, NULL, RESUME_TAKE, 0},
    {RESUME_UNCHECKED, 206, "bytes 5-9/10", NULL, NULL, RESUME_TAKE, 5},
};

START_TEST(verdict)
{
    const struct validators v = {
        .etag = (char *)(size_t) "\"a\"", .modified = -1, .date = -1, .total = 10};
    const struct resume asked = {.how = verdicts[_i].how, .from = 5, .validator = v.etag};
    const struct reply r = {
        .status = verdicts[_i].status,
        .content_range = (char *)(size_t)verdicts[_i].range,
        .etag = (char *)(size_t)verdicts[_i].etag,
        .content_encoding = (char *)(size_t)verdicts[_i].coding,
        .content_length = -1,
    };
    int64_t offset = -1;

    ck_assert_int_eq(resume_judge(&asked, &v, &r, &offset), verdicts[_i].verdict);
    if (verdicts[_i].verdict == RESUME_TAKE) {
        ck_assert_int_eq(offset, verdicts[_i].offset);
    }
}
END_TEST

/* A date is shown, too, and several ranges are none. */
START_TEST(verdict_of_a_date)
{
    const struct validators v = {
        .last_modified = (char *)(size_t)DAY, .modified = 100, .date = 1000, .total = 10};
    const struct resume asked = {.how = RESUME_IF_RANGE, .from = 5, .validator = v.last_modified};
    struct reply r = {
        .status = 206, .content_range = (char *)(size_t) "bytes 5-9/10", .content_length = -1};
    int64_t offset = -1;

    ck_assert_int_eq(resume_judge(&asked, &v, &r, &offset), RESUME_START_OVER);
    r.etag = (char *)(size_t) "\"a\"";
    ck_assert_int_eq(resume_judge(&asked, &v, &r, &offset), RESUME_START_OVER);
    r.last_modified = (char *)(size_t)DAY;
    ck_assert_int_eq(resume_judge(&asked, &v, &r, &offset), RESUME_TAKE);
    r.content_type = (char *)(size_t) "Multipart/ByteRanges; boundary=x";
    ck_assert_int_eq(resume_judge(&asked, &v, &r, &offset), RESUME_START_OVER);
}
END_TEST

static const struct {
    const char *range, *known, *shown;
    int64_t total;
    bool complete;
} ends[] = {
    {"bytes */10", "\"a\"", NULL, 10, true},
    {"bytes */10", "\"a\"", "\"a\"", 10, true},
    {"bytes */10", "\"a\"", "\"b\"", 10, false},
    {"bytes */10", "\"a\"", "\"a\"", 11, false}, /* bytes are missing */
    {"bytes */11", "\"a\"", "\"a\"", 10, false},
    {"bytes */10", "\"a\"", "\"a\"", -1, true},
    {"bytes */10", "\"a\"", NULL, -1, false}, /* another version may have this size */
    {"bytes */10", NULL, NULL, -1, false},
    {"bytes */10x", "\"a\"", "\"a\"", 10, false},
    {"bytes */", "\"a\"", "\"a\"", 10, false},
    {NULL, "\"a\"", "\"a\"", 10, false},
};

START_TEST(complete)
{
    const struct validators v = {.etag = (char *)(size_t)ends[_i].known,
        .modified = -1,
        .date = -1,
        .total = ends[_i].total};
    const struct reply r = {.status = 416,
        .content_range = (char *)(size_t)ends[_i].range,
        .etag = (char *)(size_t)ends[_i].shown};

    ck_assert_int_eq(resume_complete(&v, 10, &r), ends[_i].complete);
}
END_TEST

static const struct {
    const char *asked, *range;
    int64_t length; /* of the body, -1 if it is not said */
    bool ok;
    int64_t expected;
} asked_ranges[] = {
    {"10-19", "bytes 10-19/100", 10, true, 10},
    {"10-19", "bytes 10-19/*", -1, true, 10},
    {"10-19", "bytes 10-14/15", 5, true, 5}, /* the file ends there */
    {"10-19", "bytes 10-14/*", 5, true, 5},
    {"10-19", "bytes 10-14/100", 5, false, 0},
    {"10-19", "bytes 10-19/100", 9, false, 0},
    {"10-19", "bytes 10-20/100", 11, false, 0},
    {"10-19", "bytes 9-18/100", 10, false, 0},
    {"10-19", "items 10-19/100", 10, false, 0},
    {"10-19", NULL, 10, false, 0},
    {"10-", "bytes 10-99/100", 90, true, 90},
    {"10-", "bytes 10-98/100", 89, false, 0},
    {"10-", "bytes 0-99/100", 100, false, 0},
    {"-10", "bytes 90-99/100", 10, true, 10},
    {"-10", "bytes 0-4/5", 5, true, 5},
    {"-10", "bytes 0-9/100", 10, false, 0},
    {"-10", "bytes 89-98/100", 10, false, 0},
    {"-10", "bytes 90-99/*", 10, true, 10},
    {"-10", "bytes 80-99/*", 20, false, 0},
    {"0-0,5-9", NULL, 10, true, -1},
};

START_TEST(asked_range)
{
    const struct reply r = {.status = 206,
        .content_length = asked_ranges[_i].length,
        .content_range = (char *)(size_t)asked_ranges[_i].range};
    int64_t length = 0;

    ck_assert_int_eq(resume_is_range(asked_ranges[_i].asked, &r, &length), asked_ranges[_i].ok);
    if (asked_ranges[_i].ok) {
        ck_assert_int_eq(length, asked_ranges[_i].expected);
    }
}
END_TEST

START_TEST(version)
{
    const struct reply whole = {.status = 200, .content_length = 7};
    const struct reply part = {
        .status = 206, .content_length = 5, .content_range = (char *)(size_t) "bytes 5-9/10"};

    ck_assert_int_eq(resume_version(&whole, true).total, 7);
    ck_assert_int_eq(resume_version(&part, true).total, 10);
    ck_assert_int_eq(resume_version(&part, false).total, -1);
}
END_TEST

Suite *fetch_resume_suite(void)
{
    Suite *s = suite_create("fetch_resume");
    TCase *tc = tcase_create("rules");

    tcase_add_loop_test(tc, content_range, 0, COUNT(ranges));
    tcase_add_loop_test(tc, plan, 0, COUNT(plans));
    tcase_add_loop_test(tc, verdict, 0, COUNT(verdicts));
    tcase_add_test(tc, verdict_of_a_date);
    tcase_add_loop_test(tc, complete, 0, COUNT(ends));
    tcase_add_loop_test(tc, asked_range, 0, COUNT(asked_ranges));
    tcase_add_test(tc, version);
    suite_add_tcase(s, tc);
    return s;
}
