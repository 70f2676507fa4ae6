/* SPDX-License-Identifier: MIT */
/* A line of bodies: its life, whose turn it is, and who is held. */
#include "store/line.h"

#include "base/alloc.h"
#include "store/line_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* What may be in memory of the body that goes out as it comes. */
#define STREAM_MOST  ((int64_t)4 << 20)
#define STREAM_LEAST ((int64_t)64 << 10)

/* -- life ------------------------------------------------------------------------------------ */

static struct err *on_watch(void *arg)
{
    struct line *l = arg;
    if ((watch_revents(l->watch) & WATCH_READ) && l->watch_hangup) {
        l->watch_hangup = false; /* told, or there is something to read, which is not ours */
        if (outlet_hung_up(&l->outlet)) {
            line__fail(l, true, NULL);
        }
    }
    l->blocked = false;
    watch_set(l->watch, l->watch_hangup ? WATCH_READ : 0);
    line__pump(l);
    return NULL;
}

/* Who shares the pipe must not find it non-blocking: it is opened anew. -1: it cannot be. */
static int open_again(int fd)
{
    char path[32];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    return open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
}

static struct err *open_outlet(struct line *l, int fd)
{
    int failed = outlet_init(&l->outlet, fd);
    if (!failed && l->outlet.kind == OUTLET_PIPE) {
        l->own_fd = open_again(fd);
        l->outlet.nonblocking = l->own_fd >= 0;
    }
    if (!failed && l->own_fd < 0) {
        l->own_fd = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        failed = l->own_fd < 0 ? errno : 0;
    }
    if (failed) {
        return err_errno(ERR_IO, failed, "cannot write %s", l->name);
    }
    l->outlet.fd = l->own_fd;
    if (l->outlet.kind == OUTLET_FILE) {
        return NULL;
    }
    l->watch_hangup = l->outlet.kind != OUTLET_TERMINAL;
    l->watch =
        watch_new(l->store->loop, l->outlet.fd, l->watch_hangup ? WATCH_READ : 0, on_watch, l);
    return l->watch ? NULL : err_plain(ERR_NOMEM);
}

struct err *line_new(struct store *s, const struct line_options *options,
    const struct line_events *events, struct line **out)
{
    *out = NULL;
    struct line *l = mem_new(sizeof(*l));
    if (!l) {
        return err_plain(ERR_NOMEM);
    }
    l->refs = 1;
    l->store = store__ref(s);
    l->options = *options;
    l->events = *events;
    l->own_fd = -1;
    l->head = 1;
    list_init(&l->bodies);
    list_init(&l->whole);
    list_init(&l->dirty);
    list_init(&l->work.bodies);
    list_init(&l->work.done);
    timer_init(&l->patience, NULL, l);
    l->spool = spool_new(options->in_memory);
    l->name = mem_dup(options->name);
    struct err *e = l->spool && l->name ? open_outlet(l, options->fd) : err_plain(ERR_NOMEM);
    if (!e && options->tar) {
        e = tar_new(&l->out, &l->tar);
    }
    if (e) {
        line_free(l);
        return e;
    }
    *out = l;
    return NULL;
}

void line__unref(struct line *l)
{
    if (--l->refs > 0) {
        return;
    }
    spool_free(l->spool);
    tar_free(l->tar);
    buf_fini(&l->out);
    future_unref(l->gate);
    future_unref(l->finish);
    if (l->own_fd >= 0) {
        close(l->own_fd);
    }
    store__unref(l->store);
    free(l->name);
    free(l);
}

void line_free(struct line *l)
{
    struct list *node;
    if (!l) {
        return;
    }
    l->dead = true;
    watch_free(l->watch);
    l->watch = NULL;
    timer_stop(&l->patience);
    l->events = (struct line_events){NULL, NULL, NULL};
    l->on_favour = NULL;
    while ((node = list_pop(&l->dirty))) {
        body__unref(container_of(node, struct body, dirty));
    }
    line__unref(l);
}

void line__fail(struct line *l, bool gone, struct err *e)
{
    if (l->dead) {
        err_unref(e);
        return;
    }
    l->dead = true;
    if (l->watch) {
        watch_set(l->watch, 0);
    }
    if (l->finish && !future_done(l->finish)) {
        err_unref(future_set_result(l->finish, NULL, NULL)); /* the event tells */
    }
    if (gone && l->events.on_closed) {
        l->events.on_closed(l->events.arg);
    } else if (!gone && l->events.on_failed) {
        l->events.on_failed(l->events.arg, e);
    }
    err_unref(e);
}

/* -- whose turn it is ------------------------------------------------------------------------ */

static struct body *first_body(const struct line *l)
{
    return list_empty(&l->bodies) ? NULL : container_of(l->bodies.next, struct body, node);
}

static struct body *head_body(const struct line *l)
{
    struct body *b = first_body(l);
    return b && b->order == l->head ? b : NULL;
}

