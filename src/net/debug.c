/* SPDX-License-Identifier: MIT */
/*
 * What libcurl tells of its doings, for -v and GARNER_TRACE=net: "* " notes, "> " request and "< "
 * reply headers. Secrets are blanked, and nothing that a server sent reaches a terminal raw.
 */
#include "base/buf.h"
#include "base/trace.h"
#include "net/private.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

bool debug__wanted(const struct multi *m)
{
    return m->options->verbose || trace_on(loop_trace(m->loop), TRACE_NET);
}

/* The length of the name and colon of a header whose value is nobody's business; else 0. */
static size_t secret(const char *line, size_t n)
{
    static const char *const names[] = {"Authorization:", "Proxy-Authorization:", "Cookie:",
        "Set-Cookie:", "X-Amz-Security-Token:"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        size_t len = strlen(names[i]);
        if (n > len && strncasecmp(line, names[i], len) == 0) {
            return len;
        }
    }
    return 0;
}

/* A request line without its query. */
static size_t request_line(const char *line, size_t n)
{
    const char *query = memchr(line, '?', n);
    const char *colon = memchr(line, ':', n);
    return query && !colon ? (size_t)(query - line) : n;
}

static void print_line(struct multi *m, char mark, const char *line, size_t n)
{
    struct buf b = BUF_INIT;
    size_t shown = n, name = secret(line, n);
    if (mark == '>' && !name) {
        shown = request_line(line, n);
    }
    buf_addf(&b, "%c ", mark);
    for (size_t i = 0; i < (name ? name : shown); i++) {
        unsigned char c = (unsigned char)line[i];
        if (c < 0x20 || c == 0x7f || (c >= 0x80 && c < 0xa0)) {
            buf_addf(&b, "\\x%02x", c);
        } else {
            buf_addc(&b, (char)c);
        }
    }
    buf_adds(&b, name ? " ***" : shown < n ? "?***" : "");
    if (!buf_failed(&b)) {
        trace_put(loop_trace(m->loop), TRACE_NET, "%s", b.data);
        if (m->options->verbose) {
            fprintf(stderr, "%s\n", b.data);
        }
    }
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
