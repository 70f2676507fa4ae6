/* SPDX-License-Identifier: MIT */
/*
 * hiredis on the loop.
 *
 * hiredis frees its context by itself when a connection fails or ends, right after it said so; then
 * `ac` is forgotten. What is freed here is freed from the ready queue, never inside a callback.
 */
#include "queue/redis.h"

#include "base/alloc.h"

/* Code in hiredis' headers is not written for our warnings. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#include <hiredis/adapters/libev.h>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#pragma GCC diagnostic pop
#include <stdlib.h>
#include <string.h>
#ifdef HAVE_HIREDIS_SSL
#include <hiredis/hiredis_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#endif

#define TEXT_(x) #x
#define TEXT(x)  TEXT_(x)

struct redis {
    struct loop *loop;
    redisAsyncContext *ac;    /* owned by hiredis; NULL once it is gone */
    struct future *connected; /* owned */
    struct timer silence;     /* runs while an answer is due */
    double patience;
    size_t due;       /* answers */
    struct err *lost; /* owned: why `ac` is gone */
};

const char *redis_version(void)
{
    return "hiredis/" TEXT(HIREDIS_MAJOR) "." TEXT(HIREDIS_MINOR) "." TEXT(HIREDIS_PATCH);
}

/* -- the connection ------------------------------------------------------------------------ */

static void complete(struct future *f, struct err *error)
{
    if (future_done(f)) {
        err_unref(error);
    } else if (error) {
        err_unref(future_set_error(f, error));
        future_retrieved(f); /* whoever awaits it is told; whoever does not need not be */
    } else {
        err_unref(future_set_result(f, NULL, NULL));
    }
}

static void note_lost(struct redis *r, enum err_kind kind, const char *why)
{
    r->ac = NULL;
    timer_stop(&r->silence);
    if (!r->lost) {
        r->lost = err_new(kind, NULL, "%s", why && *why ? why : "the connection was closed");
    }
    complete(r->connected, err_ref(r->lost));
}

static void on_connect(const redisAsyncContext *ac, int status)
{
    struct redis *r = ac->data;
    if (status == REDIS_OK) {
        complete(r->connected, NULL);
    } else {
        note_lost(r, ERR_CONNECT, ac->c.errstr);
    }
}

static void on_disconnect(const redisAsyncContext *ac, int status)
{
    struct redis *r = ac->data;
    note_lost(r, ERR_NETWORK, status == REDIS_OK ? NULL : ac->errstr);
}

/* Ends the connection; the answers due fail by on_reply. */
static void drop(struct redis *r, enum err_kind kind, const char *why)
{
    redisAsyncContext *ac = r->ac;
    if (ac) {
        r->lost = r->lost ? r->lost : err_new(kind, NULL, "%s", why);
        redisAsyncFree(ac);
        note_lost(r, kind, why);
    }
}

static struct err *on_silence(void *arg)
{
    drop(arg, ERR_NETWORK, "no answer");
    return NULL;
}

#ifdef HAVE_HIREDIS_SSL

bool redis_has_tls(void)
{
    return true;
}

/* Through *out, the caller's. hiredis itself would not look whose certificate it is. The system's
 * authorities are trusted, or those of SSL_CERT_FILE and SSL_CERT_DIR. */
static bool new_tls(const char *name, SSL **out)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *ssl = context && SSL_CTX_set_default_verify_paths(context) == 1 ? SSL_new(context) : NULL;
    bool good = ssl != NULL;
    if (ssl) {
        SSL_set_verify(ssl, SSL_VERIFY_PEER, NULL);
        if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) != 1) {
            good = SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
        }
    }
    SSL_CTX_free(context);
    *out = ssl;
    return good;
}

static struct err *begin_tls(struct redis *r, const char *name)
{
    SSL *ssl = NULL;
    bool good = new_tls(name, &ssl);
    ERR_clear_error();
    if (good && redisInitiateSSL(&r->ac->c, ssl) == REDIS_OK) {
        return NULL; /* it has ssl */
    }
    SSL_free(ssl);
    return err_new(ERR_TLS, NULL, "TLS with %s cannot begin%s%s", name, good ? ": " : "",
        good ? r->ac->c.errstr : "");
}

