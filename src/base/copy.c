/* SPDX-License-Identifier: MIT */
#include "base/copy.h"

#include <stdint.h>
#include <string.h>

/* The sanitizers do not see what these stores touch. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define STREAMS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define STREAMS 0
#endif
#endif
#if !defined(STREAMS) && defined(__SSE2__)
#define STREAMS 1
#elif !defined(STREAMS)
#define STREAMS 0
#endif

#if STREAMS

#include <emmintrin.h>

#define WORD sizeof(__m128i)
#define LINE (4 * WORD) /* of a cache: filled at once, or it is written in parts */

static void stream_line(char *to, const char *from)
{
    __m128i words[LINE / WORD];

    memcpy(words, from, sizeof(words));
    for (size_t i = 0; i < LINE / WORD; i++) {
        _mm_stream_si128((__m128i *)(void *)(to + i * WORD), words[i]);
    }
}

void copy_for_other(void *to, const void *from, size_t n)
{
    char *t = to;
    const char *f = from;
    const size_t before = (LINE - (uintptr_t)t % LINE) % LINE;

    if (n < before + LINE) {
        memcpy(t, f, n);
        return;
    }
    memcpy(t, f, before);
    t += before, f += before, n -= before;
    for (; n >= LINE; t += LINE, f += LINE, n -= LINE) {
        stream_line(t, f);
    }
    _mm_sfence(); /* no lock orders these stores */
    memcpy(t, f, n);
}

#else

void copy_for_other(void *to, const void *from, size_t n)
{
    memcpy(to, from, n);
}

#endif
