/* SPDX-License-Identifier: MIT */
/* Which addresses are nobody else's business (trust.md, --deny-private). */
#ifndef NET_PRIVATE_ADDRESS_H
#define NET_PRIVATE_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/* True for every address that is not one of the public Internet: loopback, link-local, private,
 * shared, multicast and reserved ones, those at which clouds serve metadata, and IPv6 addresses
 * that stand for such an IPv4 address (mapped, compatible, NAT64, 6to4). Of an address family that
 * is neither IPv4 nor IPv6: true. */
bool address_is_private(const struct sockaddr *addr, socklen_t len);

#endif
