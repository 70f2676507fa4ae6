/* SPDX-License-Identifier: MIT */
/* Entries: made, grown and ended. */
#include "fetch/entry.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

struct entry *entry_new(void)
{
    struct entry *e = mem_new(sizeof(*e));
    if (e) {
        e->if_exists = -1;
        e->task_timeout = -1;
    }
    return e;
}

static void strings_free(char **strings)
{
    for (char **s = strings; s && *s; s++) {
        free(*s);
    }
    free(strings);
}

void entry_free(void *entry)
{
    struct entry *e = entry;
    if (!e) {
        return;
    }
    strings_free(e->urls);
    strings_free(e->headers);
    for (size_t i = 0; i < e->nfields; i++) {
        free(e->fields[i].key);
        free(e->fields[i].value);
    }
    free(e->fields);
    free(e->out);
    free(e->dir);
    free(e->checksum);
    free(e->method);
    free(e->body);
    free(e->referer);
    free(e->user_agent);
    free(e->user);
    free(e->id);
    free(e->raw);
    err_unref(e->error);
    free(e);
}

static bool strings_add(char ***strings, const char *text, size_t len)
{
    size_t n = 0;
    while (*strings && (*strings)[n]) {
        n++;
    }
    char *copy = malloc(len + 1);
    if (!copy) {
        return false;
    }
    char **grown = mem_array(*strings, n + 2, sizeof(*grown));
    if (!grown) {
        free(copy);
        return false;
    }
    memcpy(copy, text, len);
    copy[len] = '\0';
    grown[n] = copy;
    grown[n + 1] = NULL;
    *strings = grown;
    return true;
}

bool entry_add_url(struct entry *e, const char *url, size_t len)
{
    return strings_add(&e->urls, url, len);
}

bool entry_add_header(struct entry *e, const char *line, size_t len)
{
    return strings_add(&e->headers, line, len);
}
