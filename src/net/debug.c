/* SPDX-License-Identifier: MIT */
/*
 * What libcurl tells of its doings, for -v and GARNER_TRACE=net: "* " notes, "> " request and "< "
 * reply headers. Secrets and the queries of URLs are blanked, and nothing that a server sent
 * reaches a terminal raw.
 */
#include "base/buf.h"
#include "base/trace.h"
#include "net/private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool debug__wanted(const struct multi *m)
{
    return m->options->verbose || trace_on(loop_trace(m->loop), TRACE_NET);
}

/* -- what is shown ------------------------------------------------------------------------- */

/* So much of a line, and what stands for the rest of it. */
struct view {
    size_t n;
    const char *rest;
};

static bool begins_with(const char *line, size_t n, const char *text)
{
    const size_t len = strlen(text);
    return n > len && strncasecmp(line, text, len) == 0;
}

static struct view up_to(const char *line, size_t n, char end, const char *rest)
{
    const char *found = memchr(line, end, n);
    return found ? (struct view){(size_t)(found - line), rest} : (struct view){n, ""};
}

/* Over HTTP/2 and 3 libcurl notes all headers, secret ones as well, before it sends them: they are
 * shown when they are sent. */
static struct view view_of_note(const char *line, size_t n)
{
    static const struct {
        const char *begin;
        char end; /* of what is shown; 0: nothing is */
    } notes[] = {
        {"h2h3 [", 0}, /* 7.88 */
        {"[HTTP/", 0}, /* later */
        {"Added cookie ", '='},
        {"Replaced cookie ", '='},
        {"Server auth using ", '\''},
        {"Proxy auth using ", '\''},
    };
    for (size_t i = 0; i < sizeof(notes) / sizeof(*notes); i++) {
        if (begins_with(line, n, notes[i].begin)) {
            return notes[i].end ? up_to(line, n, notes[i].end, "***") : (struct view){0, ""};
        }
    }
    return (struct view){n, ""};
}

/* The length of the name and colon of a header whose value is nobody's business; else 0. */
static size_t secret(const char *line, size_t n)
{
    static const char *const names[] = {"Authorization:", "Proxy-Authorization:", "Cookie:",
        "Set-Cookie:", "X-Amz-Security-Token:"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        if (begins_with(line, n, names[i])) {
            return strlen(names[i]);
        }
    }
    return 0;
}

/* "GET /path?query HTTP/1.1", through a proxy "GET http://..."; a header's name ends with a colon
 * and has no blank. */
static bool is_request_line(char mark, const char *line, size_t n)
{
    const char *blank = memchr(line, ' ', n);
    return mark == '>' && blank && !memchr(line, ':', (size_t)(blank - line));
}

static bool holds_url(const char *line, size_t n)
{
    return begins_with(line, n, "Location:") || begins_with(line, n, "Content-Location:") ||
           begins_with(line, n, "Referer:");
}

static struct view view_of(char mark, const char *line, size_t n)
{
    const size_t name = secret(line, n);
    if (mark == '*') {
        return view_of_note(line, n);
    }
    if (name) {
        return (struct view){name, " ***"};
    }
    return is_request_line(mark, line, n) || holds_url(line, n) ? up_to(line, n, '?', "?***")
                                                                : (struct view){n, ""};
}

/* -- a line -------------------------------------------------------------------------------- */

static void add_visible(struct buf *b, const char *line, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)line[i];
        if (c < 0x20 || c == 0x7f || (c >= 0x80 && c < 0xa0)) {
            buf_addf(b, "\\x%02x", c);
        } else {
            buf_addc(b, (char)c);
        }
    }
}

static void print_line(struct multi *m, char mark, const char *line, size_t n)
{
    const struct view view = view_of(mark, line, n);
    struct buf b = BUF_INIT;
    if (view.n == 0) {
        return;
    }
    buf_addf(&b, "%c ", mark);
    add_visible(&b, line, view.n);
    buf_adds(&b, view.rest);
    char *text = buf_failed(&b) ? NULL : url_redact(b.data);
    if (text) {
        trace_put(loop_trace(m->loop), TRACE_NET, "%s", text);
        if (m->options->verbose) {
            fprintf(stderr, "%s\n", text);
        }
    }
    free(text);
    buf_fini(&b);
}

int debug__print(CURL *h, curl_infotype type, char *data, size_t n, void *easy)
{
    (void)h;
    struct easy *e = easy;
    char mark = type == CURLINFO_TEXT         ? '*'
                : type == CURLINFO_HEADER_OUT ? '>'
                : type == CURLINFO_HEADER_IN  ? '<'
                                              : 0;
    while (mark && n) {
        const char *end = memchr(data, '\n', n);
        size_t len = end ? (size_t)(end - data) : n;
        size_t text = len && data[len - 1] == '\r' ? len - 1 : len;
        if (text) {
            print_line(e->m, mark, data, text);
        }
        len += end ? 1 : 0;
        data += len;
        n -= len;
    }
    return 0;
}
