/* SPDX-License-Identifier: MIT */
/*
 * Durations, sizes and rates as people type them. Read without strtod, which would take signs,
 * exponents, "inf" and the locale's decimal comma.
 */
#include "cli/options.h"

#include <string.h>

/* "12", "1.5", ".5" -> the number and what follows it; NULL if there is none. */
static const char *number(const char *s, double *out)
{
    double value = 0, digit = 1;
    bool any = false, point = false;
    for (;; s++) {
        if (*s >= '0' && *s <= '9') {
            digit = point ? digit / 10 : 1;
            value = point ? value + (*s - '0') * digit : value * 10 + (*s - '0');
            any = true;
        } else if (*s == '.' && !point) {
            point = true;
        } else {
            break;
        }
    }
    *out = value;
    return any ? s : NULL;
}

struct err *units_duration(const char *text, double *out)
{
    static const struct {
        char suffix[3];
        double seconds;
    } units[] = {{"", 1}, {"s", 1}, {"ms", 0.001}, {"m", 60}, {"h", 3600}};
    double n = 0;
    const char *rest = number(text, &n);
    for (size_t i = 0; rest && i < sizeof units / sizeof *units; i++) {
        if (strcmp(rest, units[i].suffix) != 0) {
            continue;
        }
        if (n * units[i].seconds > UNITS_DURATION_MOST) {
            return err_new(ERR_USAGE, NULL, "'%s' is too long", text);
        }
        *out = n * units[i].seconds;
        return NULL;
    }
    return err_new(ERR_USAGE, NULL, "'%s' is not a duration like 30, 1.5s, 500ms, 2m or 1h", text);
}

/* A number without a point is taken exactly: a double is not past 2^53. False: it is too large. */
static bool to_bytes(const char *text, double n, unsigned power, int64_t *out)
{
    int64_t unit = INT64_C(1) << (10 * power), whole = 0;
    const char *s = text;
    for (; *s >= '0' && *s <= '9'; s++) {
        if (__builtin_mul_overflow(whole, 10, &whole) ||
            __builtin_add_overflow(whole, *s - '0', &whole)) {
            return false;
        }
    }
    if (*s != '.') {
        return !__builtin_mul_overflow(whole, unit, out);
    }
    double bytes = n * (double)unit;
    *out = bytes < 9.2e18 ? (int64_t)bytes : 0;
    return bytes < 9.2e18;
}

struct err *units_size(const char *text, int64_t *out)
{
    static const char suffixes[] = "kmgtp";
    double n = 0;
    const char *rest = number(text, &n);
    unsigned power = 0;
    if (rest && *rest) {
        const char *at = strchr(suffixes, *rest | 0x20);
        if (at && rest[1] == '\0') {
            power = (unsigned)(at - suffixes) + 1;
        } else {
            rest = NULL;
        }
    }
    if (!rest) {
        return err_new(ERR_USAGE, NULL, "'%s' is not a number of bytes like 500k, 10M or 2G", text);
    }
    int64_t bytes = 0;
    if (!to_bytes(text, n, power, &bytes)) {
        return err_new(ERR_USAGE, NULL, "'%s' is too large", text);
    }
    *out = bytes;
    return NULL;
}

struct err *units_rate(const char *text, double *out)
{
    double n = 0;
    const char *rest = number(text, &n);
    double per = 0;
    if (rest && strcmp(rest, "/s") == 0) {
        per = 1;
    } else if (rest && strcmp(rest, "/m") == 0) {
        per = 60;
    } else if (rest && strcmp(rest, "/h") == 0) {
        per = 3600;
    }
    if (per == 0) {
        return err_new(
            ERR_USAGE, NULL, "'%s' is not a rate with its unit, like 10/s, 5/m or 100/h", text);
    }
    if (n <= 0 || n > 1e9) {
        return err_new(ERR_USAGE, NULL, "'%s' is not a rate above 0", text);
    }
    *out = n / per;
    return NULL;
}
