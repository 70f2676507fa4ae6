/* SPDX-License-Identifier: MIT */
/* The progress display's block: what fits, in cells, and what goes to the terminal when. */
#include "cli/screen.h"
#include "support.h"

#include <string.h>

#define UTF8     "C.UTF-8"
#define WIDE     "\u6f22\u5b57"   /* two characters of two cells */
#define COMBINED "e\u0301o\u0308" /* two cells */

/* -- cells --------------------------------------------------------------------------------- */

static void fits(const char *locale, const char *text, size_t width, const char *expected)
{
    struct cells c;
    struct buf b = BUF_INIT;
    cells_init(&c, locale);
    cells_fit(&c, &b, text, width);
    ck_assert_str_eq(b.data, expected);
    ck_assert_uint_eq(cells_width(&c, b.data), width);
    buf_fini(&b);
    cells_fini(&c);
}

START_TEST(text_in_cells)
{
    fits(UTF8, "abc", 5, "abc  ");
    fits(UTF8, "abcdef", 4, "\u2026def");
    fits(UTF8, WIDE, 4, WIDE);
    fits(UTF8, WIDE, 6, WIDE "  ");
    fits(UTF8, WIDE, 3, "\u2026\u5b57");
    fits(UTF8, "a" WIDE, 4, "\u2026\u5b57 "); /* half a character is none */
    fits(UTF8, COMBINED, 2, COMBINED);
    fits(UTF8, "a" COMBINED, 2, "\u2026o\u0308");
    fits(UTF8, "x" COMBINED "y", 3, "\u2026o\u0308y");
    fits(UTF8, "\u2764\ufe0f", 3, "\u2764\ufe0f ");
    fits(UTF8, "abc", 1, "\u2026");
    fits("C", "abcdef", 4, "~def");
    fits("C", "a" WIDE, 5, "a??  ");
    fits(UTF8, "a\xff", 3, "a? ");
}
END_TEST

/* -- frames -------------------------------------------------------------------------------- */

#define S10 "          "
#define S50 S10 S10 S10 S10 S10

static const struct screen_row rows[] = {
    {"dir/big.iso", NULL, 512 << 20, 1 << 30, 3 << 20},
    {WIDE "/" WIDE ".bin", NULL, 0, 100, 0},
    {"unknown", NULL, 12345, -1, 99},
    {"soon\x1b[31m", "waiting to try again", 0, -1, -1},
    {"empty", NULL, 0, 0, -1},
    {"whole", "writing", 10, 10, -1},
};

static const struct screen_view view = {
    .totals = {.done = 12,
        .known = 3456,
        .all_known = true,
        .bytes = 5 << 20,
        .running = 6,
        .failed = 2,
        .skipped = 1,
        .retries = 1,
        .held = 3,
        .speed = 1.5 * (1 << 20),
        .eta = 3723},
    .rows = rows,
    .nrows = sizeof rows / sizeof *rows,
};

struct bench {
    struct screen screen;
    struct buf out;
};

static void starts(struct bench *b, const char *locale, bool colour)
{
    screen_init(&b->screen, locale, colour);
    b->out = BUF_INIT;
}

static void ends(struct bench *b)
{
    screen_fini(&b->screen);
    buf_fini(&b->out);
}

static const char *draws(
    struct bench *b, const struct screen_view *v, unsigned lines, unsigned columns)
{
    buf_clear(&b->out);
    screen_frame(&b->screen, v, lines, columns, &b->out);
    return b->out.len ? b->out.data : "";
}

/* What was drawn, as lines without control sequences. */
static size_t cut_lines(struct bench *b, char *lines[64])
{
    size_t n = 0;
    char *to = b->out.data;
    lines[n++] = to;
    for (const char *from = b->out.data; *from; from++) {
        if (*from == '\033') {
            from += strcspn(from, "mKJAlh");
        } else if (*from == '\n') {
            *to++ = '\0';
            lines[n++] = to;
        } else if (*from != '\r') {
            *to++ = *from;
        }
    }
    *to = '\0';
    return n;
}

static void looks(
    unsigned lines, unsigned columns, const char *locale, size_t nrows, const char *const *expected)
{
    struct bench b;
    char *got[64];
    starts(&b, locale, false);
    draws(&b, &view, lines, columns);
    ck_assert_uint_eq(cut_lines(&b, got), nrows);
    for (size_t i = 0; i < nrows; i++) {
        ck_assert_uint_lt(cells_width(&b.screen.cells, got[i]), columns);
        if (expected[i]) {
            ck_assert_str_eq(got[i], expected[i]);
        }
    }
    ends(&b);
}

START_TEST(at_80_by_24)
{
    static const char *const lines[] = {
        " 12/3456 files  5.0 MiB  1.5 MiB/s  ETA 1:02:03  2 failed  3 hosts on hold",
        " dir/big.iso                      ██████▌······   50%     1.0 GiB     3.0 MiB/s",
        " 漢字/漢字.bin                    ·············    0%       100 B         0 B/s",
        " unknown                          ·············          12.1 KiB        99 B/s",
        " soon\\x1b[31m                     waiting to try again                         ",
        " empty                            █████████████  100%         0 B              ",
        " whole                            writing" S10 S10 S10 "        ",
    };
    looks(24, 80, UTF8, 7, lines);
}
END_TEST

