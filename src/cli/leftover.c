/* SPDX-License-Identifier: MIT */
#include "cli/leftover.h"

#include "base/json_write.h"
#include "cli/printable.h"

#include <stdio.h>
#include <string.h>

static const char *if_exists_name(int policy)
{
    static const char *const names[] = {"skip", "verify", "update", "rename", "overwrite", "fail"};
    return policy >= 0 && (size_t)policy < sizeof(names) / sizeof(names[0]) ? names[policy] : NULL;
}

/* Seconds that read back as the same, whatever the locale. */
static const char *seconds_text(double seconds, char text[32])
{
    unsigned long long ms = (unsigned long long)(seconds * 1000 + 0.5);
    (void)snprintf(text, 32, "%llu.%03llu", ms / 1000, ms % 1000);
    return text;
}

/* A bad entry is not fetched with what was understood of it. */
static bool is_bad(const struct entry *e)
{
    return e->error || !e->urls || !e->urls[0];
}

/* -- lines --------------------------------------------------------------------------------- */

static void add_option(struct buf *b, const char *key, const char *value)
{
    if (value) {
        buf_adds(b, "  ");
        buf_adds(b, key);
        buf_addc(b, '=');
        buf_adds(b, value);
        buf_addc(b, '\n');
    }
}

static void add_comment(struct buf *b, const struct entry *e)
{
    buf_adds(b, "# ");
    if (e->urls && e->urls[0]) {
        printable_add(b, e->urls[0]);
        buf_adds(b, ": ");
    }
    if (e->file) {
        printable_add(b, e->file);
        buf_addf(b, ":%llu: ", (unsigned long long)e->line);
    }
    printable_add(b, e->error ? err_message(e->error) : "no URL");
    buf_addc(b, '\n');
}

void leftover_lines(const struct entry *e, const char *target, struct buf *b)
{
    char seconds[32];
    if (is_bad(e)) {
        add_comment(b, e);
        return;
    }
    for (char **url = e->urls; *url; url++) {
        if (url != e->urls) {
            buf_addc(b, '\t');
        }
        buf_adds(b, *url);
    }
    buf_addc(b, '\n');
    add_option(b, "out", target ? target : e->out);
    add_option(b, "dir", target ? NULL : e->dir);
    add_option(b, "checksum", e->checksum);
    for (char **line = e->headers; line && *line; line++) {
        add_option(b, "header", *line);
    }
    add_option(b, "referer", e->referer);
    add_option(b, "user-agent", e->user_agent);
    add_option(b, "user", e->user);
    add_option(b, "method", e->method);
    add_option(b, "body", e->body);
    add_option(b, "if-exists", if_exists_name(e->if_exists));
    if (e->task_timeout >= 0) {
        add_option(b, "task-timeout", seconds_text(e->task_timeout, seconds));
    }
}

/* -- jsonl --------------------------------------------------------------------------------- */

static void add_key(struct buf *b, const char *key)
{
    buf_addc(b, ',');
    json_string(b, key);
    buf_addc(b, ':');
}

static void add_member(struct buf *b, const char *key, const char *value)
{
    if (value) {
        add_key(b, key);
        json_string(b, value);
    }
}

static void add_element(struct buf *b, bool *first, const char *before, const char *text)
{
    struct buf line = BUF_INIT;
    if (!text) {
        return;
    }
    buf_adds(&line, before);
    buf_adds(&line, text);
    if (!*first) {
        buf_addc(b, ',');
    }
    *first = false;
    if (buf_failed(&line)) {
        b->failed = true;
    } else {
        json_string(b, line.data ? line.data : "");
    }
    buf_fini(&line);
}

static void add_urls(struct buf *b, const struct entry *e)
{
    bool first = true;
    buf_adds(b, "{\"url\":");
    if (!e->urls[1]) {
        json_string(b, e->urls[0]);
        return;
    }
    buf_addc(b, '[');
    for (char **url = e->urls; *url; url++) {
        add_element(b, &first, "", *url);
    }
    buf_addc(b, ']');
}

static void add_headers(struct buf *b, const struct entry *e)
{
    bool first = true;
    if (!e->headers && !e->referer && !e->user_agent) {
        return;
    }
    add_key(b, "header");
    buf_addc(b, '[');
    for (char **line = e->headers; line && *line; line++) {
        add_element(b, &first, "", *line);
    }
    add_element(b, &first, "Referer: ", e->referer);
    add_element(b, &first, "User-Agent: ", e->user_agent);
    buf_addc(b, ']');
}

void leftover_json(const struct entry *e, const char *target, struct buf *b)
{
    char seconds[32];
    if (is_bad(e)) {
        if (e->raw) {
            buf_adds(b, e->raw);
            buf_addc(b, '\n');
        }
        return;
    }
    add_urls(b, e);
    add_member(b, "out", target ? target : e->out);
    add_member(b, "dir", target ? NULL : e->dir);
    add_member(b, "checksum", e->checksum);
    add_headers(b, e);
    add_member(b, "user", e->user);
    add_member(b, "method", e->method);
    add_member(b, "body", e->body);
    add_member(b, "if_exists", if_exists_name(e->if_exists));
    if (e->task_timeout >= 0) {
        add_key(b, "task_timeout");
        buf_adds(b, seconds_text(e->task_timeout, seconds));
    }
    if (e->id) {
        add_key(b, "id");
        buf_adds(b, e->id);
    }
    for (size_t i = 0; i < e->nfields; i++) {
        add_member(b, e->fields[i].key, e->fields[i].value);
    }
    buf_adds(b, "}\n");
}
