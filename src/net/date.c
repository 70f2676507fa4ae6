/* SPDX-License-Identifier: MIT */
/*
 * HTTP dates. The fixed form that servers send ("Sun, 06 Nov 1994 08:49:37 GMT") is read here,
 * because two of them come with every reply; the old forms are libcurl's.
 */
#include "net/reply_private.h"

#include <curl/curl.h>
#include <string.h>

static int digits(const char *s, int n)
{
    int v = 0;
    while (n--) {
        if (*s < '0' || *s > '9') {
            return -1;
        }
        v = v * 10 + (*s++ - '0');
    }
    return v;
}

static int month_of(const char *s)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    for (int m = 0; m < 12; m++) {
        if (memcmp(names + m * 3, s, 3) == 0) {
            return m;
        }
    }
    return -1;
}

/* Days since 1970-01-01, proleptic Gregorian; month from 0. */
static int64_t days_of(int year, int month, int day)
{
    int64_t y = month < 2 ? year - 1 : year;
    int64_t era = y / 400, yoe = y - era * 400;
    int64_t shifted = (month + 10) % 12; /* March is 0 */
    int64_t doy = (153 * shifted + 2) / 5 + day - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static time_t fixed_date(const char *s)
{
    int day = digits(s + 5, 2), month = month_of(s + 8), year = digits(s + 12, 4);
    int hour = digits(s + 17, 2), minute = digits(s + 20, 2), second = digits(s + 23, 2);
    if (s[3] != ',' || s[19] != ':' || s[22] != ':' || memcmp(s + 25, " GMT", 4) != 0 || day < 1 ||
        day > 31 || month < 0 || year < 1970 || hour < 0 || hour > 23 || minute < 0 ||
        minute > 59 || second < 0 || second > 60) {
        return -1;
    }
    return (time_t)(days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second);
}

time_t reply__date(const char *text, size_t n)
{
    time_t t = n == 29 ? fixed_date(text) : -1;
    char copy[80];
    if (t < 0 && n > 0 && n < sizeof(copy)) {
        memcpy(copy, text, n);
        copy[n] = '\0';
        t = curl_getdate(copy, NULL);
    }
    return t < 0 ? -1 : t;
}