static bool may_go(const struct line *l, const struct body *b)
{
    return b->whole || (!l->options.tar && !b->whole_first && !b->paused);
}

static struct body *next_turn(struct line *l)
{
    struct body *b = l->options.ordered ? head_body(l) : l->favoured;
    if (!l->options.ordered && !list_empty(&l->whole)) {
        b = container_of(l->whole.next, struct body, turn);
    }
    return b && may_go(l, b) ? b : NULL;
}

static void choose(struct line *l)
{
    if (l->current || l->stopped || l->torn || l->dead) {
        return;
    }
    l->current = next_turn(l);
    if (l->current) {
        list_remove(&l->current->turn);
        store__due_forget(&l->current->due);
        body__dirty(l->current);
    }
}

/* -- who is held ----------------------------------------------------------------------------- */

static int64_t stream_most(const struct line *l)
{
    int64_t share = (int64_t)(l->store->buffer / 4);
    return share > STREAM_MOST ? STREAM_MOST : share < STREAM_LEAST ? STREAM_LEAST : share;
}

static bool to_be_held(const struct line *l, const struct body *b)
{
    if (b->whole) {
        return false;
    }
    if (b == l->current) {
        return body__pending(b) > (b->held ? stream_most(l) / 2 : stream_most(l));
    }
    return b != l->favoured && l->over;
}

void line__hold(struct line *l, struct body *b)
{
    bool hold = to_be_held(l, b);
    if (b->held != hold) {
        b->held = hold;
        if (b->on_hold) {
            b->on_hold(b->hold_arg, hold);
        }
    }
}

/* Somebody whose body is the only thing that can bring the line on. */
static struct body *elect(const struct line *l)
{
    if (l->options.ordered) {
        return head_body(l);
    }
    if (l->favoured || !l->over || l->current || !list_empty(&l->whole)) {
        return l->favoured;
    }
    list_for_each (node, &l->bodies) {
        struct body *b = container_of(node, struct body, node);
        if (!b->whole) {
            return b;
        }
    }
    return NULL;
}

static bool is_over(const struct line *l)
{
    int64_t most = l->options.most;
    int64_t others = l->waiting - (l->favoured ? body__pending(l->favoured) : 0);
    return others > (l->over ? most / 4 * 3 : most);
}

static void open_gate(struct line *l)
{
    struct future *gate = l->gate;
    l->gate = NULL;
    if (gate && !future_done(gate)) {
        err_unref(future_set_result(gate, NULL, NULL));
    }
    future_unref(gate);
}

static void tell_favour(const struct line *l)
{
    uint64_t order = l->options.ordered ? l->head : l->favoured ? l->favoured->order : 0;
    if (l->over && order && l->on_favour) {
        l->on_favour(l->favour_arg, order);
    }
}

void line__update(struct line *l)
{
    struct body *before = l->favoured;
    bool over = l->over;
    l->favoured = l->options.ordered ? head_body(l) : l->favoured;
    l->over = is_over(l);
    l->favoured = elect(l);
    l->over = is_over(l);
    choose(l);
    if (l->over != over || l->favoured != before) {
        list_for_each (node, &l->bodies) {
            line__hold(l, container_of(node, struct body, node));
        }
        open_gate(l);
        tell_favour(l);
    } else if (l->current && !l->current->ended) {
        line__hold(l, l->current);
    }
    line__pump(l);
}

void line_set_head(struct line *l, uint64_t order)
{
    if (l->head != order) {
        l->head = order;
        if (l->options.ordered) {
            open_gate(l);
            line__update(l);
            tell_favour(l);
        }
    }
}

void line_on_favour(struct line *l, void (*fn)(void *arg, uint64_t order), void *arg)
{
    l->on_favour = fn;
    l->favour_arg = arg;
}

bool line_favours(const struct line *l, uint64_t order)
{
    return l->over && order == (l->options.ordered ? l->head
                                   : l->favoured   ? l->favoured->order
                                                   : 0);
}

struct future *line_gate(struct line *l, uint64_t order)
{
    if (!l->over || l->dead || line_favours(l, order)) {
        return NULL;
    }
    if (!l->gate) {
        l->gate = future_new(l->store->loop);
    }
    return future_ref(l->gate);
}

/* -- the end --------------------------------------------------------------------------------- */

void line_stop(struct line *l)
{
    l->stopped = true;
}

bool line_torn(const struct line *l)
{
    return l->torn;
}

bool line_ended_well(const struct line *l)
{
    return !l->torn && !l->dead;
}

struct loop *line_loop(const struct line *l)
{
    return l->store->loop;
}

int64_t line_waiting(const struct line *l)
{
    return l->waiting;
}

struct future *line_finish(struct line *l)
{
    l->finish = future_new(l->store->loop);
    if (l->finish && (l->dead || l->torn)) {
        err_unref(future_set_result(l->finish, NULL, NULL));
    }
    line__pump(l);
    return future_ref(l->finish);
}
