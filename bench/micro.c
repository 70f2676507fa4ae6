/* SPDX-License-Identifier: MIT */
/*
 * What a task costs: processor nanoseconds and heap bytes a task, for 1,000,000 tasks that each
 * await one future of their own, and for gather over 100,000 such tasks. All of them are alive at
 * once. The first round also pays the kernel for every fresh page; the best of them does not.
 *
 *     bench/micro [tasks [gathered]]
 */
#include "aio/gather.h"
#include "aio/task.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct waiter {
    struct co co;
    struct future *reply; /* owned */
    struct future **out;  /* where to leave it for the one who completes it */
};

static void waiter_drop(void *frame)
{
    struct waiter *f = frame;
    future_unref(f->reply);
}

static enum co_state waiter_step(void *frame, struct err *status)
{
    struct waiter *f = frame;
    CO_BEGIN(&f->co);
    f->reply = future_new(task_loop(f->co.task));
    if (!f->reply) {
        return co_fail(&f->co, err_plain(ERR_NOMEM));
    }
    *f->out = f->reply;
    CO_AWAIT(&f->co, f->reply);
    if (status) {
        return co_fail(&f->co, err_ref(status));
    }
    CO_END(&f->co);
}

/* Of this process, not of the clock on the wall: what else the machine does is not our cost. */
static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static size_t in_use(void)
{
    struct mallinfo2 m = mallinfo2();
    return m.uordblks + m.hblkhd;
}

static void die(const char *what)
{
    fprintf(stderr, "micro: %s\n", what);
    exit(EXIT_FAILURE);
}

static void turn(struct loop *l)
{
    loop_stop(l);
    if (loop_run_forever(l)) {
        die("the loop does not run");
    }
}

static struct task *start(struct loop *l, struct future **out)
{
    struct task *t = task_new(l, waiter_step, sizeof(struct waiter), waiter_drop, NULL);
    if (!t) {
        die("out of memory");
    }
    ((struct waiter *)task_frame(t))->out = out;
    return t;
}

static void complete(struct future **replies, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        err_unref(future_set_result(replies[i], NULL, NULL));
    }
}

enum { ROUNDS = 4 };

struct cost {
    double seconds;
    size_t bytes;
};

static void report(const char *what, size_t n, struct cost (*round)(size_t n))
{
    struct cost first = round(n), best = first;
    for (int i = 1; i < ROUNDS; i++) {
        struct cost c = round(n);
        best = c.seconds < best.seconds ? c : best;
    }
    printf("%-17s %8zu tasks  %5.0f ns a task (first round %5.0f)  %4.0f bytes a task\n", what, n,
        best.seconds * 1e9 / (double)n, first.seconds * 1e9 / (double)n,
        (double)first.bytes / (double)n);
}

/* Made, run to the await, completed, run to the end. */
static struct cost await_round(size_t n)
{
    struct loop *l = loop_new(LOOP_PLAIN, NULL);
    struct future **replies = calloc(n, sizeof(struct future *));
    if (!l || !replies) {
        die("out of memory");
    }
    size_t before = in_use();
    double from = now();
    for (size_t i = 0; i < n; i++) {
        task_unref(start(l, &replies[i]));
    }
    turn(l);
    double paused = now();
    size_t bytes = in_use() - before;
    paused = now() - paused;
    complete(replies, n);
    turn(l);
    struct cost cost = {now() - from - paused, bytes};
    if (loop_live(l).futures) {
        die("tasks are left");
    }
    loop_free(l);
    free(replies);
    return cost;
}

static struct cost gather_round(size_t n)
{
    struct loop *l = loop_new(LOOP_PLAIN, NULL);
    struct future **replies = calloc(n, sizeof(struct future *));
    struct future **tasks = calloc(n, sizeof(struct future *));
    if (!l || !replies || !tasks) {
        die("out of memory");
    }
    size_t before = in_use();
    double from = now();
    for (size_t i = 0; i < n; i++) {
        tasks[i] = task_future(start(l, &replies[i]));
    }
    struct future *all = gather(l, tasks, n, true);
    if (!all) {
        die("out of memory");
    }
    turn(l);
    double paused = now();
    size_t bytes = in_use() - before;
    paused = now() - paused;
    complete(replies, n);
    err_unref(loop_run_until_complete(l, all));
    for (size_t i = 0; i < n; i++) {
        future_unref(tasks[i]);
    }
    future_unref(all);
    turn(l);
    struct cost cost = {now() - from - paused, bytes};
    if (loop_live(l).futures) {
        die("tasks are left");
    }
    loop_free(l);
    free(replies);
    free(tasks);
    return cost;
}

int main(int argc, char **argv)
{
    size_t n = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000;
    size_t gathered = argc > 2 ? strtoul(argv[2], NULL, 10) : 100000;
    if (!n || !gathered) {
        die("usage: micro [tasks [gathered]]");
    }
    mallopt(M_TRIM_THRESHOLD, 1 << 30); /* keep the pages for the next round */
    report("await one future", n, await_round);
    report("gather", gathered, gather_round);
    return EXIT_SUCCESS;
}
