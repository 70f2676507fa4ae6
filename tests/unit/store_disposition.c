/* SPDX-License-Identifier: MIT */
/* src/store/disposition.c: what servers send as Content-Disposition. */
#include "store/disposition.h"

#include "failnth.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))

static const struct {
    const char *value, *name; /* NULL: gives none */
} cases[] = {
    /* no name */
    {"", NULL},
    {"attachment", NULL},
    {"inline;", NULL},
    {"attachment; ;;", NULL},
    {"attachment; filename", NULL},
    {"attachment; filename=", NULL},
    {"attachment; filename=\"\"", NULL},
    {"attachment; filename*", NULL},
    {"attachment; filename*=", NULL},
    {"attachment; name=\"a\"", NULL},
    {"attachment; xfilename=a", NULL},
    {"attachment; foo=\"filename=a\"", NULL},
    {"attachment; foo=\"\\\"; filename=a\"", NULL},
    {"filename", NULL},
    /* plain */
    {"attachment; filename=a.html", "a.html"},
    {"attachment;filename=a.html;", "a.html"},
    {"inline; filename=\"a.html\"", "a.html"},
    {"ATTACHMENT; FILENAME=\"a.html\"", "a.html"},
    {"attachment; filename = \"a.html\" ", "a.html"},
    {"attachment\t;\tfilename\t=\ta.html", "a.html"},
    {"attachment; filename=\"a;b.html\"", "a;b.html"},
    {"attachment; filename=\"a\\\"b\\\".html\"", "a\"b\".html"},
    {"attachment; filename=\"a\\b.html\"", "ab.html"},
    {"attachment; filename=\"a\\\\\"", NULL},
    {"attachment; filename=\"a b.html\"", "a b.html"},
    {"attachment; filename=a b.html", "a b.html"},
    {"attachment; filename='a.html'", "'a.html'"},
    {"attachment; filename=\"a.html\" junk; x=y", "a.html"},
    {"attachment; x=\"y;z\"; filename=a", "a"},
    {"filename=a.html", "a.html"},
    {"attachment; filename=one; filename=two", "one"},
    {"attachment; filename=\"\"; filename=two", "two"},
    {"attachment; filename=\"a%20b\"", "a%20b"},
    {"attachment; filename=\"=?utf-8?q?a?=\"", "=?utf-8?q?a?="},
    {"attachment; filename=\"caf\xc3\xa9\"", "caf\xc3\xa9"},
    {"attachment; filename=\"caf\xe9\"", "caf\xc3\xa9"},
    {"attachment; filename=caf\xe9.txt", "caf\xc3\xa9.txt"},
    /* broken */
    {"attachment; filename=\"a.html", NULL},
    {"attachment; filename=\"a\\\"", NULL},
    {"attachment; filename=\"a\\", NULL},
    {"attachment; filename=\"a.html; filename*=UTF-8''b", NULL},
    /* extended */
    {"attachment; filename*=UTF-8''a%20b.txt", "a b.txt"},
    {"attachment; filename*=utf-8'en'%e2%82%ac%20rates", "\xe2\x82\xac rates"},
    {"attachment; filename*=iso-8859-1'en'%A3%20rates", "\xc2\xa3 rates"},
    {"attachment; filename=\"plain\"; filename*=UTF-8''ext", "ext"},
    {"attachment; filename*=UTF-8''ext; filename=\"plain\"", "ext"},
    {"attachment; filename*=\"UTF-8''ext\"", "ext"},
    {"attachment; FileName* = UTF-8''ext", "ext"},
    {"attachment; filename*=UTF-8''one; filename*=UTF-8''two", "one"},
    {"attachment; filename*=UTF-8''a'b", "a'b"},
    {"attachment; filename*=UTF-8''a b", "a b"},
    /* extended, not well formed: the plain one */
    {"attachment; filename*=ext; filename=plain", "plain"},
    {"attachment; filename*=UTF-8'ext; filename=plain", "plain"},
    {"attachment; filename*=UTF-8''; filename=plain", "plain"},
    {"attachment; filename*=UTF-8''a%2; filename=plain", "plain"},
    {"attachment; filename*=UTF-8''a%zz; filename=plain", "plain"},
    {"attachment; filename*=UTF-8''caf%e9; filename=plain", "plain"},
    {"attachment; filename*=UTF-8''caf\xc3\xa9; filename=plain", "plain"},
    {"attachment; filename*=KOI8-R''a; filename=plain", "plain"},
    {"attachment; filename*=''a; filename=plain", "plain"},
    {"attachment; filename*=UTF-8''%c0%af; filename=plain", "plain"},
    {"attachment; filename*=UTF-8''%ed%a0%80; filename=plain", "plain"},
    {"attachment; filename*=UTF-8''%2e%2e; filename=plain", "plain"},
    {"attachment; filename*0=\"a\"; filename*1=\"b\"", NULL},
    {"attachment; filename*0*=UTF-8''a", NULL},
    /* hostile */
    {"attachment; filename=\"/etc/passwd\"", "passwd"},
    {"attachment; filename=\"../../.ssh/id\"", "id"},
    {"attachment; filename=/etc/passwd", "passwd"},
    {"attachment; filename=\"C:\\\\dir\\\\a.exe\"", "a.exe"},
    {"attachment; filename=C:\\dir\\a.exe", "a.exe"},
    {"attachment; filename*=UTF-8''..%2F..%2Fetc%2Fpasswd", "passwd"},
    {"attachment; filename*=UTF-8''..%5C..%5Ca", "a"},
    {"attachment; filename*=UTF-8''a%00b", "a_b"},
    {"attachment; filename*=UTF-8''%00", NULL},
    {"attachment; filename*=UTF-8''a%0d%0ab", "a__b"},
    {"attachment; filename=\"..\"", NULL},
    {"attachment; filename=\".\"", NULL},
    {"attachment; filename=\" . \"", NULL},
    {"attachment; filename=\"dir/\"", NULL},
    {"attachment; filename=\"a.part\"", "a.part_"},
    {"attachment; filename=\"a.part.json\"", "a.part.json_"},
    {"attachment; filename=\" a \"", "_a_"},
    {"attachment; filename=\"a...\"", "a___"},
    {"attachment; filename=\"-rf\"", "-rf"},
    {"attachment; filename=\"a\x1b[2J\"", "a_[2J"},
};

