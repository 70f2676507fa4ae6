/* SPDX-License-Identifier: MIT */
/* Other threads reach the loop as asyncio's call_soon_threadsafe: behaviour 10 (base_events.py). */
#include "support.h"

#include <pthread.h>
#include <unistd.h>

enum { THREADS = 4, POSTS = 2000 };

struct poster {
    struct loop *loop;
    pthread_t thread;
    unsigned next; /* the loop's: what must come next */
    unsigned *left;
    struct post {
        struct poster *poster;
        unsigned number;
    } posts[POSTS];
};

static struct err *on_post(void *arg)
{
    struct post *p = arg;
    ck_assert_uint_eq(p->number, p->poster->next);
    p->poster->next++;
    if (--*p->poster->left == 0) {
        loop_stop(p->poster->loop);
    }
    return NULL;
}

static void *poster_main(void *arg)
{
    struct poster *p = arg;
    usleep(20000); /* the loop blocks by now */
    for (unsigned i = 0; i < POSTS; i++) {
        p->posts[i] = (struct post){p, i};
        err_unref(loop_call_soon_threadsafe(p->loop, on_post, &p->posts[i]));
    }
    return NULL;
}

START_TEST(conform_10_threadsafe_wakes_the_poll)
{
    static struct poster posters[THREADS];
    struct loop *l = loop_starts();
    unsigned left = THREADS * POSTS;
    for (int i = 0; i < THREADS; i++) {
        posters[i] = (struct poster){.loop = l, .left = &left};
        ck_assert_int_eq(pthread_create(&posters[i].thread, NULL, poster_main, &posters[i]), 0);
    }
    err_is_none(loop_run_forever(l)); /* nothing else would ever wake it */
    for (int i = 0; i < THREADS; i++) {
        pthread_join(posters[i].thread, NULL);
        ck_assert_uint_eq(posters[i].next, POSTS);
    }
    loop_ends_empty(l);
}
END_TEST

struct shared {
    struct loop *loop;
    struct handle handle;
    pthread_mutex_t lock;
    unsigned put; /* under lock */
    unsigned got;
    bool last;
};

static struct err *on_shared(void *arg)
{
    struct shared *s = arg;
    pthread_mutex_lock(&s->lock);
    s->got += s->put;
    s->put = 0;
    pthread_mutex_unlock(&s->lock);
    if (s->got == POSTS) {
        loop_stop(s->loop);
    }
    return NULL;
}

static void *shared_main(void *arg)
{
    struct shared *s = arg;
    for (unsigned i = 0; i < POSTS; i++) {
        pthread_mutex_lock(&s->lock);
        s->put++;
        pthread_mutex_unlock(&s->lock);
        loop_post_threadsafe(s->loop, &s->handle);
    }
    return NULL;
}

START_TEST(conform_10_one_embedded_handle_posted_often)
{
    struct loop *l = loop_starts();
    struct shared s = {.loop = l};
    pthread_t thread;
    pthread_mutex_init(&s.lock, NULL);
    handle_init(&s.handle, on_shared, &s);
    ck_assert_int_eq(pthread_create(&thread, NULL, shared_main, &s), 0);
    err_is_none(loop_run_forever(l));
    pthread_join(thread, NULL);
    handle_cancel(&s.handle);
    pthread_mutex_destroy(&s.lock);
    loop_ends_empty(l);
}
END_TEST

START_TEST(conform_10_order_within_the_loops_own_thread)
{
    struct loop *l = loop_starts();
    struct order o = {0};
    struct letter a = {&o, 'a'}, b = {&o, 'b'}, c = {&o, 'c'};
    err_is_none(loop_call_soon(l, on_letter, &a, NULL));
    err_is_none(loop_call_soon_threadsafe(l, on_letter, &b));
    err_is_none(loop_call_soon(l, on_letter, &c, NULL));
    loop_spin(l, 1);
    ck_assert_str_eq(o.text, "abc");
    loop_ends_empty(l);
}
END_TEST

Suite *conform_inbox_suite(void);
Suite *conform_inbox_suite(void)
{
    Suite *s = suite_create("conform_inbox");
    TCase *tc = tcase_create("inbox");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, conform_10_threadsafe_wakes_the_poll);
    tcase_add_test(tc, conform_10_one_embedded_handle_posted_often);
    tcase_add_test(tc, conform_10_order_within_the_loops_own_thread);
    suite_add_tcase(s, tc);
    return s;
}
