/* SPDX-License-Identifier: MIT */
/* src/base: errors, the heap, the buffer, lists, pools, traces. */
#include "base/alloc.h"
#include "base/buf.h"
#include "base/copy.h"
#include "base/err.h"
#include "base/heap.h"
#include "base/list.h"
#include "base/trace.h"

#include <check.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

START_TEST(err_keeps_what_it_was_given)
{
    struct err *e = err_new(ERR_CONNECT, "CURLE_COULDNT_CONNECT", "port %d", 80);
    ck_assert(err_is(e, ERR_CONNECT) && !err_is(e, ERR_IO) && !err_is(NULL, ERR_IO));
    ck_assert_int_eq(err_kind(e), ERR_CONNECT);
    ck_assert_str_eq(err_message(e), "port 80");
    ck_assert_str_eq(err_code(e), "CURLE_COULDNT_CONNECT");
    ck_assert_int_eq(err_errnum(e), 0);
    ck_assert_ptr_eq(err_ref(e), e);
    err_unref(e);
    ck_assert_str_eq(err_message(e), "port 80");
    err_unref(e);
    err_unref(NULL);
    ck_assert_ptr_null(err_ref(NULL));
}
END_TEST

START_TEST(err_from_errno)
{
    struct err *e = err_errno(ERR_IO, ENOSPC, "writing %s", "a");
    ck_assert_str_eq(err_code(e), "ENOSPC");
    ck_assert_str_eq(err_message(e), "writing a: No space left on device");
    ck_assert_int_eq(err_errnum(e), ENOSPC);
    err_unref(e);
    e = err_errno(ERR_IO, 99999, "odd");
    ck_assert_ptr_null(err_code(e));
    ck_assert_str_eq(err_message(e), "odd: unknown system error");
    err_unref(e);
}
END_TEST

START_TEST(err_plain_ones_cover_every_kind)
{
    for (int i = 0; i < ERR_KINDS; i++) {
        struct err *e = err_plain((enum err_kind)i);
        ck_assert_int_eq((int)err_kind(e), i);
        ck_assert_ptr_nonnull(err_message(e));
        ck_assert_ptr_nonnull(err_kind_name((enum err_kind)i));
        err_unref(err_ref(e));
        err_unref(e);
    }
    ck_assert_str_eq(err_kind_name(ERR_CANCELLED), "cancelled");
    ck_assert_str_eq(err_kind_name(ERR_TIMEOUT), "timeout");
}
END_TEST

struct number {
    struct heap_node node;
    unsigned value;
};

static bool number_before(const struct heap_node *a, const struct heap_node *b)
{
    return container_of(a, const struct number, node)->value <
           container_of(b, const struct number, node)->value;
}

static bool number_is_even(struct heap_node *n, void *arg)
{
    ++*(unsigned *)arg;
    return container_of(n, struct number, node)->value % 2 == 0;
}

static unsigned heap_pop(struct heap *h)
{
    struct heap_node *n = heap_min(h);
    ck_assert_ptr_nonnull(n);
    heap_remove(h, n);
    ck_assert_uint_eq(n->at, HEAP_NOWHERE);
    return container_of(n, struct number, node)->value;
}

enum { NUMBERS = 500 };

START_TEST(heap_gives_them_in_order)
{
    struct number numbers[NUMBERS];
    struct heap h;
    heap_init(&h, number_before);
    ck_assert_ptr_null(heap_min(&h));
    for (unsigned i = 0; i < NUMBERS; i++) {
        numbers[i].value = (i * 7919u) % NUMBERS; /* each once: 7919 is prime */
        ck_assert(heap_insert(&h, &numbers[i].node));
    }
    for (unsigned i = 0; i < NUMBERS; i++) { /* out of the middle, in an order of its own */
        if (numbers[i].value % 3 == 0) {
            heap_remove(&h, &numbers[i].node);
            heap_remove(&h, &numbers[i].node);
        }
    }
    for (unsigned v = 0; v < NUMBERS; v++) {
        if (v % 3) {
            ck_assert_uint_eq(heap_pop(&h), v);
        }
    }
    ck_assert_uint_eq(h.count, 0);
    heap_fini(&h);
}
END_TEST

