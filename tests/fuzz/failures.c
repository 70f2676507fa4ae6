/* SPDX-License-Identifier: MIT */
/*
 * What --failures writes down, read again, asks for the same: an entry of a list "lines" in both
 * formats, one of "jsonl" in its own. The first byte picks the format.
 */
#include "cli/jsonl.h"
#include "cli/leftover.h"
#include "cli/lines.h"
#include "entries.h"
#include "fuzz.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void read_list(struct entries *es, const char *bytes, size_t size, bool json)
{
    struct split split;
    struct split_line line;
    struct lines *lines = lines_new(&es->out);
    struct entry *e;
    split_init(&split);
    split_feed(&split, bytes, size);
    while (split_next(&split, &line) != SPLIT_NONE || split_finish(&split, &line) != SPLIT_NONE) {
        if (!json) {
            FUZZ_CHECK(!lines_push(lines, &line, split.line));
            continue;
        }
        FUZZ_CHECK(!jsonl_entry(&es->out, &line, split.line, &e));
        if (e) {
            entries_add(es, e);
        }
    }
    lines_flush(lines, false);
    split_fini(&split);
    lines_free(lines);
}

static void check_same_texts(char *const *a, char *const *b)
{
    FUZZ_CHECK(!a == !b);
    for (size_t i = 0; a && (a[i] || b[i]); i++) {
        FUZZ_CHECK(fuzz_same(a[i], b[i]));
    }
}

static void check_same(const struct entry *a, const struct entry *b)
{
    check_same_texts(a->urls, b->urls);
    FUZZ_CHECK(fuzz_same(a->out, b->out) && fuzz_same(a->dir, b->dir));
    FUZZ_CHECK(fuzz_same(a->checksum, b->checksum) && fuzz_same(a->method, b->method));
    FUZZ_CHECK(fuzz_same(a->body, b->body) && fuzz_same(a->user, b->user));
    FUZZ_CHECK(fuzz_same(a->id, b->id) && a->if_exists == b->if_exists);
    FUZZ_CHECK(fabs(a->task_timeout - b->task_timeout) <= 0.001);
    FUZZ_CHECK(a->nfields == b->nfields);
    for (size_t i = 0; i < a->nfields; i++) {
        FUZZ_CHECK(fuzz_same(a->fields[i].key, b->fields[i].key));
        FUZZ_CHECK(fuzz_same(a->fields[i].value, b->fields[i].value));
    }
    /* referer and user agent become headers in jsonl */
    if (!a->referer == !b->referer && !a->user_agent == !b->user_agent) {
        check_same_texts(a->headers, b->headers);
        FUZZ_CHECK(fuzz_same(a->referer, b->referer) && fuzz_same(a->user_agent, b->user_agent));
    }
}

/* It is remarked on, in lines, each time that it is read. */
static bool has_blank(const struct entry *e)
{
    for (char **url = e->urls; url && *url; url++) {
        if (strchr(*url, ' ')) {
            return true;
        }
    }
    return false;
}

static void check_entry(const struct entry *e, bool json)
{
    struct buf text = BUF_INIT;
    struct entries again;
    if (json) {
        leftover_json(e, NULL, &text);
    } else {
        buf_adds(&text, "# so that no URL begins the file\n");
        leftover_lines(e, NULL, &text);
    }
    FUZZ_CHECK(!buf_failed(&text));
    entries_init(&again, "failures");
    read_list(&again, text.data, text.len, json);
    FUZZ_CHECK(again.count == 1);
    FUZZ_CHECK(again.warnings == (!json && has_blank(e)));
    FUZZ_CHECK(!again.entry[0]->error);
    check_same(e, again.entry[0]);
    entries_fini(&again);
    buf_fini(&text);
}

FUZZ_TARGET(failures)
{
    bool json = size > 0 && data[0] & 1;
    char *text = fuzz_text(data + (size > 0), size - (size > 0));
    struct entries es;
    entries_init(&es, "list");
    read_list(&es, text, size - (size > 0), json);
    for (size_t i = 0; i < es.count; i++) {
        if (!es.entry[i]->error) {
            check_entry(es.entry[i], true);
            if (!json) {
                check_entry(es.entry[i], false);
            }
        } else {
            struct buf b = BUF_INIT;
            leftover_lines(es.entry[i], NULL, &b);
            FUZZ_CHECK(
                b.len > 0 && b.data[0] == '#' && memchr(b.data, '\n', b.len) == b.data + b.len - 1);
            buf_fini(&b);
        }
    }
    entries_fini(&es);
    free(text);
    return 0;
}
