/* SPDX-License-Identifier: MIT */
#include "cli/cells.h"

#include "base/utf8.h"

#include <langinfo.h>
#include <string.h>
#include <wchar.h>

#define EMOJI_STYLE 0xfe0f /* makes the character before it as wide as an emoji */

void cells_init(struct cells *c, const char *locale)
{
    c->locale = newlocale(LC_CTYPE_MASK, locale, (locale_t)0);
    c->utf8 = c->locale && strcmp(nl_langinfo_l(CODESET, c->locale), "UTF-8") == 0;
}

void cells_fini(struct cells *c)
{
    if (c->locale) {
        freelocale(c->locale);
    }
    c->locale = (locale_t)0;
}

/* One character of a text: its bytes, its cells, and whether it can be shown as it is. */
struct cell {
    size_t bytes, width;
    bool shown;
};

/* Under the locale's rules. */
static struct cell look_at(const struct cells *c, const char *text, size_t n)
{
    uint32_t code = 0;
    const size_t bytes = utf8_next(text, n, &code);
    if (bytes == 1 && code >= 0x20 && code < 0x7f) {
        return (struct cell){1, 1, true};
    }
    if (bytes == 0 || !c->utf8) {
        return (struct cell){bytes ? bytes : 1, 1, false};
    }
    if (code == EMOJI_STYLE) {
        return (struct cell){bytes, 1, true};
    }
    const int width = wcwidth((wchar_t)code);
    return (struct cell){bytes, width < 0 ? 1 : (size_t)width, width >= 0};
}

/* wcwidth() asks the thread's locale. */
static locale_t enter(const struct cells *c)
{
    return c->utf8 ? uselocale(c->locale) : (locale_t)0;
}

static void leave(locale_t before)
{
    if (before) {
        uselocale(before);
    }
}

static size_t measure(const struct cells *c, const char *text, size_t n)
{
    size_t width = 0;
    for (size_t at = 0; at < n;) {
        const struct cell cell = look_at(c, text + at, n - at);
        width += cell.width;
        at += cell.bytes;
    }
    return width;
}

size_t cells_width(const struct cells *c, const char *text)
{
    const locale_t before = enter(c);
    const size_t width = measure(c, text, strlen(text));
    leave(before);
    return width;
}

/* Where the rest of the text fits into `most` of its `width` cells; never before a character that
 * combines with the one that is left out. */
static size_t rest_from(
    const struct cells *c, const char *text, size_t n, size_t width, size_t most)
{
    size_t at = 0;
    while (at < n) {
        const struct cell cell = look_at(c, text + at, n - at);
        if (width <= most && cell.width > 0) {
            break;
        }
        width -= cell.width;
        at += cell.bytes;
    }
    return at;
}

static size_t add_characters(const struct cells *c, struct buf *b, const char *text, size_t n)
{
    size_t width = 0;
    for (size_t at = 0; at < n;) {
        const struct cell cell = look_at(c, text + at, n - at);
        if (cell.shown) {
            buf_add(b, text + at, cell.bytes);
        } else {
            buf_addc(b, '?');
        }
        width += cell.width;
        at += cell.bytes;
    }
    return width;
}

void cells_fit(const struct cells *c, struct buf *b, const char *text, size_t width)
{
    const locale_t before = enter(c);
    const size_t n = strlen(text);
    const size_t whole = measure(c, text, n);
    size_t from = 0;
    size_t used = 0;
    if (whole > width && width > 0) {
        buf_adds(b, c->utf8 ? "\u2026" : "~");
        used = 1;
        from = rest_from(c, text, n, whole, width - 1);
    }
    if (width > 0) {
        used += add_characters(c, b, text + from, n - from);
    }
    leave(before);
    buf_addf(b, "%*s", (int)(width - used), "");
}
