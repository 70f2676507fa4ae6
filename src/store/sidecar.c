/* SPDX-License-Identifier: MIT */
/* NAME.part.json: its text and its file. */
#include "store/sidecar.h"

#include "base/alloc.h"
#include "store/claim.h"
#include "store/dir.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FORMAT     1
#define EXACT_MOST 9007199254740992.0 /* cJSON's numbers are doubles */

#define CLAIMS ",\"claims\":[\""
#define NEXT   "\",\""
#define END    "\"]}\n"

void sidecar_fini(struct sidecar *s)
{
    free(s->url);
    s->url = NULL;
    validators_fini(&s->v);
    ranges_fini(&s->more);
}

/* -- reading --------------------------------------------------------------------------------- */

/* Text that may go into a request's header: a line break in it would make another one. */
static bool harmless(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f) {
            return false;
        }
    }
    return true;
}

/* A string or null; *bad is set if it is neither. */
static char *get_text(const cJSON *o, const char *key, bool *bad)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(o, key);
    if (cJSON_IsNull(item)) {
        return NULL;
    }
    char *copy =
        cJSON_IsString(item) && harmless(item->valuestring) ? mem_dup(item->valuestring) : NULL;
    *bad = *bad || !copy;
    return copy;
}

static int64_t get_count(const cJSON *item, int64_t least, bool *bad)
{
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= (double)least) ||
        item->valuedouble > EXACT_MOST || item->valuedouble != (double)(int64_t)item->valuedouble) {
        *bad = true;
        return least;
    }
    return (int64_t)item->valuedouble;
}

static int64_t get_number(const cJSON *o, const char *key, int64_t least, bool *bad)
{
    return get_count(cJSON_GetObjectItemCaseSensitive(o, key), least, bad);
}

static uint64_t get_key(const cJSON *o, bool *bad)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(o, "key");
    const char *text = cJSON_IsString(item) ? item->valuestring : "";
    if (strlen(text) != 16 || strspn(text, "0123456789abcdef") != 16) {
        *bad = true;
        return 0;
    }
    return strtoull(text, NULL, 16);
}

static struct range get_range(const cJSON *range, bool *bad)
{
    if (!cJSON_IsArray(range) || cJSON_GetArraySize(range) != 2) {
        *bad = true;
        return (struct range){0, 0};
    }
    int64_t from = get_count(cJSON_GetArrayItem(range, 0), 0, bad);
    return (struct range){from, get_count(cJSON_GetArrayItem(range, 1), 0, bad)};
}

/* As they were told of before there were claims: how many bytes there are from the start, the first
 * range's end; and what else there is, in order, with gaps between. */
static void get_present(const cJSON *ranges, struct sidecar *out, bool *bad)
{
    const cJSON *range = cJSON_IsArray(ranges) ? ranges->child : NULL;
    struct range before = get_range(range, bad);
    out->present = before.to;
    *bad = *bad || !range || before.from != 0;
    while (!*bad && (range = range->next) != NULL) {
        const struct range r = get_range(range, bad);
        *bad =
            *bad || r.from <= before.to || r.to <= r.from || !ranges_add(&out->more, r.from, r.to);
        before = r;
    }
    *bad = *bad || (out->v.total >= 0 && before.to > out->v.total);
}

static char *print_head(const struct sidecar *s);

/* The newer of the claims that are whole. */
static void get_claims(const cJSON *claims, struct sidecar *out, bool *bad)
{
    char *head = print_head(out);
    bool found = false;
    for (int i = 0; head && i < 2; i++) {
        const cJSON *item = cJSON_GetArrayItem(claims, i);
        struct claim c;
        if (!cJSON_IsString(item) || !claim_parse(item->valuestring, head, out->v.total, &c)) {
            continue;
        }
        if (found && c.number <= out->number) {
            ranges_fini(&c.more);
            continue;
        }
        found = true;
        ranges_fini(&out->more);
        out->present = c.present;
        out->more = c.more;
        out->number = c.number;
        out->slot = (unsigned)i;
    }
    *bad = *bad || !found;
    cJSON_free(head);
}

