/* SPDX-License-Identifier: MIT */
/*
 * The list formats "tsv" and "csv": however the bytes arrive the same entries come out; and a table
 * whose cells are quoted says what its cells said. The first byte picks the separator.
 */
#include "cli/table.h"

#include "cli/fields.h"
#include "entries.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

static void read_in_pieces(
    struct entries *es, char separator, const char *bytes, size_t size, size_t piece)
{
    struct split split;
    struct split_line line;
    enum split_got got;
    struct table *t = table_new(&es->out, separator);
    split_init(&split);
    for (size_t at = 0; at < size; at += piece) {
        split_feed(&split, bytes + at, piece < size - at ? piece : size - at);
        while ((got = split_next(&split, &line)) != SPLIT_NONE) {
            FUZZ_CHECK(got == SPLIT_LINE);
            FUZZ_CHECK(!table_push(t, &line, split.line));
        }
    }
    if ((got = split_finish(&split, &line)) != SPLIT_NONE) {
        FUZZ_CHECK(got == SPLIT_LINE);
        FUZZ_CHECK(!table_push(t, &line, split.line));
    }
    FUZZ_CHECK(!table_end(t));
    FUZZ_CHECK(!table_open(t));
    split_fini(&split);
    table_free(t);
}

/* The text as the only cell beside a URL, quoted. */
static void check_quoting(char separator, const char *text, size_t size)
{
    struct entries es;
    struct buf b = BUF_INIT;
    if (text_problem(text, size) || memmem(text, size, "\r\n", 2) ||
        (size > 0 && text[size - 1] == '\r')) {
        return;
    }
    buf_addf(&b, "\"url\"%cmine\n\"http://h/\"%c\"", separator, separator);
    for (size_t i = 0; i < size; i++) {
        buf_addc(&b, text[i]);
        if (text[i] == '"') {
            buf_addc(&b, '"');
        }
    }
    buf_adds(&b, "\"\n");
    FUZZ_CHECK(!buf_failed(&b));
    entries_init(&es, "list");
    read_in_pieces(&es, separator, b.data, b.len, b.len);
    FUZZ_CHECK(es.count == 1 && !es.entry[0]->error && es.entry[0]->nfields == 1);
    FUZZ_CHECK(fuzz_same(es.entry[0]->fields[0].value, text));
    entries_fini(&es);
    buf_fini(&b);
}

FUZZ_TARGET(table)
{
    const char separator = size > 0 && data[0] % 2 ? '\t' : ',';
    size_t skip = size > 0;
    char *text = fuzz_text(data + skip, size - skip);
    struct entries whole, pieces;
    size -= skip;
    entries_init(&whole, "list");
    entries_init(&pieces, "list");
    read_in_pieces(&whole, separator, text, size, size ? size : 1);
    read_in_pieces(&pieces, separator, text, size, 1 + size % 5);
    entries_check_same(&whole, &pieces);
    check_quoting(separator, text, size);
    entries_fini(&whole);
    entries_fini(&pieces);
    free(text);
    return 0;
}
