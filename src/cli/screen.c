/* SPDX-License-Identifier: MIT */
#include "cli/screen.h"

#include "cli/printable.h"
#include "cli/report.h"

#include <stdio.h>
#include <string.h>

#define ERASE_LINE  "\033[K"
#define ERASE_BELOW "\033[J"
#define CUT         "\033[?7l" /* a line that is too long is cut */
#define WRAP        "\033[?7h" /* it goes on in the next one, as terminals do */
#define PLAIN       "\033[m"
#define GREEN       "\033[32m"
#define RED         "\033[31m"
#define YELLOW      "\033[33m"
#define BOLD        "\033[1m"

void screen_init(struct screen *s, const char *locale, bool colour)
{
    *s = (struct screen){.colour = colour};
    cells_init(&s->cells, locale);
}

void screen_fini(struct screen *s)
{
    cells_fini(&s->cells);
    buf_fini(&s->lines);
    buf_fini(&s->block);
    buf_fini(&s->name);
    buf_fini(&s->next);
}

size_t screen_rows(unsigned lines)
{
    return lines < 4 ? 0 : lines / 2; /* the other half is for what is said for good */
}

static void paint(const struct screen *s, struct buf *b, const char *colour)
{
    if (s->colour && colour) {
        buf_adds(b, colour);
    }
}

/* -- the line about the run ---------------------------------------------------------------- */

/* A piece of the line. Pieces go out with the highest rank first when the line is too long. */
struct piece {
    char text[48];
    const char *colour;
    int rank;
};

enum { PIECES = 9, GAP = 2, MARGIN = 1, LINE_MOST = 1 << 16 };

static void put_bytes(char text[48], double bytes, const char *after)
{
    struct buf b = BUF_INIT;
    report_add_bytes(&b, bytes);
    snprintf(text, 48, "%s%s", buf_failed(&b) ? "" : b.data, after);
    buf_fini(&b);
}

static void put_eta(char text[48], double eta)
{
    const unsigned long long s = (unsigned long long)(eta + 0.5);
    if (s >= 100 * 3600) {
        snprintf(text, 48, "ETA > 99 h");
    } else if (s >= 3600) {
        snprintf(text, 48, "ETA %llu:%02llu:%02llu", s / 3600, s / 60 % 60, s % 60);
    } else {
        snprintf(text, 48, "ETA %llu:%02llu", s / 60, s % 60);
    }
}

static void put_count(struct piece *p, uint64_t n, const char *one, const char *many)
{
    if (n) {
        snprintf(p->text, sizeof p->text, "%llu %s", (unsigned long long)n, n == 1 ? one : many);
    }
}

static void cut_up(const struct screen_totals *t, struct piece pieces[PIECES])
{
    static const struct piece empty[PIECES] = {
        {.rank = 0, .colour = BOLD},   /* files */
        {.rank = 3},                   /* bytes */
        {.rank = 1},                   /* speed */
        {.rank = 4},                   /* ETA */
        {.rank = 7},                   /* running */
        {.rank = 2, .colour = RED},    /* failed */
        {.rank = 8},                   /* skipped */
        {.rank = 6},                   /* retries */
        {.rank = 5, .colour = YELLOW}, /* hosts on hold */
    };
    memcpy(pieces, empty, sizeof empty);
    snprintf(pieces[0].text, sizeof pieces[0].text, "%llu/%llu%s files",
        (unsigned long long)t->done, (unsigned long long)t->known, t->all_known ? "" : "+");
    put_bytes(pieces[1].text, (double)t->bytes, "");
    put_bytes(pieces[2].text, t->speed > 0 ? t->speed : 0, "/s");
    if (t->eta >= 0) {
        put_eta(pieces[3].text, t->eta);
    }
    put_count(&pieces[4], t->running, "running", "running");
    put_count(&pieces[5], t->failed, "failed", "failed");
    put_count(&pieces[6], t->skipped, "skipped", "skipped");
    put_count(&pieces[7], t->retries, "retry", "retries");
    put_count(&pieces[8], t->held, "host on hold", "hosts on hold");
}

static size_t pieces_width(const struct piece pieces[PIECES])
{
    size_t width = MARGIN;
    for (int i = 0; i < PIECES; i++) {
        const size_t len = strlen(pieces[i].text);
        width += len ? len + (i ? GAP : 0) : 0;
    }
    return width;
}

static void leave_out_least(struct piece pieces[PIECES])
{
    struct piece *least = NULL;
    for (int i = 1; i < PIECES; i++) {
        if (pieces[i].text[0] && (!least || pieces[i].rank > least->rank)) {
            least = &pieces[i];
        }
    }
    char *word = strchr(pieces[0].text, ' '); /* "files" says less than speed and failures */
    if (word && (!least || least->rank <= 2)) {
        *word = '\0';
    } else if (least) {
        least->text[0] = '\0';
    }
}