static struct claim claim_of(const struct sidecar *s, uint64_t number)
{
    return (struct claim){.number = number, .present = s->present, .more = s->more};
}

/* Where the claims of our own form begin, -1 in any other. */
static off_t find_claims(const struct sidecar *s, const char *text, size_t len)
{
    struct buf b = BUF_INIT;
    const struct claim c = claim_of(s, s->number);
    off_t at = -1;
    char *head = print_head(s);
    if (head) {
        buf_add(&b, head, strlen(head) - 1);
        buf_adds(&b, CLAIMS);
        const size_t begin = b.len;
        claim_put(&c, head, &b);
        const size_t width = b.len - begin;
        const size_t rest = sizeof(NEXT) - 1 + width + sizeof(END) - 1;
        if (!buf_failed(&b) && len == b.len + rest && memcmp(text, b.data, begin) == 0 &&
            memcmp(text + begin + width, NEXT, sizeof(NEXT) - 1) == 0 &&
            memcmp(text + len - (sizeof(END) - 1), END, sizeof(END) - 1) == 0) {
            at = (off_t)begin;
        }
    }
    cJSON_free(head);
    buf_fini(&b);
    return at;
}

bool sidecar_parse(const char *text, size_t len, struct sidecar *out)
{
    *out = (struct sidecar){.claim_at = -1};
    cJSON *o = memchr(text, '\0', len) ? NULL : cJSON_ParseWithLength(text, len);
    if (!cJSON_IsObject(o)) {
        cJSON_Delete(o);
        return false;
    }
    bool bad = false;
    bad = get_number(o, "garner", FORMAT, &bad) != FORMAT || bad;
    out->url = get_text(o, "url", &bad);
    out->key = get_key(o, &bad);
    out->v.etag = get_text(o, "etag", &bad);
    out->v.last_modified = get_text(o, "last_modified", &bad);
    out->v.coding = get_text(o, "coding", &bad);
    out->v.modified = (time_t)get_number(o, "modified", -1, &bad);
    out->v.date = (time_t)get_number(o, "date", -1, &bad);
    out->v.total = get_number(o, "total", -1, &bad);
    const cJSON *claims = cJSON_GetObjectItemCaseSensitive(o, "claims");
    if (cJSON_IsArray(claims)) {
        get_claims(claims, out, &bad);
    } else {
        get_present(cJSON_GetObjectItemCaseSensitive(o, "present"), out, &bad);
    }
    cJSON_Delete(o);
    if (bad) {
        sidecar_fini(out);
        return false;
    }
    out->claim_at = claims ? find_claims(out, text, len) : -1;
    out->claimed = out->more.n;
    return true;
}

/* One of ours, and only data: everything else is left alone. */
static int open_ours(int at, const char *name, int flags, size_t *size)
{
    struct stat st;
    int fd = dir_open(at, name, flags | O_NONBLOCK);
    if (fd < 0) {
        return fd;
    }
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_nlink != 1 || st.st_uid != geteuid()) {
        close(fd);
        return -EPERM;
    }
    *size = (size_t)st.st_size;
    return fd;
}

bool sidecar_read(int at, const char *name, struct sidecar *out)
{
    size_t size = 0, len = 0;
    int fd = open_ours(at, name, O_RDONLY, &size);
    if (fd < 0) {
        return false;
    }
    char *text = size > 0 && size <= SIDECAR_MOST ? malloc(size) : NULL;
    while (text && len < size) {
        ssize_t n = pread(fd, text + len, size - len, (off_t)len);
        if (n == 0 || (n < 0 && errno != EINTR)) {
            break;
        }
        len += n > 0 ? (size_t)n : 0;
    }
    close(fd);
    bool ok = text && len == size && sidecar_parse(text, len, out);
    free(text);
    return ok;
}

/* -- writing --------------------------------------------------------------------------------- */

static bool put_text(cJSON *o, const char *key, const char *text)
{
    return text ? cJSON_AddStringToObject(o, key, text) : cJSON_AddNullToObject(o, key);
}