START_TEST(heap_filter_keeps_the_order)
{
    struct number numbers[NUMBERS];
    struct heap h;
    unsigned asked = 0;
    heap_init(&h, number_before);
    for (unsigned i = 0; i < NUMBERS; i++) {
        numbers[i].value = (i * 7919u) % NUMBERS;
        ck_assert(heap_insert(&h, &numbers[i].node));
    }
    heap_filter(&h, number_is_even, &asked);
    ck_assert_uint_eq(asked, NUMBERS);
    for (unsigned i = 0; i < NUMBERS; i++) {
        ck_assert(numbers[i].value % 2 == 0 || numbers[i].node.at == HEAP_NOWHERE);
    }
    for (unsigned v = 0; v < NUMBERS; v += 2) {
        ck_assert_uint_eq(heap_pop(&h), v);
    }
    heap_fini(&h);
}
END_TEST

START_TEST(buf_appends)
{
    struct buf b = BUF_INIT;
    ck_assert_ptr_null(b.data);
    buf_adds(&b, "one");
    buf_addc(&b, ' ');
    buf_addf(&b, "%s %d", "two", 3);
    buf_add(&b, "\0x", 2);
    ck_assert_uint_eq(b.len, 11);
    ck_assert_mem_eq(b.data, "one two 3\0x", 12);
    buf_drop_front(&b, 4);
    ck_assert_str_eq(b.data, "two 3");
    buf_drop_front(&b, 100);
    ck_assert_uint_eq(b.len, 0);
    for (int i = 0; i < 10000; i++) {
        buf_addf(&b, "%d,", i);
    }
    ck_assert(!buf_failed(&b));
    ck_assert_uint_eq(b.len, 48890);
    buf_clear(&b);
    ck_assert_str_eq(b.data, "");
    buf_fini(&b);
}
END_TEST

START_TEST(buf_failure_is_sticky)
{
    struct buf b = BUF_INIT;
    buf_adds(&b, "text");
    ck_assert(!buf_reserve(&b, SIZE_MAX - 2));
    ck_assert(buf_failed(&b));
    buf_adds(&b, "more");
    ck_assert_uint_eq(b.len, 4);
    ck_assert_ptr_null(buf_take(&b));
    ck_assert(!buf_failed(&b));
}
END_TEST

START_TEST(buf_take_gives_a_string)
{
    struct buf b = BUF_INIT;
    char *text = buf_take(&b);
    ck_assert_str_eq(text, "");
    free(text);
    buf_adds(&b, "text");
    text = buf_take(&b);
    ck_assert_str_eq(text, "text");
    ck_assert_ptr_null(b.data);
    free(text);
}
END_TEST

START_TEST(list_is_a_ring)
{
    struct list a, b, nodes[4];
    list_init(&a);
    list_init(&b);
    ck_assert_ptr_null(list_pop(&a));
    list_push(&a, &nodes[1]);
    list_push(&a, &nodes[2]);
    list_push_front(&a, &nodes[0]);
    list_push(&b, &nodes[3]);
    list_splice(&a, &b);
    list_splice(&a, &b);
    ck_assert(list_empty(&b));
    list_remove(&nodes[1]);
    list_remove(&nodes[1]);
    ck_assert_ptr_eq(list_pop(&a), &nodes[0]);
    ck_assert_ptr_eq(list_pop(&a), &nodes[2]);
    ck_assert_ptr_eq(list_pop(&a), &nodes[3]);
    ck_assert(list_empty(&a));
}
END_TEST

START_TEST(pool_keeps_only_so_many)
{
    struct mem_pool p;
    void *blocks[3];
    mem_pool_init(&p, 1, 2);
    ck_assert_uint_ge(p.size, sizeof(void *));
    for (int i = 0; i < 3; i++) {
        blocks[i] = mem_pool_get(&p);
        ck_assert_ptr_nonnull(blocks[i]);
    }
    for (int i = 0; i < 3; i++) {
        mem_pool_put(&p, blocks[i]);
    }
    mem_pool_put(&p, NULL);
    ck_assert_uint_le(p.kept, 2);
    void *again = mem_pool_get(&p);
    mem_pool_put(&p, again);
    mem_pool_fini(&p);
}
END_TEST

