/* SPDX-License-Identifier: MIT */
/*
 * URLs: what is taken apart goes into a request as it is, and no text with a password in it shows
 * the password.
 *
 * Parts: a URL or the base of one, a Location, and the pieces of a URL with user and password.
 */
#include "net/url.h"
#include "cli/printable.h"
#include "fuzz.h"
#include "net/private.h"

#include <stdlib.h>
#include <string.h>

#define SECRET "s3cr3t-w0rd"

/* It goes into a request line or a header. */
static void check_line(const char *s)
{
    for (; *s; s++) {
        FUZZ_CHECK((unsigned char)*s > 0x20 && *s != 0x7f);
    }
}

static void check_parts(const struct url *u)
{
    const char *host = url_host(u);
    FUZZ_CHECK(*host);
    for (const char *s = host; *s; s++) {
        FUZZ_CHECK(!(*s >= 'A' && *s <= 'Z') && *s != '[' && *s != ']' && *s != '@' && *s != '/');
    }
    FUZZ_CHECK(strcmp(url_scheme(u), "http") == 0 || strcmp(url_scheme(u), "https") == 0);
    FUZZ_CHECK(url_path(u)[0] == '/');
    FUZZ_CHECK(!strpbrk(url_path(u), "?#"));
    FUZZ_CHECK(url_port(u) <= 65535);
    /* a user's name may hold a blank; it goes into no line */
    FUZZ_CHECK(!strpbrk(url_text(u), "\r\n\t\x7f"));
    check_line(url__bare(u));
    check_line(url_public(u));
    check_line(url_origin(u));
    FUZZ_CHECK(!strpbrk(url_public(u), "?#"));
    FUZZ_CHECK(strncmp(url__bare(u), url_public(u), strlen(url_public(u))) == 0);
    FUZZ_CHECK(url_has_credentials(u) || strcmp(url_text(u), url__bare(u)) == 0);
    FUZZ_CHECK(!url_user(u) == !url__password(u));
}

static void check_same(const struct url *a, const struct url *b)
{
    FUZZ_CHECK(strcmp(url_text(a), url_text(b)) == 0);
    FUZZ_CHECK(strcmp(url__bare(a), url__bare(b)) == 0);
    FUZZ_CHECK(strcmp(url_public(a), url_public(b)) == 0);
    FUZZ_CHECK(url_same_origin(a, b) && url_port(a) == url_port(b));
    FUZZ_CHECK(strcmp(url_path(a), url_path(b)) == 0);
    FUZZ_CHECK(fuzz_same(url_query(a), url_query(b)));
    FUZZ_CHECK(fuzz_same(url_user(a), url_user(b)));
    FUZZ_CHECK(fuzz_same(url__password(a), url__password(b)));
}

static void check_refused(struct err *e, struct url *u)
{
    FUZZ_CHECK(!u);
    fuzz_refused(e, err_is(e, ERR_POLICY) ? ERR_POLICY : ERR_INPUT);
}

/* Next to another URL a text gives what it gives by itself. */
static void check_near(const struct url *near, const char *text)
{
    struct url *alone, *u;
    struct err *e = url_parse(text, &alone), *again = url_parse_near(near, text, &u);
    FUZZ_CHECK(!e == !again);
    if (!e) {
        check_same(alone, u);
    }
    err_unref(e);
    err_unref(again);
    url_free(alone);
    url_free(u);
}

/* What begins as the URL does, and goes on as anything. */
static void check_sibling(const struct url *u, const char *rest)
{
    struct buf text = BUF_INIT;
    const char *bare = url__bare(u);
    buf_add(&text, bare, strlen(url_public(u)) - strlen(url_path(u)));
    buf_adds(&text, rest);
    check_near(u, text.data);
    buf_fini(&text);
}

/* Its text gives the same URL; without credentials it has none. */
static void check_url(const struct url *u)
{
    struct url *again;
    check_parts(u);
    check_near(u, url_text(u));
    struct err *e = url_parse(url_text(u), &again);
    FUZZ_CHECK(!e);
    check_same(u, again);
    url_free(again);
    char *without = url_without_credentials(u);
    FUZZ_CHECK(!url_parse(without, &again));
    FUZZ_CHECK(!url_has_credentials(again) && url_same_origin(again, u));
    url_free(again);
    free(without);
}

static void check_redirect(const struct url *base, const char *location)
{
    struct url *to;
    struct err *e = url_resolve(base, location, &to);
    if (e) {
        check_refused(e, to);
        return;
    }
    check_url(to);
    url_free(to);
}

/* Also of a text that is no URL, if it begins as one: http:/, http://, //... */
static void check_shown_anyway(const char *before, const char *user, const char *text)
{
    size_t scheme = strspn(before, "abcdefghijklmnopqrstuvwxyz");
    size_t slashes = strlen(before) - scheme - (before[scheme] == ':');
    bool begins = slashes > (before[scheme] != ':') &&
                  strspn(before + strlen(before) - slashes, "/") == slashes;
    if (!begins || (scheme > 0 && before[scheme] != ':') || strpbrk(user, "/?#\r\n")) {
        return;
    }
    struct buf shown = BUF_INIT;
    char *redacted = url_redact(text);
    FUZZ_CHECK(!strstr(redacted, SECRET));
    printable_add_url(&shown, text);
    FUZZ_CHECK(!shown.data || !strstr(shown.data, SECRET));
    free(redacted);
    buf_fini(&shown);
}

static void check_secret(const char *before, const char *user, const char *after)
{
    struct buf text = BUF_INIT, shown = BUF_INIT;
    struct url *u;
    buf_adds(&text, before);
    buf_adds(&text, user);
    buf_adds(&text, ":" SECRET "@");
    buf_adds(&text, after);
    if (strstr(strstr(text.data, SECRET) + 1, SECRET)) {
        buf_fini(&text);
        return;
    }
    struct err *e = url_parse(text.data, &u);
    bool is_password = !e && url__password(u) && strcmp(url__password(u), SECRET) == 0;
    if (is_password) {
        char *redacted = url_redact(text.data);
        FUZZ_CHECK(!strstr(redacted, SECRET));
        free(redacted);
        redacted = url_redact(url_text(u));
        FUZZ_CHECK(!strstr(redacted, SECRET));
        free(redacted);
        FUZZ_CHECK(!strstr(url__bare(u), SECRET) && !strstr(url_public(u), SECRET));
        printable_add_url(&shown, text.data);
        FUZZ_CHECK(!strstr(shown.data, SECRET));
    }
    check_shown_anyway(before, user, text.data);
    err_unref(e);
    url_free(u);
    buf_fini(&text);
    buf_fini(&shown);
}

FUZZ_TARGET(url)
{
    struct fuzz_parts p;
    struct url *u;
    fuzz_split(&p, data, size);
    struct err *e = url_parse(p.part[0], &u);
    if (e) {
        check_refused(e, u);
    } else {
        check_url(u);
        check_redirect(u, p.part[1]);
        check_sibling(u, p.part[1]);
        url_free(u);
    }
    char *redacted = url_redact(p.part[0]);
    FUZZ_CHECK(redacted);
    free(redacted);
    check_secret(p.part[2], p.part[3], p.part[4]);
    fuzz_split_fini(&p);
    return 0;
}