static bool put_number(cJSON *o, const char *key, int64_t n)
{
    char text[32];
    (void)snprintf(text, sizeof(text), "%" PRId64, n);
    return cJSON_AddRawToObject(o, key, text);
}

static char *print_head(const struct sidecar *s)
{
    char key[17];
    (void)snprintf(key, sizeof(key), "%016" PRIx64, s->key);
    cJSON *o = cJSON_CreateObject();
    bool ok = o && put_number(o, "garner", FORMAT) && put_text(o, "url", s->url) &&
              put_text(o, "key", key) && put_text(o, "etag", s->v.etag) &&
              put_text(o, "last_modified", s->v.last_modified) &&
              put_text(o, "coding", s->v.coding) && put_number(o, "modified", s->v.modified) &&
              put_number(o, "date", s->v.date) && put_number(o, "total", s->v.total);
    char *text = ok ? cJSON_PrintUnformatted(o) : NULL;
    cJSON_Delete(o);
    return text;
}

/* Both claims say the same; the first is the one that counts. */
void sidecar_format(struct sidecar *s, struct buf *b)
{
    const struct claim c = claim_of(s, ++s->number);
    char *head = print_head(s);
    if (!head) {
        b->failed = true;
        return;
    }
    buf_add(b, head, strlen(head) - 1); /* the object goes on */
    buf_adds(b, CLAIMS);
    s->claim_at = (off_t)b->len;
    claim_put(&c, head, b);
    buf_adds(b, NEXT);
    claim_put(&c, head, b);
    buf_adds(b, END);
    cJSON_free(head);
    s->slot = 0;
    s->claimed = s->more.n;
}

static int write_all(int fd, const char *text, size_t len, off_t at)
{
    while (len > 0) {
        ssize_t n = pwrite(fd, text, len, at);
        if (n < 0 && errno != EINTR) {
            return errno;
        }
        if (n > 0) {
            text += n;
            len -= (size_t)n;
            at += n;
        }
    }
    return 0;
}

int sidecar_write(int at, const char *name, struct sidecar *s, bool sync)
{
    struct buf b = BUF_INIT;
    int fd, failed = 0;
    s->claim_at = -1;
    sidecar_format(s, &b);
    if (buf_failed(&b)) {
        buf_fini(&b);
        return ENOMEM;
    }
    /* A new file rather than a change of the old one: half a text is no sidecar, but half of one
     * over half of another might be. */
    if (unlinkat(at, name, 0) < 0 && errno != ENOENT) {
        failed = errno;
    } else if ((fd = dir_open(at, name, O_WRONLY | O_CREAT | O_EXCL)) < 0) {
        failed = -fd;
    } else {
        failed = write_all(fd, b.data, b.len, 0);
        failed = !failed && sync && fdatasync(fd) < 0 ? errno : failed;
        close(fd);
        if (failed) {
            (void)unlinkat(at, name, 0);
        }
    }
    buf_fini(&b);
    s->claim_at = failed ? -1 : s->claim_at;
    return failed;
}

int sidecar_claim(int at, const char *name, struct sidecar *s, bool sync)
{
    struct buf b = BUF_INIT;
    const struct claim c = claim_of(s, s->number + 1);
    const unsigned slot = 1 - s->slot;
    size_t size = 0;
    int fd = open_ours(at, name, O_WRONLY, &size), failed = EINVAL;
    if (fd < 0) {
        return -fd;
    }
    char *head = print_head(s);
    if (head) {
        claim_put(&c, head, &b);
    }
    const off_t to = s->claim_at + (slot ? (off_t)(b.len + sizeof(NEXT) - 1) : 0);
    if (!head || buf_failed(&b)) {
        failed = ENOMEM;
    } else if (s->more.n == s->claimed && (size_t)to + b.len + sizeof(END) - 1 <= size) {
        failed = write_all(fd, b.data, b.len, to);
        failed = !failed && sync && fdatasync(fd) < 0 ? errno : failed;
    }
    close(fd);
    cJSON_free(head);
    buf_fini(&b);
    if (!failed) {
        s->number = c.number;
        s->slot = slot;
    }
    return failed;
}