START_TEST(mem_array_does_not_overflow)
{
    ck_assert_ptr_null(mem_array(NULL, SIZE_MAX / 2, 3));
    int *a = mem_array(NULL, 0, sizeof(int));
    ck_assert_ptr_nonnull(a);
    a = mem_array(a, 10, sizeof(int));
    a[9] = 1;
    free(a);
    ck_assert_ptr_null(mem_dup(NULL));
}
END_TEST

START_TEST(trace_writes_what_was_asked_for)
{
    struct trace t;
    int fds[2];
    char line[200] = "";
    ck_assert_int_eq(pipe(fds), 0);
    ck_assert(trace_init(&t, NULL, fds[1]));
    ck_assert(!trace_on(&t, TRACE_TASK) && !trace_on(NULL, TRACE_TASK));
    ck_assert(!trace_init(&t, "task,nonsense", fds[1]));
    ck_assert(trace_on(&t, TRACE_TASK) && !trace_on(&t, TRACE_NET));
    ck_assert(trace_init(&t, "all", fds[1]));
    ck_assert(trace_on(&t, TRACE_INPUT));
    ck_assert(trace_init(&t, "net,task", fds[1]));
    trace_put(&t, TRACE_LOOP, "never %d", 1);
    trace_put(&t, TRACE_NET, "seen %d", 2);
    ck_assert_int_gt(read(fds[0], line, sizeof(line) - 1), 0);
    ck_assert_ptr_nonnull(strstr(line, " net: seen 2\n"));
    char *longer = malloc(5001);
    memset(longer, 'x', 5000);
    longer[5000] = '\0';
    trace_put(&t, TRACE_NET, "%s", longer);
    ck_assert_int_eq(read(fds[0], line, 10), 10);
    free(longer);
    close(fds[0]);
    close(fds[1]);
}
END_TEST

/* False if a byte is wrong, or one beside them was touched. */
static bool copies(size_t shift, size_t skip, size_t n)
{
    unsigned char from[512], to[512] = {0};

    for (size_t i = 0; i < sizeof(from); i++) {
        from[i] = (unsigned char)(i % 255 + 1);
    }
    copy_for_other(to + shift, from + skip, n);
    if (n > 0 && memcmp(to + shift, from + skip, n) != 0) {
        return false;
    }
    memset(to + shift, 0, n);
    for (size_t i = 0; i < sizeof(to); i++) {
        if (to[i] != 0) {
            return false;
        }
    }
    return true;
}

START_TEST(copy_is_of_all_bytes_and_no_others)
{
    for (size_t n = 0; n <= 300; n++) {
        for (size_t shift = 0; shift <= 64; shift++) {
            ck_assert(copies(shift, shift * 3 % 16, n));
        }
    }
}
END_TEST

Suite *base_suite(void);
Suite *base_suite(void)
{
    Suite *s = suite_create("base");
    TCase *tc = tcase_create("base");
    tcase_add_test(tc, err_keeps_what_it_was_given);
    tcase_add_test(tc, err_from_errno);
    tcase_add_test(tc, err_plain_ones_cover_every_kind);
    tcase_add_test(tc, heap_gives_them_in_order);
    tcase_add_test(tc, heap_filter_keeps_the_order);
    tcase_add_test(tc, buf_appends);
    tcase_add_test(tc, buf_failure_is_sticky);
    tcase_add_test(tc, buf_take_gives_a_string);
    tcase_add_test(tc, list_is_a_ring);
    tcase_add_test(tc, pool_keeps_only_so_many);
    tcase_add_test(tc, mem_array_does_not_overflow);
    tcase_add_test(tc, copy_is_of_all_bytes_and_no_others);
    tcase_add_test(tc, trace_writes_what_was_asked_for);
    suite_add_tcase(s, tc);
    return s;
}
