/* SPDX-License-Identifier: MIT */
/* Prefixes after IANA's special-purpose address registries (RFC 6890). */
#include "net/private_address.h"

#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

struct prefix {
    unsigned char bytes[16];
    unsigned bits;
};

static const struct prefix private4[] = {
    {{0}, 8},                 /* this network */
    {{10}, 8},                /* private */
    {{100, 64}, 10},          /* shared by carriers; Alibaba's metadata */
    {{127}, 8},               /* loopback */
    {{168, 63, 129, 16}, 32}, /* Azure's platform */
    {{169, 254}, 16},         /* link-local; most clouds' metadata */
    {{172, 16}, 12},          /* private */
    {{192, 0, 0}, 24},        /* protocol assignments; Oracle's metadata */
    {{192, 0, 2}, 24},        /* documentation */
    {{192, 168}, 16},         /* private */
    {{198, 18}, 15},          /* benchmarks */
    {{198, 51, 100}, 24},     /* documentation */
    {{203, 0, 113}, 24},      /* documentation */
    {{224}, 3},               /* multicast, reserved, broadcast */
};

static const struct prefix private6[] = {
    {{0}, 127},                           /* unspecified, loopback */
    {{0x00, 0x64, 0xff, 0x9b, 0, 1}, 48}, /* local NAT64 */
    {{0x01}, 64},                         /* discard */
    {{0x20, 0x01, 0x0d, 0xb8}, 32},       /* documentation */
    {{0x20, 0x01}, 32},                   /* Teredo */
    {{0x5f}, 16},                         /* segment routing */
    {{0xfc}, 7},                          /* unique local; Amazon's metadata */
    {{0xfe, 0x80}, 10},                   /* link-local */
    {{0xfe, 0xc0}, 10},                   /* site-local */
    {{0xff}, 8},                          /* multicast */
};

/* Where an IPv4 address stands in an IPv6 one that begins so. */
static const struct {
    struct prefix prefix;
    unsigned at;
} carries4[] = {
    {{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96}, 12}, /* mapped */
    {{{0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96}, 12},       /* translated */
    {{{0}, 96}, 12},                                        /* compatible */
    {{{0x00, 0x64, 0xff, 0x9b}, 96}, 12},                   /* NAT64 */
    {{{0x20, 0x02}, 16}, 2},                                /* 6to4 */
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool begins_with(const unsigned char *address, const struct prefix *p)
{
    unsigned bytes = p->bits / 8, rest = p->bits % 8;
    if (memcmp(address, p->bytes, bytes) != 0) {
        return false;
    }
    return rest == 0 || (address[bytes] ^ p->bytes[bytes]) >> (8 - rest) == 0;
}

static bool is_private4(const unsigned char *address)
{
    for (size_t i = 0; i < COUNT(private4); i++) {
        if (begins_with(address, &private4[i])) {
            return true;
        }
    }
    return false;
}

static bool is_private6(const unsigned char *address)
{
    for (size_t i = 0; i < COUNT(private6); i++) {
        if (begins_with(address, &private6[i])) {
            return true;
        }
    }
    for (size_t i = 0; i < COUNT(carries4); i++) {
        if (begins_with(address, &carries4[i].prefix)) {
            return is_private4(address + carries4[i].at);
        }
    }
    return false;
}

bool address_is_private(const struct sockaddr *addr, socklen_t len)
{
    if (addr->sa_family == AF_INET && len >= sizeof(struct sockaddr_in)) {
        struct sockaddr_in in;
        memcpy(&in, addr, sizeof(in));
        return is_private4((const unsigned char *)&in.sin_addr);
    }
    if (addr->sa_family == AF_INET6 && len >= sizeof(struct sockaddr_in6)) {
        struct sockaddr_in6 in;
        memcpy(&in, addr, sizeof(in));
        return is_private6(in.sin6_addr.s6_addr);
    }
    return true;
}