START_TEST(at_200_by_50)
{
    static const char *const lines[] = {
        " 12/3456 files  5.0 MiB  1.5 MiB/s  ETA 1:02:03  6 running  2 failed  1 skipped  1 retry  "
        "3 hosts on hold",
        " dir/big.iso" S10 S10 "         "
        "  ███████████████···············   50%      512.0 MiB / 1.0 GiB     3.0 MiB/s",
        " 漢字/漢字.bin" S10 S10 "       "
        "  ······························    0%              0 B / 100 B         0 B/s",
        " unknown" S10 S10 S10 "   "
        "  ······························                       12.1 KiB        99 B/s",
        " soon\\x1b[31m" S10 S10 "        "
        "  waiting to try again" S50 S50 S10 S10 S10 "      ",
        " empty" S10 S10 S10 "     "
        "  ██████████████████████████████  100%                0 B / 0 B              ",
        " whole" S10 S10 S10 "     "
        "  writing" S50 S50 S10 S10 S10 S10 "         ",
    };
    looks(50, 200, UTF8, 7, lines);
}
END_TEST

START_TEST(at_20_by_5)
{
    static const char *const lines[] = {
        " 12/3456  1.5 MiB/s",
        " dir/big.iso    50%",
        " …字/漢字.bin    0%",
    };
    looks(5, 20, UTF8, 3, lines);
}
END_TEST

START_TEST(in_ascii)
{
    static const char *const lines[] = {
        " 12/3456 files  5.0 MiB  1.5 MiB/s  ETA 1:02:03  2 failed  3 hosts on hold",
        " dir/big.iso                      [#####------]   50%     1.0 GiB     3.0 MiB/s",
        " ?\?/?\?.bin                        [-----------]    0%       100 B         0 B/s",
        " unknown                          [-----------]          12.1 KiB        99 B/s",
        " soon\\x1b[31m                     waiting to try again                         ",
        " empty                            [###########]  100%         0 B              ",
        " whole                            writing" S10 S10 S10 "        ",
    };
    looks(24, 80, "C", 7, lines);
}
END_TEST

/* Whatever the size, no line is as wide as the terminal. */
START_TEST(at_any_size)
{
    static const char *const none[64] = {NULL};
    for (unsigned lines = 1; lines < 20; lines++) {
        for (unsigned columns = 1; columns < 230; columns++) {
            const size_t most = 1 + screen_rows(lines);
            looks(lines, columns, UTF8, most < 7 ? most : 7, none);
        }
    }
}
END_TEST

START_TEST(frames)
{
    struct bench b;
    struct screen_view v = {.totals = {.known = 1, .eta = -1}, .rows = rows, .nrows = 1};
    starts(&b, "C", false);
#define BEGIN(done) "\033[?7l " #done "/1+ files  0 B  0 B/s"
#define BLOCK(done) BEGIN(done) "\033[J\r\033[?7h"
    v.nrows = 0;
    ck_assert_str_eq(draws(&b, &v, 24, 80), BLOCK(0));
    ck_assert_str_eq(draws(&b, &v, 24, 80), ""); /* nothing changed */
    v.totals.done = 1;
    ck_assert_str_eq(draws(&b, &v, 24, 80), "\r" BLOCK(1));
    screen_say(&b.screen, "one\ntw", 6);
    ck_assert_str_eq(draws(&b, &v, 24, 80), "\r\033[Jone\n" BLOCK(1));
    ck_assert_str_eq(draws(&b, &v, 24, 80), ""); /* a line that has not ended waits */
    screen_say(&b.screen, "o\n", 2);
    ck_assert_str_eq(draws(&b, &v, 24, 80), "\r\033[Jtwo\n" BLOCK(1));
    screen_say(&b.screen, "three", 5);
    buf_clear(&b.out);
    screen_flush(&b.screen, &b.out);
    ck_assert_str_eq(b.out.data, "\r\033[J");
    ck_assert_str_eq(draws(&b, &v, 24, 80), BLOCK(1));
    buf_clear(&b.out);
    screen_leave(&b.screen, &b.out);
    ck_assert_str_eq(b.out.data, "\r\033[Jthree");
    buf_clear(&b.out);
    screen_leave(&b.screen, &b.out);
    ck_assert_uint_eq(b.out.len, 0);
    draws(&b, &v, 24, 80);
    screen_lost(&b.screen);
    ck_assert_str_eq(draws(&b, &v, 24, 80), BLOCK(1));
    v.nrows = 1;
    const char *with_row = draws(&b, &v, 24, 80);
    ck_assert_ptr_nonnull(strstr(with_row, BEGIN(1) "\033[K\r\n dir/big.iso "));
    ck_assert_str_eq(with_row + strlen(with_row) - 13, "\033[J\r\033[1A\033[?7h");
    ends(&b);
}
END_TEST

START_TEST(colours)
{
    struct bench b;
    starts(&b, "C", true);
    ck_assert_ptr_nonnull(strstr(draws(&b, &view, 24, 80), "\033[31m2 failed\033[m"));
    ends(&b);
}
END_TEST

Suite *cli_screen_suite(void);
Suite *cli_screen_suite(void)
{
    Suite *s = suite_create("cli_screen");
    TCase *t = tcase_create("all");
    tcase_add_test(t, text_in_cells);
    tcase_add_test(t, at_80_by_24);
    tcase_add_test(t, at_200_by_50);
    tcase_add_test(t, at_20_by_5);
    tcase_add_test(t, in_ascii);
    tcase_add_test(t, at_any_size);
    tcase_add_test(t, frames);
    tcase_add_test(t, colours);
    suite_add_tcase(s, t);
    return s;
}
