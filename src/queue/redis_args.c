/* SPDX-License-Identifier: MIT */
/* The words of a command. */
#include "base/alloc.h"
#include "queue/redis.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void redis_args_init(struct redis_args *a)
{
    *a = (struct redis_args){.bytes = BUF_INIT};
}

void redis_args_fini(struct redis_args *a)
{
    buf_fini(&a->bytes);
    free(a->ends);
    redis_args_init(a);
}

void redis_args_add(struct redis_args *a, const void *bytes, size_t len)
{
    if (a->count == a->room) {
        size_t room = a->room ? 2 * a->room : 16;
        size_t *grown = mem_array(a->ends, room, sizeof(*grown));
        if (!grown) {
            a->failed = true;
            return;
        }
        a->ends = grown;
        a->room = room;
    }
    buf_add(&a->bytes, bytes, len);
    a->failed = a->failed || buf_failed(&a->bytes);
    a->ends[a->count++] = a->bytes.len;
}

void redis_args_adds(struct redis_args *a, const char *text)
{
    redis_args_add(a, text, strlen(text));
}

void redis_args_addi(struct redis_args *a, long long n)
{
    char digits[32];
    int len = snprintf(digits, sizeof(digits), "%lld", n);
    redis_args_add(a, digits, (size_t)len);
}

void redis_args_words(struct redis_args *a, const char *words)
{
    while (*words) {
        size_t len = strcspn(words, " ");
        redis_args_add(a, words, len);
        words += len;
        words += *words == ' ';
    }
}