#else

bool redis_has_tls(void)
{
    return false;
}

static struct err *begin_tls(struct redis *r, const char *name)
{
    (void)r;
    return err_new(ERR_TLS, NULL, "%s asks for TLS, and this hiredis has none", name);
}

#endif

/* hiredis has begun to connect, or says why it cannot. */
static struct err *attach(struct redis *r, const struct redis_place *place)
{
    redisAsyncContext *ac = r->ac;
    struct err *error = NULL;
    if (!ac) {
        return err_plain(ERR_NOMEM);
    }
    ac->data = r;
    if (ac->err) {
        error = err_new(ERR_CONNECT, NULL, "%s", ac->errstr);
    } else if (place->tls_name) {
        error = begin_tls(r, place->tls_name);
    }
    if (!error && (redisLibevAttach(loop_ev(r->loop), ac) != REDIS_OK ||
                      redisAsyncSetConnectCallback(ac, on_connect) != REDIS_OK ||
                      redisAsyncSetDisconnectCallback(ac, on_disconnect) != REDIS_OK)) {
        error = err_plain(ERR_NOMEM);
    }
    return error;
}

struct err *redis_open(
    struct loop *l, const struct redis_place *place, double patience, struct redis **out)
{
    *out = NULL;
    struct redis *r = mem_new(sizeof(*r));
    if (!r) {
        return err_plain(ERR_NOMEM);
    }
    r->loop = l;
    r->patience = patience;
    timer_init(&r->silence, on_silence, r);
    r->connected = future_new(l);
    if (!r->connected) {
        redis_free(r);
        return err_plain(ERR_NOMEM);
    }
    r->ac = place->address ? redisAsyncConnect(place->address, (int)place->port)
                           : redisAsyncConnectUnix(place->path);
    struct err *error = attach(r, place);
    if (error) {
        redis_free(r);
        return error;
    }
    *out = r;
    return NULL;
}

struct future *redis_connected(const struct redis *r)
{
    return r->connected;
}

void redis_free(struct redis *r)
{
    if (r) {
        drop(r, ERR_NETWORK, "the connection was given up");
        timer_stop(&r->silence);
        future_unref(r->connected);
        err_unref(r->lost);
        free(r);
    }
}

bool redis_alive(const struct redis *r)
{
    return r->ac != NULL;
}

/* -- commands ------------------------------------------------------------------------------ */

/* hiredis frees a reply after its callback: what is in it is moved to one of ours. */
static redisReply *steal(redisReply *reply)
{
    redisReply *own = malloc(sizeof(*own));
    if (own) {
        *own = *reply;
        memset(reply, 0, sizeof(*reply));
        reply->type = REDIS_REPLY_NIL;
    }
    return own;
}

/* The code has to outlive the error. */
static const char *known_code(const char *text)
{
    static const char *const codes[] = {"BUSY", "BUSYGROUP", "CLUSTERDOWN", "ERR", "LOADING",
        "MASTERDOWN", "MISCONF", "MOVED", "NOAUTH", "NOGROUP", "NOPERM", "NOREPLICAS", "OOM",
        "READONLY", "TRYAGAIN", "UNBLOCKED", "WRONGPASS", "WRONGTYPE"};
    size_t len = strcspn(text, " ");
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (strlen(codes[i]) == len && memcmp(codes[i], text, len) == 0) {
            return codes[i];
        }
    }
    return NULL;
}

/* Redis 6 says "ERR Error running script (call to f_...): @user_script:1: -OOM ..." */
static const char *code_of(const char *text)
{
    const char *inner = NULL;
    const char *at = strncmp(text, "ERR Error running script", 24) == 0 ? strstr(text, ": ") : NULL;
    while (at && !inner) {
        inner = known_code(at + 2 + (at[2] == '-'));
        at = strstr(at + 2, ": ");
    }
    return inner ? inner : known_code(text);
}

