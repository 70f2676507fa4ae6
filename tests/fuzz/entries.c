/* SPDX-License-Identifier: MIT */
/* The entries and warnings that a list came to. */
#include "entries.h"

#include "base/utf8.h"
#include "cli/fields.h"
#include "fuzz.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void check_text(const char *s)
{
    FUZZ_CHECK(!s || utf8_valid(s, strlen(s)));
}

static void check_header_text(const char *s)
{
    check_text(s);
    for (; s && *s; s++) {
        FUZZ_CHECK(((unsigned char)*s >= 0x20 || *s == '\t') && *s != 0x7f);
    }
}

static size_t check_texts(char *const *texts)
{
    size_t n = 0;
    for (; texts && texts[n]; n++) {
        check_text(texts[n]);
    }
    return n;
}

void entry_check(const struct entry *e)
{
    size_t urls = check_texts(e->urls);
    FUZZ_CHECK(urls > 0 || e->error);
    FUZZ_CHECK(urls <= FIELDS_LIST_MAX);
    FUZZ_CHECK(check_texts(e->headers) <= FIELDS_LIST_MAX);
    for (char *const *h = e->headers; h && *h; h++) {
        check_header_text(*h);
        FUZZ_CHECK(strpbrk(*h, ":;") > *h);
    }
    check_header_text(e->referer);
    check_header_text(e->user_agent);
    check_header_text(e->user);
    check_header_text(e->method);
    check_text(e->out);
    check_text(e->dir);
    FUZZ_CHECK(!e->out || *e->out);
    FUZZ_CHECK(!e->dir || *e->dir);
    FUZZ_CHECK(!e->method || (*e->method && !strpbrk(e->method, " \t:")));
    FUZZ_CHECK(e->body ? e->body_len == strlen(e->body) : e->body_len == 0);
    FUZZ_CHECK(isfinite(e->task_timeout));
    FUZZ_CHECK(e->task_timeout == -1 || (e->task_timeout >= 0 && e->task_timeout <= 1e9));
    FUZZ_CHECK(e->line > 0);
    FUZZ_CHECK(!e->error || err_is(e->error, ERR_INPUT));
    FUZZ_CHECK(!e->error || err_message(e->error)[0]);
}

static void on_entry(void *arg, struct entry *e)
{
    struct entries *es = arg;
    FUZZ_CHECK(e->file == es->out.file);
    entries_add(es, e);
}

static void on_warning(void *arg, uint64_t line, const char *text)
{
    struct entries *es = arg;
    FUZZ_CHECK(line > es->last && *text);
    es->last = line;
    es->warnings++;
}

void entries_init(struct entries *es, const char *file)
{
    *es = (struct entries){.out = {on_entry, on_warning, es, file}};
}

void entries_fini(struct entries *es)
{
    for (size_t i = 0; i < es->count; i++) {
        entry_free(es->entry[i]);
    }
    free(es->entry);
}

void entries_add(struct entries *es, struct entry *e)
{
    entry_check(e);
    FUZZ_CHECK(es->count == 0 || es->entry[es->count - 1]->line < e->line);
    struct entry **grown = realloc(es->entry, (es->count + 1) * sizeof(struct entry *));
    if (!grown) {
        abort();
    }
    es->entry = grown;
    es->entry[es->count++] = e;
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
    check_same_texts(a->headers, b->headers);
    FUZZ_CHECK(fuzz_same(a->out, b->out) && fuzz_same(a->dir, b->dir));
    FUZZ_CHECK(fuzz_same(a->checksum, b->checksum) && fuzz_same(a->method, b->method));
    FUZZ_CHECK(fuzz_same(a->body, b->body) && fuzz_same(a->referer, b->referer));
    FUZZ_CHECK(fuzz_same(a->user_agent, b->user_agent) && fuzz_same(a->user, b->user));
    FUZZ_CHECK(fuzz_same(a->id, b->id) && a->if_exists == b->if_exists);
    FUZZ_CHECK(a->task_timeout == b->task_timeout && a->nfields == b->nfields);
    FUZZ_CHECK(a->line == b->line && !a->error == !b->error);
    FUZZ_CHECK(!a->error || fuzz_same(err_message(a->error), err_message(b->error)));
}

void entries_check_same(const struct entries *a, const struct entries *b)
{
    FUZZ_CHECK(a->count == b->count && a->warnings == b->warnings);
    for (size_t i = 0; i < a->count; i++) {
        check_same(a->entry[i], b->entry[i]);
    }
}
