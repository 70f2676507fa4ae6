/* SPDX-License-Identifier: MIT */
/* Durations, sizes and rates: a number in bounds, near what strtod makes of it, or a clear no. */
#include "cli/options.h"
#include "fuzz.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool near(double a, double b)
{
    return fabs(a - b) <= 1e-9 * fabs(b) + 1e-12;
}

static double unit_of_duration(const char *s)
{
    return strcmp(s, "ms") == 0 ? 1e-3 : *s == 'm' ? 60 : *s == 'h' ? 3600 : 1;
}

/* What may be there is digits with at most one point, and a unit. */
static const char *check_number(const char *text)
{
    size_t n = strspn(text, "0123456789.");
    FUZZ_CHECK(n > 0 && strcspn(text, "0123456789") < n);
    return text + n;
}

static void check_duration(const char *text)
{
    double seconds = -1;
    struct err *e = units_duration(text, &seconds);
    if (e) {
        fuzz_refused(e, ERR_USAGE);
        return;
    }
    const char *unit = check_number(text);
    FUZZ_CHECK(seconds >= 0 && seconds <= 1e9);
    FUZZ_CHECK(near(seconds, strtod(text, NULL) * unit_of_duration(unit)));
}

static void check_size(const char *text)
{
    int64_t bytes = -1;
    struct err *e = units_size(text, &bytes);
    if (e) {
        fuzz_refused(e, ERR_USAGE);
        return;
    }
    const char *unit = check_number(text);
    FUZZ_CHECK(bytes >= 0);
    if (!*unit && !strchr(text, '.')) {
        FUZZ_CHECK((uint64_t)bytes == strtoull(text, NULL, 10));
    }
    double scale =
        *unit ? ldexp(1, 10 * (int)(strcspn("kmgtp", (char[]){(char)(*unit | 0x20), 0}) + 1)) : 1;
    FUZZ_CHECK(fabs((double)bytes - strtod(text, NULL) * scale) <= 1 + 1e-9 * (double)bytes);
}

static void check_rate(const char *text)
{
    double rate = -1;
    struct err *e = units_rate(text, &rate);
    if (e) {
        fuzz_refused(e, ERR_USAGE);
        return;
    }
    const char *unit = check_number(text);
    FUZZ_CHECK(rate > 0 && rate <= 1e9);
    FUZZ_CHECK(near(rate, strtod(text, NULL) / (unit[1] == 's' ? 1 : unit[1] == 'm' ? 60 : 3600)));
}

FUZZ_TARGET(units)
{
    char *text = fuzz_text(data, size);
    check_duration(text);
    check_size(text);
    check_rate(text);
    free(text);
    return 0;
}
