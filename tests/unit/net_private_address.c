/* SPDX-License-Identifier: MIT */
/* src/net/private_address.c: which addresses --deny-private keeps away from. */
#include "net/private_address.h"

#include "support.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/un.h>

static const struct {
    const char *address;
    bool private;
} addresses[] = {
    {"0.0.0.0", true},
    {"0.1.2.3", true},
    {"1.1.1.1", false},
    {"9.255.255.255", false},
    {"10.0.0.0", true},
    {"10.255.255.255", true},
    {"11.0.0.0", false},
    {"100.63.255.255", false},
    {"100.64.0.0", true},
    {"100.100.100.200", true},
    {"100.128.0.0", false},
    {"127.0.0.1", true},
    {"127.255.255.254", true},
    {"128.0.0.1", false},
    {"168.63.129.16", true},
    {"168.63.129.17", false},
    {"169.254.169.254", true},
    {"169.253.255.255", false},
    {"172.15.255.255", false},
    {"172.16.0.1", true},
    {"172.31.255.255", true},
    {"172.32.0.0", false},
    {"192.0.0.192", true},
    {"192.0.1.1", false},
    {"192.168.1.1", true},
    {"192.169.0.1", false},
    {"198.17.255.255", false},
    {"198.18.0.1", true},
    {"198.19.255.255", true},
    {"223.255.255.255", false},
    {"224.0.0.1", true},
    {"255.255.255.255", true},
    {"::", true},
    {"::1", true},
    {"::2", true},
    {"::127.0.0.1", true},
    {"::8.8.8.8", false},
    {"::ffff:127.0.0.1", true},
    {"::ffff:10.1.2.3", true},
    {"::ffff:169.254.169.254", true},
    {"::ffff:8.8.8.8", false},
    {"::ffff:0:192.168.0.1", true},
    {"64:ff9b::7f00:1", true},
    {"64:ff9b::808:808", false},
    {"64:ff9b:1::808:808", true},
    {"100::1", true},
    {"2001::1", true},
    {"2001:db8::1", true},
    {"2001:4860:4860::8888", false},
    {"2002:7f00:1::", true},
    {"2002:808:808::", false},
    {"2606:4700::1111", false},
    {"fbff::1", false},
    {"fc00::1", true},
    {"fd00:ec2::254", true},
    {"fe00::1", false},
    {"fe80::1", true},
    {"febf::1", true},
    {"fec0::1", true},
    {"ff02::1", true},
};

START_TEST(private_addresses)
{
    const char *text = addresses[_i].address;
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    bool is;
    if (inet_pton(AF_INET, text, &in.sin_addr) == 1) {
        is = address_is_private((const struct sockaddr *)(void *)&in, sizeof(in));
    } else {
        ck_assert_int_eq(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
        is = address_is_private((const struct sockaddr *)(void *)&in6, sizeof(in6));
    }
    ck_assert_msg(is == addresses[_i].private, "%s", text);
}
END_TEST

START_TEST(private_other_families)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    struct sockaddr_in in = {.sin_family = AF_INET};
    ck_assert_int_eq(inet_pton(AF_INET, "8.8.8.8", &in.sin_addr), 1);
    ck_assert(address_is_private((const struct sockaddr *)(void *)&un, sizeof(un)));
    ck_assert(address_is_private((const struct sockaddr *)(void *)&in, sizeof(in) - 1));
}
END_TEST

Suite *net_private_address_suite(void);
Suite *net_private_address_suite(void)
{
    Suite *s = suite_create("net_private_address");
    TCase *t = tcase_create("addresses");
    tcase_add_loop_test(t, private_addresses, 0, sizeof(addresses) / sizeof(addresses[0]));
    tcase_add_test(t, private_other_families);
    suite_add_tcase(s, t);
    return s;
}
