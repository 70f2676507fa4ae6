/* SPDX-License-Identifier: MIT */
/* A journal's lines. The key stands first, at a fixed place, so that millions are read quickly. */
#include "base/json_write.h"
#include "store/journal.h"

#include <inttypes.h>
#include <string.h>

#define HEAD       "{\"garner\":1,\"key\":\""
#define HEAD_LEN   (sizeof(HEAD) - 1)
#define KEY_DIGITS 16

void journal_format(const struct journal_line *line, struct buf *b)
{
    buf_addf(b, HEAD "%016" PRIx64 "\",\"url\":", line->key);
    json_string(b, line->url);
    buf_adds(b, ",\"path\":");
    json_string(b, line->path);
    buf_adds(b, ",\"size\":");
    if (line->size >= 0) {
        json_int(b, line->size);
    } else {
        json_null(b);
    }
    buf_adds(b, ",\"checksum\":");
    json_string(b, line->checksum);
    buf_adds(b, ",\"finished\":");
    json_time(b, line->finished);
    buf_adds(b, "}\n");
}

static bool read_key(const char *hex, uint64_t *key)
{
    uint64_t value = 0;
    for (size_t i = 0; i < KEY_DIGITS; i++) {
        char c = hex[i];
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10)
                                                : 16;
        if (digit > 15) {
            return false;
        }
        value = value << 4 | digit;
    }
    *key = value;
    return true;
}

/* Where a crash tore a line there is no brace, or there are zeros in place of text. */
static bool whole(const char *text, size_t len)
{
    if (len == 0 || text[len - 1] != '}') {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] < 0x20) {
            return false;
        }
    }
    return true;
}

bool journal_parse(const char *text, size_t len, uint64_t *key)
{
    const size_t least = HEAD_LEN + KEY_DIGITS + 2;
    if (len > 0 && text[len - 1] == '\r') {
        len--;
    }
    return len >= least && memcmp(text, HEAD, HEAD_LEN) == 0 &&
           text[HEAD_LEN + KEY_DIGITS] == '"' && whole(text, len) && read_key(text + HEAD_LEN, key);
}
