/* SPDX-License-Identifier: MIT */
/*
 * The helper's side. It has a loop of its own and lives for one descriptor: when that is closed,
 * whatever became of the other process, every child is stopped, awaited, and the helper ends.
 */
#include "aio/forkserver.h"
#include "aio/forkserver_private.h"
#include "aio/process.h"
#include "base/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

struct server {
    struct loop *loop;
    struct channel channel;
    struct list children;
    bool orphaned;
    struct future *over; /* owned: done when it is orphaned and has no children */
};

struct served {
    struct list node; /* in the server's children */
    struct server *server;
    uint32_t id;
    struct process *process; /* owned */
    struct future *wait;     /* owned */
    struct future_cb ended;
    struct timer grace;
    bool stopping;
};

/* -- ends ------------------------------------------------------------------------------------ */

static void served_tell(const struct served *v, uint32_t op, int value)
{
    const struct message m = {op, v->id, value, 0};
    /* without memory for a line of 16 bytes the other side waits until it ends us */
    err_unref(channel_send(&v->server->channel, &m, ""));
}

static void server_check_over(struct server *s)
{
    if (s->orphaned && list_empty(&s->children) && !future_done(s->over)) {
        err_unref(future_set_result(s->over, NULL, NULL));
    }
}

static void served_free(struct served *v)
{
    struct server *s = v->server;
    list_remove(&v->node);
    timer_stop(&v->grace);
    if (v->wait) {
        future_unwatch(&v->ended);
        future_unref(v->wait);
    }
    process_free(v->process);
    free(v);
    server_check_over(s);
}

static struct err *served_on_ended(struct future *f, void *arg)
{
    struct served *v = arg;
    void *status = NULL;
    err_unref(future_result(f, &status));
    if (v->stopping) {
        kill(-process_pid(v->process), SIGKILL); /* who is left of its group */
    }
    served_tell(v, FORKSERVER_ENDED, *(int *)status);
    served_free(v);
    return NULL;
}

static struct err *served_on_grace(void *arg)
{
    struct served *v = arg;
    err_unref(process_kill(v->process, SIGKILL));
    return NULL;
}

static void served_stop(struct served *v)
{
    if (!v->stopping) {
        v->stopping = true;
        err_unref(process_kill(v->process, SIGTERM));
        err_unref(process_kill(v->process, SIGCONT)); /* one that is stopped takes it, too */
        if (timer_start_after(v->server->loop, &v->grace, FORKSERVER_GRACE)) {
            err_unref(served_on_grace(v));
        }
    }
}

/* -- messages -------------------------------------------------------------------------------- */

/* NULL-terminated, into the payload; to be free()d; NULL when memory ran out. */
static char **words_of(const char *payload, size_t length)
{
    size_t n = 0;
    for (size_t i = 0; i < length; i++) {
        n += payload[i] == '\0';
    }
    char **argv = n > 0 ? mem_array(NULL, n + 1, sizeof *argv) : NULL;
    if (argv) {
        for (size_t i = 0; i < n; i++) {
            argv[i] = (char *)payload;
            payload += strlen(payload) + 1;
        }
        argv[n] = NULL;
    }
    return argv;
}

static struct err *served_spawn(struct served *v, const char *payload, size_t length)
{
    const struct process_io io = {.in = -1, .out = STDOUT_FILENO, .err = STDOUT_FILENO};
    char **argv = words_of(payload, length);
    struct err *e =
        argv ? process_spawn(v->server->loop, argv, NULL, io, &v->process) : err_plain(ERR_NOMEM);
    free(argv);
    if (!e && !(v->wait = process_wait(v->process))) {
        e = err_plain(ERR_NOMEM);
    }
    return e;
}

static void server_start(struct server *s, const struct message *m, const char *payload)
{
    const struct message no_memory = {FORKSERVER_FAILED, m->id, ENOMEM, 0};
    struct served *v = mem_new(sizeof *v);
    if (!v) {
        err_unref(channel_send(&s->channel, &no_memory, ""));
        return;
    }
    v->server = s;
    v->id = m->id;
    list_push(&s->children, &v->node);
    timer_init(&v->grace, served_on_grace, v);
    struct err *e = served_spawn(v, payload, m->length);
    if (e) {
        const int errnum = err_errnum(e) ? err_errnum(e) : ENOMEM;
        served_tell(v, FORKSERVER_FAILED, errnum);
        err_unref(e);
        served_free(v);
        return;
    }
    future_watch(v->wait, &v->ended, served_on_ended, v);
    served_tell(v, FORKSERVER_STARTED, (int)process_pid(v->process));
}

static void server_on_message(void *arg, const struct message *m, const char *payload)
{
    struct server *s = arg;
    if (m->op == FORKSERVER_START) {
        server_start(s, m, payload);
        return;
    }
    list_for_each (node, &s->children) {
        struct served *v = container_of(node, struct served, node);
        if (v->id == m->id) {
            served_stop(v);
            return;
        }
    }
}

/* Who had been asked to end has had its time. */
static void server_on_closed(void *arg)
{
    struct server *s = arg;
    s->orphaned = true;
    list_for_each (node, &s->children) {
        struct served *v = container_of(node, struct served, node);
        if (v->stopping) {
            err_unref(served_on_grace(v));
        } else {
            served_stop(v);
        }
    }
    server_check_over(s);
}

/* -- life ------------------------------------------------------------------------------------ */

static void on_signal(int signo)
{
    (void)signo;
}

/* Signals are for the other process: we end when it does. A handler, unlike ignoring, is not
 * inherited by the children; what was ignored from the start stays so for all. */
static void leave_signals_alone(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        struct sigaction a;
        if (sigaction(signals[i], NULL, &a) == 0 && a.sa_handler != SIG_IGN) {
            memset(&a, 0, sizeof a);
            a.sa_handler = on_signal;
            a.sa_flags = SA_RESTART;
            sigaction(signals[i], &a, NULL);
        }
    }
}

/* A pipe, a FIFO or a lock that the other process holds is not to be held by us as well. Standard
 * output is the children's. */
static int keep_only(int fd, int output)
{
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null >= 0) {
        dup2(null, STDIN_FILENO);
    }
    dup2(output >= 0 ? output : STDERR_FILENO, STDOUT_FILENO);
    const int kept = STDERR_FILENO + 1;
    if (fd != kept) {
        dup2(fd, kept);
    }
    fcntl(kept, F_SETFD, FD_CLOEXEC);
    closefrom(kept + 1);
    return kept;
}

_Noreturn void forkserver__serve(int fd, int output)
{
    struct server s = {.loop = NULL};
    leave_signals_alone();
    setpgid(0, 0);
    prctl(PR_SET_NAME, "garner-exec");
    fd = keep_only(fd, output);
    list_init(&s.children);
    s.loop = loop_new(LOOP_MAIN, NULL);
    s.over = s.loop ? future_new(s.loop) : NULL;
    struct err *e = s.over ? channel_open(&s.channel, s.loop, fd) : err_plain(ERR_NOMEM);
    if (!e) {
        s.channel.on_message = server_on_message;
        s.channel.on_closed = server_on_closed;
        s.channel.arg = &s;
        e = loop_run_until_complete(s.loop, s.over);
    }
    _exit(e ? 1 : 0); /* nothing of ours is to be written twice */
}
