/* SPDX-License-Identifier: MIT */
/*
 * What a list may say about an entry, checked where it is said: whatever ends up in a header or in
 * a request line holds no control character. All give NULL, ERR_INPUT with a message that names the
 * field, or ERR_NOMEM.
 */
#ifndef CLI_FIELDS_H
#define CLI_FIELDS_H

#include "fetch/entry.h"

enum { FIELDS_LIST_MAX = 1024 }; /* mirrors, and headers, of one entry */

/* One text field; a second value takes the place of the first. */
struct err *field_out(struct entry *e, const char *value);
struct err *field_dir(struct entry *e, const char *value);
struct err *field_checksum(struct entry *e, const char *value);
struct err *field_referer(struct entry *e, const char *value);
struct err *field_user_agent(struct entry *e, const char *value);
struct err *field_method(struct entry *e, const char *value);
struct err *field_body(struct entry *e, const char *value);
struct err *field_user(struct entry *e, const char *value);
struct err *field_header(struct entry *e, const char *value); /* one more */
struct err *field_if_exists(struct entry *e, const char *value);
struct err *field_task_timeout(struct entry *e, const char *value); /* a DUR */

/* The field of this name among those that jsonl and tables share: its text from one value of it,
 * url and header once more each time. NULL: not one of them; `id` is none, as it is no text. */
typedef struct err *field_fn(struct entry *e, const char *value);
field_fn *field_named(const char *key);
/* A key of the list's own, for {.key}. value: taken over; NULL is ERR_NOMEM. */
struct err *field_other(struct entry *e, const char *key, char *value);

/* One text by its name, as tables and queues have them: any of the above, `id` (which becomes a
 * JSON string) or a key of the list's own. An empty text says nothing, but for keys of the list's
 * own. */
struct err *field_text(struct entry *e, const char *name, const char *value);

/* aria2's two halves of `user`, in any order. */
struct err *field_http_user(struct entry *e, const char *value);
struct err *field_http_passwd(struct entry *e, const char *value);

/* One more URL. ERR_INPUT past FIELDS_LIST_MAX. */
struct err *field_url(struct entry *e, const char *url, size_t len);

/* What is wrong with a line of text in itself, or NULL: a NUL, or no UTF-8. Static. */
const char *text_problem(const char *text, size_t len);

#endif
