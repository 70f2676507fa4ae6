/* SPDX-License-Identifier: MIT */
/*
 * The list format "jsonl": what is accepted is strictly an object, means what another reader finds
 * in it, and its id is echoed byte for byte.
 */
#include "cli/jsonl.h"

#include "base/utf8.h"
#include "cli/json_scan.h"
#include "cli/records.h"
#include "entries.h"
#include "fuzz.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

static const cJSON *get(const cJSON *o, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(o, key);
}

/* The id is a piece of the line, and the value that the object holds. */
static void check_id(const struct entry *e, const char *line, const cJSON *o)
{
    const cJSON *id = get(o, "id");
    if (!e->id) {
        FUZZ_CHECK(!id || cJSON_IsNull(id));
        return;
    }
    FUZZ_CHECK(strstr(line, e->id));
    cJSON *alone = cJSON_Parse(e->id);
    FUZZ_CHECK(alone && id);
    char *a = cJSON_PrintUnformatted(alone), *b = cJSON_PrintUnformatted(id);
    FUZZ_CHECK(a && b && strcmp(a, b) == 0);
    cJSON_free(a);
    cJSON_free(b);
    cJSON_Delete(alone);
}

/* In the record it stands as it stood in the line. */
static void check_echo(const struct entry *e)
{
    struct json_scan scan;
    struct buf b = BUF_INIT, expected = BUF_INIT;
    struct record r = {.id = e->id, .url = e->urls ? e->urls[0] : NULL, .index = 7};
    record_to_json(&r, &b);
    FUZZ_CHECK(utf8_valid(b.data, b.len) && !memchr(b.data, '\n', b.len));
    json_scan_init(&scan, b.data, b.len);
    FUZZ_CHECK(json_scan_value(&scan) && json_scan_done(&scan));
    buf_addf(&expected, "\"index\":7,\"id\":%s,\"url\":", e->id ? e->id : "null");
    FUZZ_CHECK(strstr(b.data, expected.data));
    buf_fini(&b);
    buf_fini(&expected);
}

static void check_url(const struct entry *e, const cJSON *o)
{
    const cJSON *url = get(o, "url");
    const cJSON *first = cJSON_IsArray(url) ? url->child : url;
    size_t n = 0;
    for (; first; first = cJSON_IsArray(url) ? first->next : NULL) {
        FUZZ_CHECK(fuzz_same(e->urls[n], first->valuestring));
        n++;
    }
    FUZZ_CHECK(n > 0 && !e->urls[n]);
}

static void check_accepted(const struct entry *e, const char *line, size_t size)
{
    struct json_scan scan;
    json_scan_init(&scan, line, size);
    FUZZ_CHECK(json_scan_value(&scan) && json_scan_done(&scan));
    cJSON *o = cJSON_ParseWithLengthOpts(line, size + 1, NULL, true);
    FUZZ_CHECK(cJSON_IsObject(o));
    check_url(e, o);
    check_id(e, line, o);
    for (size_t i = 0; i < e->nfields; i++) {
        const cJSON *item = get(o, e->fields[i].key);
        FUZZ_CHECK(item);
        FUZZ_CHECK(fuzz_same(e->fields[i].value, item->valuestring) ||
                   (!cJSON_IsString(item) && strstr(line, e->fields[i].value)));
    }
    cJSON_Delete(o);
}

FUZZ_TARGET(jsonl)
{
    if (memchr(data, '\n', size)) {
        return 0;
    }
    struct entries es;
    struct entry *e;
    entries_init(&es, "list");
    char *line = fuzz_text(data, size);
    /* without the NUL behind it, for a reader that looks too far */
    char *exact = malloc(size ? size : 1);
    if (!exact) {
        abort();
    }
    memcpy(exact, line, size);
    FUZZ_CHECK(!jsonl_entry(&es.out, &(struct split_line){exact, size}, 3, &e));
    free(exact);
    if (!e) {
        FUZZ_CHECK(line[strspn(line, " \t\r")] == '\0');
    } else {
        check_echo(e);
        if (!e->error) {
            check_accepted(e, line, size);
        }
        entries_add(&es, e);
    }
    entries_fini(&es);
    free(line);
    return 0;
}
