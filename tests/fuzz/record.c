/* SPDX-License-Identifier: MIT */
/*
 * A record as JSON: strictly JSON whatever the strings hold, numbers exact, safe for a terminal,
 * and a path never lost.
 *
 * Parts: URL, effective URL, path, content type, ETag, file, error message. The first eight bytes
 * are a number.
 */
#include "base/utf8.h"
#include "cli/json_scan.h"
#include "cli/records.h"
#include "fuzz.h"
#include "net/url.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const cJSON *get(const cJSON *o, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(o, key);
    FUZZ_CHECK(item);
    return item;
}

/* Valid UTF-8 comes back; everything else is at least a string. */
static void check_string(const cJSON *o, const char *key, const char *is)
{
    const cJSON *item = get(o, key);
    FUZZ_CHECK(is ? cJSON_IsString(item) : cJSON_IsNull(item));
    FUZZ_CHECK(!is || !utf8_valid(is, strlen(is)) || strcmp(item->valuestring, is) == 0);
}

static void check_path(const cJSON *o, const char *path)
{
    if (path && path[0] == '-') {
        char *text = cJSON_GetStringValue(get(o, "path"));
        FUZZ_CHECK(text && strncmp(text, "./-", 3) == 0);
    } else {
        check_string(o, "path", path);
    }
    bool valid = !path || utf8_valid(path, strlen(path));
    const cJSON *bytes = cJSON_GetObjectItemCaseSensitive(o, "path_b64");
    FUZZ_CHECK(valid == !bytes);
    if (bytes) {
        size_t n = strlen(path) + (path[0] == '-' ? 2 : 0);
        FUZZ_CHECK(strlen(bytes->valuestring) == (n + 2) / 3 * 4);
    }
}

static void check_number(const char *json, const char *key, int64_t n)
{
    char text[64];
    snprintf(text, sizeof(text), "\"%s\":%" PRId64 ",", key, n);
    FUZZ_CHECK(strstr(json, text));
}

static void check_text(const struct buf *b)
{
    struct json_scan scan;
    FUZZ_CHECK(strlen(b->data) == b->len);
    FUZZ_CHECK(utf8_valid(b->data, b->len));
    FUZZ_CHECK(!fuzz_has_control(b->data, b->len));
    json_scan_init(&scan, b->data, b->len);
    FUZZ_CHECK(json_scan_value(&scan) && json_scan_done(&scan));
}

static void check_record(const struct record *r)
{
    struct buf b = BUF_INIT;
    char *effective = record_effective_url(r);
    record_to_json(r, &b);
    FUZZ_CHECK(!buf_failed(&b));
    check_text(&b);
    cJSON *o = cJSON_ParseWithLength(b.data, b.len);
    FUZZ_CHECK(o);
    check_string(o, "url", r->url);
    check_string(o, "effective_url", effective);
    check_path(o, r->path);
    check_string(get(o, "http"), "content_type", r->content_type);
    check_string(get(o, "http"), "etag", r->etag);
    check_string(get(o, "source"), "file", r->file);
    check_string(get(o, "error"), "message", err_message(r->error));
    if (r->size >= 0) {
        check_number(b.data, "size", r->size);
    }
    cJSON_Delete(o);
    buf_fini(&b);
    free(effective);
}

static char *some(const char *s)
{
    union {
        const char *in;
        char *out;
    } borrowed = {s};
    return *s ? borrowed.out : NULL;
}

FUZZ_TARGET(record)
{
    uint64_t number = 0;
    double real;
    size_t head = size < sizeof(number) ? size : sizeof(number);
    if (head > 0) {
        memcpy(&number, data, head);
    }
    memcpy(&real, &number, sizeof(real));
    struct fuzz_parts p;
    fuzz_split(&p, data + head, size - head);
    struct record r = {
        .index = number,
        .url = some(p.part[0]),
        .state = RECORD_FAILED,
        .path = some(p.part[2]),
        .size = (int64_t)number,
        .received = (int64_t)(number >> 1),
        .resumed_at = (int64_t)~number,
        .status = (int)(number % 1000),
        .content_type = some(p.part[3]),
        .etag = some(p.part[4]),
        .duplicate_of = number,
        .file = some(p.part[5]),
        .line = number,
        .length_known = (int)(number % 3) - 1,
        .started = real,
        .finished = fabs(real),
        .timing = {real, -real, real * 1e-300, real / 3, 0, 1e12, 1e-7, 0.5},
        .error = err_new(ERR_NETWORK, NULL, "%s", p.part[6]),
        .retryable = number & 1,
    };
    err_unref(url_parse(p.part[1], &r.at));
    check_record(&r);
    url_free(r.at);
    err_unref(r.error);
    fuzz_split_fini(&p);
    return 0;
}
