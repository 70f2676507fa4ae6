/* SPDX-License-Identifier: MIT */
/* -w: what a format makes of a record. */
#include "cli/write_out.h"

#include "net/url.h"
#include "support.h"

#include <string.h>

static struct record *make(void)
{
    struct record *r = record_new();
    r->index = 7;
    r->id = "{\"a\": 1}";
    r->url = "HTTP://h/x?q";
    err_is_none(url_parse("HTTPS://user:pw@m/y", &r->at));
    r->state = RECORD_FINISHED;
    r->path = strdup("-a\x1b");
    r->size = 1000;
    r->received = 500;
    r->resumed_at = 500;
    r->status = 206;
    r->http_version = "2";
    r->content_type = "text/x";
    r->etag = "\"v\"";
    r->attempts = 4;
    r->redirects = 1;
    r->started = 1e9 + 0.25;
    r->timing.dns = 0.001;
    r->timing.connect = 0.0025;
    r->timing.total = 2;
    return r;
}

static void unknown(void *arg, const char *text)
{
    buf_adds(arg, text);
}

static void writes(const char *format, const struct record *r, bool terminal, const char *expected)
{
    struct buf b = BUF_INIT;
    struct write_out *w = write_out_new(format, NULL, NULL);
    buf_adds(&b, "");
    write_out_add(w, r, terminal, &b);
    ck_assert_str_eq(b.data ? b.data : "", expected);
    write_out_free(w);
    buf_fini(&b);
}

static const struct {
    const char *format, *text;
} cases[] = {
    {"", ""},
    {"x\\n\\t\\r\\\\n\\q\\", "x\n\t\r\\\n\\q\\"},
    {"%%{url} %x %{ %{url", "%{url} %x %{ %{url"},
    {"%", "%"},
    {"%%%", "%%"},
    {"%{url} %{url_effective} %{scheme} %{urlnum}", "HTTP://h/x?q https://user:***@m/y https 6"},
    {"%{http_code} %{response_code} %{http_version}", "206 206 2"},
    {"%{path}|%{filename_effective}", "./-a\x1b|./-a\x1b"},
    {"%{size} %{received} %{size_download} %{resumed_at} %{speed_download}",
        "1000 500 500 500 250"},
    {"%{time_namelookup} %{time_connect} %{time_pretransfer} %{time_appconnect} %{time_total}",
        "0.001000 0.002500 0.002500 0.000000 2.000000"},
    {"%{num_redirects} %{num_retries} %{attempts} %{index} %{segments}", "1 2 4 7 1"},
    {"%{content_type} %header{Content-Type} %{etag} %header{ETag}", "text/x text/x \"v\" \"v\""},
    {"%{id} %{state} %{ok} %{started}|%{finished}|",
        "{\"a\": 1} finished true 2001-09-09T01:46:40.250Z||"},
    {"%{last_modified}%{remote_ip}%{checksum}%{reason}%{errormsg}%{error_kind}%{error_code}", ""},
    {"%{exitcode}%{duplicate_of}", "00"},
    {"a%{nonsense}b%header{x}c%{}d", "abcd"},
    {"a%{onerror}b", "a"},
};

START_TEST(of_a_good_end)
{
    struct record *r = make();
    writes(cases[_i].format, r, false, cases[_i].text);
    record_free(r);
}
END_TEST

START_TEST(of_a_failure)
{
    static const struct {
        enum err_kind kind;
        const char *code, *text;
    } ends[] = {
        {ERR_CONNECT, "CURLE_COULDNT_CONNECT", "7 connect CURLE_COULDNT_CONNECT why failed false"},
        {ERR_HTTP, NULL, "22 http  why failed false"},
        {ERR_IO, "ENOSPC", "23 io ENOSPC why failed false"},
        {ERR_TLS, "CURLE_PEER_FAILED_VERIFICATION",
            "60 tls CURLE_PEER_FAILED_VERIFICATION why failed false"},
        {ERR_CHECKSUM, NULL, "1 checksum  why failed false"},
    };
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        struct record *r = record_new();
        r->state = RECORD_FAILED;
        r->error = err_new(ends[i].kind, ends[i].code, "why");
        writes("%{onerror}%{exitcode} %{error_kind} %{error_code} %{errormsg} %{state} %{ok}", r,
            false, ends[i].text);
        writes("%{http_code} %{num_retries} %{url_effective} %{size} %{time_total} %{scheme}", r,
            false, "000 0  0 0.000000 ");
        record_free(r);
    }
}
END_TEST

START_TEST(on_a_terminal)
{
    struct record *r = make();
    writes("\x1b[1m%{path}\x1b[m\\n", r, true, "\x1b[1m./-a\\x1b\x1b[m\n");
    record_free(r);
}
END_TEST

START_TEST(the_record)
{
    struct record *r = make();
    struct buf b = BUF_INIT;
    struct write_out *w = write_out_new("%{json}", NULL, NULL);
    write_out_add(w, r, false, &b);
    ck_assert_int_eq(strncmp(b.data, "{\"v\":1,\"index\":7,", 17), 0);
    ck_assert_int_eq(b.data[b.len - 1], '}');
    write_out_free(w);
    buf_fini(&b);
    record_free(r);
}
END_TEST

START_TEST(what_is_not_known_is_said)
{
    struct buf said = BUF_INIT;
    struct write_out *w = write_out_new("%{url}%{a b}%header{x}%{path}", unknown, &said);
    ck_assert_str_eq(
        said.data, "unknown --write-out variable: 'a b'unknown --write-out header: 'x'");
    write_out_free(w);
    buf_fini(&said);
}
END_TEST

Suite *cli_write_out_suite(void);
Suite *cli_write_out_suite(void)
{
    Suite *s = suite_create("cli_write_out");
    TCase *t = tcase_create("formats");
    tcase_add_loop_test(t, of_a_good_end, 0, sizeof(cases) / sizeof(cases[0]));
    tcase_add_test(t, of_a_failure);
    tcase_add_test(t, on_a_terminal);
    tcase_add_test(t, the_record);
    tcase_add_test(t, what_is_not_known_is_said);
    suite_add_tcase(s, t);
    return s;
}
