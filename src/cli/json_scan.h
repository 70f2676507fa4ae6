/* SPDX-License-Identifier: MIT */
/*
 * A strict look over JSON text (RFC 8259) that builds nothing: it finds where values begin and end,
 * so that one can be echoed byte for byte, and says where text that is not JSON goes wrong.
 */
#ifndef CLI_JSON_SCAN_H
#define CLI_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>

struct json_scan {
    const char *at, *end; /* borrowed; on failure `at` is where it went wrong */
    const char *wrong;    /* what went wrong, static; NULL while all is well */
    unsigned depth;
};

void json_scan_init(struct json_scan *s, const char *text, size_t len);

/* Passes over white space and one value. False: see `wrong`. */
bool json_scan_value(struct json_scan *s);

/* The members of an object, one a call: the raw value's place comes out. First s->at is put behind
 * the '{' by json_scan_object. json_scan_member is false at the '}' and on failure. */
bool json_scan_object(struct json_scan *s);
bool json_scan_member(struct json_scan *s, const char **value, size_t *len);

/* True if nothing but white space is left. */
bool json_scan_done(struct json_scan *s);

#endif
