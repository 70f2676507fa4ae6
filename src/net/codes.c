/* SPDX-License-Identifier: MIT */
/* libcurl's result codes: their symbolic names, and what kind of failure each is. */
#include "net/multi.h"
#include "net/private.h"

#include <string.h>

#define CODES(X)                                                                                   \
    X(CURLE_OK)                                                                                    \
    X(CURLE_UNSUPPORTED_PROTOCOL)                                                                  \
    X(CURLE_FAILED_INIT)                                                                           \
    X(CURLE_URL_MALFORMAT)                                                                         \
    X(CURLE_NOT_BUILT_IN)                                                                          \
    X(CURLE_COULDNT_RESOLVE_PROXY)                                                                 \
    X(CURLE_COULDNT_RESOLVE_HOST)                                                                  \
    X(CURLE_COULDNT_CONNECT)                                                                       \
    X(CURLE_WEIRD_SERVER_REPLY)                                                                    \
    X(CURLE_REMOTE_ACCESS_DENIED)                                                                  \
    X(CURLE_HTTP2)                                                                                 \
    X(CURLE_PARTIAL_FILE)                                                                          \
    X(CURLE_QUOTE_ERROR)                                                                           \
    X(CURLE_HTTP_RETURNED_ERROR)                                                                   \
    X(CURLE_WRITE_ERROR)                                                                           \
    X(CURLE_UPLOAD_FAILED)                                                                         \
    X(CURLE_READ_ERROR)                                                                            \
    X(CURLE_OUT_OF_MEMORY)                                                                         \
    X(CURLE_OPERATION_TIMEDOUT)                                                                    \
    X(CURLE_RANGE_ERROR)                                                                           \
    X(CURLE_HTTP_POST_ERROR)                                                                       \
    X(CURLE_SSL_CONNECT_ERROR)                                                                     \
    X(CURLE_BAD_DOWNLOAD_RESUME)                                                                   \
    X(CURLE_FILE_COULDNT_READ_FILE)                                                                \
    X(CURLE_FUNCTION_NOT_FOUND)                                                                    \
    X(CURLE_ABORTED_BY_CALLBACK)                                                                   \
    X(CURLE_BAD_FUNCTION_ARGUMENT)                                                                 \
    X(CURLE_INTERFACE_FAILED)                                                                      \
    X(CURLE_TOO_MANY_REDIRECTS)                                                                    \
    X(CURLE_UNKNOWN_OPTION)                                                                        \
    X(CURLE_SETOPT_OPTION_SYNTAX)                                                                  \
    X(CURLE_GOT_NOTHING)                                                                           \
    X(CURLE_SSL_ENGINE_NOTFOUND)                                                                   \
    X(CURLE_SSL_ENGINE_SETFAILED)                                                                  \
    X(CURLE_SEND_ERROR)                                                                            \
    X(CURLE_RECV_ERROR)                                                                            \
    X(CURLE_SSL_CERTPROBLEM)                                                                       \
    X(CURLE_SSL_CIPHER)                                                                            \
    X(CURLE_PEER_FAILED_VERIFICATION)                                                              \
    X(CURLE_BAD_CONTENT_ENCODING)                                                                  \
    X(CURLE_FILESIZE_EXCEEDED)                                                                     \
    X(CURLE_USE_SSL_FAILED)                                                                        \
    X(CURLE_SEND_FAIL_REWIND)                                                                      \
    X(CURLE_SSL_ENGINE_INITFAILED)                                                                 \
    X(CURLE_LOGIN_DENIED)                                                                          \
    X(CURLE_SSL_CACERT_BADFILE)                                                                    \
    X(CURLE_SSL_SHUTDOWN_FAILED)                                                                   \
    X(CURLE_AGAIN)                                                                                 \
    X(CURLE_SSL_CRL_BADFILE)                                                                       \
    X(CURLE_SSL_ISSUER_ERROR)                                                                      \
    X(CURLE_CHUNK_FAILED)                                                                          \
    X(CURLE_NO_CONNECTION_AVAILABLE)                                                               \
    X(CURLE_SSL_PINNEDPUBKEYNOTMATCH)                                                              \
    X(CURLE_SSL_INVALIDCERTSTATUS)                                                                 \
    X(CURLE_HTTP2_STREAM)                                                                          \
    X(CURLE_RECURSIVE_API_CALL)                                                                    \
    X(CURLE_AUTH_ERROR)                                                                            \
    X(CURLE_HTTP3)                                                                                 \
    X(CURLE_QUIC_CONNECT_ERROR)                                                                    \
    X(CURLE_PROXY)                                                                                 \
    X(CURLE_SSL_CLIENTCERT)                                                                        \
    X(CURLE_UNRECOVERABLE_POLL)

const char *net__code_name(CURLcode rc)
{
    switch ((int)rc) {
#define CASE(code)                                                                                 \
    case code:                                                                                     \
        return #code;
        CODES(CASE)
#undef CASE
    default:
        return "CURLE_UNKNOWN";
    }
}

int net_code_number(const char *name)
{
#define NUMBER(code)                                                                               \
    if (strcmp(name, #code) == 0) {                                                                \
        return code;                                                                               \
    }
    CODES(NUMBER)
#undef NUMBER
    return 0;
}

enum err_kind net__kind(CURLcode rc, bool connected)
{
    switch ((int)rc) {
    case CURLE_OUT_OF_MEMORY:
        return ERR_NOMEM;
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
        return ERR_DNS;
    case CURLE_COULDNT_CONNECT:
    case CURLE_INTERFACE_FAILED:
    case CURLE_QUIC_CONNECT_ERROR:
    case CURLE_PROXY:
        return ERR_CONNECT;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_USE_SSL_FAILED:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_CLIENTCERT:
        return ERR_TLS;
    case CURLE_OPERATION_TIMEDOUT:
        return ERR_TIMEOUT;
    case CURLE_FILESIZE_EXCEEDED:
        return ERR_POLICY;
    case CURLE_URL_MALFORMAT:
        return ERR_INPUT;
    case CURLE_UNSUPPORTED_PROTOCOL: /* before a connection: --proto; after: HTTP/0.9 */
        return connected ? ERR_NETWORK : ERR_POLICY;
    case CURLE_SEND_ERROR: /* of a handshake or a proxy, if nothing was asked yet */
    case CURLE_RECV_ERROR:
        return connected ? ERR_NETWORK : ERR_CONNECT;
    default:
        return ERR_NETWORK;
    }
}

const char *net__advice(CURLcode rc, const char *cacert)
{
    switch ((int)rc) {
    case CURLE_PEER_FAILED_VERIFICATION:
        return " (--cacert names authorities to trust)";
    case CURLE_SSL_CACERT_BADFILE:
        return cacert ? " (--cacert wants certificates in PEM)"
                      : " (install the system's authorities, Debian's package ca-certificates, or "
                        "name others with --cacert)";
    default:
        return "";
    }
}

struct err *net__usage(CURLcode rc, const char *what)
{
    if (rc == CURLE_OUT_OF_MEMORY) {
        return err_plain(ERR_NOMEM);
    }
    return err_new(
        ERR_USAGE, net__code_name(rc), "libcurl refuses %s: %s", what, curl_easy_strerror(rc));
}
