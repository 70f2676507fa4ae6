/* SPDX-License-Identifier: MIT */
/* One entry of the list: what to download, and what the list says about it. */
#ifndef FETCH_ENTRY_H
#define FETCH_ENTRY_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lease;

/* A further key of a jsonl object, for {.key} in templates; its value as text. */
struct entry_field {
    char *key, *value; /* owned */
};

/* All pointers owned but `file`; NULL (or as said) where the list says nothing. */
struct entry {
    char **urls; /* NULL-terminated, at least one unless `error`; the first names the file, the
                    others are mirrors */
    char *out, *dir, *checksum;
    char **headers; /* NULL-terminated "Name: value" lines */
    char *method, *body;
    size_t body_len;
    char *referer, *user_agent, *user; /* user: "user:password" */
    char *id;                          /* a JSON text, byte for byte as it came */
    int if_exists;                     /* enum if_exists; -1: not said */
    double task_timeout;               /* seconds; -1: not said */
    struct entry_field *fields;
    size_t nfields;
    const char *file;    /* borrowed: lives as long as the list's reader; NULL: the command line */
    bool json;           /* it is written down as a JSON object */
    char *raw;           /* of a bad one: what is written down, where its line can be */
    uint64_t line;       /* from 1; on the command line the position among the URLs */
    struct lease *lease; /* borrowed: by which the queue that gave it knows it; NULL: no queue */
    struct err *error;   /* a bad entry: ERR_INPUT; then urls may be NULL, or hold its text */
};

struct entry *entry_new(void); /* NULL when memory ran out */
void entry_free(void *entry);  /* NULL is ignored */

/* Appends a URL (a mirror from the second on) or a header line; false when memory ran out. */
bool entry_add_url(struct entry *e, const char *url, size_t len);
bool entry_add_header(struct entry *e, const char *line, size_t len);

#endif
