/* SPDX-License-Identifier: MIT */
/* A strict look over JSON text. */
#include "cli/json_scan.h"

#include <string.h>

enum { DEPTH_MAX = 500 }; /* below cJSON's own bound */

void json_scan_init(struct json_scan *s, const char *text, size_t len)
{
    *s = (struct json_scan){.at = text, .end = text + len};
}

static bool wrong(struct json_scan *s, const char *what)
{
    if (!s->wrong) {
        s->wrong = what;
    }
    return false;
}

static void skip_space(struct json_scan *s)
{
    while (
        s->at < s->end && (*s->at == ' ' || *s->at == '\t' || *s->at == '\r' || *s->at == '\n')) {
        s->at++;
    }
}

static bool take(struct json_scan *s, char c)
{
    if (s->at < s->end && *s->at == c) {
        s->at++;
        return true;
    }
    return false;
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool scan_escape(struct json_scan *s)
{
    if (s->at == s->end) {
        return wrong(s, "a string does not end");
    }
    char c = *s->at;
    if (c != 'u') {
        if (!memchr("\"\\/bfnrt", c, 8)) {
            return wrong(s, "an unknown escape in a string");
        }
        s->at++;
        return true;
    }
    if (s->end - s->at < 5) {
        return wrong(s, "a string does not end");
    }
    for (int i = 1; i <= 4; i++) {
        if (!is_hex(s->at[i])) {
            return wrong(s, "\\u without four hexadecimal digits");
        }
    }
    if (memcmp(s->at, "u0000", 5) == 0) {
        return wrong(s, "a string holds \\u0000");
    }
    s->at += 5;
    return true;
}

static bool scan_string(struct json_scan *s)
{
    if (!take(s, '"')) {
        return wrong(s, "a string was expected");
    }
    while (s->at < s->end) {
        unsigned char c = (unsigned char)*s->at;
        if (c == '"') {
            s->at++;
            return true;
        }
        if (c < 0x20) {
            return wrong(s, "a control character in a string");
        }
        s->at++;
        if (c == '\\' && !scan_escape(s)) {
            return false;
        }
    }
    return wrong(s, "a string does not end");
}

static bool scan_digits(struct json_scan *s)
{
    const char *start = s->at;
    while (s->at < s->end && *s->at >= '0' && *s->at <= '9') {
        s->at++;
    }
    return s->at > start || wrong(s, "a number is malformed");
}

static bool scan_number(struct json_scan *s)
{
    take(s, '-');
    if (!take(s, '0') && !scan_digits(s)) {
        return false;
    }
    if (take(s, '.') && !scan_digits(s)) {
        return false;
    }
    if (take(s, 'e') || take(s, 'E')) {
        if (!take(s, '+')) {
            take(s, '-');
        }
        return scan_digits(s);
    }
    return true;
}

static bool scan_word(struct json_scan *s, const char *word)
{
    size_t n = strlen(word);
    if ((size_t)(s->end - s->at) < n || memcmp(s->at, word, n) != 0) {
        return wrong(s, "a value was expected");
    }
    s->at += n;
    return true;
}

static bool scan_array(struct json_scan *s)
{
    skip_space(s);
    if (take(s, ']')) {
        return true;
    }
    do {
        if (!json_scan_value(s)) {
            return false;
        }
        skip_space(s);
    } while (take(s, ','));
    return take(s, ']') || wrong(s, "',' or ']' was expected");
}

bool json_scan_object(struct json_scan *s)
{
    skip_space(s);
    return take(s, '{') || wrong(s, "an object was expected");
}

bool json_scan_member(struct json_scan *s, const char **value, size_t *len)
{
    /* the byte before tells the first member from the others */
    bool first = s->at[-1] == '{';
    skip_space(s);
    if (take(s, '}')) {
        return false;
    }
    if (!first) {
        if (!take(s, ',')) {
            return wrong(s, "',' or '}' was expected");
        }
        skip_space(s);
    }
    if (!scan_string(s)) {
        return false;
    }
    skip_space(s);
    if (!take(s, ':')) {
        return wrong(s, "':' was expected");
    }
    skip_space(s);
    *value = s->at;
    if (!json_scan_value(s)) {
        return false;
    }
    *len = (size_t)(s->at - *value);
    return true;
}

static bool scan_members(struct json_scan *s)
{
    const char *value;
    size_t len;
    if (!json_scan_object(s)) {
        return false;
    }
    while (json_scan_member(s, &value, &len)) {
    }
    return !s->wrong;
}

bool json_scan_value(struct json_scan *s)
{
    skip_space(s);
    if (s->at == s->end) {
        return wrong(s, "it ends too early");
    }
    if (s->depth == DEPTH_MAX) {
        return wrong(s, "it is nested too deeply");
    }
    bool good;
    s->depth++;
    switch (*s->at) {
    case '{':
        good = scan_members(s);
        break;
    case '[':
        s->at++;
        good = scan_array(s);
        break;
    case '"':
        good = scan_string(s);
        break;
    case 't':
        good = scan_word(s, "true");
        break;
    case 'f':
        good = scan_word(s, "false");
        break;
    case 'n':
        good = scan_word(s, "null");
        break;
    default:
        good = (*s->at == '-' || (*s->at >= '0' && *s->at <= '9')) ? scan_number(s)
                                                                   : scan_word(s, "true");
    }
    s->depth--;
    return good;
}

bool json_scan_done(struct json_scan *s)
{
    skip_space(s);
    return s->at == s->end || wrong(s, "something follows the object");
}
