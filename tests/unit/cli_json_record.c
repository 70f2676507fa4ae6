/* SPDX-License-Identifier: MIT */
/* The record as JSON: the whole schema, exactly. */
#include "base/buf.h"
#include "base/json_write.h"
#include "cli/records.h"
#include "net/reply.h"
#include "net/url.h"
#include "support.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

static void is_json(const struct buf *b)
{
    ck_assert(!buf_failed(b));
    cJSON *parsed = cJSON_ParseWithOpts(b->data, NULL, true);
    ck_assert_msg(parsed != NULL, "%s", b->data);
    cJSON_Delete(parsed);
}

START_TEST(everything_unknown)
{
    struct buf b = BUF_INIT;
    struct record *r = record_new();
    r->index = 1;
    r->line = 3;
    record_to_json(r, &b);
    ck_assert_str_eq(b.data,
        "{\"v\":1,\"index\":1,\"id\":null,\"url\":null,\"effective_url\":null,\"state\":"
        "\"pending\","
        "\"ok\":false,\"path\":null,\"size\":null,\"received\":0,\"resumed_at\":null,"
        "\"http\":{\"status\":null,\"version\":null,\"content_type\":null,\"etag\":null,"
        "\"last_modified\":null},\"attempts\":0,\"segments\":1,\"remote_ip\":null,"
        "\"checksum\":null,\"reason\":null,\"duplicate_of\":null,"
        "\"source\":{\"file\":null,\"line\":3},\"length_known\":null,\"started\":null,"
        "\"finished\":null,\"timing\":{\"queued\":null,\"dns\":null,\"connect\":null,\"tls\":null,"
        "\"ttfb\":null,\"body\":null,\"write\":null,\"total\":null},\"error\":null}");
    is_json(&b);
    buf_fini(&b);
    record_free(r);
}
END_TEST

START_TEST(everything_known)
{
    struct buf b = BUF_INIT;
    struct record *r = record_new();
    r->index = 12;
    r->id = "{ \"a\": 12345678901234567890 }";
    r->url = "http://u:p@h/\xc3\xa9?\"x\"";
    err_is_none(url_parse("http://h/", &r->at));
    r->state = RECORD_FAILED;
    r->path = strdup("d/a\\b");
    r->size = INT64_MAX;
    r->received = 9007199254740993;
    r->resumed_at = 0;
    r->status = 404;
    r->http_version = "1.1";
    r->content_type = "text/html\x1b";
    r->etag = "\"x\"";
    r->last_modified = "Thu, 01 Jan 1970 00:00:00 GMT";
    r->attempts = 3;
    strcpy(r->remote_ip, "::1");
    r->checksum = strdup("sha256:00");
    r->reason = "exists";
    r->duplicate_of = 4;
    r->file = "list";
    r->line = UINT64_MAX;
    r->length_known = 1;
    r->started = 1.0625;
    r->finished = 951827696.789;
    r->timing = (struct record_timing){0, 0.0000014, 0.5, -1, 1, 2.25, 3, 4000.123456};
    r->error = err_new(ERR_HTTP, "CODE", "404 %s", "Not\nFound");
    r->retryable = true;
    record_to_json(r, &b);
    ck_assert_str_eq(b.data,
        "{\"v\":1,\"index\":12,\"id\":{ \"a\": 12345678901234567890 },"
        "\"url\":\"http://u:p@h/\xc3\xa9?\\\"x\\\"\",\"effective_url\":\"http://h/\","
        "\"state\":\"failed\",\"ok\":false,\"path\":\"d/a\\\\b\",\"size\":9223372036854775807,"
        "\"received\":9007199254740993,\"resumed_at\":0,"
        "\"http\":{\"status\":404,\"version\":\"1.1\",\"content_type\":\"text/html\\u001b\","
        "\"etag\":\"\\\"x\\\"\",\"last_modified\":\"Thu, 01 Jan 1970 00:00:00 GMT\"},"
        "\"attempts\":3,\"segments\":1,\"remote_ip\":\"::1\",\"checksum\":\"sha256:00\","
        "\"reason\":\"exists\",\"duplicate_of\":4,"
        "\"source\":{\"file\":\"list\",\"line\":18446744073709551615},\"length_known\":true,"
        "\"started\":\"1970-01-01T00:00:01.062Z\",\"finished\":\"2000-02-29T12:34:56.789Z\","
        "\"timing\":{\"queued\":0.000000,\"dns\":0.000001,\"connect\":0.500000,\"tls\":null,"
        "\"ttfb\":1.000000,\"body\":2.250000,\"write\":3.000000,\"total\":4000.123456},"
        "\"error\":{\"kind\":\"http\",\"code\":\"CODE\",\"message\":\"404 Not\\nFound\","
        "\"retryable\":true}}");
    is_json(&b);
    buf_fini(&b);
    record_free(r);
}
END_TEST