static void add_totals(
    const struct screen *s, struct buf *b, const struct screen_totals *t, size_t width)
{
    struct piece pieces[PIECES];
    cut_up(t, pieces);
    for (int i = 0; i <= PIECES && pieces_width(pieces) > width; i++) {
        leave_out_least(pieces);
    }
    if (pieces_width(pieces) > width) {
        return;
    }
    buf_addf(b, "%*s", MARGIN, "");
    for (int i = 0; i < PIECES; i++) {
        if (pieces[i].text[0]) {
            buf_addf(b, "%*s", i ? GAP : 0, "");
            paint(s, b, pieces[i].colour);
            buf_adds(b, pieces[i].text);
            paint(s, b, pieces[i].colour ? PLAIN : NULL);
        }
    }
}

/* -- a row --------------------------------------------------------------------------------- */

/* Cells of a row's parts; 0: the part is left out. The gaps between them are GAP each. */
struct layout {
    size_t name, bar, percent, size, speed;
};

enum {
    PERCENT = 4, /* "100%" */
    SIZE = 10,   /* "1023.9 KiB" */
    SIZES = SIZE * 2 + 3,
    SPEED = 12, /* "1023.9 KiB/s" */
    NAME_LEAST = 8,
    NAME_USUAL = 40, /* so many cells are for names, and more if there are such names */
};

static struct layout lay_out(size_t width, size_t widest)
{
    struct layout l = {.percent = PERCENT};
    if (width >= 34) {
        l.speed = SPEED;
    }
    if (width >= 48) {
        l.bar = width / 6 > 30 ? 30 : width / 6;
    }
    if (width >= 64) {
        l.size = width >= 100 ? SIZES : SIZE;
    }
    const size_t parts[] = {l.bar, l.percent, l.size, l.speed};
    size_t used = MARGIN;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        used += parts[i] ? parts[i] + GAP : 0;
    }
    if (width < used + NAME_LEAST) {
        return (struct layout){.name = width > MARGIN ? width - MARGIN : 0};
    }
    const size_t wanted = widest > NAME_USUAL ? widest : NAME_USUAL;
    l.name = width - used < wanted ? width - used : wanted;
    return l;
}

static double share_of(const struct screen_row *r)
{
    if (r->total <= 0) {
        return r->total == 0 ? 1 : 0;
    }
    const double share = (double)r->received / (double)r->total;
    return share > 1 ? 1 : share < 0 ? 0 : share;
}

/* The bar in eighths of a cell where the terminal knows such characters. */
static void add_bar(const struct screen *s, struct buf *b, const struct screen_row *r, size_t width)
{
    static const char *const eighths[] = {
        "", "\u258f", "\u258e", "\u258d", "\u258c", "\u258b", "\u258a", "\u2589"};
    if (!s->cells.utf8) {
        const size_t full = (size_t)(share_of(r) * (double)(width - 2));
        buf_addc(b, '[');
        for (size_t i = 0; i < width - 2; i++) {
            buf_addc(b, i < full ? '#' : '-');
        }
        buf_addc(b, ']');
        return;
    }
    const size_t parts = (size_t)(share_of(r) * (double)(width * 8));
    const size_t begun = parts % 8 ? 1 : 0;
    paint(s, b, GREEN);
    for (size_t i = 0; i < parts / 8; i++) {
        buf_adds(b, "\u2588");
    }
    buf_adds(b, eighths[parts % 8]);
    paint(s, b, PLAIN);
    for (size_t i = parts / 8 + begun; i < width; i++) {
        buf_adds(b, "\u00b7");
    }
}

static void add_right(struct buf *b, const char *text, size_t width)
{
    buf_addf(b, "%*s%*s", GAP, "", (int)width, text);
}

static void add_sizes(struct buf *b, const struct screen_row *r, size_t width)
{
    char part[48] = "", total[48] = "";
    char both[3 + sizeof part + sizeof total];
    put_bytes(part, (double)r->received, "");
    if (r->total >= 0) {
        put_bytes(total, (double)r->total, "");
    }
    if (width == SIZES && r->total >= 0) {
        snprintf(both, sizeof both, "%s / %s", part, total);
        add_right(b, both, width);
    } else {
        add_right(b, r->total >= 0 ? total : part, width);
    }
}

static void add_figures(struct buf *b, const struct screen_row *r, const struct layout *l)
{
    char text[48] = "";
    if (l->percent) {
        if (r->total >= 0) {
            snprintf(text, sizeof text, "%d%%", (int)(share_of(r) * 100));
        }
        add_right(b, text, l->percent);
    }
    if (l->size) {
        add_sizes(b, r, l->size);
    }
    if (l->speed) {
        text[0] = '\0';
        if (r->speed >= 0) {
            put_bytes(text, r->speed, "/s");
        }
        add_right(b, text, l->speed);
    }
}

