/* SPDX-License-Identifier: MIT */
#include "queue/redis_url.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

enum {
    PORT = 6379,
    MOST = 65535,
    PATH_MOST = sizeof(((struct sockaddr_un *)0)->sun_path) - 1,
};

static int hex(char c)
{
    const char *digits = "0123456789abcdef";
    const char *at = c ? strchr(digits, c | ('A' <= c && c <= 'Z' ? 0x20 : 0)) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* Through *out, the caller's; NULL is ERR_NOMEM. A stray % stands for itself. */
static struct err *decode(const char *text, size_t len, char **out)
{
    char *to = *out = mem_dup_bytes(text, len);
    if (!to) {
        return err_plain(ERR_NOMEM);
    }
    for (const char *from = to; *from; from++) {
        int high = *from == '%' ? hex(from[1]) : -1;
        int low = high >= 0 ? hex(from[2]) : -1;
        *to = low >= 0 ? (char)(16 * high + low) : *from;
        from += low >= 0 ? 2 : 0;
        if (!*to++) {
            return err_new(ERR_USAGE, NULL, "a name or a password holds %%00");
        }
    }
    *to = '\0';
    return NULL;
}

static bool number(const char *text, size_t len, unsigned *out)
{
    unsigned n = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9' || n > MOST) {
            return false;
        }
        n = n * 10 + (unsigned)(text[i] - '0');
    }
    *out = n;
    return len > 0 && n <= MOST;
}

static struct err *take_user(struct redis_url *u, const char *text, size_t len)
{
    const char *colon = memchr(text, ':', len);
    size_t user = colon ? (size_t)(colon - text) : len;
    struct err *e = user ? decode(text, user, &u->user) : NULL;
    if (!e && colon) {
        e = decode(colon + 1, len - user - 1, &u->password);
    }
    if (!e && u->user && !u->password) {
        e = err_new(ERR_USAGE, NULL, "a user without a password: USER:PASSWORD@ or :PASSWORD@");
    }
    return e;
}

static struct err *take_host(struct redis_url *u, const char *text, size_t len)
{
    const char *end = text + len;
    const char *close = *text == '[' ? memchr(text, ']', len) : NULL;
    const char *colon = memchr(close ? close : text, ':', (size_t)(end - (close ? close : text)));
    size_t name = (size_t)((colon ? colon : end) - text);
    u->port = PORT;
    if (colon && !number(colon + 1, (size_t)(end - colon - 1), &u->port)) {
        return err_new(ERR_USAGE, NULL, "the port is no number from 1 to %d", MOST);
    }
    if (close) {
        if (close + 1 != (colon ? colon : end)) {
            return err_new(ERR_USAGE, NULL, "the address in brackets is followed by something");
        }
        text++;
        name -= 2;
    }
    if (!name || *text == '[' || u->port == 0) {
        return err_new(ERR_USAGE, NULL, "there is no host in it");
    }
    return decode(text, name, &u->host);
}

/* text: from the '/', '?' or '#' that cannot be where it is. With an @ behind it, it may be a part
 * of a password, of which no message may hold anything. */
static struct err *misplaced(const char *text)
{
    return strchr(text, '@')
               ? err_new(ERR_USAGE, NULL,
                     "in a password, / ? and # are %%2F, %%3F and %%23; in a stream, @ is %%40")
               : err_new(ERR_USAGE, NULL, "'%s' is not understood", text);
}

/* "db=3&stream=NAME" */
static struct err *take_query(struct redis_url *u, const char *query)
{
    struct err *e = NULL;
    while (!e && *query) {
        size_t len = strcspn(query, "&");
        if (strncmp(query, "db=", 3) == 0) {
            if (!number(query + 3, len - 3, &u->db)) {
                e = err_new(ERR_USAGE, NULL, "db= is no number of a database");
            }
        } else if (u->path && !u->stream && strncmp(query, "stream=", 7) == 0) {
            e = decode(query + 7, len - 7, &u->stream);
        } else {
            e = misplaced(query);
        }
        query += len;
        query += *query == '&';
    }
    return e;
}

static struct err *take_rest(struct redis_url *u, const char *text, bool local)
{
    size_t authority = strcspn(text, "/?#");
    const char *at = memrchr(text, '@', authority);
    const char *host = at ? at + 1 : text;
    const char *path = text + authority;
    size_t len = strcspn(path, "?#");
    struct err *e = at ? take_user(u, text, (size_t)(at - text)) : NULL;
    if (!e && local) {
        if (host != path || len < 2) {
            return err_new(ERR_USAGE, NULL, "the path of a socket has to be absolute");
        }
        e = decode(path, len, &u->path);
        if (!e && strlen(u->path) > PATH_MOST) { /* hiredis would cut it */
            e = err_new(ERR_USAGE, NULL, "the path of a socket has at most %d bytes", PATH_MOST);
        }
    } else if (!e) {
        e = take_host(u, host, (size_t)(path - host));
        if (!e && len > 1) {
            e = memchr(path, '@', len) ? misplaced(path) : decode(path + 1, len - 1, &u->stream);
        }
    }
    if (!e && path[len] == '?') {
        e = take_query(u, path + len + 1);
    } else if (!e && path[len]) {
        e = misplaced(path + len);
    }
    if (!e && (!u->stream || !*u->stream)) {
        e = err_new(ERR_USAGE, NULL, "it names no stream: %s",
            local ? "redis+unix:///PATH?stream=STREAM" : "redis://HOST/STREAM");
    }
    return e;
}

struct err *redis_url_parse(const char *text, struct redis_url *out)
{
    static const struct {
        const char *scheme;
        bool local, tls;
    } schemes[] = {
        {"redis://", false, false},
        {"rediss://", false, true},
        {"redis+unix://", true, false},
        {"unix://", true, false},
    };
    *out = (struct redis_url){.host = NULL};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        size_t len = strlen(schemes[i].scheme);
        if (strncasecmp(text, schemes[i].scheme, len) == 0) {
            out->tls = schemes[i].tls;
            struct err *e = take_rest(out, text + len, schemes[i].local);
            if (e) {
                redis_url_fini(out);
            }
            return e;
        }
    }
    return err_new(ERR_USAGE, NULL,
        "a queue is redis://[USER:PASSWORD@]HOST[:PORT]/STREAM, or "
        "redis+unix:///PATH?stream=STREAM");
}

void redis_url_fini(struct redis_url *u)
{
    free(u->host);
    free(u->path);
    free(u->user);
    free(u->password);
    free(u->stream);
    *u = (struct redis_url){.host = NULL};
}
