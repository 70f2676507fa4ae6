/* SPDX-License-Identifier: MIT */
/*
 * HTTP dates: any text gives a time or none; a time of these millennia, written as servers do,
 * gives itself.
 */
#include "fuzz.h"
#include "net/reply_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void check_comes_back(time_t t)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct tm tm;
    char text[64];
    gmtime_r(&t, &tm);
    int n = snprintf(text, sizeof(text), "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT",
        days + tm.tm_wday * 3, tm.tm_mday, months + tm.tm_mon * 3, tm.tm_year + 1900, tm.tm_hour,
        tm.tm_min, tm.tm_sec);
    FUZZ_CHECK(n == 29);
    FUZZ_CHECK(reply__date(text, (size_t)n) == t);
}

FUZZ_TARGET(date)
{
    uint64_t number = 0;
    char *text = malloc(size ? size : 1);
    if (!text) {
        abort();
    }
    memcpy(text, data, size);
    FUZZ_CHECK(reply__date(text, size) >= -1);
    free(text);
    memcpy(&number, data, size < sizeof(number) ? size : sizeof(number));
    check_comes_back((time_t)(number % UINT64_C(253402300800))); /* the end of 9999 */
    return 0;
}
