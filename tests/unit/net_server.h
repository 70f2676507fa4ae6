/* SPDX-License-Identifier: MIT */
/*
 * A small HTTP/1.1 server on loopback, with a thread a connection, whose paths misbehave in one way
 * each (the table in net_server.c).
 */
#ifndef TESTS_UNIT_NET_SERVER_H
#define TESTS_UNIT_NET_SERVER_H

#include "net/url.h"

struct server;

struct server *server_start(void);
void server_stop(struct server *s);

/* From now on a TLS hello gets no answer, instead of a wrong one. */
void server_mute(struct server *s);

unsigned server_port(const struct server *s);
/* Connections accepted, requests read. */
unsigned server_connections(struct server *s);
unsigned server_requests(struct server *s);

/* http://127.0.0.1:PORT and path; owned by the caller. */
struct url *server_url(const struct server *s, const char *path);

#endif