START_TEST(disposition_gives_a_name)
{
    struct buf b = BUF_INIT;
    buf_adds(&b, "<");
    bool found = disposition_name(cases[_i].value, &b);
    ck_assert_msg(found == (cases[_i].name != NULL), "%s: %s", cases[_i].value, b.data);
    ck_assert_str_eq(b.data + 1, found ? cases[_i].name : "");
    ck_assert(!buf_failed(&b));
    buf_fini(&b);
}
END_TEST

START_TEST(disposition_of_noise_is_safe)
{
    static const char bits[] = ";;==\"\"\\\\''**%%2F..//  filename filename*UTF-8''a\xc3\xa9\xff";
    unsigned seed = (unsigned)_i + 1;
    for (int round = 0; round < 2000; round++) {
        char value[200];
        int n = snprintf(value, sizeof(value), "%s",
            round & 1 ? "attachment; filename=" : "attachment; filename*=UTF-8''");
        for (; n < (int)sizeof(value) - 1 - round % 150; n++) {
            value[n] = bits[(size_t)rand_r(&seed) % (sizeof(bits) - 1)];
        }
        value[n] = '\0';
        struct buf b = BUF_INIT;
        bool found = disposition_name(value, &b);
        ck_assert(!buf_failed(&b));
        if (found) {
            ck_assert_uint_eq(strlen(b.data), b.len);
            ck_assert(b.len > 0 && b.len < 250 && !strchr(b.data, '/'));
            ck_assert(strcmp(b.data, ".") != 0 && strcmp(b.data, "..") != 0);
        } else {
            ck_assert_uint_eq(b.len, 0);
        }
        buf_fini(&b);
    }
}
END_TEST

static void read_field(void)
{
    struct buf b = BUF_INIT;
    bool found = disposition_name(
        "attachment; filename=\"a b\"; filename*=UTF-8''0123456789012345678901234567890123456789"
        "0123456789012345678901234567890123456789",
        &b);
    failnth_must(found || failnth_failed());
    failnth_must(buf_failed(&b) == failnth_failed());
    buf_fini(&b);
}

START_TEST(disposition_when_memory_runs_out)
{
    failnth_each(read_field);
}
END_TEST

Suite *store_disposition_suite(void)
{
    Suite *s = suite_create("store_disposition");
    TCase *tc = tcase_create("disposition");
    tcase_add_loop_test(tc, disposition_gives_a_name, 0, COUNT(cases));
    tcase_add_loop_test(tc, disposition_of_noise_is_safe, 0, 4);
    tcase_add_test(tc, disposition_when_memory_runs_out);
    suite_add_tcase(s, tc);
    return s;
}