START_TEST(a_path_that_is_no_utf8)
{
    struct buf b = BUF_INIT;
    struct record *r = record_new();
    r->path = strdup("a\xff"
                     "b");
    record_to_json(r, &b);
    ck_assert_ptr_nonnull(strstr(b.data, "\"path\":\"a\xef\xbf\xbd"
                                         "b\",\"path_b64\":\"Yf9i\",\"size\""));
    is_json(&b);
    buf_clear(&b);
    free(r->path);
    r->path = strdup("-x");
    record_to_json(r, &b);
    ck_assert_ptr_nonnull(strstr(b.data, "\"path\":\"./-x\",\"size\""));
    is_json(&b);
    buf_fini(&b);
    record_free(r);
}
END_TEST

START_TEST(what_the_last_reply_says)
{
    char type[] = "text/x", tag[] = "\"v\"", empty[] = "", date[] = "x";
    struct reply first = {.status = 206, .content_type = type, .etag = tag};
    struct reply last = {.status = 200, .etag = empty, .last_modified = date};
    struct buf b = BUF_INIT;
    struct record *r = record_new();
    record_take_reply(r, &first);
    tag[0] = 'x'; /* it keeps copies */
    record_to_json(r, &b);
    ck_assert_ptr_nonnull(
        strstr(b.data, "\"http\":{\"status\":206,\"version\":null,\"content_type\":"
                       "\"text/x\",\"etag\":\"\\\"v\\\"\",\"last_modified\":null}"));
    record_take_reply(r, &last);
    buf_clear(&b);
    record_to_json(r, &b);
    ck_assert_ptr_nonnull(
        strstr(b.data, "\"http\":{\"status\":200,\"version\":null,\"content_type\":"
                       "null,\"etag\":\"\",\"last_modified\":\"x\"}"));
    buf_fini(&b);
    record_free(r);
}
END_TEST

START_TEST(every_byte_makes_a_string)
{
    struct buf b = BUF_INIT;
    for (int i = 0; i < 256; i++) {
        char text[3] = {(char)i, 'x', '\0'};
        buf_clear(&b);
        json_string_n(&b, text, 2);
        if (i > 0) {
            is_json(&b);
        }
        for (size_t at = 0; at < b.len; at++) {
            ck_assert_int_ge((unsigned char)b.data[at], 0x20);
            ck_assert_int_ne((unsigned char)b.data[at], 0x7f);
        }
    }
    buf_clear(&b);
    json_string(&b, "\xc2\x9b");
    ck_assert_str_eq(b.data, "\"\\u009b\"");
    buf_fini(&b);
}
END_TEST

/* Eight bytes are looked at together: what is around one changes nothing about it. */
START_TEST(a_byte_anywhere_in_a_string)
{
    for (int byte = 0; byte < 256; byte++) {
        struct buf alone = BUF_INIT;
        const char c = (char)byte;
        json_string_n(&alone, &c, 1);
        for (size_t at = 0; at < 20; at++) {
            for (const char *other = " ~!#[]az"; *other; other++) {
                struct buf b = BUF_INIT, expected = BUF_INIT;
                char text[20];
                memset(text, *other, sizeof(text));
                text[at] = c;
                json_string_n(&b, text, sizeof(text));
                buf_addc(&expected, '"');
                for (size_t i = 0; i < sizeof(text); i++) {
                    i == at ? buf_add(&expected, alone.data + 1, alone.len - 2)
                            : buf_addc(&expected, *other);
                }
                buf_addc(&expected, '"');
                ck_assert_str_eq(b.data, expected.data);
                buf_fini(&b);
                buf_fini(&expected);
            }
        }
        buf_fini(&alone);
    }
}
END_TEST

START_TEST(base64)
{
    static const char *const coded[] = {"\"\"", "\"Zg==\"", "\"Zm8=\"", "\"Zm9v\"", "\"Zm9vYg==\""};
    struct buf b = BUF_INIT;
    for (size_t n = 0; n < 5; n++) {
        buf_clear(&b);
        json_base64(&b, "foob", n);
        ck_assert_str_eq(b.data, coded[n]);
    }
    buf_fini(&b);
}
END_TEST

START_TEST(numbers)
{
    struct buf b = BUF_INIT;
    json_int(&b, INT64_MIN);
    buf_addc(&b, ' ');
    json_int(&b, 0);
    buf_addc(&b, ' ');
    json_seconds(&b, 0.9999996);
    buf_addc(&b, ' ');
    json_seconds(&b, -1);
    ck_assert_str_eq(b.data, "-9223372036854775808 0 1.000000 null");
    buf_fini(&b);
}
END_TEST

Suite *cli_json_record_suite(void)
{
    Suite *s = suite_create("cli_json_record");
    TCase *t = tcase_create("json_record");
    tcase_add_test(t, everything_unknown);
    tcase_add_test(t, everything_known);
    tcase_add_test(t, a_path_that_is_no_utf8);
    tcase_add_test(t, what_the_last_reply_says);
    tcase_add_test(t, every_byte_makes_a_string);
    tcase_add_test(t, a_byte_anywhere_in_a_string);
    tcase_add_test(t, base64);
    tcase_add_test(t, numbers);
    suite_add_tcase(s, t);
    return s;
}
