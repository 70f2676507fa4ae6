/* SPDX-License-Identifier: MIT */
/*
 * The list format "jsonl".
 *
 * A line is looked at twice, side by side: json_scan checks it strictly and knows where each
 * member's value stands in the text (an id is echoed byte for byte, a number is never reprinted);
 * cJSON, which is lenient and keeps numbers as doubles, only decodes strings and arrays.
 */
#include "cli/jsonl.h"

#include "base/alloc.h"
#include "cli/fields.h"
#include "cli/json_scan.h"
#include "cli/options.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

/* One member: decoded, and as it stands in the line. */
struct member {
    const cJSON *item;
    const char *raw;
    size_t raw_len;
};

static struct err *wrong_type(const struct member *m, const char *expected)
{
    return err_new(ERR_INPUT, NULL, "%.100s: %s was expected", m->item->string, expected);
}

static struct err *take_text(struct entry *e, const struct member *m, field_fn *set)
{
    return cJSON_IsString(m->item) ? set(e, m->item->valuestring) : wrong_type(m, "a string");
}

/* a string or an array of strings */
static struct err *take_texts(struct entry *e, const struct member *m, field_fn *add)
{
    if (!cJSON_IsArray(m->item)) {
        return cJSON_IsString(m->item) ? take_text(e, m, add)
                                       : wrong_type(m, "a string or an array of strings");
    }
    struct err *error = NULL;
    for (const cJSON *it = m->item->child; it && !error; it = it->next) {
        error = cJSON_IsString(it) ? add(e, it->valuestring) : wrong_type(m, "an array of strings");
    }
    return error;
}

static struct err *take_id(struct entry *e, const struct member *m)
{
    e->id = strndup(m->raw, m->raw_len);
    return e->id ? NULL : err_plain(ERR_NOMEM);
}

/* seconds, or a DUR in a string; the number's own text serves as a DUR too, unless it has an
 * exponent */
static struct err *take_timeout(struct entry *e, const struct member *m)
{
    if (cJSON_IsString(m->item)) {
        return field_task_timeout(e, m->item->valuestring);
    }
    if (!cJSON_IsNumber(m->item) || !(m->item->valuedouble >= 0)) {
        return wrong_type(m, "a number of seconds or a duration");
    }
    if (m->item->valuedouble > UNITS_DURATION_MOST) {
        return err_new(ERR_INPUT, NULL, "task_timeout: it is too long");
    }
    e->task_timeout = m->item->valuedouble;
    return NULL;
}

/* {.key}: strings decoded, everything else as it stands in the line */
static struct err *take_other(struct entry *e, const struct member *m)
{
    return field_other(e, m->item->string,
        cJSON_IsString(m->item) ? mem_dup(m->item->valuestring) : strndup(m->raw, m->raw_len));
}

static struct err *take_member(struct entry *e, const struct member *m)
{
    const char *key = m->item->string;
    field_fn *set = field_named(key);
    if (cJSON_IsNull(m->item)) {
        return NULL;
    }
    if (strcmp(key, "url") == 0 || strcmp(key, "header") == 0) {
        return take_texts(e, m, set);
    }
    if (strcmp(key, "id") == 0) {
        return take_id(e, m);
    }
    if (strcmp(key, "task_timeout") == 0) {
        return take_timeout(e, m);
    }
    return set ? take_text(e, m, set) : take_other(e, m);
}

static int by_key(const void *a, const void *b)
{
    return strcmp((*(const cJSON *const *)a)->string, (*(const cJSON *const *)b)->string);
}

/* Sorted rather than compared each with each: a line may hold very many. */
static struct err *check_duplicates(const cJSON *object)
{
    size_t n = 0;
    for (const cJSON *it = object->child; it; it = it->next) {
        n++;
    }
    const cJSON **sorted = mem_array(NULL, n, sizeof(cJSON *));
    if (!sorted) {
        return err_plain(ERR_NOMEM);
    }
    n = 0;
    for (const cJSON *it = object->child; it; it = it->next) {
        sorted[n++] = it;
    }
    qsort(sorted, n, sizeof(cJSON *), by_key);
    struct err *error = NULL;
    for (size_t i = 1; i < n && !error; i++) {
        if (strcmp(sorted[i - 1]->string, sorted[i]->string) == 0) {
            error =
                err_new(ERR_INPUT, NULL, "the key \"%.100s\" is there twice", sorted[i]->string);
        }
    }
    free(sorted);
    return error;
}

/* Keeps the first error of kind ERR_INPUT in the entry; another one comes back. */
static struct err *note(struct entry *e, struct err *error)
{
    if (error && !err_is(error, ERR_INPUT)) {
        return error;
    }
    if (e->error) {
        err_unref(error);
    } else {
        e->error = error;
    }
    return NULL;
}

static struct err *take_members(struct entry *e, const cJSON *object, const char *text, size_t len)
{
    struct json_scan scan;
    json_scan_init(&scan, text, len);
    bool inside = json_scan_object(&scan);
    struct err *fatal = note(e, check_duplicates(object));
    for (const cJSON *it = object->child; it && inside && !fatal; it = it->next) {
        struct member m = {.item = it};
        if (!json_scan_member(&scan, &m.raw, &m.raw_len)) {
            break;
        }
        /* of a key that is there twice the first value counts, and the entry is a bad one */
        if (strcmp(it->string, "id") == 0 && e->id) {
            continue;
        }
        fatal = note(e, take_member(e, &m));
    }
    return fatal;
}

/* Strictly, with the place of what is wrong. */
static struct err *check(const struct split_line *t)
{
    const char *problem = text_problem(t->text, t->len);
    if (problem) {
        return err_new(ERR_INPUT, NULL, "%s", problem);
    }
    struct json_scan scan;
    json_scan_init(&scan, t->text, t->len);
    if (json_scan_object(&scan)) {
        scan.at = t->text;
        if (json_scan_value(&scan)) {
            json_scan_done(&scan);
        }
    }
    if (scan.wrong) {
        return err_new(ERR_INPUT, NULL, "not a JSON object: %s at column %zu", scan.wrong,
            (size_t)(scan.at - t->text) + 1);
    }
    return NULL;
}

static struct err *parse(struct entry *e, const struct split_line *t)
{
    struct err *error = check(t);
    if (error) {
        return note(e, error);
    }
    cJSON *object = cJSON_ParseWithLength(t->text, t->len);
    if (!object) {
        /* the scan lets through what only a decoder sees */
        return note(e, err_new(ERR_INPUT, NULL, "not a JSON object: half a surrogate pair"));
    }
    error = take_members(e, object, t->text, t->len);
    if (!error && !e->urls) {
        error = note(e, err_new(ERR_INPUT, NULL, "no \"url\""));
    }
    cJSON_Delete(object);
    return error;
}

static bool is_blank(const struct split_line *t)
{
    for (size_t i = 0; i < t->len; i++) {
        if (!memchr(" \t\r", t->text[i], 3)) {
            return false;
        }
    }
    return true;
}

struct err *jsonl_entry(
    const struct list_out *list, const struct split_line *text, uint64_t line, struct entry **out)
{
    *out = NULL;
    if (is_blank(text)) {
        return NULL;
    }
    struct entry *e = entry_new();
    if (!e) {
        return err_plain(ERR_NOMEM);
    }
    e->file = list->file;
    e->line = line;
    e->json = true;
    struct err *error = parse(e, text);
    if (!error && e->error && !(e->raw = mem_dup_bytes(text->text, text->len))) {
        error = err_plain(ERR_NOMEM);
    }
    if (error) {
        entry_free(e);
        return error;
    }
    *out = e;
    return NULL;
}
