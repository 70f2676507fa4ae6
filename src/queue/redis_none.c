/* SPDX-License-Identifier: MIT */
/* A build without hiredis: the options say so before anything of this is asked for. */
#include "queue/redis.h"

const char *redis_version(void)
{
    return NULL;
}

bool redis_has_tls(void)
{
    return false;
}

struct err *redis_open(
    struct loop *l, const struct redis_place *place, double patience, struct redis **out)
{
    (void)l;
    (void)place;
    (void)patience;
    *out = NULL;
    return err_new(ERR_CONNECT, NULL, "this garner was built without Redis");
}

struct future *redis_connected(const struct redis *r)
{
    (void)r;
    return NULL;
}

void redis_free(struct redis *r)
{
    (void)r;
}

bool redis_alive(const struct redis *r)
{
    (void)r;
    return false;
}

struct future *redis_send(struct redis *r, const struct redis_args *a)
{
    (void)r;
    (void)a;
    return NULL;
}

bool redis_error_passes(const struct err *e)
{
    (void)e;
    return false;
}

void redis_reply_free(void *reply)
{
    (void)reply;
}

const char *redis_reply_text(const struct redisReply *r, size_t *len)
{
    (void)r;
    if (len) {
        *len = 0;
    }
    return NULL;
}

long long redis_reply_int(const struct redisReply *r)
{
    (void)r;
    return -1;
}

size_t redis_reply_count(const struct redisReply *r)
{
    (void)r;
    return 0;
}

const struct redisReply *redis_reply_at(const struct redisReply *r, size_t i)
{
    (void)r;
    (void)i;
    return NULL;
}
