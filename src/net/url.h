/* SPDX-License-Identifier: MIT */
/* URLs, parsed once by libcurl's URL API. Immutable; counted on the home loop's thread. */
#ifndef NET_URL_H
#define NET_URL_H

#include "base/err.h"

#include <stdbool.h>

struct url;

/* ERR_INPUT with a message that says what is wrong (no scheme, bad port, NUL, ...). Only schemes
 * http and https are known; another one is ERR_POLICY. *out is owned by the caller. A fragment is
 * dropped, an IDN host is kept as libcurl wants it. */
struct err *url_parse(const char *text, struct url **out);

/* The same, quickly where the two are of one host, as a list's URLs mostly are. near: any URL;
 * NULL: none. */
struct err *url_parse_near(const struct url *near, const char *text, struct url **out);

/* A redirect's Location against the URL that sent it (RFC 3986 5.2). Same errors. */
struct err *url_resolve(const struct url *base, const char *location, struct url **out);

struct url *url_ref(struct url *u); /* NULL passes through */
void url_free(struct url *u);       /* drops one reference; NULL is ignored */

/* All borrowed, never NULL but where said. */
const char *url_text(const struct url *u);   /* whole, with user and password, no fragment */
const char *url_public(const struct url *u); /* without user, password and query: for people */
const char *url_scheme(const struct url *u);
const char *url_host(const struct url *u);  /* lower case, no brackets */
const char *url_path(const struct url *u);  /* begins with '/', still percent-encoded */
const char *url_query(const struct url *u); /* NULL if none; without '?' */
const char *url_user(const struct url *u);  /* NULL if none; decoded */
unsigned url_port(const struct url *u);     /* the default one if none is named */
bool url_has_credentials(const struct url *u);

/* scheme://host:port: what "host" means for slots, and "origin" for credentials. */
const char *url_origin(const struct url *u);
bool url_same_origin(const struct url *a, const struct url *b);

/* The text without user and password (for requests), owned by the caller. */
char *url_without_credentials(const struct url *u);

/* For any text that may hold a URL: a copy with "user:password@" shown as "user:***@". Owned by
 * the caller, NULL when memory ran out. Works on text that does not parse. */
char *url_redact(const char *text);

#endif
