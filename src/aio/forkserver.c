/* SPDX-License-Identifier: MIT */
#include "aio/forkserver.h"

#include "aio/forkserver_private.h"
#include "aio/waiter.h"
#include "base/alloc.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct forkserver {
    pid_t pid;
    int fd; /* owned until a loop is attached */
    struct loop *loop;
    struct channel channel;
    bool attached, gone;
    uint32_t last_id;
    struct list children; /* not ended; borrowed */
};

struct child {
    struct list node;          /* in the server's children until it ended */
    struct forkserver *server; /* borrowed */
    uint32_t id;
    pid_t pid; /* 0: not started yet */
    bool over, stopping;
    struct child_end end;
    struct list line; /* waiters */
};

/* -- what the helper says -------------------------------------------------------------------- */

static void forkserver_end_child(struct child *c, int errnum, int status)
{
    list_remove(&c->node);
    c->over = true;
    c->end = (struct child_end){errnum, status};
    waiter__wake_all(&c->line, NULL);
}

static struct child *forkserver_find(struct forkserver *f, uint32_t id)
{
    list_for_each (node, &f->children) {
        struct child *c = container_of(node, struct child, node);
        if (c->id == id) {
            return c;
        }
    }
    return NULL; /* freed meanwhile */
}

static void forkserver_on_message(void *arg, const struct message *m, const char *payload)
{
    (void)payload;
    struct child *c = forkserver_find(arg, m->id);
    if (!c) {
        return;
    }
    if (m->op == FORKSERVER_STARTED) {
        c->pid = (pid_t)m->value;
    } else if (m->op == FORKSERVER_FAILED) {
        forkserver_end_child(c, m->value, 0);
    } else if (m->op == FORKSERVER_ENDED) {
        forkserver_end_child(c, 0, m->value);
    }
}

static void forkserver_on_closed(void *arg)
{
    struct forkserver *f = arg;
    f->gone = true;
    while (!list_empty(&f->children)) {
        struct child *c = container_of(f->children.next, struct child, node);
        if (c->pid > 0) {
            kill(-c->pid, SIGKILL);
        }
        forkserver_end_child(c, ECHILD, 0);
    }
}

/* -- life ------------------------------------------------------------------------------------ */

struct err *forkserver_new(int output, struct forkserver **out)
{
    int ends[2];
    *out = NULL;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
        return err_errno(ERR_EXEC, errno, "cannot make a socket for the helper");
    }
    struct forkserver *f = mem_new(sizeof *f);
    pid_t pid = f ? fork() : -1;
    if (pid == 0) {
        close(ends[0]);
        forkserver__serve(ends[1], output);
    }
    close(ends[1]);
    if (pid < 0) {
        struct err *e =
            f ? err_errno(ERR_EXEC, errno, "cannot start the helper") : err_plain(ERR_NOMEM);
        close(ends[0]);
        free(f);
        return e;
    }
    f->pid = pid;
    f->fd = ends[0];
    list_init(&f->children);
    *out = f;
    return NULL;
}

struct err *forkserver_attach(struct forkserver *f, struct loop *l)
{
    int fd = f->fd;
    f->fd = -1;
    struct err *e = channel_open(&f->channel, l, fd);
    if (e) {
        return e;
    }
    f->loop = l;
    f->channel.on_message = forkserver_on_message;
    f->channel.on_closed = forkserver_on_closed;
    f->channel.arg = f;
    f->attached = true;
    return NULL;
}

void forkserver_free(struct forkserver *f)
{
    if (!f) {
        return;
    }
    if (f->attached) {
        channel_close(&f->channel);
    } else if (f->fd >= 0) {
        close(f->fd);
    }
    /* a loop's own watch over children may have been first: then there is none any more */
    while (waitpid(f->pid, NULL, 0) < 0 && errno == EINTR) {
    }
    free(f);
}

/* -- children -------------------------------------------------------------------------------- */

static struct err *child_ask(struct child *c, char *const argv[])
{
    struct buf words = BUF_INIT;
    for (size_t i = 0; argv[i]; i++) {
        buf_add(&words, argv[i], strlen(argv[i]) + 1);
    }
    struct err *e = buf_failed(&words) ? err_plain(ERR_NOMEM) : NULL;
    if (!e) {
        const struct message m = {FORKSERVER_START, c->id, 0, (uint32_t)words.len};
        e = channel_send(&c->server->channel, &m, words.data);
    }
    buf_fini(&words);
    return e;
}

struct err *child_start(struct forkserver *f, char *const argv[], struct child **out)
{
    *out = NULL;
    if (f->gone) {
        return err_new(ERR_EXEC, "ECHILD", "the helper that starts commands was killed");
    }
    struct child *c = mem_new(sizeof *c);
    if (!c) {
        return err_plain(ERR_NOMEM);
    }
    c->server = f;
    c->id = ++f->last_id;
    list_init(&c->line);
    struct err *e = child_ask(c, argv);
    if (e) {
        free(c);
        return e;
    }
    list_push(&f->children, &c->node);
    *out = c;
    return NULL;
}

struct future *child_wait(struct child *c)
{
    struct loop *l = c->server->loop;
    return c->over ? waiter__done(l, NULL) : waiter__new(l, &c->line);
}

const struct child_end *child_ended(const struct child *c)
{
    return c->over ? &c->end : NULL;
}

void child_stop(struct child *c)
{
    const struct message m = {FORKSERVER_STOP, c->id, 0, 0};
    if (!c->over && !c->stopping) {
        c->stopping = true;
        /* a message that finds no memory is lost: the helper's end stops the child then */
        err_unref(channel_send(&c->server->channel, &m, ""));
    }
}

void child_free(struct child *c)
{
    if (c) {
        child_stop(c);
        list_remove(&c->node);
        waiter__cancel_all(&c->line);
        free(c);
    }
}