static const char *name_of(struct screen *s, const struct screen_row *r)
{
    buf_clear(&s->name);
    printable_add(&s->name, r->name);
    return buf_failed(&s->name) || !s->name.data ? "" : s->name.data;
}

/* What stands behind the names moves to the right only: figures that jump are hard to read. */
static void make_room(struct screen *s, const struct screen_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const size_t width = cells_width(&s->cells, name_of(s, &rows[i]));
        s->widest = width > s->widest ? width : s->widest;
    }
}

static void add_row(struct screen *s, struct buf *b, const struct screen_row *r, size_t width)
{
    if (width <= MARGIN) {
        return;
    }
    const struct layout l = lay_out(width, s->widest);
    const size_t rest = width - MARGIN - l.name;
    buf_addf(b, "%*s", MARGIN, "");
    cells_fit(&s->cells, b, name_of(s, r), l.name);
    if (rest < GAP) {
        return;
    }
    if (r->phase) {
        buf_addf(b, "%*s", GAP, "");
        cells_fit(&s->cells, b, r->phase, rest - GAP);
        return;
    }
    if (l.bar) {
        buf_addf(b, "%*s", GAP, "");
        add_bar(s, b, r, l.bar);
    }
    add_figures(b, r, &l);
}

/* -- frames -------------------------------------------------------------------------------- */

void screen_say(struct screen *s, const char *text, size_t n)
{
    buf_add(&s->lines, text, n);
    s->lines.failed = false; /* without memory a text is lost, not those after it */
}

/* The lines that ended go out; a begun one stays, unless it does not seem to end. */
static void add_lines(struct screen *s, struct buf *out)
{
    if (s->lines.len > LINE_MOST && !memchr(s->lines.data, '\n', s->lines.len)) {
        buf_addc(&s->lines, '\n');
    }
    const char *end = s->lines.len ? memrchr(s->lines.data, '\n', s->lines.len) : NULL;
    if (end) {
        const size_t n = (size_t)(end + 1 - s->lines.data);
        buf_add(out, s->lines.data, n);
        buf_drop_front(&s->lines, n);
    }
}

/* The last column stays empty: a terminal would be about to wrap there. */
static void add_block(struct screen *s, const struct screen_view *view, unsigned lines,
    unsigned columns, struct buf *b)
{
    const size_t width = columns ? columns - 1 : 0;
    const size_t most = screen_rows(lines);
    const size_t nrows = view->nrows < most ? view->nrows : most;
    buf_adds(b, CUT);
    add_totals(s, b, &view->totals, width);
    make_room(s, view->rows, nrows);
    for (size_t i = 0; i < nrows; i++) {
        buf_adds(b, ERASE_LINE "\r\n");
        add_row(s, b, &view->rows[i], width);
    }
    buf_adds(b, s->below ? ERASE_BELOW "\r\n" : ERASE_BELOW "\r");
    if (nrows && !s->below) {
        buf_addf(b, "\033[%zuA", nrows);
    }
    buf_adds(b, WRAP);
}

static void go_to_block(const struct screen *s, struct buf *out)
{
    buf_adds(out, "\r");
    if (s->down) {
        buf_addf(out, "\033[%zuA", s->down);
    }
}

static size_t lines_of(const struct buf *block)
{
    size_t n = 0;
    for (size_t i = 0; i < block->len; i++) {
        n += block->data[i] == '\n';
    }
    return n;
}

void screen_frame(struct screen *s, const struct screen_view *view, unsigned lines,
    unsigned columns, struct buf *out)
{
    const size_t before = out->len;
    if (s->shown) {
        go_to_block(s, out);
    }
    const size_t said = out->len;
    if (s->lines.len && s->shown) {
        buf_adds(out, ERASE_BELOW);
    }
    const size_t erased = out->len;
    add_lines(s, out);
    if (out->len == erased) {
        out->len = said; /* nothing but a begun line */
    }
    buf_clear(&s->next);
    add_block(s, view, lines, columns, &s->next);
    if (s->shown && out->len == said && s->next.len == s->block.len &&
        memcmp(s->next.data, s->block.data, s->next.len) == 0) {
        out->len = before;
        return;
    }
    buf_add(out, s->next.data, s->next.len);
    const struct buf last = s->block;
    s->block = s->next;
    s->next = last;
    s->shown = !buf_failed(&s->block);
    s->down = s->below ? lines_of(&s->block) : 0;
}

void screen_flush(struct screen *s, struct buf *out)
{
    if (s->shown) {
        go_to_block(s, out);
        buf_adds(out, ERASE_BELOW);
    }
    s->shown = false;
    s->down = 0;
    add_lines(s, out);
}

void screen_leave(struct screen *s, struct buf *out)
{
    screen_flush(s, out);
    buf_add(out, s->lines.data, s->lines.len);
    buf_clear(&s->lines);
}

void screen_rest_below(struct screen *s)
{
    s->below = true;
}

void screen_lost(struct screen *s)
{
    s->shown = false;
    s->down = 0;
}