static void answer(struct redis *r, struct future *f, redisReply *reply)
{
    if (!reply) {
        complete(f, r->lost ? err_ref(r->lost) : err_plain(ERR_NETWORK));
        return;
    }
    if (reply->type == REDIS_REPLY_ERROR) {
        complete(f, err_new(ERR_IO, code_of(reply->str), "Redis says: %s", reply->str));
        return;
    }
    redisReply *own = steal(reply);
    if (!own) {
        complete(f, err_plain(ERR_NOMEM));
    } else if (future_done(f)) {
        freeReplyObject(own);
    } else {
        err_unref(future_set_result(f, own, redis_reply_free));
    }
}

static void on_reply(redisAsyncContext *ac, void *reply, void *arg)
{
    struct redis *r = ac->data;
    struct future *f = arg; /* a reference */
    if (!reply && !r->lost) {
        r->lost = err_new(ERR_NETWORK, NULL, "%s",
            ac->err && ac->errstr && *ac->errstr ? ac->errstr : "the connection was closed");
    }
    answer(r, f, reply);
    future_unref(f);
    r->due--;
    timer_stop(&r->silence);
    if (r->due && reply) {
        err_unref(timer_start_after(r->loop, &r->silence, r->patience));
    }
}

static bool send_words(struct redis *r, const struct redis_args *a, struct future *f)
{
    const char **words = mem_array(NULL, a->count, sizeof(*words));
    size_t *lens = mem_array(NULL, a->count, sizeof(*lens));
    bool sent = false;
    for (size_t i = 0; words && lens && i < a->count; i++) {
        size_t begin = i ? a->ends[i - 1] : 0;
        words[i] = a->bytes.data + begin;
        lens[i] = a->ends[i] - begin;
    }
    if (words && lens) {
        sent = redisAsyncCommandArgv(r->ac, on_reply, f, (int)a->count, words, lens) == REDIS_OK;
    }
    free(words);
    free(lens);
    return sent;
}

struct future *redis_send(struct redis *r, const struct redis_args *a)
{
    struct future *f = a->failed ? NULL : future_new(r->loop);
    if (!f) {
        return NULL;
    }
    if (!r->ac) {
        complete(f, r->lost ? err_ref(r->lost) : err_plain(ERR_NETWORK));
        return f;
    }
    if (!send_words(r, a, future_ref(f))) {
        future_unref(f);
        future_unref(f);
        return NULL;
    }
    if (r->due++ == 0) {
        err_unref(timer_start_after(r->loop, &r->silence, r->patience));
    }
    return f;
}

bool redis_error_passes(const struct err *e)
{
    static const char *const codes[] = {"BUSY", "CLUSTERDOWN", "LOADING", "MASTERDOWN", "MISCONF",
        "NOREPLICAS", "OOM", "READONLY", "TRYAGAIN"};
    const char *code = e ? err_code(e) : NULL;
    for (size_t i = 0; code && i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (strcmp(code, codes[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* -- replies ------------------------------------------------------------------------------- */

void redis_reply_free(void *reply)
{
    if (reply) {
        freeReplyObject(reply);
    }
}

const char *redis_reply_text(const struct redisReply *r, size_t *len)
{
    bool text = r && (r->type == REDIS_REPLY_STRING || r->type == REDIS_REPLY_STATUS);
    if (len) {
        *len = text ? r->len : 0;
    }
    return text ? r->str : NULL;
}

long long redis_reply_int(const struct redisReply *r)
{
    const char *text = redis_reply_text(r, NULL);
    if (text) {
        return strtoll(text, NULL, 10);
    }
    return r && r->type == REDIS_REPLY_INTEGER ? r->integer : -1;
}

size_t redis_reply_count(const struct redisReply *r)
{
    return r && r->type == REDIS_REPLY_ARRAY ? r->elements : 0;
}

const struct redisReply *redis_reply_at(const struct redisReply *r, size_t i)
{
    return i < redis_reply_count(r) ? r->element[i] : NULL;
}
